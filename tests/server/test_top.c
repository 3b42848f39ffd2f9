/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate top: answers become a screen. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/top_view.h"

#define S INT64_C(1000000)

static struct top t;

static void take(const char *answer, int64_t us)
{
	cr_assert_eq(top_take(&t, answer, strlen(answer), us), 0);
}

static const char *draw(unsigned rows, unsigned columns)
{
	static char text[100000];
	unsigned lines = 0;
	struct buf out;

	buf_init(&out, sizeof text - 1);
	top_draw(&t, rows, columns, &out);
	snprintf(text, sizeof text, "%.*s", (int)out.len, (const char *)buf_data(&out));
	buf_free(&out);
	for (const char *s = text, *end; (end = strchr(s, '\n')); s = end + 1) {
		cr_expect_leq((unsigned)(end - s), columns);
		lines++;
	}
	cr_expect_leq(lines, rows);
	return text;
}

/* Which of two names stands first. */
static bool before(const char *text, const char *a, const char *b)
{
	const char *x = strstr(text, a), *y = strstr(text, b);

	cr_assert(x && y, "%s", text);
	return x < y;
}

#define SITE "site a.example 7200 3 5000000000 1\n"

Test(top, counts_become_rates_between_two_answers)
{
	const char *text;

	take(SITE "role store 0 running 1000000 8000000 0\nrole serve 1 down 0 0 2\ncamera gate streaming 2000000 25000 100 0 500 1000000 0\ncamera yard waiting 0 0 50 5 18446744073709551615 0 1\n", S);
	cr_expect_not_null(strstr(draw(24, 80), "a.example  up 120 min  2 cameras  3 viewers  5.0 GB archived  1 alarms"));
	take(SITE "role store 0 running 1500000 8000000 0\nrole serve 1 down 0 0 2\ncamera gate streaming 2000000 25000 198 2 700 1250000 0\ncamera yard waiting 0 0 50 5 18446744073709551615 0 1\n", 2 * S);
	text = draw(24, 100);
	cr_expect_not_null(strstr(text, "store         0 running     50.0    8.0 MB         0"), "%s", text);
	cr_expect_not_null(strstr(text, "gate                             streaming     2000  25.0   2.00   0.7s  25.0       0"), "%s", text);
	cr_expect_not_null(strstr(text, "yard                             waiting          0   0.0   0.00      -   0.0       1"), "%s", text);
	/* Counts that began anew are no rates below 0. */
	take(SITE "camera gate streaming 2000000 25000 10 0 700 10 0\n", 3 * S);
	cr_expect_not_null(strstr(draw(24, 100), "25.0   0.00   0.7s   0.0       0"));
}

Test(top, sorts_by_what_is_asked_for)
{
	take(SITE "camera a streaming 1000 1 0 0 10 0 0\ncamera b streaming 2000 1 0 0 5 0 0\ncamera c streaming 500 1 0 0 20 0 0\n", S);
	take(SITE "camera a streaming 1000 1 90 10 10 100 0\ncamera b streaming 2000 1 100 0 5 300 0\ncamera c streaming 500 1 50 50 20 200 0\n", 2 * S);
	cr_expect(before(draw(24, 80), "\nb ", "\nc ") && before(draw(24, 80), "\nc ", "\na "), "by cpu");
	cr_expect(top_key(&t, 'r', 10) && before(draw(24, 80), "\nb ", "\na ") && before(draw(24, 80), "\na ", "\nc "), "by rate");
	cr_expect(top_key(&t, 'l', 10) && before(draw(24, 80), "\nc ", "\na ") && before(draw(24, 80), "\na ", "\nb "), "by loss");
	cr_expect(top_key(&t, 'a', 10) && before(draw(24, 80), "\nc ", "\na ") && before(draw(24, 80), "\na ", "\nb "), "by age");
	cr_expect(top_key(&t, 'n', 10) && before(draw(24, 80), "\na ", "\nb ") && before(draw(24, 80), "\nb ", "\nc "), "by name");
	cr_expect(top_key(&t, 'x', 10) && !top_key(&t, 'q', 10) && !top_key(&t, 4, 10));
}

Test(top, scrolls_and_never_beyond)
{
	static char answer[100000];
	size_t n = (size_t)snprintf(answer, sizeof answer, SITE);

	for (unsigned i = 0; i < 1100; i++)
		n += (size_t)snprintf(answer + n, sizeof answer - n, "camera camera-%04u streaming 1 1 0 0 0 0 0\n", i);
	take(answer, S);
	cr_expect_eq(t.ncameras, SITE_CAMERAS_MAX, "no more than there can be");
	top_key(&t, 'n', 10);
	cr_expect_not_null(strstr(draw(24, 80), "camera-0000"));
	top_key(&t, ' ', 10);
	top_key(&t, 'j', 10);
	cr_expect(!strstr(draw(24, 80), "camera-0010") && strstr(draw(24, 80), "camera-0011"));
	top_key(&t, 'b', 10);
	top_key(&t, 'k', 10);
	top_key(&t, 'k', 10);
	top_key(&t, 'b', 10);
	cr_expect_not_null(strstr(draw(24, 80), "camera-0000"));
	for (unsigned i = 0; i < 300; i++)
		top_key(&t, ' ', 10);
	cr_expect_not_null(strstr(draw(24, 80), "camera-0999"));
	draw(1, 1);
	cr_expect_str_eq(draw(0, 0), "");
}

Test(top, what_is_no_answer_changes_nothing)
{
	static const char *const none[] = {"", "\n", "refused\n", "site\n", "site a 1 2 3\n", "camera gate streaming 1 1 1 1 1 1 1\n"};

	take(SITE "camera gate streaming 1 1 1 1 1 1 1\n", S);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		cr_expect_eq(top_take(&t, none[i], strlen(none[i]), 2 * S), -EBADMSG, "%s", none[i]);
	cr_expect(t.ncameras == 1 && t.at_us == S);
	take(SITE "camera\nrole\ncamera gate\ncamera gate streaming x\nrole store x\n", 2 * S);
	cr_expect(t.ncameras == 0 && t.nroles == 0);
}
