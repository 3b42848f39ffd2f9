/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H
/*
 * Metrics as text, in either form: OpenMetrics 1.0 and the older text form of Prometheus (0.0.4). Families come one after
 * the other, each with all of its samples; base units, in the name. Pure: what is told is the caller's.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum metrics_form { METRICS_OPEN, METRICS_TEXT, METRICS_FORMS };
enum metrics_type { METRICS_GAUGE, METRICS_COUNTER, METRICS_INFO };

/* name: with its unit at its end, without "_total" or "_info"; unit: NULL if it has none. */
struct metrics_family {
	const char *name;
	enum metrics_type type;
	const char *unit, *help;
};

struct metrics_label { const char *name, *value; };
#define METRICS_LABELS_MAX 4
#define METRICS_LABELS_BYTES 1024      /* all of a sample's, escaped */

struct metrics {
	struct buf *out;
	enum metrics_form form;
	const struct metrics_family *family;   /* the one at hand */
	bool bad;                              /* out was full, or labels were longer than METRICS_LABELS_BYTES */
};

/*
 * A counter of a process that may begin anew from 0. sum never goes down: what is less than was seen last is
 * counted as come since that begin.
 */
struct metrics_count { uint64_t seen, sum; };
void metrics_count(struct metrics_count *c, uint64_t now);

void metrics_family(struct metrics *m, const struct metrics_family *f);
/* A sample of the family at hand; labels end with one without a name, NULL: none. v not a number: there is none now. */
void metrics_gauge(struct metrics *m, const struct metrics_label *labels, double v, unsigned decimals);
/* created_us: wall clock, since when it counts. */
void metrics_counter(struct metrics *m, const struct metrics_label *labels, double v, unsigned decimals, int64_t created_us);
/* What does not change. */
void metrics_info(struct metrics *m, const struct metrics_label *labels);
/* Ends the text. */
void metrics_end(struct metrics *m);

#endif
