/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_UNITS_H
#define CONF_UNITS_H
/*
 * Quantities as people write them: "500 GB", "1.5TiB", "2 s", "600 kb/s". A
 * unit is always wanted, in its exact spelling (kb/s is not kB/s); the blank
 * is not; a fraction has up to six digits and is rounded down to the base unit.
 */
#include <stddef.h>
#include <stdint.h>

struct units_row {
	const char *name;
	uint64_t scale;  /* in the base unit */
};

/* Each ends with a row without name, the base unit comes first, then larger ones. */
extern const struct units_row units_bytes[];  /* B */
extern const struct units_row units_ms[];     /* ms */
extern const struct units_row units_s[];      /* s */
extern const struct units_row units_bps[];    /* b/s */
extern const struct units_row units_percent[];  /* a hundredth of a percent, which has no name */

/*
 * 0 with *ret; else nothing is written but *ret_unit, the place in s where the unit should be:
 * -EINVAL no number, -ENODATA no unit, -ENOENT unknown unit, -ERANGE over 2^63.
 */
int units_parse(const char *s, size_t n, const struct units_row *units, uint64_t *ret, size_t *ret_unit);
/* v in the largest unit that leaves no rest: "500 GB". */
void units_format(uint64_t v, const struct units_row *units, char *out, size_t cap);

#endif
