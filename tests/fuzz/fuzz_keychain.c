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
		if (key->certified && (k->key[key->by].certified || k->key[key->by].key.type != KEY_TYPE_P256))
			abort();
		if (strcmp(key->key.name, k->key[0].key.name) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The keys that signed the notes of the corpus: Ed25519, and P-256 as a token's. */
	static const char *const vkey[] = {
		"keys.example+969e1698+AXqqvEbeOrsRQbmp8D9gnyToQ034g1HCxUedqlh2NHLd",
		"keys.example+7edcc9c3+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABB++ggsPPPA8JYut+YjP0+xXNCphCQfacvTzwpQxaQMqtfwKLh4UncoD3QBCQy2LPqP16MzukQeCvg8yLX1kOv8=",
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
