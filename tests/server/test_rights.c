/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "server/rights.h"

Test(rights, hours_hold_on_their_days_and_over_midnight)
{
	/* 2 is Monday alone. */
	static const struct { struct site_hours h; int day, hour, min; bool is; } c[] = {
		{{0x7f, 0, 1440}, 0, 0, 0, true}, {{0x7f, 0, 1440}, 6, 23, 59, true}, {{2, 360, 1320}, 1, 6, 0, true}, {{2, 360, 1320}, 1, 5, 59, false},
		{{2, 360, 1320}, 1, 22, 0, false}, {{2, 360, 1320}, 2, 12, 0, false}, {{2, 1320, 360}, 1, 23, 0, true}, {{2, 1320, 360}, 2, 5, 59, true},
		{{2, 1320, 360}, 2, 6, 0, false}, {{2, 1320, 360}, 1, 3, 0, false}, {{0x40, 1320, 360}, 0, 1, 0, true}, {{0, 0, 1440}, 3, 3, 3, false},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct tm tm = {.tm_wday = c[i].day, .tm_hour = c[i].hour, .tm_min = c[i].min};

		cr_expect_eq(rights_hour(&c[i].h, &tm), c[i].is, "%zu", i);
	}
}

Test(rights, rules_come_back_as_they_were)
{
	struct rights_rule rule[2] = {{.rights = 5, .hours = {3, 60, 120}}, {.rights = 0, .hours = {0x7f, 0, 1440}}}, back[RIGHTS_RULES_MAX];
	uint8_t bytes[RIGHTS_BYTES];
	unsigned n = 99;
	size_t len;

	rights_add_camera(&rule[0], 0);
	rights_add_camera(&rule[0], SITE_CAMERAS_MAX - 1);
	len = rights_write(rule, 2, bytes);
	cr_assert_eq(len, 2 * RIGHTS_RULE_BYTES);
	cr_assert_eq(rights_read(bytes, len, back, &n), 0);
	cr_assert_eq(n, 2);
	cr_expect(back[0].rights == 5 && back[0].hours.days == 3 && back[0].hours.from_min == 60 && back[0].hours.to_min == 120);
	cr_expect(rights_has_camera(&back[0], 0) && rights_has_camera(&back[0], SITE_CAMERAS_MAX - 1));
	cr_expect_not(rights_has_camera(&back[0], 1) || rights_has_camera(&back[0], SITE_CAMERAS_MAX) || rights_has_camera(&back[1], 0));
	cr_assert_eq(rights_read(bytes, 0, back, &n), 0);
	cr_expect_eq(n, 0);
}

Test(rights, rules_that_cannot_be_are_refused)
{
	static const struct { unsigned at; uint8_t value; } c[] = {{0, 0x10}, {1, 0x80}, {2, 0x05}, {4, 0x06}};
	uint8_t bytes[RIGHTS_BYTES + RIGHTS_RULE_BYTES] = {0};
	struct rights_rule rule = {.hours = {0x7f, 0, 0xff}}, back[RIGHTS_RULES_MAX];
	unsigned n = 7;

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		rights_write(&rule, 1, bytes);
		bytes[c[i].at] = c[i].value;
		if (c[i].at == 2)
			bytes[3] = 0xa0;  /* 1440: no time to begin at */
		cr_expect_eq(rights_read(bytes, RIGHTS_RULE_BYTES, back, &n), -EBADMSG, "%zu", i);
	}
	memset(bytes, 0, sizeof bytes);
	cr_expect_eq(rights_read(bytes, RIGHTS_RULE_BYTES - 1, back, &n), -EBADMSG);
	cr_expect_eq(rights_read(bytes, sizeof bytes, back, &n), -EBADMSG);
	cr_expect_eq(rights_read(bytes, RIGHTS_BYTES, back, &n), 0);
	cr_expect_eq(n, RIGHTS_RULES_MAX);
}
