/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/complaint.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* What many cameras inherit is read for each of them. */
static bool is_said(const struct site_report *report, struct complaint_at at, const char *text)
{
	for (unsigned i = 0; i < report->n; i++)
		if (report->complaint[i].line == at.line && report->complaint[i].column == at.column && !strcmp(report->complaint[i].text, text))
			return true;
	return false;
}

void complaint_add(struct site_report *report, struct complaint_at at, const char *example, const char *fmt, ...)
{
	struct site_complaint *c = &report->complaint[report->n];
	char text[sizeof c->text];
	va_list ap;

	if (report->n == SITE_COMPLAINTS_MAX) {
		report->more = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (is_said(report, at, text))
		return;
	report->n++;
	*c->file = 0;
	c->line = at.line;
	c->column = at.column;
	memcpy(c->text, text, sizeof text);
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

void complaint_file(const char *path, const char *name, char *out, size_t cap)
{
	const char *slash = strrchr(path, '/');

	if (!*name)
		snprintf(out, cap, "%s", path);
	else
		snprintf(out, cap, "%.*s%s", slash && name[0] != '/' ? (int)(slash - path + 1) : 0, path, name);
}

void site_place(const struct site *site, const char *path, int line, char *out, size_t cap)
{
	unsigned part = (unsigned)(line / SITE_LINES);
	size_t n;

	complaint_file(path, part < site->nparts ? site->part[part].name : "", out, cap);
	n = strlen(out);
	if (line % SITE_LINES)
		snprintf(out + n, cap - n, ":%d", line % SITE_LINES);
}

void complaint_print(FILE *f, const char *path, const struct site_report *report)
{
	for (unsigned i = 0; i < report->n; i++) {
		const struct site_complaint *c = &report->complaint[i];
		char file[PATH_MAX + SITE_PART_NAME];

		complaint_file(path, c->file, file, sizeof file);
		if (c->line)
			fprintf(f, "%s:%d:%d: %s\n", file, c->line, c->column, c->text);
		else
			fprintf(f, "%s: %s\n", file, c->text);
		if (*c->example)
			fprintf(f, "  example: %s\n", c->example);
	}
	if (report->more)
		fprintf(f, "%s: and more: mend these first\n", path);
}
