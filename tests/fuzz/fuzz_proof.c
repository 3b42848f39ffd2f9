/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a proof: what is accepted is written again as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "seal/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
	struct checkpoint c;
	struct key_public k;
	struct proof p;
	struct buf b;

	if (proof_parse(data, size, &p, NULL) || key_parse_vkey(vkey, sizeof vkey - 1, &k, NULL))
		return 0;
	if (proof_verify(&p, &k, &c, NULL) == 0)
		abort();
	buf_init(&b, 2 * PROOF_MAX_BYTES);
	if (p.note_len <= NOTE_MAX_BYTES && (proof_write(&b, &p) || b.len != size || memcmp(buf_data(&b), data, size)))
		abort();
	buf_free(&b);
	return 0;
}
