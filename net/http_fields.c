/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/http_fields.h"

#include <errno.h>

#include "base/text.h"

#define CREDENTIALS_MAX 512  /* name, colon and password, bytes */

/* Digits up to INT64_MAX; leading zeros are allowed here (RFC 9110 14.1.1 1*DIGIT). 0 or -EINVAL. */
static int position(struct span s, uint64_t *ret)
{
	while (s.n > 1 && s.p[0] == '0')
		s = span_skip(s, 1);
	return text_u64(s.p, s.n, INT64_MAX, ret) < 0 ? -EINVAL : 0;
}

enum http_range http_range(struct span value, uint64_t size, uint64_t *ret_first, uint64_t *ret_last)
{
	struct span from, unit = span_cut(&value, '=');
	uint64_t first, last;
	bool has_dash = value.n && memchr(value.p, '-', value.n);

	if (!span_is_nocase(unit, "bytes") || !has_dash || memchr(value.p, ',', value.n))
		return HTTP_RANGE_WHOLE;
	from = span_cut(&value, '-');
	if (!from.n) {
		if (position(value, &last) < 0)
			return HTTP_RANGE_WHOLE;
		if (!last || !size)
			return HTTP_RANGE_UNSATISFIABLE;
		*ret_first = last < size ? size - last : 0;
		*ret_last = size - 1;
		return HTTP_RANGE_PART;
	}
	if (position(from, &first) < 0)
		return HTTP_RANGE_WHOLE;
	last = INT64_MAX;
	if (value.n && (position(value, &last) < 0 || last < first))
		return HTTP_RANGE_WHOLE;
	if (first >= size)
		return HTTP_RANGE_UNSATISFIABLE;
	*ret_first = first;
	*ret_last = last < size ? last : size - 1;
	return HTTP_RANGE_PART;
}

static bool is_listed(struct span value, const char *etag, bool weakly)
{
	if (span_is(value, "*"))
		return true;
	while (value.n) {
		struct span one = span_trim(span_cut(&value, ','));

		if (weakly && one.n > 2 && memcmp(one.p, "W/", 2) == 0)
			one = span_skip(one, 2);
		if (span_is(one, etag))
			return true;
	}
	return false;
}

bool http_etag_listed(struct span value, const char *etag)
{
	return is_listed(value, etag, true);
}

bool http_etag_matches(struct span value, const char *etag)
{
	return is_listed(value, etag, false);
}

static int copy_text(const uint8_t *p, size_t n, char *ret, size_t cap)
{
	if (n >= cap)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] == 0x7f)
			return -EINVAL;
	memcpy(ret, p, n);
	ret[n] = 0;
	return 0;
}

int http_basic(struct span value, char *ret_name, size_t name_cap, char *ret_password, size_t password_cap)
{
	uint8_t bytes[CREDENTIALS_MAX];
	const uint8_t *colon = NULL;
	struct span scheme = span_cut(&value, ' ');
	size_t n = 0;
	int rc = -EINVAL;

	value = span_trim(value);
	if (!span_is_nocase(scheme, "Basic") || !value.n)
		return -EINVAL;
	if (base64_decode(value.p, value.n, bytes, sizeof bytes, &n) == 0)
		colon = memchr(bytes, ':', n);
	if (colon)
		rc = copy_text(bytes, (size_t)(colon - bytes), ret_name, name_cap);
	if (colon && !rc)
		rc = copy_text(colon + 1, n - (size_t)(colon - bytes) - 1, ret_password, password_cap);
	explicit_bzero(bytes, sizeof bytes);
	return rc;
}

/* One key or value of a form (URL Standard, application/x-www-form-urlencoded); its length or -EINVAL. */
static int form_decode(struct span s, char *ret, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			if (s.n - i < 3 || hex_decode(s.p + i + 1, 2, &c, 1) < 0)
				return -EINVAL;
			i += 2;
		}
		if (!c || n + 1 >= cap)
			return -EINVAL;
		ret[n++] = (char)c;
	}
	ret[n] = 0;
	return 0;
}

int http_form_field(struct span body, const char *name, char *ret, size_t cap)
{
	struct span found = {NULL, 0};
	unsigned times = 0;
	char key[32];

	while (body.n) {
		struct span value = span_cut(&body, '&'), raw = span_cut(&value, '=');

		if (form_decode(raw, key, sizeof key) < 0 || strcmp(key, name) != 0)
			continue;
		found = value;
		times++;
	}
	if (!times)
		return -ENOENT;
	return times > 1 ? -EINVAL : form_decode(found, ret, cap);
}

/* RFC 9110 12.4.2: how much it is wanted, in thousandths; 0 for what is no such number. */
static unsigned weight(struct span parameters)
{
	while (parameters.n) {
		struct span p = span_trim(span_cut(&parameters, ';')), whole;
		uint64_t v = 0;
		unsigned scale = 100, sum;

		if (!span_begins_nocase(p, "q="))
			continue;
		p = span_skip(p, 2);
		whole = span_cut(&p, '.');
		if (whole.n != 1 || text_u64(whole.p, whole.n, 1, &v) || p.n > 3)
			return 0;
		sum = (unsigned)v * 1000;
		for (size_t i = 0; i < p.n; i++, scale /= 10) {
			if (p.p[i] < '0' || p.p[i] > '9')
				return 0;
			sum += (unsigned)(p.p[i] - '0') * scale;
		}
		return sum < 1000 ? sum : 1000;
	}
	return 1000;
}

unsigned http_accepts(struct span value, const char *type)
{
	unsigned most = 0;

	while (value.n) {
		struct span item = span_cut(&value, ','), is = span_trim(span_cut(&item, ';'));
		unsigned w = span_is_nocase(is, type) ? weight(item) : 0;

		most = w > most ? w : most;
	}
	return most;
}
