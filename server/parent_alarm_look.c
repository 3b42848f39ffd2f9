/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each second: what is wrong with cameras and site, as far as the parent can tell, by the thresholds of the site file. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/scene.h"
#include "server/parent.h"

#define SECOND_US INT64_C(1000000)
#define CLOCK_SET_US (600 * SECOND_US)     /* so long a clock that was set is told */
#define RESTARTS_US (600 * SECOND_US)      /* in which restarts are counted */
#define FORECAST_EACH_US (10 * SECOND_US)

static const struct alarm_hold brief = {2 * SECOND_US, 5 * SECOND_US}, steady = {10 * SECOND_US, 30 * SECOND_US}, at_once = {0, 0};
static const struct alarm_hold steady_measure = {10 * SECOND_US, 30 * SECOND_US, true}, measure_at_once = {0, 0, true};

/* --- what a camera's worker found ------------------------------------------------------- */

/* What is given up for want of time: "frame rate halved", "frame rate quartered and 720p given up". */
static void describe_overload(const struct camera_live *cam, char *out, size_t cap)
{
	static const char *const rate[] = {"", "frame rate halved", "frame rate quartered", "frame rate down to an eighth"};
	const struct site_camera *conf = &cam->parent->site->camera[cam->index];
	unsigned fps_step = 0, given_up = 0;
	const char *name = "";

	for (unsigned i = 0; i < conf->nrenditions; i++) {
		const struct msg_worker_rendition *r = &cam->demand[RENDITION_ENCODED + i].worker;

		if (r->given_up) {
			name = conf->rendition[i].name;
			given_up++;
		} else if (r->fps_step > fps_step) {
			fps_step = r->fps_step;
		}
	}
	fps_step = fps_step < 3 ? fps_step : 3;
	if (given_up > 1)
		snprintf(out, cap, "%s%s%u renditions given up", rate[fps_step], fps_step ? " and " : "", given_up);
	else if (given_up)
		snprintf(out, cap, "%s%srendition %s given up", rate[fps_step], fps_step ? " and " : "", name);
	else
		snprintf(out, cap, "%s", fps_step ? rate[fps_step] : "pictures left out");
}

void parent_worker_alarms(struct camera_live *cam)
{
	static const struct { enum alarm_kind kind; uint8_t bit; const char *detail; } scene[] = {
		{ALARM_BLACK, SCENE_BLACK, "the picture is black"}, {ALARM_FROZEN, SCENE_FROZEN, "the picture does not change at all"},
		{ALARM_COVERED, SCENE_COVERED, "the lens seems covered"}};
	char detail[ALARM_DETAIL];

	describe_overload(cam, detail, sizeof detail);
	parent_alarm(cam, ALARM_OVERLOAD, cam->worker.step > 0, detail);
	for (unsigned i = 0; i < sizeof scene / sizeof *scene; i++)
		parent_alarm(cam, scene[i].kind, cam->scene & scene[i].bit, scene[i].detail);
	parent_alarm(cam, ALARM_NO_PICTURE, cam->blind, "what the camera sends gives no picture");
}

/* --- cameras ---------------------------------------------------------------------------- */

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* An alarm that is on ends only well below where it began. */
static bool beyond(double is, double limit, bool on)
{
	return is > (on ? limit * 0.9 : limit);
}

void parent_alarm_look(struct camera_live *cam, int64_t now_us)
{
	const struct site_alarms *at = &cam->parent->site->alarms;
	const struct site_camera *conf = &cam->parent->site->camera[cam->index];
	const struct msg_camera_state *s = &cam->state;
	bool up = cam->known && s->phase == CAMERA_STREAMING, silent = s->why == GAP_SILENT;
	const struct alarm_hold away = {at->down_ms * INT64_C(1000), 5 * SECOND_US};
	int64_t late_us = (at->late_ms + (int64_t)conf->segment_ms) * 1000;
	char detail[ALARM_DETAIL];

	if (!at->down_ms || conf->gone || !cam->taken)
		return;
	parent_alarm_held(cam, ALARM_DOWN, &away, !up && !silent, cam->known && s->why ? gap_why_name((enum gap_why)s->why) : "never seen");
	parent_alarm_held(cam, ALARM_SILENT, &away, !up && silent, "the camera has stopped sending");
	parent_alarm_held(cam, ALARM_LATE, &brief, up && now_us - later(cam->streaming_us, cam->recorded_us) > late_us, "nothing new is recorded");
	snprintf(detail, sizeof detail, "its clock is %s ours", s->clock_offset_us < 0 ? "behind" : "ahead of");
	parent_alarm_held(cam, ALARM_CLOCK, &steady, up && beyond((double)llabs(s->clock_offset_us), at->clock_ms * 1e3, cam->alarm[ALARM_CLOCK].on), detail);
}

/* --- the site --------------------------------------------------------------------------- */

static void look_at_clock(struct parent *p, int64_t now_us)
{
	int64_t apart_us = clock_wall_us() - now_us, moved_us = p->looks.apart_us ? apart_us - p->looks.apart_us : 0;
	char detail[ALARM_DETAIL];

	p->looks.apart_us = apart_us;
	if (llabs(moved_us) > p->site->alarms.clock_ms * INT64_C(1000)) {
		p->looks.clock_set_us = now_us;
		p->looks.clock_by_s = (moved_us + (moved_us < 0 ? -SECOND_US : SECOND_US) / 2) / SECOND_US;
	}
	snprintf(detail, sizeof detail, "the clock of this machine was set %s by %" PRId64 " s", p->looks.clock_by_s < 0 ? "back" : "forward", (int64_t)llabs(p->looks.clock_by_s));
	parent_site_alarm(p, ALARM_SITE_CLOCK, &at_once, p->looks.clock_set_us && now_us - p->looks.clock_set_us < CLOCK_SET_US, detail);
}

/* What goes into the archive each second. */
static double archived_Bps(const struct parent *p)
{
	double sum = 0;

	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (!p->site->camera[i].gone && p->camera[i].state.phase == CAMERA_STREAMING)
			sum += p->camera[i].rendition[RENDITION_COPY].rate_bps / 8.0 + p->camera[i].rendition[RENDITION_AUDIO].rate_bps / 8.0;
	return sum;
}

/* In steps, so that it is not another detail each time. */
static void about(double s, char out[32])
{
	if (s < 2 * 3600)
		snprintf(out, 32, "%.0f min", ceil(s / 600) * 10);
	else if (s < 48 * 3600)
		snprintf(out, 32, "%.0f h", ceil(s / 3600));
	else
		snprintf(out, 32, "%.0f d", ceil(s / 86400));
}

static void look_at_disk(struct parent *p, int64_t now_us)
{
	const struct site_alarms *at = &p->site->alarms;
	struct forecast *f = &p->looks.forecast;
	char detail[ALARM_DETAIL], in[32];
	double full_s, kept_s;

	if (!p->store.entries || now_us - f->fed_us < FORECAST_EACH_US)
		return;
	forecast_feed(f, now_us, archived_Bps(p), p->store.archive_bytes, p->site->archive_max_bytes, p->store.disk_free_bytes);
	full_s = forecast_full_s(f);
	kept_s = forecast_kept_s(f);
	about(full_s, in);
	snprintf(detail, sizeof detail, "the disk will be full in less than %s", in);
	parent_site_alarm(p, ALARM_DISK, &steady_measure, full_s < at->disk_full_s * (p->alarm[ALARM_DISK].on ? 1.1 : 1), detail);
	about(kept_s, in);
	snprintf(detail, sizeof detail, "footage will be kept for less than %s", in);
	parent_site_alarm(p, ALARM_RETENTION, &steady_measure, at->retention_s && kept_s < at->retention_s * (p->alarm[ALARM_RETENTION].on ? 1.05 : 1), detail);
}

static void look_at_dates(struct parent *p)
{
	const struct site_alarms *at = &p->site->alarms;
	int64_t left_us = p->certificate.ends_us - clock_wall_us(), quorum_us = parent_quorum_us(p);
	char detail[ALARM_DETAIL];
	int days = 0;

	parent_certificate_days(p, &days);
	if (days < 0)
		snprintf(detail, sizeof detail, "the certificate has ended");
	else
		snprintf(detail, sizeof detail, "the certificate ends in %d days", days);
	parent_site_alarm(p, ALARM_CERTIFICATE, &measure_at_once, p->certificate.ends_us && left_us < at->certificate_s * SECOND_US, detail);
	parent_site_alarm(p, ALARM_WITNESS, &at_once, p->witness.known && quorum_us && clock_wall_us() - quorum_us > at->witness_s * SECOND_US,
			  p->witness.state.met ? "the quorum of witnesses is overdue" : "no quorum of witnesses has vouched for the log");
}

void parent_alarm_ended(const struct child *c)
{
	struct parent_looks *l = &c->parent->looks;

	/* Workers have alarms of their cameras; and cameras that end them must not make those of roles forgotten. */
	if (c->kind == ROLE_TRANSCODE)
		return;
	l->ended[l->nended++ % LOOKS_ENDED_MAX] = (struct looks_ended){c->kind, c->index, clock_mono_us()};
}

static unsigned restarts_of(const struct parent_looks *l, const struct child *c, int64_t now_us)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LOOKS_ENDED_MAX && i < l->nended; i++)
		n += l->ended[i].kind == c->kind && l->ended[i].index == c->index && now_us - l->ended[i].at_us < RESTARTS_US;
	return n;
}

/* The one that ended most. */
static void look_at_roles(struct parent *p, int64_t now_us)
{
	const struct child *worst = NULL;
	unsigned most = 0;
	char detail[ALARM_DETAIL] = "";

	for (const struct child *c = p->child; c < p->child + p->nchildren; c++) {
		unsigned n = restarts_of(&p->looks, c, now_us);

		if (n > most) {
			most = n;
			worst = c;
		}
	}
	if (worst)
		snprintf(detail, sizeof detail, "%s was started anew %u times in ten minutes", role_kind_name(worst->kind), most);
	parent_site_alarm(p, ALARM_RESTARTING, &measure_at_once, most >= p->site->alarms.restarts, detail);
}

void parent_site_alarm_look(struct parent *p)
{
	static const struct alarm_hold lingers = {0, 5 * SECOND_US};
	int64_t now_us = clock_mono_us();

	if (!p->site->alarms.down_ms)
		return;
	look_at_clock(p, now_us);
	look_at_disk(p, now_us);
	look_at_dates(p);
	look_at_roles(p, now_us);
	parent_site_alarm(p, ALARM_ARCHIVE, &lingers, *p->store.alarm != 0, p->store.alarm);
	parent_site_alarm(p, ALARM_SIGN, &at_once, *p->sign.refusal != 0, p->sign.refusal);
}
