/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/wr.h"

#include <stdarg.h>
#include <stdio.h>

void wr_fmt(struct wr *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (w->bad)
		return;
	va_start(ap, fmt);
	n = vsnprintf((char *)w->p + w->len, w->cap - w->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= w->cap - w->len)
		w->bad = true;
	else
		w->len += (size_t)n;
}
