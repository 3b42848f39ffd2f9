/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_TOP_VIEW_H
#define SERVER_TOP_VIEW_H
/*
 * What casemate top shows: the server's answers to "top" go in, one after the other, and a screen of text comes out. What it
 * counts is shown as a rate between two answers. Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/site.h"

#define TOP_ROLES_MAX 160
#define TOP_FIELD 24

enum top_sort { TOP_BY_CPU, TOP_BY_RATE, TOP_BY_LOSS, TOP_BY_AGE, TOP_BY_NAME, TOP_SORTS };

struct top_camera {
	char name[SITE_NAME], state[TOP_FIELD];
	uint64_t rate_bps, fps_milli, packets, lost, age_ms, cpu_us;  /* age: of the newest recording; UINT64_MAX: there is none. cpu: its worker's */
	unsigned alarms;
	double loss, cpu;                 /* of packets since the answer before; cores */
};

struct top_role { char name[TOP_FIELD], state[TOP_FIELD]; unsigned index, restarts; uint64_t cpu_us, memory_bytes; double cpu; };

struct top {
	char site[SITE_ORIGIN];
	uint64_t up_s, viewers, archive_bytes, alarms;
	struct top_camera camera[SITE_CAMERAS_MAX];
	unsigned ncameras;
	struct top_role role[TOP_ROLES_MAX];
	unsigned nroles;
	int64_t at_us;                    /* monotonic; 0: there was no answer yet */
	enum top_sort sort;
	unsigned first;                   /* row that is shown first */
};

/* The next answer; lines that it cannot read are left out. 0, or -EBADMSG when it is none. */
int top_take(struct top *t, const char *answer, size_t n, int64_t mono_us);
/* A key that was pressed: sorts, scrolls by a page of that many rows. False for one that ends it. */
bool top_key(struct top *t, char key, unsigned rows);
/* A screen: at most that many lines, none longer than that. */
void top_draw(struct top *t, unsigned rows, unsigned columns, struct buf *out);

#endif
