/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is a byte (MD5 allowed or not), then the values of a refusal's WWW-Authenticate headers, a line each. An
 * answer to the strongest must be right by our own reckoning, and without control bytes; each line is read as an answer, too.
 */
#include <stdlib.h>
#include <string.h>

#include "net/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct digest_offer *o, bool allow_md5, bool holds_password)
{
	struct digest_who who = {"us\"er", "se\\cret", "PLAY", "rtsp://192.0.2.1/"};
	char out[DIGEST_HEADER_MAX];
	struct wr w = wr_init(out, sizeof out);
	uint8_t ha1[DIGEST_HA1_MAX];
	struct digest_claim claim;

	if (o->best.algorithm == DIGEST_MD5 && !allow_md5)
		abort();
	if (digest_answer(&w, &o->best, &who, 7, "c0ffee"))
		return;
	for (size_t i = 0; i < w.len; i++)
		if ((uint8_t)out[i] < 0x20)
			abort();
	if (!holds_password && (memmem(out, w.len, "se\\cret", 7) || memmem(out, w.len, "se\\\\cret", 8)))
		abort();
	/* One that was not named is MD5. */
	if (digest_verify(span_of(out, w.len), o->best.realm, o->best.nonce, &who))
		abort();
	if (digest_read(span_of(out, w.len), &claim) || digest_ha1(claim.algorithm, who.user, o->best.realm, who.password, ha1) ||
	    digest_check(&claim, ha1, "PLAY") || digest_count(&claim) != (claim.qop_auth ? 7 : 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data + (size > 0), size - (size > 0));
	bool allow_md5 = size && data[0] & 1;
	struct digest_offer o = {0};
	struct digest_who any = {"user", "secret", "PLAY", NULL};

	while (text.n) {
		struct span line = span_cut(&text, '\n');

		digest_offer_add(&o, line, allow_md5);
		digest_verify(line, "r", "n", &any);
	}
	if (o.usable)
		check(&o, allow_md5, size && memmem(data, size, "cret", 4));
	else if (!digest_offer_why(&o)[0])
		abort();
	if (o.usable && !o.digests)
		abort();
	return 0;
}
