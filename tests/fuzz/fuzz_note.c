/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a signed note, a checkpoint, and a public key: what is accepted of it has its shape. */
#include <stdlib.h>
#include <string.h>

#include "seal/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_vkey(const char *s, size_t n)
{
	char text[KEY_VKEY];
	struct key_public k;

	if (key_parse_vkey(s, n, &k, NULL))
		return;
	key_vkey(&k, text);
	if (strlen(text) > n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
	struct key_public k;
	struct checkpoint c;
	struct note note;

	try_vkey((const char *)data, size);
	if (note_parse(data, size, &note, NULL) || key_parse_vkey(vkey, sizeof vkey - 1, &k, NULL))
		return 0;
	if (note.text_len >= size || note.text[note.text_len - 1] != '\n' || note.nsigs < 1 || note.nsigs > NOTE_SIGNATURES_MAX)
		abort();
	/* Nobody signs but who has the key: only the one text that is known to be signed may pass. */
	if (note_verify(&note, &k) == 0 && (note.text_len != 28 || memcmp(note.text, "This is an example message.\n", 28)))
		abort();
	if (checkpoint_parse(data, size, &c, NULL) == 0 && (!key_is_name(c.origin, strlen(c.origin)) || c.size > (uint64_t)1 << 56))
		abort();
	checkpoint_open(data, size, &k, &c, NULL);
	return 0;
}
