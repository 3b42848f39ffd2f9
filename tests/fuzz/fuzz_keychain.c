/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is log/keys: nobody makes a key known but a key that is known, and the chain keeps its shape. */
#include <stdlib.h>
#include <string.h>

#include "seal/keychain.h"
#include "seal/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct keychain *k)
{
	for (unsigned i = 0; i < k->nkeys; i++) {
		const struct keychain_key *key = &k->key[i];

		if (i ? key->by >= i : key->by != 0)
			abort();
		if (keychain_find(k, &key->key) != (int)i || keychain_until(k, i) > key->until || key->until > TREE_SIZE_MAX)
			abort();
		if (strcmp(key->key.name, k->key[0].key.name) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The keys that signed the notes of the corpus: Ed25519, and P-256 as a token's. */
	static const char *const vkey[] = {
		"keys.example+1c5dcea9+AYSF13NU+YnArohnNQ5vI9WjpG8UEKBjsR5bNM0lqI1m",
		"keys.example+84dbac86+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDdv6oaLjiUSEPJ08HoFAK0Dsc0fAqFWtSQZBbFz0qoaj6Ok4Zd9IaFCmSWb9oQ9TDB6JrlCnpEE/hOAbAv0Nuk=",
	};

	for (size_t i = 0; i < sizeof vkey / sizeof *vkey; i++) {
		struct keychain k;
		struct key_public first;
		unsigned before;

		if (key_parse_vkey(vkey[i], strlen(vkey[i]), &first, NULL) || keychain_begin(&k, &first))
			continue;
		for (int twice = 0; twice < 2; twice++) {
			before = k.nkeys;
			if (keychain_add(&k, data, size, NULL) && k.nkeys != before)
				abort();
			check(&k);
		}
		keychain_checkpoint(&k, data, size, NULL, NULL, NULL);
		keychain_free(&k);
	}
	return 0;
}
