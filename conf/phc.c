/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/phc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/rd.h"
#include "base/text.h"

/* Steps over word; bad when something else is there. */
static void expect(struct rd *r, const char *word)
{
	const uint8_t *p = rd_bytes(r, strlen(word));

	if (p && memcmp(p, word, strlen(word)))
		r->bad = true;
}

/* The bytes up to stop (or the end), which stays to be read. */
static struct rd upto(struct rd *r, char stop)
{
	const uint8_t *end = rd_left(r) ? memchr(r->p, stop, rd_left(r)) : NULL;

	return rd_sub(r, end ? (size_t)(end - r->p) : rd_left(r));
}

static uint64_t number(struct rd *r, char stop)
{
	struct rd d = upto(r, stop);
	uint64_t v = 0;

	if (d.bad || text_u64((const char *)d.p, rd_left(&d), UINT32_MAX, &v))
		r->bad = true;
	return v;
}

/* Base64 without padding of min to 64 bytes. */
static bool is_base64(struct rd d, size_t min)
{
	size_t len = rd_left(&d), n;
	uint8_t out[66];
	char text[92];

	if (d.bad || len > 88 || memchr(d.p, '=', len))
		return false;
	memcpy(text, d.p, len);
	while (len % 4)
		text[len++] = '=';
	return !base64_decode(text, len, out, sizeof out, &n) && n >= min && n <= 64;
}

int phc_check(const char *s, size_t n, const char **why)
{
	struct rd r = rd_init(s, n);
	uint64_t kib, passes, lanes;
	struct rd salt;

	*why = "not an argon2id hash as casemate passwd prints it";
	expect(&r, "$argon2id$v=19$m=");
	kib = number(&r, ',');
	expect(&r, ",t=");
	passes = number(&r, ',');
	expect(&r, ",p=");
	lanes = number(&r, '$');
	expect(&r, "$");
	salt = upto(&r, '$');
	expect(&r, "$");
	if (r.bad || n > PHC_TEXT_MAX || !is_base64(salt, 8) || !is_base64(r, 16))
		return -EINVAL;
	*why = "this hash costs too much to check: at most m=1048576 (1 GiB), t=16, p=16";
	if (kib > PHC_KIB_MAX || passes > PHC_PASSES_MAX || lanes > PHC_LANES_MAX)
		return -EINVAL;
	*why = "this hash can't be: p is at least 1, t at least 1, m at least 8 times p";
	if (lanes < 1 || passes < 1 || kib < 8 * lanes)
		return -EINVAL;
	return 0;
}
