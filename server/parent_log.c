/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: one line a thing that happened, on standard error, the parent's own
 * and those of the roles:
 *     2026-11-22T15:30:00.040Z info ingest[0] camera-lost camera=gate-1 why=refused
 * A role may be taken over: its lines are cut, stripped of control bytes and rated.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/io.h"
#include "server/parent.h"

#define PIPE_READS 16   /* pipe(7): 65536 bytes */

static bool quiet;

void parent_log_quiet(void)
{
	quiet = true;
}

static void emit(const char *role, int index, const char *text, size_t n)
{
	char line[1400], now[CLOCK_TEXT];
	int head;
	size_t len;

	if (quiet)
		return;
	clock_text(clock_wall_us(), now);
	while (n && text[n - 1] == ' ')
		n--;
	/* level first, then who says it */
	const char *blank = memchr(text, ' ', n);
	size_t level = blank ? (size_t)(blank - text) : n;

	if (index >= 0)
		head = snprintf(line, sizeof line - 1, "%s %.*s %s[%d]", now, (int)level, text, role, index);
	else
		head = snprintf(line, sizeof line - 1, "%s %.*s %s", now, (int)level, text, role);
	len = (size_t)head;
	for (size_t i = level; i < n && len < sizeof line - 6; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c < 0x7f)
			line[len++] = (char)c;
		else
			len += (size_t)snprintf(line + len, sizeof line - len, "\\x%02x", c);
	}
	line[len++] = '\n';
	(void)!write(STDERR_FILENO, line, len);
}

void parent_log(const char *level, const char *event, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n = snprintf(text, sizeof text, "%s %s ", level, event), m;

	va_start(ap, fmt);
	m = vsnprintf(text + n, sizeof text - (size_t)n, fmt, ap);
	va_end(ap);
	if (m > 0)
		n += m;
	emit("casemate", -1, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static bool many_of(const struct child *c)
{
	return c->kind == ROLE_INGEST || c->kind == ROLE_SERVE || c->kind == ROLE_TRANSCODE;
}

bool child_may_log(struct child *c)
{
	int64_t second = clock_mono_us() / 1000000;

	if (second != c->log_second) {
		if (c->log_suppressed)
			parent_log("warn", "log-suppressed", "role=%s index=%u lines=%u", role_kind_name(c->kind), c->index, c->log_suppressed);
		c->log_second = second;
		c->log_lines = c->log_suppressed = 0;
	}
	if (++c->log_lines <= CHILD_LOG_LINES_PER_S)
		return true;
	c->log_suppressed++;
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

static void child_line(struct child *c)
{
	static const char *const level[] = {"error ", "warn ", "info ", "debug "};
	char text[sizeof c->line + 64];
	bool has_level = false;

	if (!child_may_log(c)) {
		c->line_len = 0;
		return;
	}
	for (size_t i = 0; i < 4; i++)
		has_level |= c->line_len >= strlen(level[i]) && !memcmp(c->line, level[i], strlen(level[i]));
	if (c->line_len > 6 && !memcmp(c->line, level[0], 6))
		keep_error(c, c->line + 6, c->line_len - 6);
	/* What a library prints has no level and no event name of its own. */
	snprintf(text, sizeof text, "%s%.*s%s", has_level ? "" : "warn output text=\"", (int)c->line_len, c->line, has_level ? "" : "\"");
	if (c->line_len)
		emit(role_kind_name(c->kind), many_of(c) ? (int)c->index : -1, text, strlen(text));
	c->line_len = 0;
}

/* read's answer. */
static ssize_t take_bytes(struct child *c)
{
	char bytes[4096];
	ssize_t n = read(c->log_fd, bytes, sizeof bytes);

	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n')
			child_line(c);
		else if (c->line_len < sizeof c->line && bytes[i])
			c->line[c->line_len++] = bytes[i];
	}
	return n;
}

static void on_log(int fd, short what, void *arg)
{
	struct child *c = arg;
	ssize_t n = take_bytes(c);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		child_log_close(c);
}

void child_log_open(struct child *c, int fd)
{
	child_log_close(c);
	c->log_fd = fd;
	c->log_event = event_new(c->parent->base, fd, EV_READ | EV_PERSIST, on_log, c);
	if (!c->log_event || event_add(c->log_event, NULL) < 0)
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
	if (c->log_event)
		event_free(c->log_event);
	close(c->log_fd);
	c->log_event = NULL;
	c->log_fd = -1;
}
