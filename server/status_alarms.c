/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alarms that are on, and what was said of them: the answer to `casemate alarms`, and their part of the status. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "server/status_inner.h"

const char *status_mend(unsigned kind)
{
	static const char *const mend[ALARM_KINDS] = {
		[ALARM_OVERLOAD] = "this machine is too slow for all of it: fewer or smaller renditions, on_demand: true, or a lower fps:",
		[ALARM_WORKER] = "try the camera's other stream, or update its firmware",
		[ALARM_BLACK] = "look at the camera's light, its night mode and its lens",
		[ALARM_FROZEN] = "the camera sends the same picture again and again: restart it",
		[ALARM_COVERED] = "look whether something is before the lens, or it is out of focus",
		[ALARM_NO_PICTURE] = "the network loses packets, or the camera's encoder is broken: look at lost, or restart the camera",
		[ALARM_DOWN] = "casemate status --camera NAME says what the reason asks for",
		[ALARM_SILENT] = "the camera hangs, or its network does: restart it",
		[ALARM_LATE] = "the camera sends too little to make a segment, or store does not keep up: look at roles and archive",
		[ALARM_CLOCK] = "set NTP on the camera",
		[ALARM_SITE_CLOCK] = "let NTP keep this machine's clock: entries' times are by it",
		[ALARM_DISK] = "a smaller archive.max_size, a larger disk, or look who else writes to it",
		[ALARM_RETENTION] = "a larger archive.max_size or disk, or lower bit rates at the cameras",
		[ALARM_ARCHIVE] = "see archive in casemate status --json",
		[ALARM_SIGN] = "nothing is signed until that is mended: casemate-run(1), and verify the archive",
		[ALARM_CERTIFICATE] = "put a new one in its place; it is taken without a restart",
		[ALARM_WITNESS] = "see who stays away: casemate status",
		[ALARM_RESTARTING] = "its last_end in casemate status --json says why",
	};

	return mend[kind];
}

/* Those that are on, the site's first. */
static void each(const struct parent *p, void (*of)(void *ctx, const char *camera, unsigned kind, const struct alarm *a), void *ctx)
{
	for (unsigned kind = ALARM_CAMERA_KINDS; kind < ALARM_KINDS; kind++)
		if (p->alarm[kind].on)
			of(ctx, "", kind, &p->alarm[kind]);
	for (unsigned i = 0; i < p->site->ncameras; i++)
		for (unsigned kind = 0; kind < ALARM_CAMERA_KINDS; kind++)
			if (!p->site->camera[i].gone && p->camera[i].alarm[kind].on)
				of(ctx, p->site->camera[i].name, kind, &p->camera[i].alarm[kind]);
}

static void one_json(void *json, const char *camera, unsigned kind, const struct alarm *a)
{
	struct json *j = json;

	json_open(j, NULL, '{');
	json_str(j, "alarm", msg_alarm_name(kind));
	json_str(j, "camera", *camera ? camera : NULL);
	json_str(j, "detail", a->detail);
	status_json_time(j, "begun", a->since_us);
	json_str(j, "mend", status_mend(kind));
	json_close(j, '}');
}

void status_alarms_json(struct json *j, const struct parent *p)
{
	json_open(j, "alarms", '[');
	each(p, one_json, j);
	json_close(j, ']');
}

/* Of the site; those of a camera stand with it. In other words than these: archive, sign, certificate, witness. */
void status_alarms_text(struct buf *out, const struct parent *p, bool colour)
{
	static const enum alarm_kind kinds[] = {ALARM_SITE_CLOCK, ALARM_DISK, ALARM_RETENTION, ALARM_RESTARTING};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (p->alarm[kinds[i]].on)
			buf_append_fmt(out, "%sALARM    %s%s; %s\n", colour ? "\033[31m" : "", p->alarm[kinds[i]].detail, colour ? "\033[0m" : "", status_mend(kinds[i]));
}

static void now_text(void *out, const char *camera, unsigned kind, const struct alarm *a)
{
	char since[CLOCK_TEXT];

	clock_text(a->since_us, since);
	buf_append_fmt(out, "%s on    %-11s %-*s %s; %s\n", since, msg_alarm_name(kind), SITE_NAME - 1, *camera ? camera : "-", a->detail, status_mend(kind));
}

static void now_json(void *out, const char *camera, unsigned kind, const struct alarm *a)
{
	struct json j = json_init(out);

	one_json(&j, camera, kind, a);
	buf_append_str(out, "\n");
}

static void event_text(struct buf *out, const struct alarm_event *e)
{
	char at[CLOCK_TEXT];

	clock_text(e->at_us, at);
	buf_append_fmt(out, "%s %-5s %-11s %-*s %s\n", at, e->begin ? "begin" : "end", msg_alarm_name(e->kind), SITE_NAME - 1, *e->camera ? e->camera : "-", e->detail);
}

static void write_event(struct json *j, const struct alarm_event *e)
{
	json_open(j, NULL, '{');
	status_json_time(j, "time", e->at_us);
	json_str(j, "state", e->begin ? "begin" : "end");
	json_str(j, "alarm", msg_alarm_name(e->kind));
	json_str(j, "camera", *e->camera ? e->camera : NULL);
	json_str(j, "detail", e->detail);
	json_close(j, '}');
}

static void event_json(struct buf *out, const struct alarm_event *e)
{
	struct json j = json_init(out);

	write_event(&j, e);
	buf_append_str(out, "\n");
}

void status_alarms_last(const struct parent *p, struct buf *out)
{
	uint64_t oldest = alarm_book_oldest(&p->alarms), n = p->alarms.next;
	struct json j = json_init(out);

	json_open(&j, NULL, '[');
	for (unsigned told = 0; n > oldest && told < STATUS_ALARMS_LAST; told++) {
		const struct alarm_event *e = alarm_book_event(&p->alarms, --n);

		if (e)
			write_event(&j, e);
	}
	json_close(&j, ']');
}

static bool take(const char **words, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*words, word, n) != 0)
		return false;
	*words += n;
	return true;
}

/* A number and what ends it; 0 for what is none. */
static uint64_t take_number(const char **words)
{
	size_t n = strspn(*words, "0123456789");
	uint64_t v = 0;

	if (text_u64(*words, n, INT64_MAX, &v) < 0)
		v = 0;
	*words += n + ((*words)[n] == ' ');
	return v;
}

void status_alarms(const struct parent *p, const char *words, struct buf *out)
{
	bool json = take(&words, "json ");
	uint64_t run = (uint64_t)p->started_us, first = alarm_book_oldest(&p->alarms);
	int64_t since_us = 0;

	buf_append_fmt(out, "alarms %" PRIu64 " %" PRIu64 "\n", run, p->alarms.next);
	if (!json)
		take(&words, "text ");
	if (take(&words, "now")) {
		each(p, json ? now_json : now_text, out);
		return;
	}
	if (take(&words, "since "))
		since_us = (int64_t)take_number(&words);
	else if (take(&words, "after ") && take_number(&words) == run)
		first = take_number(&words);
	for (uint64_t n = first; n < p->alarms.next; n++) {
		const struct alarm_event *e = alarm_book_event(&p->alarms, n);

		if (e && e->at_us >= since_us)
			(json ? event_json : event_text)(out, e);
	}
}
