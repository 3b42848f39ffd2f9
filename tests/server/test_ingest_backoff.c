/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "server/ingest_backoff.h"

/* What each reason waits without chance: ms/4 of random gives the middle. */
static unsigned middle(struct ingest_backoff *b, enum gap_why why, unsigned expected_ms)
{
	return ingest_backoff_next(b, why, expected_ms / 4);
}

Test(ingest_backoff, grows_by_the_reason)
{
	static const struct { enum gap_why why; unsigned s[7]; } rows[] = {
		{GAP_REFUSED, {1, 2, 4, 4, 4, 4, 4}},
		{GAP_UNREACHABLE, {1, 2, 4, 4, 4, 4, 4}},
		{GAP_TIMED_OUT, {1, 2, 4, 4, 4, 4, 4}},
		{GAP_CAMERA_CLOSED, {1, 2, 4, 4, 4, 4, 4}},
		{GAP_SILENT, {1, 2, 4, 4, 4, 4, 4}},
		{GAP_OVERLOAD, {1, 2, 4, 4, 4, 4, 4}},
		{GAP_BAD_STREAM, {1, 2, 4, 8, 16, 32, 60}},
		{GAP_NOT_FOUND, {1, 2, 4, 8, 16, 32, 60}},
		{GAP_SESSION_LIMIT, {10, 20, 40, 60, 60, 60, 60}},
		{GAP_STALE_SESSION, {10, 20, 40, 60, 60, 60, 60}},
		{GAP_UNSUPPORTED, {5, 10, 20, 40, 60, 60, 60}},
		{GAP_BAD_DESCRIPTION, {5, 10, 20, 40, 60, 60, 60}},
		{GAP_CERTIFICATE, {60, 60, 60, 60, 60, 60, 60}},
		{GAP_AUTHENTICATION, {30, 60, 120, 240, 300, 300, 300}},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ingest_backoff b = {0};

		for (size_t k = 0; k < 7; k++) {
			unsigned ms = rows[i].s[k] * 1000;

			cr_expect_eq(middle(&b, rows[i].why, ms), ms, "%s, failure %zu", gap_why_name(rows[i].why), k + 1);
		}
	}
}

Test(ingest_backoff, differs_by_a_quarter_by_chance)
{
	unsigned least = ~0u, most = 0;

	for (uint32_t random = 0; random < 10000; random++) {
		struct ingest_backoff b = {.failures = {[INGEST_BACKOFF_LINE] = UINT8_MAX}};
		unsigned ms = ingest_backoff_next(&b, GAP_TIMED_OUT, random);

		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
	}
	cr_expect(least == 3000, "%u", least);
	cr_expect(most == 5000, "%u", most);
}

Test(ingest_backoff, keeps_the_reasons_apart)
{
	struct ingest_backoff b = {0};

	for (int i = 0; i < 1000; i++)
		ingest_backoff_next(&b, GAP_REFUSED, 0);
	cr_expect_eq(middle(&b, GAP_AUTHENTICATION, 30000), 30000);
	for (int i = 0; i < 1000; i++)
		ingest_backoff_next(&b, GAP_TIMED_OUT, 0);
	cr_expect_eq(middle(&b, GAP_AUTHENTICATION, 60000), 60000, "a camera that goes away in between has locked the user out no less");
}
