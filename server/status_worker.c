/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a camera's worker makes, what it gave up, and what it found in the pictures. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "conf/places.h"
#include "server/status_inner.h"

static void rendition_json(struct json *j, const char *name, const struct demand *d, bool on_demand, bool is_signed)
{
	json_open(j, NULL, '{');
	json_str(j, "name", name);
	json_bool(j, "on_demand", on_demand);
	json_bool(j, "running", on_demand ? d->runs : d->worker.running);
	json_bool(j, "given_up", d->worker.given_up);
	json_int(j, "fps_step", d->worker.fps_step);
	json_int(j, "encoded", (int64_t)d->worker.encoded);
	json_int(j, "same", (int64_t)d->worker.same);
	json_int(j, "behind", (int64_t)d->worker.behind);
	if (is_signed) {
		json_int(j, "signed_gops", (int64_t)d->worker.signed_gops);
		json_int(j, "unsigned_gops", (int64_t)d->worker.unsigned_gops);
	}
	json_close(j, '}');
}

static void alarms_json(struct json *j, const struct camera_live *cam)
{
	char since[CLOCK_TEXT];

	json_open(j, "alarms", '[');
	for (unsigned kind = 0; kind < ALARM_CAMERA_KINDS; kind++) {
		const struct alarm *a = &cam->alarm[kind];

		if (!a->on)
			continue;
		clock_text(a->since_us, since);
		json_open(j, NULL, '{');
		json_str(j, "alarm", msg_alarm_name(kind));
		json_str(j, "detail", a->detail);
		json_str(j, "begun", since);
		json_str(j, "mend", status_mend(kind));
		json_close(j, '}');
	}
	json_close(j, ']');
}

void status_worker_json(struct json *j, const struct site_camera *conf, const struct camera_live *cam)
{
	const struct msg_worker_state *s = &cam->worker;
	char since[CLOCK_TEXT];

	json_open(j, "transcode", '{');
	json_bool(j, "running", cam->worker_known);
	json_str(j, "cpu", cam->worker_known ? cpu_name((enum cpu_level)s->cpu) : NULL);
	json_int(j, "step", s->step);
	json_open(j, "scene", '[');
	for (unsigned kind = ALARM_BLACK; kind <= ALARM_COVERED; kind++)
		if (cam->alarm[kind].on)
			json_str(j, NULL, msg_alarm_name(kind));
	json_close(j, ']');
	clock_text(s->no_picture_since_us, since);
	json_str(j, "no_picture_since", s->no_picture_since_us ? since : NULL);
	json_int(j, "pictures", (int64_t)s->pictures);
	json_int(j, "damaged", (int64_t)s->errors);
	json_int(j, "skipped", (int64_t)s->skipped);
	json_int(j, "behind", (int64_t)s->behind);
	json_int(j, "refused_by_store", (int64_t)s->refused);
	json_open(j, "made", '[');
	for (unsigned i = 0; i < conf->nrenditions; i++)
		if (!conf->rendition[i].gone)
			rendition_json(j, conf->rendition[i].name, &cam->demand[RENDITION_ENCODED + i], conf->rendition[i].on_demand,
				       conf->rendition[i].sign != SITE_SIGN_NONE);
	rendition_json(j, "snapshot", &cam->demand[RENDITION_SNAPSHOT], true, false);
	json_close(j, ']');
	alarms_json(j, cam);
	json_close(j, '}');
}

static const char *word_of(const struct demand *d, bool on_demand, bool known)
{
	if (on_demand && !d->runs)
		return "waits for a viewer";
	if (!known)
		return "waits for its worker";
	return d->worker.given_up ? "given up" : d->worker.fps_step ? "at a lower rate" : on_demand ? "watched" : "runs";
}

/* "transcode: 720p runs (4 of 5 pictures the same), 360p waits for a viewer; avx2" */
static void made_text(struct buf *out, const struct site_camera *conf, const struct camera_live *cam)
{
	unsigned n = 0;

	buf_append_str(out, "    transcode: ");
	for (unsigned i = 0; i < conf->nrenditions; i++) {
		const struct demand *d = &cam->demand[RENDITION_ENCODED + i];
		uint64_t all = d->worker.encoded + d->worker.same;

		if (conf->rendition[i].gone)
			continue;
		buf_append_fmt(out, "%s%s %s", n++ ? ", " : "", conf->rendition[i].name, word_of(d, conf->rendition[i].on_demand, cam->worker_known));
		if (all && d->worker.same)
			buf_append_fmt(out, " (%.0f %% of its pictures unchanged)", (double)d->worker.same * 100 / (double)all);
		if (conf->rendition[i].sign != SITE_SIGN_NONE)
			buf_append_fmt(out, " (%" PRIu64 " GOPs signed, %" PRIu64 " not)", d->worker.signed_gops, d->worker.unsigned_gops);
	}
	if (cam->demand[RENDITION_SNAPSHOT].runs)
		buf_append_fmt(out, "%ssnapshots", n ? ", " : "");
	buf_append_fmt(out, "%s%s\n", cam->worker_known ? "; " : "", cam->worker_known ? cpu_name((enum cpu_level)cam->worker.cpu) : "");
}

void status_worker_text(struct buf *out, const struct site_camera *conf, const struct camera_live *cam, bool colour)
{
	char age[16];

	if (places_renditions(conf) || cam->demand[RENDITION_SNAPSHOT].runs)
		made_text(out, conf, cam);
	for (unsigned kind = 0; kind < ALARM_CAMERA_KINDS; kind++) {
		const struct alarm *a = &cam->alarm[kind];

		if (a->on)
			buf_append_fmt(out, "    %sALARM %s for %s: %s%s; %s\n", colour ? "\033[31m" : "", msg_alarm_name(kind),
				       status_age((double)(clock_wall_us() - a->since_us) / 1e6, age), a->detail, colour ? "\033[0m" : "", status_mend(kind));
	}
}
