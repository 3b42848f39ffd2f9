/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of cameras, their workers and their renditions: in tables, a row a metric. Labels are names of the site file alone. */
#include <math.h>
#include <string.h>

#include "server/parent.h"

#define GAUGE METRICS_GAUGE
#define COUNTER METRICS_COUNTER

static double or_none(double v)
{
	return v > 0 ? v : NAN;
}

static double is_up(const struct camera_live *c) { return c->known && c->state.phase == CAMERA_STREAMING; }
static double since(const struct camera_live *c) { return or_none((double)c->state.since_us / 1e6); }
static double rate(const struct camera_live *c) { return c->state.rate_bps / 8.0; }
static double frame_rate(const struct camera_live *c) { return c->state.fps_milli / 1e3; }
static double width(const struct camera_live *c) { return or_none(c->state.width); }
static double height(const struct camera_live *c) { return or_none(c->state.height); }
static double key_interval(const struct camera_live *c) { return or_none(c->state.key_interval_ms / 1e3); }
static double key_time(const struct camera_live *c) { return or_none((double)c->state.key_us / 1e6); }
static double clock_offset(const struct camera_live *c) { return (double)c->state.clock_offset_us / 1e6; }
static double clock_error(const struct camera_live *c) { return c->state.clock_error_ms / 1e3; }
static double worker_runs(const struct camera_live *c) { return c->worker_known; }
static double overload(const struct camera_live *c) { return c->worker.step; }

static const struct {
	struct metrics_family family;
	double (*of)(const struct camera_live *c);
	unsigned decimals;
} gauges[] = {
	{{"casemate_camera_up", GAUGE, NULL, "Whether the camera streams."}, is_up, 0},
	{{"casemate_camera_state_timestamp_seconds", GAUGE, "seconds", "Since when it does, or does not."}, since, 3},
	{{"casemate_camera_rate_bytes_per_second", GAUGE, "bytes_per_second", "What it sends."}, rate, 0},
	{{"casemate_camera_frame_rate_hertz", GAUGE, "hertz", "Its pictures."}, frame_rate, 3},
	{{"casemate_camera_width_pixels", GAUGE, "pixels", "Of its pictures."}, width, 0},
	{{"casemate_camera_height_pixels", GAUGE, "pixels", "Of its pictures."}, height, 0},
	{{"casemate_camera_key_frame_interval_seconds", GAUGE, "seconds", "Between its last two key frames."}, key_interval, 3},
	{{"casemate_camera_key_frame_timestamp_seconds", GAUGE, "seconds", "When its last key frame came."}, key_time, 3},
	{{"casemate_camera_clock_offset_seconds", GAUGE, "seconds", "Its clock less this machine's; 0 where it tells none."}, clock_offset, 6},
	{{"casemate_camera_clock_error_seconds", GAUGE, "seconds", "How far its times of capture may be off."}, clock_error, 3},
	{{"casemate_worker_running", GAUGE, NULL, "Whether the camera has a worker, which encodes."}, worker_runs, 0},
	{{"casemate_worker_overload_step", GAUGE, NULL, "How much it gave up for want of time, in steps; 0 is nothing."}, overload, 0},
};

/* Rows of one family stand behind each other. */
static const struct {
	struct metrics_family family;
	enum camera_count of;
	const char *reason;
} counters[] = {
	{{"casemate_camera_packets", COUNTER, NULL, "Packets of media that came."}, CAMERA_PACKETS, NULL},
	{{"casemate_camera_packets_lost", COUNTER, NULL, "Packets of media that never came."}, CAMERA_LOST, NULL},
	{{"casemate_camera_packets_reordered", COUNTER, NULL, "Packets that came behind later ones."}, CAMERA_REORDERED, NULL},
	{{"casemate_camera_packets_duplicate", COUNTER, NULL, "Packets that came again."}, CAMERA_DUPLICATES, NULL},
	{{"casemate_camera_access_units", COUNTER, NULL, "Coded pictures and frames of sound."}, CAMERA_UNITS, NULL},
	{{"casemate_camera_timestamps_mended", COUNTER, NULL, "Timestamps that leapt or repeated themselves."}, CAMERA_MENDED, NULL},
	{{"casemate_camera_reconnects", COUNTER, NULL, "Connections after the first one."}, CAMERA_RECONNECTS, NULL},
	{{"casemate_camera_key_frame_requests", COUNTER, NULL, "Key frames that it was asked for."}, CAMERA_KEY_REQUESTS, NULL},
	{{"casemate_camera_dropped", COUNTER, NULL, "Packets and pictures that did not get on, by whose fault."}, CAMERA_DROPPED_CAMERA, "camera"},
	{{"casemate_camera_dropped", COUNTER, NULL, NULL}, CAMERA_DROPPED_NETWORK, "network"},
	{{"casemate_camera_dropped", COUNTER, NULL, NULL}, CAMERA_DROPPED_RING, "overload"},
	{{"casemate_worker_pictures", COUNTER, NULL, "Pictures that the camera's worker decoded."}, CAMERA_PICTURES, NULL},
	{{"casemate_worker_pictures_damaged", COUNTER, NULL, "Pictures with errors."}, CAMERA_DAMAGED, NULL},
	{{"casemate_worker_pictures_skipped", COUNTER, NULL, "Pictures that were left out for want of time."}, CAMERA_SKIPPED, NULL},
	{{"casemate_worker_pictures_behind", COUNTER, NULL, "Pictures that came when the one before was still being made."}, CAMERA_BEHIND, NULL},
};

static double rendition_rate(const struct camera_live *c, unsigned r) { return c->rendition[r].rate_bps / 8.0; }
static double rendition_end(const struct camera_live *c, unsigned r) { return or_none((double)c->rendition[r].newest_end_us / 1e6); }
static double rendition_bytes(const struct camera_live *c, unsigned r) { return (double)c->rendition[r].bytes; }
static double rendition_oldest(const struct camera_live *c, unsigned r) { return (double)c->rendition[r].oldest; }
static double rendition_newest(const struct camera_live *c, unsigned r) { return (double)c->rendition[r].newest; }

static const struct {
	struct metrics_family family;
	double (*of)(const struct camera_live *c, unsigned r);
	unsigned decimals;
} rendition_gauges[] = {
	{{"casemate_rendition_rate_bytes_per_second", GAUGE, "bytes_per_second", "What is made of the rendition."}, rendition_rate, 0},
	{{"casemate_rendition_newest_timestamp_seconds", GAUGE, "seconds", "Until when it is recorded."}, rendition_end, 3},
	{{"casemate_rendition_archive_bytes", GAUGE, "bytes", "What the archive has of it."}, rendition_bytes, 0},
	{{"casemate_rendition_oldest_segment", GAUGE, NULL, "Number of the oldest segment in the archive."}, rendition_oldest, 0},
	{{"casemate_rendition_newest_segment", GAUGE, NULL, "Number of the newest segment."}, rendition_newest, 0},
};

static const struct {
	struct metrics_family family;
	enum rendition_count of;
} rendition_counters[] = {
	{{"casemate_rendition_segments_lost", COUNTER, NULL, "Segments that the disk did not take."}, RENDITION_LOST},
	{{"casemate_rendition_pictures", COUNTER, NULL, "Pictures that were encoded."}, RENDITION_CODED},
	{{"casemate_rendition_pictures_same", COUNTER, NULL, "Pictures in which nothing had changed, and which were not."}, RENDITION_SAME},
	{{"casemate_rendition_pictures_behind", COUNTER, NULL, "Pictures that were late."}, RENDITION_LATE},
};

static bool is_there(const struct parent *p, unsigned i)
{
	return !p->site->camera[i].gone;
}

static bool same_family(const struct metrics_family *a, const struct metrics_family *b)
{
	return strcmp(a->name, b->name) == 0;
}

static void tell_gauges(struct metrics *m, const struct parent *p)
{
	for (size_t k = 0; k < sizeof gauges / sizeof *gauges; k++) {
		metrics_family(m, &gauges[k].family);
		for (unsigned i = 0; i < p->site->ncameras; i++)
			if (is_there(p, i))
				metrics_gauge(m, (struct metrics_label[]){{"camera", p->site->camera[i].name}, {0}}, gauges[k].of(&p->camera[i]), gauges[k].decimals);
	}
}

static void tell_counters(struct metrics *m, const struct parent *p)
{
	for (size_t k = 0; k < sizeof counters / sizeof *counters; k++) {
		if (k == 0 || !same_family(&counters[k].family, &counters[k - 1].family))
			metrics_family(m, &counters[k].family);
		for (unsigned i = 0; i < p->site->ncameras; i++) {
			const struct camera_counts *c = &p->camera[i].counts;

			if (is_there(p, i))
				metrics_counter(m, (struct metrics_label[]){{"camera", p->site->camera[i].name}, {counters[k].reason ? "reason" : NULL, counters[k].reason}, {0}},
						(double)c->of[counters[k].of].sum, 0, c->created_us);
		}
	}
}

/* Of reasons that there were. */
static void tell_losses(struct metrics *m, const struct parent *p)
{
	static const struct metrics_family losses = {"casemate_camera_losses", COUNTER, NULL, "How often the camera was lost, or not had, by reason."};

	metrics_family(m, &losses);
	for (unsigned i = 0; i < p->site->ncameras; i++)
		for (unsigned why = 0; why < GAP_WHY_COUNT; why++)
			if (is_there(p, i) && p->camera[i].counts.losses[why])
				metrics_counter(m, (struct metrics_label[]){{"camera", p->site->camera[i].name}, {"reason", gap_why_name((enum gap_why)why)}, {0}},
						p->camera[i].counts.losses[why], 0, p->camera[i].counts.created_us);
}

/* The name of a rendition that is there; NULL. */
static const char *rendition_of(const struct site_camera *c, unsigned r)
{
	if (r == RENDITION_COPY)
		return "copy";
	if (r == RENDITION_AUDIO)
		return c->audio ? "audio" : NULL;
	return r - RENDITION_ENCODED < c->nrenditions && !c->rendition[r - RENDITION_ENCODED].gone ? c->rendition[r - RENDITION_ENCODED].name : NULL;
}

/* Each rendition of each camera, one call of `of` a rendition. */
static void each_rendition(struct metrics *m, const struct parent *p, size_t row, void (*of)(struct metrics *m, const struct metrics_label *labels, const struct camera_live *c, unsigned r, size_t row))
{
	for (unsigned i = 0; i < p->site->ncameras; i++)
		for (unsigned r = 0; r < RENDITIONS_MAX && is_there(p, i); r++) {
			const char *name = rendition_of(&p->site->camera[i], r);

			if (name)
				of(m, (struct metrics_label[]){{"camera", p->site->camera[i].name}, {"rendition", name}, {0}}, &p->camera[i], r, row);
		}
}

static void rendition_gauge(struct metrics *m, const struct metrics_label *labels, const struct camera_live *c, unsigned r, size_t row)
{
	metrics_gauge(m, labels, rendition_gauges[row].of(c, r), rendition_gauges[row].decimals);
}

/* Pictures are counted where they are encoded. */
static void rendition_counter(struct metrics *m, const struct metrics_label *labels, const struct camera_live *c, unsigned r, size_t row)
{
	if (r >= RENDITION_ENCODED || rendition_counters[row].of == RENDITION_LOST)
		metrics_counter(m, labels, (double)c->counts.rendition[r][rendition_counters[row].of].sum, 0, c->counts.created_us);
}

void metrics_cameras(struct metrics *m, const struct parent *p)
{
	tell_gauges(m, p);
	tell_counters(m, p);
	tell_losses(m, p);
	for (size_t k = 0; k < sizeof rendition_gauges / sizeof *rendition_gauges; k++) {
		metrics_family(m, &rendition_gauges[k].family);
		each_rendition(m, p, k, rendition_gauge);
	}
	for (size_t k = 0; k < sizeof rendition_counters / sizeof *rendition_counters; k++) {
		metrics_family(m, &rendition_counters[k].family);
		each_rendition(m, p, k, rendition_counter);
	}
}
