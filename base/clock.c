/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

/* Days since 1970-01-01 and back, proleptic Gregorian calendar (Howard Hinnant's civil algorithms). */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_from_days(int64_t z, int *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;

	z += 719468;
	era = z / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

void clock_text(int64_t wall_us, char out[CLOCK_TEXT])
{
	const int64_t last = 253402300799999999;  /* 9999-12-31T23:59:59.999999Z */
	char text[64];
	int y, m, d, ms, s;

	if (wall_us < 0)
		wall_us = 0;
	if (wall_us > last)
		wall_us = last;
	civil_from_days(wall_us / 86400000000, &y, &m, &d);
	ms = (int)(wall_us / 1000 % 1000);
	s = (int)(wall_us / 1000000 % 86400);
	snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", y, m, d, s / 3600, s / 60 % 60, s % 60, ms);
	for (int i = 0; i < CLOCK_TEXT; i++)
		out[i] = text[i];
	out[CLOCK_TEXT - 1] = 0;
}

static bool two(const char *s, size_t at, int max, int *ret)
{
	if (s[at] < '0' || s[at] > '9' || s[at + 1] < '0' || s[at + 1] > '9')
		return false;
	*ret = (s[at] - '0') * 10 + s[at + 1] - '0';
	return *ret <= max;
}

int clock_parse(const char *s, size_t n, int64_t *ret_wall_us)
{
	int century, year, month, day, h, min, sec, y, m, d;
	int64_t us = 0, days;

	if (n < 20 || n > 27 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[n - 1] != 'Z')
		return -EINVAL;
	if (!two(s, 0, 99, &century) || !two(s, 2, 99, &year) || !two(s, 5, 12, &month) || !two(s, 8, 31, &day) ||
	    !two(s, 11, 23, &h) || !two(s, 14, 59, &min) || !two(s, 17, 59, &sec) || month < 1 || day < 1)
		return -EINVAL;
	if (n > 20) {
		int64_t unit = 100000;

		if (s[19] != '.' || n == 21)
			return -EINVAL;
		for (size_t i = 20; i < n - 1; i++, unit /= 10) {
			if (s[i] < '0' || s[i] > '9')
				return -EINVAL;
			us += (s[i] - '0') * unit;
		}
	}
	days = days_from_civil(century * 100 + year, month, day);
	civil_from_days(days, &y, &m, &d);
	if (days < 0 || m != month || d != day)
		return -EINVAL;
	*ret_wall_us = (days * 86400 + h * 3600 + min * 60 + sec) * 1000000 + us;
	return 0;
}
