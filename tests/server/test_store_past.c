/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the real store tells of a time: the footage as a playlist that has ended, and when there is some and when not. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tests/server/store_rig.h"

#define COPY 1u
#define S INT64_C(1000000)

static struct rig r;
static unsigned wanted;
static char said[8192];

static void setup(void) { rig_begin(&r); }
static void teardown(void) { rig_end(&r); }
static bool has_copies(struct rig *x) { return x->segments[0] >= wanted; }
static bool has_lost_some(struct rig *x) { return x->state.archive_bytes <= x->max_bytes && x->oldest[0] > 1; }

TestSuite(store_past, .init = setup, .fini = teardown, .timeout = 120);

static void settle_with(unsigned segments)
{
	wanted = segments;
	cr_assert(rig_until(&r, has_copies, 60000));
	cr_assert(rig_settle(&r));
}

/* What is told of from_s to to_s behind a time. */
static const char *told(enum msg_want_kind kind, int64_t since_us, int64_t from_s, int64_t to_s)
{
	static uint64_t anew;
	struct msg_want w = {.kind = (uint8_t)kind, .number = ++anew, .from_us = since_us + from_s * S, .to_us = since_us + to_s * S};

	cr_assert(rig_want(&r, &w));
	snprintf(said, sizeof said, "%.*s", r.have.status == MSG_HAVE_OK ? (int)r.have_bytes.len : 0, (const char *)buf_data(&r.have_bytes));
	return r.have.status == MSG_HAVE_OK ? said : "";
}

/* The same spans and gaps, in milliseconds behind that time; oldest_s: when what is kept begins. */
static void expect(const char *what, const char *spans, int64_t since_us, int64_t oldest_s, const char *wanted_text)
{
	char text[1000];
	size_t n = (size_t)snprintf(text, sizeof text, "{\"oldest_ms\":%lld,\"spans\":[", (long long)(since_us / 1000 + oldest_s * 1000));

	/* "0-2 refused 20-22": seconds of spans, and the word for what is between two */
	for (int pass = 0; pass < 2; pass++) {
		const char *p = wanted_text, *comma = "";
		long long from, to, before = 0;
		char why[ENTRY_NAME] = "";
		int used;

		while (sscanf(p, " %lld-%lld%n", &from, &to, &used) == 2) {
			if (pass == 0)
				n += (size_t)snprintf(text + n, sizeof text - n, "%s[%lld,%lld]", comma, (long long)since_us / 1000 + from * 1000, (long long)since_us / 1000 + to * 1000);
			else if (*why)
				n += (size_t)snprintf(text + n, sizeof text - n, "%s{\"from_ms\":%lld,\"to_ms\":%lld,\"why\":\"%s\"}", comma,
					(long long)since_us / 1000 + before * 1000, (long long)since_us / 1000 + from * 1000, strcmp(why, "?") ? why : "");
			comma = pass == 0 || *why ? "," : "";
			before = to;
			p += used;
			*why = 0;
			if (sscanf(p, " %32[a-z?-]%n", why, &used) == 1)
				p += used;
		}
		n += (size_t)snprintf(text + n, sizeof text - n, "]%s", pass == 0 ? ",\"gaps\":[" : ",\"whole\":true}");
	}
	cr_expect_str_eq(spans, text, "%s: %s is not %s", what, spans, text);
}

Test(store_past, tells_spans_and_why_there_is_none_between)
{
	int64_t t = (clock_wall_us() - 100 * S) / S * S;

	rig_start(&r);
	rig_epoch(&r, t);
	rig_feed(&r, 2, COPY, 500);
	rig_gap(&r, GAP_REFUSED);
	rig_epoch(&r, t + 20 * S);
	rig_feed(&r, 3, COPY, 500);
	rig_epoch(&r, t + 40 * S);
	rig_feed(&r, 1, COPY, 500);
	settle_with(6);
	expect("all of it", told(MSG_WANT_SPANS, t, -10, 80), t, 0, "0-2 refused 20-23 restart 40-41");
	expect("all of it, in a day", told(MSG_WANT_SPANS, t, -80000, 80), t, 0, "0-2 refused 20-23 restart 40-41");
	expect("up to a second span", told(MSG_WANT_SPANS, t, -10, 22), t, 0, "0-2 refused 20-22");
	expect("nothing later", told(MSG_WANT_SPANS, t, 60, 80), t, 0, "0-2 refused 20-23 restart 40-41");
	cr_expect(strstr(told(MSG_WANT_LIST, t, 20, 22), "#EXT-X-ENDLIST"), "%s", said);
	cr_expect(strstr(said, "\n3.m4s\n") && strstr(said, "\n4.m4s\n") && !strstr(said, "\n2.m4s\n") && !strstr(said, "\n5.m4s\n"), "%s", said);
	cr_expect_str_eq(told(MSG_WANT_LIST, t, 5, 15), "");
	cr_assert_eq(rig_stop_store(&r), 0);
}

/* What retention took is no gap: what is kept begins later. */
Test(store_past, tells_of_what_was_let_go)
{
	int64_t t = (clock_wall_us() - 100 * S) / S * S;
	long long oldest_ms = 0;

	r.max_bytes = 1 << 20;
	rig_start(&r);
	rig_epoch(&r, t);
	rig_feed(&r, 60, COPY, 2000);
	wanted = 60;
	cr_assert(rig_until(&r, has_copies, 60000));
	cr_assert(rig_until(&r, has_lost_some, 60000));
	cr_assert(rig_settle(&r));
	cr_assert_eq(sscanf(told(MSG_WANT_SPANS, t, 0, 100), "{\"oldest_ms\":%lld", &oldest_ms), 1, "%s", said);
	cr_assert_gt(r.oldest[0], 1u);
	cr_expect_eq(oldest_ms, t / 1000 + (long long)(r.oldest[0] - 1) * 1000, "%lld of segment %llu", oldest_ms - t / 1000, (unsigned long long)r.oldest[0]);
	cr_expect(strstr(said, "]],\"gaps\":[],\"whole\":true}"), "%s", said);
}

/* A camera that was refused long before the server was stopped, and came late after its start: the log has a gap for each. */
Test(store_past, says_of_several_gaps_what_most_of_the_time_was)
{
	int64_t t = (clock_wall_us() - 1000 * S) / S * S;

	rig_start(&r);
	rig_epoch(&r, t);
	rig_feed(&r, 2, COPY, 500);
	rig_gap(&r, GAP_REFUSED);
	settle_with(2);
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_kill_all(&r);
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() + 2 * S);
	rig_feed(&r, 1, COPY, 500);
	settle_with(3);
	cr_expect_geq(rig_count_entries(&r, "gap/v1"), 3, "%u", rig_count_entries(&r, "gap/v1"));
	cr_expect(strstr(told(MSG_WANT_SPANS, t, -10, 2000), "\"why\":\"refused\""), "%s", said);
}
