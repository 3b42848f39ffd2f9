/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/complaint.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void complaint_add(struct site_report *report, struct complaint_at at, const char *example, const char *fmt, ...)
{
	struct site_complaint *c = &report->complaint[report->n];
	va_list ap;

	if (report->n == SITE_COMPLAINTS_MAX) {
		report->more = true;
		return;
	}
	report->n++;
	c->line = at.line;
	c->column = at.column;
	va_start(ap, fmt);
	vsnprintf(c->text, sizeof c->text, fmt, ap);
	va_end(ap);
	snprintf(c->example, sizeof c->example, "%s", example ? example : "");
}

static int by_place(const struct site_complaint *a, const struct site_complaint *b)
{
	return a->line != b->line ? (a->line > b->line ? 1 : -1) : (a->column > b->column) - (a->column < b->column);
}

/* An insertion sort: few, mostly in order, and equal places must keep theirs. */
void complaint_sort(struct site_report *report)
{
	for (unsigned i = 1; i < report->n; i++) {
		struct site_complaint c = report->complaint[i];
		unsigned k = i;

		for (; k && by_place(&report->complaint[k - 1], &c) > 0; k--)
			report->complaint[k] = report->complaint[k - 1];
		report->complaint[k] = c;
	}
}

void complaint_print(FILE *f, const char *path, const struct site_report *report)
{
	for (unsigned i = 0; i < report->n; i++) {
		const struct site_complaint *c = &report->complaint[i];

		if (c->line)
			fprintf(f, "%s:%d:%d: %s\n", path, c->line, c->column, c->text);
		else
			fprintf(f, "%s: %s\n", path, c->text);
		if (*c->example)
			fprintf(f, "  example: %s\n", c->example);
	}
	if (report->more)
		fprintf(f, "%s: and more: mend these first\n", path);
}
