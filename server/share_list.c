/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/share_list.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/clock.h"
#include "base/text.h"

#define WORDS 7
#define LINE_MAX_BYTES 256

static void time_text(int64_t us, bool none, char out[CLOCK_TEXT])
{
	clock_text(us, out);
	if (none)
		memcpy(out, "-", 2);
}

int share_write(const struct share *s, struct buf *out)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT], expires[CLOCK_TEXT], made[CLOCK_TEXT];
	bool live = !s->from_us && !s->to_us;

	time_text(s->from_us, live, from);
	time_text(s->to_us, live, to);
	clock_text(s->expires_us, expires);
	clock_text(s->made_us, made);
	return buf_append_fmt(out, "%s %s %s %s %s %s %s\n", s->id, s->camera, from, to, expires, *s->user ? s->user : "-", made);
}

struct word {
	const char *p;
	size_t n;
};

/* Whether the line is just so many words, with a blank between. */
static bool split(const char *p, size_t n, struct word word[WORDS])
{
	for (unsigned i = 0; i < WORDS; i++) {
		const char *blank = memchr(p, ' ', n);
		size_t len = blank ? (size_t)(blank - p) : n;

		if (!blank != (i == WORDS - 1))
			return false;
		word[i] = (struct word){p, len};
		p += len + (blank != NULL);
		n -= len + (blank != NULL);
	}
	return true;
}

static bool is_none(const struct word *w)
{
	return w->n == 1 && *w->p == '-';
}

static bool take_time(const struct word *w, int64_t *ret)
{
	return clock_parse(w->p, w->n, ret) == 0;
}

static bool take_name(const struct word *w, char out[SITE_NAME])
{
	if (!text_is_name(w->p, w->n))
		return false;
	memcpy(out, w->p, w->n);
	return true;
}

static bool take_range(const struct word *from, const struct word *to, struct share *s)
{
	if (is_none(from) || is_none(to))
		return is_none(from) && is_none(to);
	return take_time(from, &s->from_us) && take_time(to, &s->to_us) && s->from_us < s->to_us && s->to_us - s->from_us <= SHARE_RANGE_MAX_US;
}

static bool read_line(const char *p, size_t n, struct share *ret)
{
	struct share s = {0};
	struct word w[WORDS];
	struct buf again;
	bool same;

	if (n > LINE_MAX_BYTES || !split(p, n, w) || !share_is_id(w[0].p, w[0].n) || !take_name(&w[1], s.camera) || !take_range(&w[2], &w[3], &s) ||
	    !take_time(&w[4], &s.expires_us) || !take_time(&w[6], &s.made_us) || (!is_none(&w[5]) && !take_name(&w[5], s.user)))
		return false;
	memcpy(s.id, w[0].p, w[0].n);
	/* There is one spelling: the token is made of it. */
	buf_init(&again, LINE_MAX_BYTES + 1);
	same = share_write(&s, &again) == 0 && again.len == n + 1 && memcmp(buf_data(&again), p, n) == 0;
	buf_free(&again);
	if (same)
		*ret = s;
	return same;
}

static bool is_known(const struct share *s, unsigned n, const char *id)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(s[i].id, id) == 0)
			return true;
	return false;
}

int share_read(const void *p, size_t n, struct share ret[SITE_SHARES_MAX], unsigned *ret_n)
{
	static struct share all[SITE_SHARES_MAX];
	const char *at = p, *end = at + n;
	unsigned shares = 0;

	while (at < end) {
		const char *feed = memchr(at, '\n', (size_t)(end - at));

		if (!feed || shares == SITE_SHARES_MAX || !read_line(at, (size_t)(feed - at), &all[shares]) || is_known(all, shares, all[shares].id))
			return -EBADMSG;
		shares++;
		at = feed + 1;
	}
	memcpy(ret, all, shares * sizeof *all);
	*ret_n = shares;
	return 0;
}

static void base64url(const uint8_t mac[32], char out[SHARE_TOKEN])
{
	char text[45];

	base64_encode(mac, 32, text);
	for (unsigned i = 0; i < SHARE_TOKEN - 1; i++)
		out[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	out[SHARE_TOKEN - 1] = 0;
	explicit_bzero(text, sizeof text);
}

int share_token(const uint8_t key[SHARE_KEY], const struct share *s, char out[SHARE_TOKEN])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	struct buf line;
	unsigned len;
	int rc;

	buf_init(&line, LINE_MAX_BYTES + 1);
	rc = share_write(s, &line);
	if (!rc && !HMAC(EVP_sha256(), key, SHARE_KEY, buf_data(&line), line.len, mac, &len))
		rc = -ENOMEM;
	if (!rc)
		base64url(mac, out);
	explicit_bzero(mac, sizeof mac);
	buf_free(&line);
	return rc;
}
