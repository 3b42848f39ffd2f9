/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a role says on its standard error, a pipe to here. A role may be taken over: its lines are cut, escaped and rated, what is
 * left out is counted, and reading it takes no more of the parent's time than that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/text.h"
#include "server/parent.h"

#define PIPE_READS 16   /* pipe(7): 65536 bytes */

static bool many_of(const struct child *c)
{
	return c->kind == ROLE_INGEST || c->kind == ROLE_SERVE || c->kind == ROLE_TRANSCODE;
}

static void say_suppressed(struct child *c)
{
	unsigned n = c->log_suppressed;

	c->log_suppressed = 0;
	if (n)
		parent_log("warn", "log-suppressed", "role=%s index=%u lines=%u", role_kind_name(c->kind), c->index, n);
}

static void new_second(struct child *c, int64_t second)
{
	say_suppressed(c);
	c->log_second = second;
	c->log_lines = 0;
	c->log_bytes = 0;
	if (c->parent->log_second != second) {
		c->parent->log_second = second;
		c->parent->log_lines = 0;
	}
}

static void look_again(struct child *c)
{
	if (c->log_timer && !event_pending(c->log_timer, EV_TIMEOUT, NULL))
		event_add(c->log_timer, &(struct timeval){1, 0});
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;

	new_second(c, clock_mono_us() / 1000000);
	if (c->log_event)
		event_add(c->log_event, NULL);
}

bool child_may_log(struct child *c)
{
	int64_t second = clock_mono_us() / 1000000;

	if (second != c->log_second)
		new_second(c, second);
	if (c->log_lines < CHILD_LOG_LINES_PER_S && c->parent->log_lines < CHILDREN_LOG_LINES_PER_S) {
		c->log_lines++;
		c->parent->log_lines++;
		return true;
	}
	c->log_suppressed++;
	look_again(c);
	return false;
}

/* Kept for casemate status, readable, quotes and all, but with nothing in it that a terminal obeys. */
static void keep_error(struct child *c, const char *text, size_t n)
{
	size_t k = 0;

	for (; k < n && k < sizeof c->last_error - 1; k++)
		c->last_error[k] = text[k] >= 0x20 && text[k] < 0x7f ? text[k] : '?';
	c->last_error[k] = 0;
}

static bool has_level(const struct child *c)
{
	static const char *const level[] = {"error ", "warn ", "info ", "debug "};

	for (size_t i = 0; i < sizeof level / sizeof *level; i++)
		if (c->line_len >= strlen(level[i]) && !memcmp(c->line, level[i], strlen(level[i])))
			return true;
	return false;
}

static void write_line(const struct child *c)
{
	char text[sizeof c->line + 64], escaped[sizeof c->line];
	int n;

	if (has_level(c)) {
		n = snprintf(text, sizeof text, "%.*s%s", (int)c->line_len, c->line, c->line_cut ? "..." : "");
	} else {
		/* What a library prints has no level and no event name of its own. */
		text_escape(c->line, c->line_len, escaped, sizeof escaped);
		n = snprintf(text, sizeof text, "warn output text=\"%s\"", escaped);
	}
	parent_log_line(role_kind_name(c->kind), many_of(c) ? (int)c->index : -1, text, (size_t)n);
}

static void child_line(struct child *c)
{
	if (c->line_len > 6 && !memcmp(c->line, "error ", 6))
		keep_error(c, c->line + 6, c->line_len - 6);
	if (c->line_len && child_may_log(c))
		write_line(c);
	c->line_len = 0;
	c->line_cut = false;
}

/* read's answer. */
static ssize_t take_bytes(struct child *c)
{
	char bytes[4096];
	ssize_t n = read(c->log_fd, bytes, sizeof bytes);

	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n')
			child_line(c);
		else if (c->line_len == sizeof c->line)
			c->line_cut = true;
		else
			c->line[c->line_len++] = bytes[i] ? bytes[i] : '\1';  /* what is cut off by a NUL would not be seen */
	}
	if (n > 0)
		c->log_bytes += (size_t)n;
	return n;
}

static void on_log(int fd, short what, void *arg)
{
	struct child *c = arg;
	ssize_t n = take_bytes(c);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		child_log_close(c);
	} else if (c->log_bytes > CHILD_LOG_BYTES_PER_S) {
		/* The rest waits in the pipe; what does not fit there is lost where it is said. */
		event_del(c->log_event);
		look_again(c);
	}
}

void child_log_open(struct child *c, int fd)
{
	child_log_close(c);
	c->log_fd = fd;
	c->log_event = event_new(c->parent->base, fd, EV_READ | EV_PERSIST, on_log, c);
	c->log_timer = event_new(c->parent->base, -1, EV_TIMEOUT, on_second, c);
	if (!c->log_timer || !c->log_event || event_add(c->log_event, NULL) < 0)
		child_kill(c, "its log cannot be heard");
}

void child_log_close(struct child *c)
{
	if (c->log_fd < 0)
		return;
	/* What an ended role said last tells why; the pipe holds no more than this. */
	for (int i = 0; i < PIPE_READS && take_bytes(c) > 0; i++)
		;
	if (c->line_len)
		child_line(c);
	say_suppressed(c);
	if (c->log_event)
		event_free(c->log_event);
	if (c->log_timer)
		event_free(c->log_timer);
	close(c->log_fd);
	c->log_event = c->log_timer = NULL;
	c->log_fd = -1;
}
