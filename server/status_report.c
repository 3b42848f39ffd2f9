/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer to `casemate status`: what the parent knows, as JSON or for a person. Layout of the JSON: casemate-status(1). */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "media/codec_string.h"
#include "base/text.h"
#include "config.h"
#include "server/parent.h"
#include "server/sandbox.h"

struct usage {
	uint64_t memory_bytes;
	double cpu_s;
};

/* proc(5): the 14th and 15th fields of stat are user and system ticks; the second of statm is pages in memory. */
static struct usage usage_of(pid_t pid)
{
	struct usage u = {0};
	char path[64], text[1024];
	unsigned long utime, stime, pages;
	struct buf b;
	char *paren;

	buf_init(&b, sizeof text - 1);
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (io_read_file(AT_FDCWD, path, &b) == 0 && b.len) {
		snprintf(text, sizeof text, "%.*s", (int)b.len, (char *)buf_data(&b));
		paren = strrchr(text, ')');
		if (paren && sscanf(paren + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &utime, &stime) == 2)
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

static const char *child_phase_name(const struct child *c)
{
	static const char *const name[] = {"down", "starting", "running", "stopping"};

	return name[c->phase];
}

static const char *camera_phase_name(const struct camera_live *cam)
{
	static const char *const name[] = {"idle", "connecting", "streaming", "waiting"};

	return cam->known && cam->state.phase < 4 ? name[cam->state.phase] : "starting";
}

/* What the admin can do about a camera that has no picture. */
static const char *advice(const struct camera_live *cam)
{
	static const char *const mend[GAP_WHY_COUNT] = {
		[GAP_REFUSED] = "nothing listens on that port: check source: and that the camera's RTSP service is on",
		[GAP_UNREACHABLE] = "no way to that address: check cable, switch, VLAN and source:",
		[GAP_TIMED_OUT] = "the address does not answer: check that the camera has power and is on the network",
		[GAP_AUTHENTICATION] = "check user: and password_file:; tries are rare so that the camera does not lock the account",
		[GAP_UNSUPPORTED] = "set the camera's stream to H.264 video (and AAC sound, if any)",
		[GAP_BAD_STREAM] = "the camera's replies or stream are broken: update its firmware or try its other stream",
		[GAP_SILENT] = "the camera stopped sending: check its load and its network",
		[GAP_CAMERA_CLOSED] = "the camera closed the connection: it may be restarting or have too many viewers of its own",
		[GAP_OVERLOAD] = "this machine is too slow for what it is asked: fewer or smaller renditions",
	};

	if (!cam->known || cam->state.phase == CAMERA_STREAMING || cam->state.why >= GAP_WHY_COUNT)
		return NULL;
	return mend[cam->state.why];
}

static void role_json(struct json *j, const char *name, int index, pid_t pid, const char *phase, int64_t started_us, unsigned restarts,
		      const char *last_end, uint32_t layers, const struct msg_serve_state *serve)
{
	struct usage u = usage_of(pid);
	double up_s = pid > 0 ? (double)(clock_mono_us() - started_us) / 1e6 : 0;

	json_open(j, NULL, '{');
	json_str(j, "role", name);
	json_int(j, "index", index);
	json_int(j, "pid", pid);
	json_str(j, "state", phase);
	json_num(j, "uptime_s", up_s, 1);
	json_int(j, "restarts", restarts);
	json_str(j, "last_end", *last_end ? last_end : NULL);
	json_int(j, "memory_bytes", (int64_t)u.memory_bytes);
	json_num(j, "cpu_s", u.cpu_s, 2);
	json_num(j, "cpu_percent", up_s > 0 ? u.cpu_s / up_s * 100 : 0, 1);
	if (serve) {
		json_int(j, "connections", serve->connections);
		json_int(j, "viewers", serve->viewers);
		json_int(j, "requests", (int64_t)serve->requests);
		json_int(j, "refused", (int64_t)serve->refused);
		json_int(j, "slow_closed", (int64_t)serve->slow_closed);
		json_int(j, "sent_bytes", (int64_t)serve->bytes_out);
	}
	json_open(j, "sandbox", '[');
	for (unsigned bit = 0; bit < LAYER_COUNT; bit++)
		if (layers >> bit & 1)
			json_str(j, NULL, sandbox_layer_name(bit));
	json_close(j, ']');
	json_close(j, '}');
}

static void rendition_json(struct json *j, const struct site_camera *conf, const struct camera_live *cam, unsigned r)
{
	const struct msg_rendition_state *s = &cam->rendition[r];
	char end[CLOCK_TEXT];

	json_open(j, NULL, '{');
	json_str(j, "name", r == RENDITION_COPY ? "copy" : r == RENDITION_AUDIO ? "audio" : conf->rendition[r - RENDITION_ENCODED].name);
	json_int(j, "oldest", (int64_t)s->oldest);
	json_int(j, "newest", (int64_t)s->newest);
	json_int(j, "archived_bytes", (int64_t)s->bytes);
	json_int(j, "rate_bps", s->rate_bps);
	clock_text(s->newest_end_us, end);
	json_str(j, "newest_end", s->newest_end_us ? end : NULL);
	json_close(j, '}');
}

static void camera_json(struct json *j, const struct site_camera *conf, const struct camera_live *cam)
{
	const struct msg_camera_state *s = &cam->state;

	json_open(j, NULL, '{');
	json_str(j, "name", conf->name);
	json_str(j, "state", camera_phase_name(cam));
	json_str(j, "video", codec_name((enum codec)s->video));
	json_str(j, "audio", codec_name((enum codec)s->audio));
	json_int(j, "width", s->width);
	json_int(j, "height", s->height);
	json_num(j, "fps", s->fps_milli / 1000.0, 2);
	json_int(j, "rate_bps", s->rate_bps);
	json_int(j, "access_units", (int64_t)s->access_units);
	json_int(j, "packets", (int64_t)s->packets);
	json_int(j, "lost", (int64_t)s->lost);
	json_int(j, "dropped", (int64_t)(s->dropped_camera + s->dropped_network + s->dropped_ring));
	json_int(j, "times_mended", (int64_t)s->mended);
	json_int(j, "reconnects", (int64_t)s->reconnects);
	json_str(j, "why", cam->known && s->why ? gap_why_name((enum gap_why)s->why) : NULL);
	json_str(j, "detail", *s->detail ? s->detail : NULL);
	json_str(j, "advice", advice(cam));
	json_int(j, "retry_ms", s->retry_ms);
	json_str(j, "left_out", *s->left_out ? s->left_out : NULL);
	json_open(j, "renditions", '[');
	for (unsigned r = 0; r < RENDITION_ENCODED + conf->nrenditions; r++)
		rendition_json(j, conf, cam, r);
	json_close(j, ']');
	json_close(j, '}');
}

static void log_json(struct json *j, const struct parent *p)
{
	char when[CLOCK_TEXT];

	json_open(j, "log", '{');
	json_str(j, "origin", p->site->origin);
	json_str(j, "vkey", *p->sign.vkey ? p->sign.vkey : NULL);
	json_int(j, "entries", (int64_t)p->store.entries);
	json_int(j, "checkpoint", (int64_t)p->store.checkpoint_size);
	clock_text(p->store.checkpoint_us, when);
	json_str(j, "checkpoint_time", p->store.checkpoint_us ? when : NULL);
	json_str(j, "refusal", *p->sign.refusal ? p->sign.refusal : NULL);
	json_close(j, '}');
	json_open(j, "archive", '{');
	json_str(j, "path", p->site->archive);
	json_int(j, "bytes", (int64_t)p->store.archive_bytes);
	json_int(j, "max_bytes", (int64_t)p->site->archive_max_bytes);
	json_int(j, "disk_free_bytes", (int64_t)p->store.disk_free_bytes);
	json_int(j, "segments", (int64_t)p->store.segments);
	json_int(j, "gaps", (int64_t)p->store.gaps);
	json_int(j, "dropped", (int64_t)p->store.dropped);
	json_int(j, "queue", p->store.queue);
	json_str(j, "alarm", *p->store.alarm ? p->store.alarm : NULL);
	json_close(j, '}');
}

static void report_json(struct parent *p, struct buf *out)
{
	struct json j = json_init(out);

	json_open(&j, NULL, '{');
	json_str(&j, "site", p->site->origin);
	json_str(&j, "version", PACKAGE_VERSION);
	json_str(&j, "sandbox", p->site->sandbox_best_effort ? "best-effort" : "strict");
	json_open(&j, "listeners", '[');
	for (unsigned i = 0; i < p->site->nlisteners; i++) {
		json_open(&j, NULL, '{');
		json_str(&j, "address", p->listener[i].fd[0] >= 0 ? p->listener[i].text : p->site->listener[i].text);
		json_bool(&j, "open", p->listener[i].fd[0] >= 0);
		json_str(&j, "error", p->listener[i].error ? strerror(p->listener[i].error) : NULL);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	log_json(&j, p);
	json_open(&j, "roles", '[');
	role_json(&j, "casemate", 0, getpid(), "running", p->started_us, 0, "", p->layers, NULL);
	for (unsigned i = 0; i < p->nchildren; i++) {
		struct child *c = &p->child[i];

		role_json(&j, role_kind_name(c->kind), (int)c->index, c->pid, child_phase_name(c), c->started_us, c->restarts, c->last_end, c->layers,
			  c->kind == ROLE_SERVE ? &c->serve : NULL);
	}
	json_close(&j, ']');
	json_open(&j, "cameras", '[');
	for (unsigned i = 0; i < p->site->ncameras; i++)
		camera_json(&j, &p->site->camera[i], &p->camera[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_append_str(out, "\n");
}

static const char *size_text(uint64_t bytes, char out[16])
{
	static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
	double v = (double)bytes;
	unsigned u = 0;

	for (; v >= 1000 && u < 4; u++)
		v /= 1000;
	snprintf(out, 16, u && v < 100 ? "%.1f %s" : "%.0f %s", v, unit[u]);
	return out;
}

static const char *age_text(double s, char out[16])
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

static void layers_text(uint32_t layers, char *out, size_t cap)
{
	size_t n = 0;

	if (layers == LAYERS_ALL) {
		snprintf(out, cap, "all layers");
		return;
	}
	n = (size_t)snprintf(out, cap, "without");
	for (unsigned bit = 0; bit < LAYER_COUNT && n < cap; bit++)
		if (!(layers >> bit & 1))
			n += (size_t)snprintf(out + n, cap - n, " %s", sandbox_layer_name(bit));
}

static void role_text(struct buf *out, const char *name, int index, const struct child *c, pid_t pid, int64_t started_us, const char *sandbox)
{
	struct usage u = usage_of(pid);
	double up_s = pid > 0 ? (double)(clock_mono_us() - started_us) / 1e6 : 0;
	char who[32], up[16], mem[16];

	snprintf(who, sizeof who, index >= 0 ? "%s[%d]" : "%s", name, index);
	buf_append_fmt(out, "%-14s %7d %-9s %6s %8u %9s %5.1f%%  %s%s%s\n", who, (int)pid, c ? child_phase_name(c) : "running", age_text(up_s, up),
		       c ? c->restarts : 0, size_text(u.memory_bytes, mem), up_s > 0 ? u.cpu_s / up_s * 100 : 0, sandbox,
		       c && *c->last_end ? "; before: " : "", c ? c->last_end : "");
}

static void camera_text(struct buf *out, const struct site_camera *conf, const struct camera_live *cam, bool colour)
{
	const struct msg_camera_state *s = &cam->state;
	bool well = cam->known && s->phase == CAMERA_STREAMING;
	const char *mend = advice(cam);
	char size[16] = "-", last[32] = "-", age[16];

	if (s->width)
		snprintf(size, sizeof size, "%ux%u", s->width, s->height);
	if (cam->rendition[RENDITION_COPY].newest_end_us)
		snprintf(last, sizeof last, "%" PRIu64 " (%s ago)", cam->rendition[RENDITION_COPY].newest,
			 age_text((double)(clock_wall_us() - cam->rendition[RENDITION_COPY].newest_end_us) / 1e6, age));
	buf_append_fmt(out, "%-32s %s%-10s%s %-9s %-10s %5.1f %7.0f %6" PRIu64 "  %s", conf->name, colour ? (well ? "\033[32m" : "\033[31m") : "",
		       camera_phase_name(cam), colour ? "\033[0m" : "", codec_name((enum codec)s->video) ? codec_name((enum codec)s->video) : "-", size, s->fps_milli / 1000.0,
		       s->rate_bps / 1000.0, s->lost, last);
	if (!well && cam->known && s->why)
		buf_append_fmt(out, "\n    %s%s%s%s%s", gap_why_name((enum gap_why)s->why), *s->detail ? ": " : "", s->detail, mend ? "; " : "", mend ? mend : "");
	if (well && *s->left_out)
		buf_append_fmt(out, "  left out: %s", s->left_out);
	buf_append_str(out, "\n");
}

static void report_text(struct parent *p, struct buf *out, bool colour)
{
	uint64_t viewers = 0, connections = 0;
	char a[16], b[16], c[16], sandbox[160];
	double up_s = (double)(clock_mono_us() - p->started_us) / 1e6;

	buf_append_fmt(out, "site     %s, casemate %s, up %s\n", p->site->origin, PACKAGE_VERSION, age_text(up_s, a));
	for (unsigned i = 0; i < p->site->nlisteners; i++)
		if (p->listener[i].fd[0] >= 0)
			buf_append_fmt(out, "listen   https://%s/\n", p->listener[i].text);
		else
			buf_append_fmt(out, "listen   %s: %s\n", p->site->listener[i].text, strerror(p->listener[i].error));
	for (unsigned i = 0; i < p->nchildren; i++) {
		viewers += p->child[i].serve.viewers;
		connections += p->child[i].serve.connections;
	}
	buf_append_fmt(out, "viewers  %" PRIu64 ", connections %" PRIu64 "\n", viewers, connections);
	buf_append_fmt(out, "log      %" PRIu64 " entries, checkpoint of %" PRIu64, p->store.entries, p->store.checkpoint_size);
	if (p->store.checkpoint_us)
		buf_append_fmt(out, " signed %s ago", age_text((double)(clock_wall_us() - p->store.checkpoint_us) / 1e6, a));
	buf_append_fmt(out, "\nkey      %s\n", *p->sign.vkey ? p->sign.vkey : "not known yet");
	buf_append_fmt(out, "archive  %s of %s in %s, disk has %s free\n", size_text(p->store.archive_bytes, a), size_text(p->site->archive_max_bytes, b),
		       p->site->archive, size_text(p->store.disk_free_bytes, c));
	if (*p->store.alarm)
		buf_append_fmt(out, "%sALARM    %s%s\n", colour ? "\033[31m" : "", p->store.alarm, colour ? "\033[0m" : "");
	if (*p->sign.refusal)
		buf_append_fmt(out, "%sALARM    %s%s\n", colour ? "\033[31m" : "", p->sign.refusal, colour ? "\033[0m" : "");
	buf_append_fmt(out, "\n%-14s %7s %-9s %6s %8s %9s %6s  %s\n", "ROLE", "PID", "STATE", "UP", "RESTARTS", "MEMORY", "CPU", "SANDBOX");
	role_text(out, "casemate", -1, NULL, getpid(), p->started_us, p->layers ? "no-capabilities no-new-privs seccomp" : "none");
	for (unsigned i = 0; i < p->nchildren; i++) {
		const struct child *r = &p->child[i];

		layers_text(r->layers, sandbox, sizeof sandbox);
		role_text(out, role_kind_name(r->kind), (int)r->index, r, r->pid, r->started_us, r->phase == CHILD_READY ? sandbox : "-");
	}
	buf_append_fmt(out, "\n%-32s %-10s %-9s %-10s %5s %7s %6s  %s\n", "CAMERA", "STATE", "VIDEO", "SIZE", "FPS", "KBIT/S", "LOST", "NEWEST SEGMENT");
	for (unsigned pass = 0; pass < 2; pass++)  /* the sick first */
		for (unsigned i = 0; i < p->site->ncameras; i++)
			if ((p->camera[i].known && p->camera[i].state.phase == CAMERA_STREAMING) == (pass == 1))
				camera_text(out, &p->site->camera[i], &p->camera[i], colour);
}

void status_report(struct parent *p, struct buf *out, bool json, bool colour)
{
	if (json)
		report_json(p, out);
	else
		report_text(p, out, colour);
}
