/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/top_view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROLE_ROWS_MAX 8         /* those that compute most */
#define LINE_MAX_BYTES 300

/* What was counted since; a count that is smaller began anew. */
static uint64_t since(uint64_t was, uint64_t is)
{
	return is >= was ? is - was : 0;
}

static const struct top_camera *camera_before(const struct top *t, const char *name, unsigned at)
{
	/* Nearly always where it was. */
	if (at < t->ncameras && strcmp(t->camera[at].name, name) == 0)
		return &t->camera[at];
	for (unsigned i = 0; i < t->ncameras; i++)
		if (strcmp(t->camera[i].name, name) == 0)
			return &t->camera[i];
	return NULL;
}

static void take_camera(const struct top *before, struct top *t, const char *line, double passed_s)
{
	struct top_camera *c = &t->camera[t->ncameras];
	const struct top_camera *was;
	uint64_t came, lost;

	if (t->ncameras == SITE_CAMERAS_MAX ||
	    sscanf(line, "camera %32s %23s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %u", c->name, c->state, &c->rate_bps,
		   &c->fps_milli, &c->packets, &c->lost, &c->age_ms, &c->cpu_us, &c->alarms) != 9)
		return;
	was = camera_before(before, c->name, t->ncameras++);
	c->loss = c->cpu = 0;
	if (!was || passed_s <= 0)
		return;
	came = since(was->packets, c->packets);
	lost = since(was->lost, c->lost);
	c->loss = came + lost ? (double)lost / (double)(came + lost) : 0;
	c->cpu = (double)since(was->cpu_us, c->cpu_us) / 1e6 / passed_s;
}

static void take_role(const struct top *before, struct top *t, const char *line, double passed_s)
{
	struct top_role *r = &t->role[t->nroles];

	if (t->nroles == TOP_ROLES_MAX ||
	    sscanf(line, "role %23s %u %23s %" SCNu64 " %" SCNu64 " %u", r->name, &r->index, r->state, &r->cpu_us, &r->memory_bytes, &r->restarts) != 6)
		return;
	t->nroles++;
	r->cpu = 0;
	for (unsigned i = 0; i < before->nroles && passed_s > 0; i++)
		if (strcmp(before->role[i].name, r->name) == 0 && before->role[i].index == r->index)
			r->cpu = (double)since(before->role[i].cpu_us, r->cpu_us) / 1e6 / passed_s;
}

int top_take(struct top *t, const char *answer, size_t n, int64_t mono_us)
{
	struct top *before = malloc(sizeof *before);
	char line[LINE_MAX_BYTES];
	double passed_s = t->at_us ? (double)(mono_us - t->at_us) / 1e6 : 0;
	const char *end = answer + n;
	int rc = -EBADMSG;

	if (!before)
		return -ENOMEM;
	*before = *t;
	t->ncameras = t->nroles = 0;
	for (const char *next; answer < end; answer = next) {
		size_t len;

		next = memchr(answer, '\n', (size_t)(end - answer));
		len = (size_t)((next ? next : end) - answer);
		next = next ? next + 1 : end;
		snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : sizeof line - 1), answer);
		if (sscanf(line, "site %128s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, t->site, &t->up_s, &t->viewers, &t->archive_bytes, &t->alarms) == 5)
			rc = 0;
		take_camera(before, t, line, passed_s);
		take_role(before, t, line, passed_s);
	}
	if (rc)
		*t = *before;
	else
		t->at_us = mono_us;
	free(before);
	return rc;
}

bool top_key(struct top *t, char key, unsigned rows)
{
	static const char sorts[TOP_SORTS] = {[TOP_BY_CPU] = 'c', [TOP_BY_RATE] = 'r', [TOP_BY_LOSS] = 'l', [TOP_BY_AGE] = 'a', [TOP_BY_NAME] = 'n'};

	for (unsigned i = 0; i < TOP_SORTS; i++)
		if (key == sorts[i]) {
			t->sort = (enum top_sort)i;
			t->first = 0;
		}
	if (key == ' ' || key == 'j')
		t->first += key == 'j' ? 1 : rows;
	else if (key == 'b' || key == 'k')
		t->first -= t->first < (key == 'k' ? 1 : rows) ? t->first : key == 'k' ? 1 : rows;
	return key != 'q' && key != 4;
}

static int by_name(const void *a, const void *b) { return strcmp(((const struct top_camera *)a)->name, ((const struct top_camera *)b)->name); }

/* The larger first, and the same by name. */
static int larger(double a, double b, const void *one, const void *other)
{
	return a < b ? 1 : a > b ? -1 : by_name(one, other);
}

#define BY(member) \
	static int by_##member(const void *a, const void *b) \
	{ \
		return larger((double)((const struct top_camera *)a)->member, (double)((const struct top_camera *)b)->member, a, b); \
	}
BY(cpu)
BY(rate_bps)
BY(loss)
BY(age_ms)

static int role_by_cpu(const void *a, const void *b)
{
	double x = ((const struct top_role *)a)->cpu, y = ((const struct top_role *)b)->cpu;

	return x < y ? 1 : x > y ? -1 : strcmp(((const struct top_role *)a)->name, ((const struct top_role *)b)->name);
}

static void line_of(struct buf *out, unsigned columns, unsigned *rows, const char *text)
{
	if (!*rows)
		return;
	--*rows;
	buf_append_fmt(out, "%.*s\n", (int)columns, text);
}

static void age_of(uint64_t ms, char out[24])
{
	if (ms == UINT64_MAX)
		snprintf(out, 24, "-");
	else if (ms < 600000)
		snprintf(out, 24, "%.1fs", (double)ms / 1e3);
	else
		snprintf(out, 24, "%" PRIu64 "m", ms / 60000);
}

static void draw_roles(const struct top *t, unsigned columns, unsigned *rows, struct buf *out)
{
	struct top_role sorted[TOP_ROLES_MAX];
	char line[LINE_MAX_BYTES];

	memcpy(sorted, t->role, t->nroles * sizeof *sorted);
	qsort(sorted, t->nroles, sizeof *sorted, role_by_cpu);
	line_of(out, columns, rows, "ROLE            STATE       CPU%    MEMORY  RESTARTS");
	for (unsigned i = 0; i < t->nroles && i < ROLE_ROWS_MAX; i++) {
		snprintf(line, sizeof line, "%-11.23s %3u %-10.23s %5.1f %6.1f MB  %8u", sorted[i].name, sorted[i].index, sorted[i].state, sorted[i].cpu * 100,
			 (double)sorted[i].memory_bytes / 1e6, sorted[i].restarts);
		line_of(out, columns, rows, line);
	}
}

void top_draw(struct top *t, unsigned rows, unsigned columns, struct buf *out)
{
	static int (*const by[TOP_SORTS])(const void *, const void *) = {by_cpu, by_rate_bps, by_loss, by_age_ms, by_name};
	static const char *const name[TOP_SORTS] = {"cpu", "rate", "loss", "age", "name"};
	char line[LINE_MAX_BYTES], age[24];

	qsort(t->camera, t->ncameras, sizeof *t->camera, by[t->sort]);
	if (t->first >= t->ncameras)
		t->first = t->ncameras ? t->ncameras - 1 : 0;
	snprintf(line, sizeof line, "%.128s  up %" PRIu64 " min  %u cameras  %" PRIu64 " viewers  %.1f GB archived  %" PRIu64 " alarms", t->site, t->up_s / 60, t->ncameras, t->viewers,
		 (double)t->archive_bytes / 1e9, t->alarms);
	line_of(out, columns, &rows, line);
	snprintf(line, sizeof line, "by %s: c cpu, r rate, l loss, a age, n name; space and b scroll; q ends", name[t->sort]);
	line_of(out, columns, &rows, line);
	draw_roles(t, columns, &rows, out);
	line_of(out, columns, &rows, "CAMERA                           STATE       KBIT/S   FPS  LOSS%    AGE  CPU%  ALARMS");
	for (unsigned i = t->first; i < t->ncameras && rows; i++) {
		const struct top_camera *c = &t->camera[i];

		age_of(c->age_ms, age);
		snprintf(line, sizeof line, "%-32.32s %-10.23s %7.0f %5.1f %6.2f %6s %5.1f  %6u", c->name, c->state, (double)c->rate_bps / 1e3, (double)c->fps_milli / 1e3, c->loss * 100, age,
			 c->cpu * 100, c->alarms);
		line_of(out, columns, &rows, line);
	}
}
