/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
	static const char *const name[] = {"error", "warn", "info"};
	char line[LOG_LINE];
	va_list ap;
	int n, m;

	n = snprintf(line, sizeof line - 1, "%s %s ", name[level], event);
	if (n < 0 || (size_t)n >= sizeof line - 1)
		return;
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof line - 1 - (size_t)n, fmt, ap);
	va_end(ap);
	if (m < 0)
		return;
	n += m;
	if ((size_t)n > sizeof line - 2)
		n = sizeof line - 2;
	line[n++] = '\n';
	/* One write, so that lines of threads do not mix; a full or closed log stops nobody. */
	(void)!write(STDERR_FILENO, line, (size_t)n);
}
