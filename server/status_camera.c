/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of processes and cameras, and what to do about it. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "server/status_inner.h"

#define KEY_LATE_US 30000000           /* so long without a key frame is told */
#define CLOCK_OFF_US 2000000
#define LOSS_TOLD 1000                 /* one packet in so many */
#define BROKEN_TOLD 50                 /* fewer are dropped at a beginning, and are no news */
#define MENDED_TOLD 100                /* one picture in so many */

/* proc(5): the 14th and 15th fields of stat are user and system ticks; the second of statm is pages in memory. */
struct status_usage status_usage(pid_t pid)
{
	struct status_usage u = {0};
	char path[64], text[1024];
	unsigned long utime, stime, pages;
	struct buf b;
	char *paren;

	buf_init(&b, sizeof text - 1);
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (io_read_file(AT_FDCWD, path, &b) == 0 && b.len) {
		snprintf(text, sizeof text, "%.*s", (int)b.len, (char *)buf_data(&b));
		paren = strrchr(text, ')');
		if (paren && sscanf(paren + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u.state, &utime, &stime) == 3)
			u.cpu_s = (double)(utime + stime) / (double)sysconf(_SC_CLK_TCK);
	}
	buf_clear(&b);
	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	if (io_read_file(AT_FDCWD, path, &b) == 0 && b.len) {
		snprintf(text, sizeof text, "%.*s", (int)b.len, (char *)buf_data(&b));
		if (sscanf(text, "%*u %lu", &pages) == 1)
			u.memory_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
	}
	buf_free(&b);
	return u;
}

const char *status_child_phase(const struct child *c)
{
	static const char *const name[] = {"down", "starting", "running", "stopping"};

	return name[c->phase];
}

const char *status_camera_phase(const struct camera_live *cam)
{
	static const char *const name[] = {"idle", "connecting", "streaming", "waiting"};

	return cam->known && cam->state.phase < 4 ? name[cam->state.phase] : "starting";
}

const char *status_advice(uint8_t why)
{
	static const char *const mend[GAP_WHY_COUNT] = {
		[GAP_REFUSED] = "nothing listens on that port: check source: and that the camera's RTSP service is on",
		[GAP_UNREACHABLE] = "no way to that address: check cable, switch, VLAN and source:",
		[GAP_TIMED_OUT] = "the address does not answer: check that the camera has power and is on the network",
		[GAP_AUTHENTICATION] = "check user: and password_file:; tries are rare so that the camera does not lock the account",
		[GAP_UNSUPPORTED] = "set the camera's stream to H.264 or H.265",
		[GAP_BAD_STREAM] = "the camera's replies or stream are broken: update its firmware or try its other stream",
		[GAP_SILENT] = "the camera stopped sending: check its load and its network",
		[GAP_CAMERA_CLOSED] = "the camera closed the connection: it may be restarting or have too many viewers of its own",
		[GAP_OVERLOAD] = "this machine is too slow for what it is asked: fewer or smaller renditions",
		[GAP_SESSION_LIMIT] = "too many others watch this camera: end their sessions (recorders, apps, a second server), or raise its limit",
		[GAP_STALE_SESSION] = "the camera forgot the session, as after a restart: it is waited out; if it comes often, look at the camera's power",
		[GAP_BAD_DESCRIPTION] = "what the camera says of its stream cannot be read: check the path in source:, update its firmware, or try its other stream",
		[GAP_CERTIFICATE] = "it does not prove to be the configured camera: see who answers there; if it was renewed, set its new fingerprint:",
		[GAP_NOT_FOUND] = "the camera has no such stream: casemate probe ADDRESS tries the usual paths; its own pages and manual name it",
	};

	return why < GAP_WHY_COUNT ? mend[why] : NULL;
}

const char *status_age(double s, char out[16])
{
	if (s < 120)
		snprintf(out, 16, "%.0fs", s);
	else if (s < 7200)
		snprintf(out, 16, "%.0fm", s / 60);
	else if (s < 48 * 3600)
		snprintf(out, 16, "%.1fh", s / 3600);
	else
		snprintf(out, 16, "%.1fd", s / 86400);
	return out;
}

static const char *age_of(int64_t us, int64_t now_us, char out[16])
{
	return status_age(now_us > us ? (double)(now_us - us) / 1e6 : 0, out);
}

struct status_drops status_drops(const struct camera_live *cam)
{
	struct status_drops d = {cam->state.dropped_camera, cam->state.dropped_network, cam->state.dropped_ring, 0};

	for (unsigned i = 0; i < RENDITIONS_MAX; i++)
		d.disk += cam->rendition[i].dropped_disk;
	return d;
}

static void note(struct status_notes *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct status_notes *to, const char *fmt, ...)
{
	va_list ap;

	if (to->n == STATUS_NOTES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(to->text[to->n++], STATUS_NOTE, fmt, ap);
	va_end(ap);
}

static void note_reason(struct status_notes *to, const char *before, uint8_t why, const char *detail, const char *mend)
{
	note(to, "%s%s%s%s%s%s", before, gap_why_name((enum gap_why)why), *detail ? ": " : "", detail, mend ? "; " : "", mend ? mend : "");
}

static void note_keys(struct status_notes *to, const struct msg_camera_state *s, int64_t now_us)
{
	int64_t since_us = s->key_us ? s->key_us : s->since_us;
	bool late = codec_is_video((enum codec)s->video) && since_us && now_us - since_us > KEY_LATE_US;
	char age[16];

	if (late)
		note(to, "no key frame for %s: it is recorded and cut by time, but who begins to watch the copy waits for one; turn the camera's smart "
		     "codec (H.264+, H.265+, Zipstream, dynamic GOP) off, or set its key-frame interval to some seconds", age_of(since_us, now_us, age));
	else if (s->key_interval_ms > KEY_LATE_US / 1000)
		note(to, "key frames %us apart%s: set the camera's key-frame interval to some seconds, and its smart codec off", s->key_interval_ms / 1000,
		     s->key_requests ? ", and it had to be asked for them" : "");
}

static void note_loss(struct status_notes *to, const struct msg_camera_state *s)
{
	uint64_t all = s->packets + s->lost;

	if (s->lost && s->lost >= all / LOSS_TOLD)
		note(to, "%.2f %% of the packets lost: %s", (double)s->lost * 100 / (double)all, s->transport == SITE_TRANSPORT_UDP ?
		     "the network loses them: look at switch, cable and radio, or set transport: tcp" :
		     "they came over TCP, so the camera left them out itself: lower its rate, or end others' sessions");
}

static void note_clock(struct status_notes *to, const struct msg_camera_state *s)
{
	int64_t off = s->clock_offset_us;
	char age[16];

	if (llabs(off) > CLOCK_OFF_US)
		note(to, "its clock is %s %s ours: set NTP on the camera; times here are %s", status_age((double)llabs(off) / 1e6, age),
		     off < 0 ? "behind" : "ahead of", s->clock == CLOCK_RTCP ? "the camera's" : "those of arrival");
}

static void note_quality(struct status_notes *to, const struct msg_camera_state *s)
{
	if (s->dropped_camera >= BROKEN_TOLD && s->dropped_camera >= s->packets / LOSS_TOLD)
		note(to, "%" PRIu64 " packets or pictures of no use, broken or foreign: update its firmware, or try its other stream", s->dropped_camera);
	if (s->mended >= BROKEN_TOLD && s->mended >= s->access_units / MENDED_TOLD)
		note(to, "%" PRIu64 " timestamps mended: its clock leaps or repeats itself; update its firmware, or look whether NTP sets it all the time", s->mended);
}

static void note_drops(struct status_notes *to, const struct status_drops *d)
{
	if (d->disk)
		note(to, "%" PRIu64 " segments not archived: the disk is full, broken or too slow", d->disk);
	if (d->ring)
		note(to, "%" PRIu64 " dropped here: this machine did not keep up; fewer or smaller renditions", d->ring);
}

/* Ended again and again: it is the camera's bytes that do it. */
static void note_worker(struct status_notes *to, const struct camera_live *cam)
{
	const struct child *c = cam->parent ? parent_child(cam->parent, ROLE_TRANSCODE, cam->index) : NULL;

	if (c && c->backoff_ms >= WORKER_TOLD_MS && (c->phase != CHILD_READY || clock_mono_us() - c->started_us < WORKER_WELL_US))
		note(to, "its worker keeps ending (%u times, the last: %s): encoded renditions, and sound that is not AAC, pause; what the camera sends is "
		     "recorded all the same. Try its other stream, or update its firmware", c->restarts, c->last_end);
}

void status_notes(const struct camera_live *cam, int64_t now_us, struct status_notes *ret)
{
	const struct msg_camera_state *s = &cam->state;
	bool well = cam->known && s->phase == CAMERA_STREAMING;
	struct status_drops drops = status_drops(cam);
	char before[48], age[16];

	ret->n = 0;
	if (!well && cam->known && s->why)
		note_reason(ret, "", s->why, s->detail, status_advice(s->why));
	if (well) {
		note_keys(ret, s, now_us);
		note_loss(ret, s);
		note_clock(ret, s);
		note_quality(ret, s);
	}
	note_drops(ret, &drops);
	note_worker(ret, cam);
	if (well && *s->detail)
		note(ret, "%s", s->detail);
	if (well && *s->left_out)
		note(ret, "left out: %s", s->left_out);
	if (cam->lost_us && (well || cam->lost_why != s->why)) {
		snprintf(before, sizeof before, "lost %s ago: ", age_of(cam->lost_us, now_us, age));
		note_reason(ret, before, cam->lost_why, cam->lost_detail, NULL);
	}
}
