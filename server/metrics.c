/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/metrics.h"

#include <math.h>
#include <string.h>

#include "base/wr.h"

void metrics_count(struct metrics_count *c, uint64_t now)
{
	c->sum += now >= c->seen ? now - c->seen : now;
	c->seen = now;
}

static const char *suffix_of(const struct metrics_family *f)
{
	return f->type == METRICS_COUNTER ? "_total" : f->type == METRICS_INFO ? "_info" : "";
}

/* The older form names what it samples, and knows neither units nor infos. */
void metrics_family(struct metrics *m, const struct metrics_family *f)
{
	static const char *const type[][METRICS_FORMS] = {
		[METRICS_GAUGE] = {"gauge", "gauge"}, [METRICS_COUNTER] = {"counter", "counter"}, [METRICS_INFO] = {"info", "gauge"}};
	const char *suffix = m->form == METRICS_TEXT ? suffix_of(f) : "";

	m->family = f;
	m->bad |= buf_append_fmt(m->out, "# TYPE %s%s %s\n", f->name, suffix, type[f->type][m->form]) < 0;
	if (f->unit && m->form == METRICS_OPEN)
		m->bad |= buf_append_fmt(m->out, "# UNIT %s %s\n", f->name, f->unit) < 0;
	m->bad |= buf_append_fmt(m->out, "# HELP %s%s %s\n", f->name, suffix, f->help) < 0;
}

/* In both forms alike: a backslash before quote, backslash and the end of a line. */
static void put_value(struct wr *w, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n' || *s == '"' || *s == '\\')
			wr_u8(w, '\\');
		wr_u8(w, (uint8_t)(*s == '\n' ? 'n' : *s));
	}
}

static void put_labels(struct wr *w, const struct metrics_label *l)
{
	char before = '{';

	for (unsigned i = 0; l && i < METRICS_LABELS_MAX && l[i].name; i++) {
		wr_u8(w, (uint8_t)before);
		wr_bytes(w, l[i].name, strlen(l[i].name));
		wr_bytes(w, "=\"", 2);
		put_value(w, l[i].value);
		wr_u8(w, '"');
		before = ',';
	}
	if (before == ',')
		wr_u8(w, '}');
}

static void sample(struct metrics *m, const char *suffix, const struct metrics_label *labels, double v, unsigned decimals)
{
	uint8_t bytes[METRICS_LABELS_BYTES];
	struct wr w = wr_init(bytes, sizeof bytes);

	put_labels(&w, labels);
	m->bad |= w.bad || buf_append_fmt(m->out, "%s%s%.*s %.*f\n", m->family->name, suffix, (int)w.len, (const char *)bytes, (int)decimals, v) < 0;
}

void metrics_gauge(struct metrics *m, const struct metrics_label *labels, double v, unsigned decimals)
{
	if (isfinite(v))
		sample(m, "", labels, v, decimals);
}

/* The older form has no such sample: there it would be a metric of its own, of which nothing is said. */
void metrics_counter(struct metrics *m, const struct metrics_label *labels, double v, unsigned decimals, int64_t created_us)
{
	sample(m, "_total", labels, v, decimals);
	if (m->form == METRICS_OPEN)
		sample(m, "_created", labels, (double)created_us / 1e6, 3);
}

void metrics_info(struct metrics *m, const struct metrics_label *labels)
{
	sample(m, "_info", labels, 1, 0);
}

void metrics_end(struct metrics *m)
{
	if (m->form == METRICS_OPEN)
		m->bad |= buf_append_str(m->out, "# EOF\n") < 0;
}
