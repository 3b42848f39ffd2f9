/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

const struct units_row units_bytes[] = {
	{"B", 1}, {"kB", 1000}, {"MB", 1000000}, {"GB", 1000000000}, {"TB", 1000000000000}, {"PB", 1000000000000000},
	{"KiB", UINT64_C(1) << 10}, {"MiB", UINT64_C(1) << 20}, {"GiB", UINT64_C(1) << 30}, {"TiB", UINT64_C(1) << 40},
	{"PiB", UINT64_C(1) << 50}, {NULL},
};
const struct units_row units_ms[] = {
	{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL},
};
const struct units_row units_s[] = {
	{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {NULL},
};
const struct units_row units_bps[] = {
	{"b/s", 1}, {"kb/s", 1000}, {"Mb/s", 1000000}, {"Gb/s", 1000000000}, {NULL},
};
const struct units_row units_percent[] = {
	{"%", 100}, {NULL},
};

#define VALUE_MAX INT64_MAX
#define FRACTION_DIGITS 6

static size_t digits(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	return i;
}

/* "25" after the point as millionths: 250000. */
static int fraction(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	if (n < 1 || n > FRACTION_DIGITS)
		return -EINVAL;
	for (size_t i = 0; i < FRACTION_DIGITS; i++)
		v = v * 10 + (i < n ? (uint64_t)(s[i] - '0') : 0);
	*ret = v;
	return 0;
}

static const struct units_row *find(const char *s, size_t n, const struct units_row *u)
{
	for (; u->name; u++)
		if (strlen(u->name) == n && !memcmp(u->name, s, n))
			return u;
	return NULL;
}

int units_parse(const char *s, size_t n, const struct units_row *units, uint64_t *ret, size_t *ret_unit)
{
	size_t at = digits(s, n), len;
	uint64_t whole, part = 0, scaled;
	const struct units_row *u;
	int rc = text_u64(s, at, VALUE_MAX, &whole);

	*ret_unit = at;
	if (rc)
		return rc;
	if (at < n && s[at] == '.') {
		len = digits(s + at + 1, n - at - 1);
		if (fraction(s + at + 1, len, &part))
			return -EINVAL;
		at += 1 + len;
	}
	if (at < n && s[at] == ' ')
		at++;
	*ret_unit = at;
	if (at == n)
		return -ENODATA;
	u = find(s + at, n - at, units);
	if (!u)
		return -ENOENT;
	/* The fraction is under 10^6 and no scale over 2^50: split so that no product passes 64 bits. */
	if (__builtin_mul_overflow(whole, u->scale, &scaled) || scaled > VALUE_MAX)
		return -ERANGE;
	part = u->scale / 1000000 * part + u->scale % 1000000 * part / 1000000;
	if (part > VALUE_MAX - scaled)
		return -ERANGE;
	*ret = scaled + part;
	return 0;
}

void units_format(uint64_t v, const struct units_row *units, char *out, size_t cap)
{
	const struct units_row *best = units;

	for (const struct units_row *u = units; u->name; u++)
		if (v % u->scale == 0 && v >= u->scale && u->scale > best->scale)
			best = u;
	snprintf(out, cap, "%" PRIu64 " %s", v / best->scale, best->name);
}
