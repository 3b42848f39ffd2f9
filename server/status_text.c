/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer to `casemate status` for people. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "config.h"
#include "media/codec_string.h"
#include "server/ask.h"
#include "server/check.h"
#include "server/sandbox.h"
#include "server/status_inner.h"

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

static void layers_text(uint32_t layers, char *out, size_t cap)
{
	char missing[LAYERS_TEXT];

	sandbox_layers_text(LAYERS_ALL & ~layers, missing, sizeof missing);
	if ((layers & LAYERS_NEEDED) == LAYERS_NEEDED)
		snprintf(out, cap, "all layers%s%s", *missing ? " that it needs, without " : "", missing);
	else
		snprintf(out, cap, "without %s", missing);
}

static void role_text(struct buf *out, const char *name, int index, const struct child *c, pid_t pid, int64_t started_us, const char *sandbox)
{
	struct status_usage u = status_usage(pid);
	double up_s = pid > 0 ? (double)(clock_mono_us() - started_us) / 1e6 : 0;
	char who[32], up[16], mem[16];

	snprintf(who, sizeof who, index >= 0 ? "%s[%d]" : "%s", name, index);
	buf_append_fmt(out, "%-14s %7d %-9s %6s %8u %9s %5.1f%%  %s%s%s\n", who, (int)pid, c ? status_child_phase(c) : "running", status_age(up_s, up),
		       c ? c->restarts : 0, size_text(u.memory_bytes, mem), up_s > 0 ? u.cpu_s / up_s * 100 : 0, sandbox,
		       c && *c->last_end ? "; before: " : "", c ? c->last_end : "");
}

static const char *name_of(uint8_t codec)
{
	const char *name = codec_name((enum codec)codec);

	return name ? name : "-";
}

/* "udp", "tcp", "tcp+tls" */
static const char *link_text(const struct msg_camera_state *s, char out[16])
{
	snprintf(out, 16, "%s%s", s->transport == SITE_TRANSPORT_UDP ? "udp" : s->transport == SITE_TRANSPORT_TCP ? "tcp" : "-", s->tls ? "+tls" : "");
	return out;
}

static void camera_text(struct buf *out, const struct site_camera *conf, const struct camera_live *cam, bool colour)
{
	const struct msg_camera_state *s = &cam->state;
	bool well = cam->known && s->phase == CAMERA_STREAMING;
	int64_t now_us = clock_wall_us();
	char size[16] = "-", last[48] = "-", since[16] = "-", key[16] = "-", age[16], link[16];
	const struct msg_rendition_state *copy = &cam->rendition[RENDITION_COPY];
	struct status_notes notes;

	if (s->width)
		snprintf(size, sizeof size, "%ux%u", s->width, s->height);
	if (s->since_us)
		status_age((double)(now_us - s->since_us) / 1e6, since);
	if (s->key_interval_ms)
		snprintf(key, sizeof key, "%.1fs", s->key_interval_ms / 1000.0);
	if (copy->newest_end_us)
		snprintf(last, sizeof last, "%" PRIu64 " (%s ago)", copy->newest, status_age((double)(now_us - copy->newest_end_us) / 1e6, age));
	buf_append_fmt(out, "%-32s %s%-10s%s %6s %-7s %-5s %-5s %-9s %5.1f %7.0f %6s %6" PRIu64 "  %s\n", conf->name, colour ? (well ? "\033[32m" : "\033[31m") : "",
		       status_camera_phase(cam), colour ? "\033[0m" : "", since, link_text(s, link), name_of(s->video), name_of(s->audio), size,
		       s->fps_milli / 1000.0, s->rate_bps / 1000.0, key, s->lost, last);
	status_notes(cam, now_us, &notes);
	for (unsigned i = 0; i < notes.n; i++)
		buf_append_fmt(out, "    %s\n", notes.text[i]);
	status_worker_text(out, conf, cam, colour);
}

/* The site as a whole. */
static void site_text(struct parent *p, struct buf *out, bool colour)
{
	uint64_t viewers = 0, connections = 0;
	char a[16], b[16], c[16];
	double up_s = (double)(clock_mono_us() - p->started_us) / 1e6;
	const char *red = colour ? "\033[31m" : "", *plain = colour ? "\033[0m" : "";
	int days;

	buf_append_fmt(out, "site     %s, casemate %s, up %s\n", p->site->origin, PACKAGE_VERSION, status_age(up_s, a));
	for (const struct listener_live *l = p->listener; l < p->listener + SITE_LISTENERS_MAX; l++)
		if (l->wanted && l->fd[0] >= 0)
			buf_append_fmt(out, "listen   %s%s/%s\n", l->want.kind == LISTENER_HTTPS ? "https://" : "", l->text,
				       l->want.kind == LISTENER_RTSP ? ", in clear text" : "");
		else if (l->wanted)
			buf_append_fmt(out, "listen   %s: %s\n", l->want.text, strerror(l->error));
	for (unsigned i = 0; i < p->nchildren; i++) {
		viewers += p->child[i].serve.viewers;
		connections += p->child[i].serve.connections;
	}
	buf_append_fmt(out, "viewers  %" PRIu64 ", connections %" PRIu64 "\n", viewers, connections);
	buf_append_fmt(out, "log      %" PRIu64 " entries, checkpoint of %" PRIu64, p->store.entries, p->store.checkpoint_size);
	if (p->store.checkpoint_us)
		buf_append_fmt(out, " signed %s ago", status_age((double)(clock_wall_us() - p->store.checkpoint_us) / 1e6, a));
	buf_append_fmt(out, "\nkey      %s\n", *p->sign.vkey ? parent_vkey(p) : "not known yet");
	status_witness_text(out, p, colour);
	buf_append_fmt(out, "archive  %s of %s in %s, disk has %s free\n", size_text(p->store.archive_bytes, a), size_text(p->site->archive_max_bytes, b),
		       p->site->archive, size_text(p->store.disk_free_bytes, c));
	if (*p->store.alarm)
		buf_append_fmt(out, "%sALARM    %s%s\n", red, p->store.alarm, plain);
	if (*p->sign.refusal)
		buf_append_fmt(out, "%sALARM    %s%s\n", red, p->sign.refusal, plain);
	if (parent_certificate_days(p, &days) && days < CERTIFICATE_SOON_DAYS)
		buf_append_fmt(out, "%sALARM    the certificate %s %d days: put a new one in its place%s\n", red, days < 0 ? "has ended since" : "ends in", days < 0 ? -days : days, plain);
	status_alarms_text(out, p, colour);
}

static void roles_text(struct parent *p, struct buf *out)
{
	char sandbox[LAYERS_TEXT + 40];

	buf_append_fmt(out, "\n%-14s %7s %-9s %6s %8s %9s %6s  %s\n", "ROLE", "PID", "STATE", "UP", "RESTARTS", "MEMORY", "CPU", "SANDBOX");
	role_text(out, "casemate", -1, NULL, getpid(), p->started_us, p->layers ? "no-capabilities no-new-privs seccomp" : "none");
	for (unsigned i = 0; i < p->nchildren; i++) {
		const struct child *r = &p->child[i];

		if (r->retired)
			continue;
		layers_text(r->layers, sandbox, sizeof sandbox);
		role_text(out, role_kind_name(r->kind), (int)r->index, r, r->pid, r->started_us, r->phase == CHILD_READY ? sandbox : "-");
	}
}

/* In one line; what is not ready has its own. */
static void roles_short(struct parent *p, struct buf *out, bool colour)
{
	struct status_usage u = status_usage(getpid());
	uint64_t memory = u.memory_bytes;
	unsigned n = 1, restarts = 0;
	char mem[16];

	for (const struct child *r = p->child; r < p->child + p->nchildren; r++) {
		if (r->retired)
			continue;
		if (r->phase != CHILD_READY)
			buf_append_fmt(out, "%sroles    %s[%u] is %s%s%s%s\n", colour ? "\033[31m" : "", role_kind_name(r->kind), r->index, status_child_phase(r), colour ? "\033[0m" : "",
				       *r->last_end ? "; before: " : "", r->last_end);
		u = status_usage(r->pid);
		memory += u.memory_bytes;
		restarts += r->restarts;
		n++;
	}
	buf_append_fmt(out, "roles    %u processes, %s, %u restarts\n", n, size_text(memory, mem), restarts);
}

static void cameras_head(struct buf *out)
{
	buf_append_fmt(out, "\n%-32s %-10s %6s %-7s %-5s %-5s %-9s %5s %7s %6s %6s  %s\n", "CAMERA", "STATE", "SINCE", "LINK", "VIDEO", "AUDIO", "SIZE", "FPS",
		       "KBIT/S", "KEY", "LOST", "NEWEST SEGMENT");
}

static bool streams(const struct camera_live *cam)
{
	return cam->known && cam->state.phase == CAMERA_STREAMING;
}

static bool is_well(const struct camera_live *cam)
{
	for (unsigned kind = 0; kind < ALARM_CAMERA_KINDS; kind++)
		if (cam->alarm[kind].on)
			return false;
	return streams(cam);
}

static unsigned lines_in(const struct buf *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < b->len; i++)
		n += buf_data(b)[i] == '\n';
	return n;
}

/* The sick, as many as there is room for; the others are counted. */
static void cameras_short(struct parent *p, struct buf *out, const struct status_view *view)
{
	unsigned sick = 0, shown = 0, well = 0, room = view->rows > lines_in(out) + 4 ? view->rows - lines_in(out) - 4 : 0;
	double rate_bps = 0;

	for (unsigned i = 0; i < p->site->ncameras; i++) {
		const struct camera_live *cam = &p->camera[i];
		size_t before = out->len;
		unsigned lines = lines_in(out);

		if (p->site->camera[i].gone)
			continue;
		rate_bps += streams(cam) ? cam->state.rate_bps : 0;
		well += is_well(cam);
		if (is_well(cam))
			continue;
		if (!sick++)
			cameras_head(out);
		camera_text(out, &p->site->camera[i], cam, view->colour);
		lines = lines_in(out) - lines;
		if (lines > room)
			out->len = before;
		else
			shown++;
		room -= lines > room ? room : lines;
	}
	if (sick > shown)
		buf_append_fmt(out, "%s%u more cameras are not well%s: casemate status --all\n", view->colour ? "\033[31m" : "", sick - shown, view->colour ? "\033[0m" : "");
	buf_append_fmt(out, "%s%s%u camera%s well%s, %.1f Mb/s of all\n", sick ? "" : "\n", view->colour ? "\033[32m" : "", well, well == 1 ? " is" : "s are",
		       view->colour ? "\033[0m" : "", rate_bps / 1e6);
}

static void cameras_text(struct parent *p, struct buf *out, bool colour)
{
	cameras_head(out);
	for (unsigned pass = 0; pass < 2; pass++)  /* the sick first */
		for (unsigned i = 0; i < p->site->ncameras; i++)
			if (!p->site->camera[i].gone && streams(&p->camera[i]) == (pass == 1))
				camera_text(out, &p->site->camera[i], &p->camera[i], colour);
}

/* Lines end where the terminal does. Escapes take no room, and are never cut. */
static void cut_lines(struct buf *text, struct buf *out, unsigned columns)
{
	const char *s = (const char *)buf_data(text);
	unsigned at = 0;

	for (size_t i = 0; i < text->len; i++) {
		if (s[i] == '\033') {
			size_t n = 1 + strcspn(s + i, "m");

			n = n < text->len - i ? n : text->len - i;
			buf_append(out, s + i, n);
			i += n - 1;
		} else if (s[i] == '\n' || at < columns) {
			buf_append(out, s + i, 1);
			at = s[i] == '\n' ? 0 : at + 1;
		}
	}
}

void status_text(struct parent *p, struct buf *out, const struct status_view *view)
{
	struct buf whole;

	buf_init(&whole, out->max);
	site_text(p, &whole, view->colour);
	if (view->rows) {
		roles_short(p, &whole, view->colour);
		cameras_short(p, &whole, view);
	} else {
		roles_text(p, &whole);
		cameras_text(p, &whole, view->colour);
	}
	if (buf_append(&whole, "", 1) == 0) {
		whole.len--;
		cut_lines(&whole, out, view->columns ? view->columns : UINT_MAX);
	}
	buf_free(&whole);
}

static bool one_camera(struct parent *p, const char *name, struct buf *out, bool colour)
{
	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (!p->site->camera[i].gone && strcmp(p->site->camera[i].name, name) == 0) {
			cameras_head(out);
			camera_text(out, &p->site->camera[i], &p->camera[i], colour);
			return true;
		}
	buf_append_fmt(out, "%sthe site has no camera of that name\n", ASK_REFUSED);
	return false;
}

bool status_question(struct parent *p, const char *words, struct buf *out)
{
	struct status_view view = {.colour = strncmp(words, "colour", 6) == 0};
	char name[SITE_NAME];

	words += strcspn(words, " ");
	if (sscanf(words, " camera %32s", name) == 1)
		return one_camera(p, name, out, view.colour);
	if (sscanf(words, " %4u %4u", &view.rows, &view.columns) != 2)
		view.rows = view.columns = 0;
	status_text(p, out, &view);
	return true;
}
