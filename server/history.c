/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/history.h"

#include <math.h>

#include "base/clock.h"
#include "base/json.h"

/* What was counted since; a process that began anew counts from 0. */
static uint64_t since(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

static uint16_t share_of(uint64_t part, uint64_t whole, unsigned unit)
{
	return whole ? (uint16_t)(part > whole ? unit : (uint64_t)((double)part / (double)whole * unit + 0.5)) : 0;
}

static uint16_t permille(double s, double of_s)
{
	double v = of_s > 0 && s > 0 ? s / of_s * 1000 : 0;

	return (uint16_t)(v < UINT16_MAX ? v : UINT16_MAX);
}

void history_next(struct history *h, const struct history_now *now, int64_t mono_us)
{
	bool first = h->taken_us == 0, same = now->worker && now->worker == h->worker;
	uint64_t packets = since(now->packets, h->packets), lost = since(now->lost, h->lost);

	if (!first)
		h->at[h->n++ % HISTORY_SAMPLES] = (struct history_sample){
			.known = now->sends, .rate_bps = now->rate_bps, .fps_milli = now->fps_milli, .lost_10000 = share_of(lost, packets + lost, 10000),
			.has_worker = same, .cpu_permille = same ? permille(now->cpu_s - h->cpu_s, (double)(mono_us - h->taken_us) / 1e6) : 0};
	h->packets = now->packets;
	h->lost = now->lost;
	h->worker = now->worker;
	h->cpu_s = now->cpu_s;
	h->taken_us = mono_us;
}

enum column { RATE, FPS, LOST, CPU, COLUMNS };

static double value_of(const struct history_sample *s, enum column column)
{
	switch (column) {
	case RATE:
		return s->known ? s->rate_bps : NAN;
	case FPS:
		return s->known ? s->fps_milli / 1000.0 : NAN;
	case LOST:
		return s->known ? s->lost_10000 / 100.0 : NAN;
	default:
		return s->has_worker ? s->cpu_permille / 10.0 : NAN;
	}
}

static void column_json(struct json *j, const struct history *h, enum column column)
{
	static const struct { const char *name; int decimals; } is[COLUMNS] = {
		[RATE] = {"rate_bps", 0}, [FPS] = {"fps", 1}, [LOST] = {"lost_percent", 2}, [CPU] = {"cpu_percent", 1}};
	uint32_t n = h->n < HISTORY_SAMPLES ? h->n : HISTORY_SAMPLES;

	json_open(j, is[column].name, '[');
	for (uint32_t i = h->n - n; i != h->n; i++) {
		double v = value_of(&h->at[i % HISTORY_SAMPLES], column);

		if (isnan(v))
			json_str(j, NULL, NULL);
		else
			json_num(j, NULL, v, is[column].decimals);
	}
	json_close(j, ']');
}

void history_json(const struct history *h, int64_t wall_us, struct buf *out)
{
	struct json j = json_init(out);
	char end[CLOCK_TEXT];

	clock_text(wall_us, end);
	json_open(&j, NULL, '{');
	json_int(&j, "interval_s", HISTORY_US / 1000000);
	json_str(&j, "end", end);
	for (enum column c = 0; c < COLUMNS; c++)
		column_json(&j, h, c);
	json_close(&j, '}');
}
