/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/cost.h"

#define PICTURES 25            /* a second, of a camera that nobody has limited */
#define WINDOW_SEGMENTS 12     /* of a rendition, held for viewers */

/*
 * Recorded as it is: 0.3 % of a core for a 1080p camera of 4 Mb/s alone, 0.087 to 0.125 % for one of 2 Mb/s among many, and 0.7 MB
 * beside the live window (ARCHITECTURE.md).
 */
#define COPY_NANOCORES_PER_BPS 0.75
#define COPY_BYTES 700000

/*
 * Encoded, bench/results/transcode.json: a worker took 17, 22 and 43 % of a core for 720p where nothing moved, people crossed, and with
 * 360p besides where everything moved; 63 % for 1080p there; 57 to 78 MB. 8 % of it is decoding.
 */
#define WORKER_MILLICORES 83
#define WORKER_BYTES 41000000
#define WORKER_BYTES_PER_PIXEL 18
#define IDLE_MILLICORES 3.75   /* per million pixels a second */
#define MOVING_MILLICORES 12.0

/* What runs without a camera. */
#define SITE_BYTES 12000000
#define SERVE_BYTES 8000000

/* Entry, leaf and slot of a segment with its sound, 0.1 % at 2 s and 4 Mb/s. */
#define EVIDENCE_BYTES 1056

static double pixels_per_s(const struct site_rendition *r)
{
	unsigned fps = r->fps && r->fps < PICTURES ? r->fps : PICTURES;

	return (double)r->width * r->height * fps;
}

static uint64_t window_bytes(uint64_t bps, unsigned segment_ms)
{
	return bps / 8 * WINDOW_SEGMENTS * segment_ms / 1000;
}

struct cost cost_of_camera(const struct site_camera *c)
{
	double copy = c->expected_bps * COPY_NANOCORES_PER_BPS / 1e6, least = copy, most = copy;
	struct cost k = {.memory_bytes = COPY_BYTES + window_bytes(c->expected_bps, c->segment_ms)};
	bool worker = false, always = false;

	for (unsigned i = 0; i < c->nrenditions; i++) {
		const struct site_rendition *r = &c->rendition[i];

		if (r->gone)
			continue;
		worker = true;
		always |= !r->on_demand;
		least += r->on_demand ? 0 : pixels_per_s(r) / 1e6 * IDLE_MILLICORES;
		most += pixels_per_s(r) / 1e6 * MOVING_MILLICORES;
		k.memory_bytes += (uint64_t)r->width * r->height * WORKER_BYTES_PER_PIXEL + window_bytes(r->bitrate_bps, c->segment_ms);
	}
	k.memory_bytes += worker ? WORKER_BYTES : 0;
	k.least_millicores = (unsigned)(least + (always ? WORKER_MILLICORES : 0) + 0.5);
	k.most_millicores = (unsigned)(most + (worker ? WORKER_MILLICORES : 0) + 0.999);
	k.disk_bytes_per_day = (uint64_t)c->expected_bps / 8 * 86400 + (uint64_t)86400000 / c->segment_ms * EVIDENCE_BYTES;
	return k;
}

struct cost cost_of_site(const struct site *s)
{
	struct cost all = {.memory_bytes = SITE_BYTES + (uint64_t)s->serve_processes * SERVE_BYTES};

	for (unsigned i = 0; i < s->ncameras; i++) {
		struct cost one = cost_of_camera(&s->camera[i]);

		if (s->camera[i].gone)
			continue;
		all.least_millicores += one.least_millicores;
		all.most_millicores += one.most_millicores;
		all.memory_bytes += one.memory_bytes;
		all.disk_bytes_per_day += one.disk_bytes_per_day;
	}
	return all;
}

double cost_days(const struct site *s, const struct cost *all)
{
	return all->disk_bytes_per_day ? (double)s->archive_max_bytes / (double)all->disk_bytes_per_day : 0;
}
