/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How it is counted, and said, that serve ends a connection. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/serve.h"

static struct serve s;

/* What is logged while this many of them are closed. */
static const char *said(enum serve_closed cause, unsigned n)
{
	static char text[1024];
	int log[2], own = dup(STDERR_FILENO);
	ssize_t got;

	cr_assert_eq(pipe2(log, O_CLOEXEC | O_NONBLOCK), 0);
	dup2(log[1], STDERR_FILENO);
	for (unsigned i = 0; i < n; i++)
		serve_closed(&s, cause, "192.0.2.7");
	dup2(own, STDERR_FILENO);
	got = read(log[0], text, sizeof text - 1);
	text[got > 0 ? got : 0] = 0;
	close(own);
	close(log[0]);
	close(log[1]);
	return text;
}

Test(serve_closed, each_cause_has_its_count_and_its_line)
{
	static const struct { enum serve_closed cause; const char *line; } cases[] = {
		{SERVE_CLOSED_HANDSHAKE, "warn viewer-closed cause=handshake from=192.0.2.7 times=1\n"},
		{SERVE_CLOSED_REQUEST, "warn viewer-closed cause=request from=192.0.2.7 times=1\n"},
		{SERVE_CLOSED_SLOW, "warn viewer-closed cause=slow from=192.0.2.7 times=1\n"},
		{SERVE_CLOSED_STARVED, "warn viewer-closed cause=starved from=192.0.2.7 times=1\n"},
		{SERVE_CLOSED_IDLE, ""}};
	const uint64_t *count[] = {&s.state.closed_handshake, &s.state.closed_request, &s.state.closed_slow, &s.state.closed_starved,
		&s.state.closed_idle};

	for (unsigned i = 0; i < SERVE_CLOSED_COUNT; i++) {
		cr_assert_str_eq(said(cases[i].cause, 1), cases[i].line);
		for (unsigned k = 0; k < SERVE_CLOSED_COUNT; k++)
			cr_assert_eq(*count[k], k <= i, "%u after %u", k, i);
	}
	cr_assert_eq(s.state.slow_closed, SERVE_CLOSED_COUNT - 1, "who is idle is not slow");
}

Test(serve_closed, a_crowd_of_one_cause_is_one_line)
{
	int64_t now_us = clock_mono_us();

	s.closed[SERVE_CLOSED_SLOW].at_us = now_us + 3600 * 1000000ll;  /* however long this takes */
	cr_assert_str_eq(said(SERVE_CLOSED_SLOW, 1000), "");
	cr_assert_neq(strlen(said(SERVE_CLOSED_REQUEST, 1)), 0, "one cause does not hide another");
	s.closed[SERVE_CLOSED_SLOW].at_us = now_us - SERVE_CLOSED_LOG_US;
	cr_assert_str_eq(said(SERVE_CLOSED_SLOW, 1), "warn viewer-closed cause=slow from=192.0.2.7 times=1001\n");
	cr_assert_eq(s.state.closed_slow, 1001);
}
