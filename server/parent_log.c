/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: one line a thing that happened, on standard error, the parent's own
 * and those of the roles (parent_log_child.c):
 *     2026-11-22T15:30:00.040Z info ingest[0] camera-lost camera=gate-1 why=refused
 * Nobody else writes there. The journal, which has times and levels of its own, is told the level as it wants it too.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/parent.h"
#include "server/service.h"

static bool quiet, journal;
static unsigned lost;  /* lines that could not be written */

void parent_log_quiet(void)
{
	quiet = true;
}

void parent_log_begin(void)
{
	journal = service_logs_to_journal(STDERR_FILENO);
}

/* As sd-daemon(3) has it, before a line of that level; "" where it would only be seen. */
static const char *priority(const char *level, size_t n)
{
	if (!journal)
		return "";
	return n == 5 && !memcmp(level, "error", 5) ? "<3>" : n == 4 && !memcmp(level, "warn", 4) ? "<4>" : "<6>";
}

/* Who reads the log may be slow, and must not hold the server up: a line that cannot be taken at once is left out, and counted. */
static void put(const char *line, size_t n)
{
	struct pollfd p = {STDERR_FILENO, POLLOUT, 0};
	unsigned before = lost;

	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT)) {
		lost++;
		return;
	}
	if (before) {
		lost = 0;
		parent_log("warn", "log-lost", "lines=%u text=\"who reads this log was too slow\"", before);
	}
	if (write(STDERR_FILENO, line, n) < 0)
		lost++;
}

void parent_log_line(const char *role, int index, const char *text, size_t n)
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
		head = snprintf(line, sizeof line - 1, "%s%s %.*s %s[%d]", priority(text, level), now, (int)level, text, role, index);
	else
		head = snprintf(line, sizeof line - 1, "%s%s %.*s %s", priority(text, level), now, (int)level, text, role);
	len = (size_t)head;
	for (size_t i = level; i < n && len < sizeof line - 6; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c < 0x7f)
			line[len++] = (char)c;
		else
			len += (size_t)snprintf(line + len, sizeof line - len, "\\x%02x", c);
	}
	line[len++] = '\n';
	put(line, len);
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
	parent_log_line("casemate", -1, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}
