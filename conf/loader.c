/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/loader.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

struct loader_quote loader_quote(const char *s, size_t n)
{
	struct loader_quote q;

	text_escape(s, n, q.text, sizeof q.text);
	return q;
}

void loader_complain(struct loader *l, const struct schema_key *k, struct complaint_at at, const char *fmt, ...)
{
	char text[sizeof l->report->complaint->text], example[sizeof l->report->complaint->example];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	schema_example(k, example, sizeof example);
	complaint_add(l->report, at, example, "%s: %s", schema_leaf(k), text);
}
