/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A role may say what it likes: the log stays lines of printable text, as many as it is allowed, and tells how many it left out. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/parent.h"

#define ROLES 6

static struct parent p;
static struct child child[ROLES];
static int said[ROLES];              /* the roles' ends of their pipes */
static int written, own;             /* what is written to the log lies there; the test's standard error */
static char text[4 << 20];

static void setup(void)
{
	int log[2];

	p = (struct parent){.base = event_base_new()};
	for (unsigned i = 0; i < ROLES; i++) {
		cr_assert_eq(pipe2(log, O_CLOEXEC | O_NONBLOCK), 0);
		child[i] = (struct child){.parent = &p, .kind = ROLE_INGEST, .index = i, .phase = CHILD_READY, .log_fd = -1, .watch_fd = -1};
		child_log_open(&child[i], log[0]);
		said[i] = log[1];
	}
	written = memfd_create("log", MFD_CLOEXEC);
	own = dup(STDERR_FILENO);
	cr_assert(p.base && written >= 0 && own >= 0);
	fflush(stderr);
	dup2(written, STDERR_FILENO);
}

/* What is in the log by now. */
static const char *log_text(void)
{
	ssize_t n = pread(written, text, sizeof text - 1, 0);

	cr_assert_geq(n, 0);
	text[n] = 0;
	return text;
}

static void teardown(void)
{
	for (unsigned i = 0; i < ROLES; i++) {
		child_log_close(&child[i]);
		close(said[i]);
	}
	dup2(own, STDERR_FILENO);
	event_base_free(p.base);
}

TestSuite(parent_log, .init = setup, .fini = teardown, .timeout = 60);

static void say(unsigned i, const void *bytes, size_t n)
{
	cr_assert_eq(write(said[i], bytes, n), (ssize_t)n);
	event_base_loop(p.base, EVLOOP_NONBLOCK);
}

static unsigned count(const char *what)
{
	unsigned n = 0;

	for (const char *at = log_text(); (at = strstr(at, what)); at++)
		n++;
	return n;
}

/* All that the log says was left out. */
static unsigned suppressed(void)
{
	unsigned n = 0;

	for (const char *at = log_text(); (at = strstr(at, " log-suppressed ")); at++)
		n += (unsigned)atoi(strstr(at, "lines=") + 6);
	return n;
}

Test(parent_log, holds_nothing_that_a_terminal_obeys)
{
#define BYTES(s) s, sizeof s - 1
	static const struct { const char *is; size_t n; const char *want; } c[] = {
		{BYTES("info camera-playing camera=gate\n"), " info ingest[0] camera-playing camera=gate\n"},
		{BYTES("warn x text=\"\x1b]0;title\x07\x1b[2J\"\n"), " warn ingest[0] x text=\"\\x1b]0;title\\x07\\x1b[2J\"\n"},
		{BYTES("error x text=\"\xe2\x80\xae" "evil\"\n"), " error ingest[0] x text=\"\\xe2\\x80\\xaeevil\"\n"},
		{BYTES("info x a\rb\tc\x7f\x80\xff\n"), " info ingest[0] x a\\x0db\\x09c\\x7f\\x80\\xff\n"},
		{BYTES("info x a\0b\n"), " info ingest[0] x a\\x01b\n"},
		{BYTES("a library \"speaks\"\x1b\n"), " warn ingest[0] output text=\"a library \\x22speaks\\x22\\x1b\"\n"},
		{BYTES("2026-11-22T15:30:00.040Z error casemate stopped\n"), " warn ingest[0] output text=\"2026-11-22T15:30:00.040Z error casemate stopped\"\n"},
		{BYTES("fatal x\n"), " warn ingest[0] output text=\"fatal x\"\n"},
		{BYTES("error\n"), " warn ingest[0] output text=\"error\"\n"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		say(0, c[i].is, c[i].n);
		cr_expect(strstr(log_text(), c[i].want), "%s not in: %s", c[i].want, text);
	}
	for (const char *at = log_text(); *at; at++)
		cr_assert(*at == '\n' || (*at >= 0x20 && *at < 0x7f));
	cr_expect_eq(count("\n"), sizeof c / sizeof *c);
	say(0, "\n\n\n", 3);
	cr_expect_eq(count("\n"), sizeof c / sizeof *c);
}

Test(parent_log, any_byte_at_all)
{
	unsigned char bytes[3000];

	srand(1);
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (unsigned char)(rand() >> 8);
		say(0, bytes, sizeof bytes);
	}
	for (const char *at = log_text(), *line = at; *at; at++) {
		cr_assert(*at == '\n' || (*at >= 0x20 && *at < 0x7f));
		cr_assert_leq(at - line, 1400);
		line = *at == '\n' ? at + 1 : line;
	}
}

Test(parent_log, a_line_without_end_is_one_line)
{
	static char much[3000];
	size_t n;

	memset(much, 'x', sizeof much);
	memcpy(much, "warn x ", 7);
	for (int i = 0; i < 60; i++)
		say(0, much, sizeof much);
	say(0, "\ninfo y z\n", 10);
	n = strcspn(log_text(), "\n");
	cr_expect(n > 1000 && n < 1100, "%zu", n);
	cr_expect(!strncmp(text + n - 3, "...", 3));
	cr_expect(strstr(text, " info ingest[0] y z\n"));
	cr_expect_eq(count("\n"), 2);
}

Test(parent_log, a_flood_is_rated_and_counted)
{
	int64_t began_us = clock_mono_us();
	unsigned seconds, lines;
	char line[64];

	for (int i = 0; i < 5000; i++)
		say(0, line, (size_t)snprintf(line, sizeof line, "info flood n=%d\n", i));
	say(1, "info quiet n=1\n", 15);
	seconds = (unsigned)((clock_mono_us() - began_us) / 1000000) + 2;
	child_log_close(&child[0]);
	lines = count(" flood n=");
	cr_expect(lines >= CHILD_LOG_LINES_PER_S && lines <= CHILD_LOG_LINES_PER_S * seconds, "%u lines in %u s", lines, seconds);
	cr_expect_eq(lines + suppressed(), 5000, "%u written, %u left out", lines, suppressed());
	cr_expect_eq(count(" info ingest[1] quiet n=1\n"), 1);
}

/* That something was left out is said though nothing comes after it. */
Test(parent_log, what_was_left_out_is_said_within_a_second_or_so)
{
	for (int i = 0; i < CHILD_LOG_LINES_PER_S * 3; i++)
		say(0, "info flood\n", 11);
	for (int i = 0; i < 100 && count(" info ingest[0] flood\n") + suppressed() < CHILD_LOG_LINES_PER_S * 3; i++)
		event_base_loop(p.base, EVLOOP_ONCE);
	cr_expect_eq(count(" info ingest[0] flood\n") + suppressed(), CHILD_LOG_LINES_PER_S * 3);
	cr_expect_gt(suppressed(), 0);
}

Test(parent_log, all_roles_together_are_rated_too)
{
	int64_t began_us = clock_mono_us();
	unsigned seconds;

	for (int i = 0; i < 400; i++)
		for (unsigned k = 0; k < ROLES; k++)
			say(k, "info flood\n", 11);
	seconds = (unsigned)((clock_mono_us() - began_us) / 1000000) + 2;
	for (unsigned k = 0; k < ROLES; k++)
		child_log_close(&child[k]);
	cr_expect_leq(count(" flood\n"), CHILDREN_LOG_LINES_PER_S * seconds);
	cr_expect_eq(count(" flood\n") + suppressed(), 400 * ROLES);
}

/* A role that never stops is read no faster than this, so the loop has time for the others. */
Test(parent_log, reading_a_flood_takes_little_time)
{
	static char much[4096];
	int64_t began_us = clock_mono_us();
	size_t taken = 0;
	unsigned seconds;

	memset(much, 'x', sizeof much);
	for (int i = 0; i < 2000; i++) {
		ssize_t n = write(said[0], much, sizeof much);

		taken += n > 0 ? (size_t)n : 0;
		event_base_loop(p.base, EVLOOP_NONBLOCK);
	}
	seconds = (unsigned)((clock_mono_us() - began_us) / 1000000) + 2;
	cr_expect_leq(taken, seconds * (CHILD_LOG_BYTES_PER_S + 65536 + 4096), "%zu bytes", taken);
	cr_expect_leq(child[0].line_len, sizeof child[0].line);
	/* and heard again in time */
	while (child[0].log_bytes > CHILD_LOG_BYTES_PER_S)
		event_base_loop(p.base, EVLOOP_ONCE);
}

Test(parent_log, who_reads_it_slowly_holds_nobody_up)
{
	int slow[2];
	unsigned told = 0;
	ssize_t n;
	char *at;

	cr_assert_eq(pipe2(slow, O_CLOEXEC), 0);
	dup2(slow[1], STDERR_FILENO);
	for (int i = 0; i < 5000; i++)
		parent_log("info", "start", "n=%d", i);
	fcntl(slow[0], F_SETFL, O_NONBLOCK);
	n = read(slow[0], text, sizeof text - 1);
	cr_assert_gt(n, 0);
	text[n] = 0;
	for (at = text; (at = strstr(at, " start n=")); at++)
		told++;
	cr_expect(told > 100 && told < 5000, "%u", told);
	parent_log("info", "stopped", "after_s=1");
	n = read(slow[0], text, sizeof text - 1);
	cr_assert_gt(n, 0);
	text[n] = 0;
	at = strstr(text, " log-lost lines=");
	cr_assert_not_null(at, "%s", text);
	cr_expect_eq((unsigned)atoi(at + 16) + told, 5000, "%s", text);
	cr_expect(strstr(at, " stopped after_s=1\n"));
	close(slow[0]);
	close(slow[1]);
}
