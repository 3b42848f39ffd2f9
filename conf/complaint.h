/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_COMPLAINT_H
#define CONF_COMPLAINT_H
/*
 * Collecting complaints about the site file, and printing them. Whatever a
 * complaint quotes from outside went through text_escape; passwords are never quoted.
 */
#include <stdio.h>

#include "conf/site.h"

/* A place, both from 1, the line with its part (SITE_LINES); {0, 0} for the site file as a whole. */
struct complaint_at {
	int line, column;
};

/* Appends what was not said yet of that place; example may be NULL. Over SITE_COMPLAINTS_MAX only report->more is set. */
void complaint_add(struct site_report *report, struct complaint_at at, const char *example, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* By line, then column; equal places keep their order. */
void complaint_sort(struct site_report *report);
/* The name of a part beside the site file, as path names that. */
void complaint_file(const char *path, const char *name, char *out, size_t cap);
/*
 * All of them as a person reads them; path is the site file's name as the person gave it:
 *     site.yaml:12:5: unknown key "sorce": did you mean "source"?
 *       example: source: rtsp://192.0.2.11/stream1
 */
void complaint_print(FILE *f, const char *path, const struct site_report *report);

#endif
