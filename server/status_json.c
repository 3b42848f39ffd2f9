/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer to `casemate status --json`: everything that the parent knows. Layout: casemate-status(1). */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "config.h"
#include "media/codec_string.h"
#include "server/sandbox.h"
#include "server/status_inner.h"

void status_json_time(struct json *j, const char *name, int64_t us)
{
	char text[CLOCK_TEXT];

	clock_text(us, text);
	json_str(j, name, us ? text : NULL);
}

static void role_json(struct json *j, const char *name, int index, pid_t pid, const char *phase, int64_t started_us, unsigned restarts,
		      const char *last_end, uint32_t layers, const struct msg_serve_state *serve)
{
	struct status_usage u = status_usage(pid);
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
		json_int(j, "requests", (int64_t)(serve->requests_http1 + serve->requests_http2 + serve->requests_rtsp));
		json_open(j, "requests_by", '{');
		json_int(j, "http1", (int64_t)serve->requests_http1);
		json_int(j, "http2", (int64_t)serve->requests_http2);
		json_int(j, "rtsp", (int64_t)serve->requests_rtsp);
		json_close(j, '}');
		json_int(j, "refused", (int64_t)serve->refused);
		json_open(j, "refused_by", '{');
		json_int(j, "address", (int64_t)serve->refused_address);
		json_int(j, "user", (int64_t)serve->refused_user);
		json_int(j, "login", (int64_t)serve->refused_login);
		json_int(j, "demand", (int64_t)serve->refused_demand);
		json_close(j, '}');
		json_int(j, "held", serve->held);
		json_int(j, "slow_closed", (int64_t)serve->slow_closed);
		json_open(j, "closed_by", '{');
		json_int(j, "handshake", (int64_t)serve->closed_handshake);
		json_int(j, "request", (int64_t)serve->closed_request);
		json_int(j, "slow", (int64_t)serve->closed_slow);
		json_int(j, "starved", (int64_t)serve->closed_starved);
		json_int(j, "idle", (int64_t)serve->closed_idle);
		json_close(j, '}');
		json_int(j, "rtsp_dropped", (int64_t)serve->rtsp_dropped);
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

	json_open(j, NULL, '{');
	json_str(j, "name", r == RENDITION_COPY ? "copy" : r == RENDITION_AUDIO ? "audio" : conf->rendition[r - RENDITION_ENCODED].name);
	json_int(j, "oldest", (int64_t)s->oldest);
	json_int(j, "newest", (int64_t)s->newest);
	json_int(j, "archived_bytes", (int64_t)s->bytes);
	json_int(j, "rate_bps", s->rate_bps);
	json_int(j, "lost_segments", (int64_t)s->dropped_disk);
	status_json_time(j, "newest_end", s->newest_end_us);
	json_close(j, '}');
}

static void measures_json(struct json *j, const struct msg_camera_state *s)
{
	json_num(j, "fps", s->fps_milli / 1000.0, 2);
	json_int(j, "rate_bps", s->rate_bps);
	json_int(j, "key_interval_ms", s->key_interval_ms);
	status_json_time(j, "key_time", s->key_us);
	json_int(j, "key_requests", (int64_t)s->key_requests);
	json_str(j, "clock", s->clock == CLOCK_RTCP ? "rtcp" : "arrival");
	json_int(j, "clock_offset_ms", s->clock_offset_us / 1000);
	json_int(j, "clock_error_ms", s->clock_error_ms);
	json_int(j, "access_units", (int64_t)s->access_units);
	json_int(j, "packets", (int64_t)s->packets);
	json_int(j, "lost", (int64_t)s->lost);
	json_int(j, "reordered", (int64_t)s->reordered);
	json_int(j, "duplicates", (int64_t)s->duplicates);
	json_int(j, "times_mended", (int64_t)s->mended);
}

static void drops_json(struct json *j, const struct camera_live *cam)
{
	struct status_drops d = status_drops(cam);

	json_int(j, "dropped", (int64_t)(d.camera + d.network + d.ring));
	json_open(j, "dropped_by", '{');
	json_int(j, "camera", (int64_t)d.camera);
	json_int(j, "network", (int64_t)d.network);
	json_int(j, "ring", (int64_t)d.ring);
	json_int(j, "disk", (int64_t)d.disk);
	json_close(j, '}');
}

static void trouble_json(struct json *j, const struct camera_live *cam)
{
	const struct msg_camera_state *s = &cam->state;
	bool well = cam->known && s->phase == CAMERA_STREAMING;
	struct status_notes notes;

	json_str(j, "why", cam->known && s->why ? gap_why_name((enum gap_why)s->why) : NULL);
	json_str(j, "detail", *s->detail ? s->detail : NULL);
	json_str(j, "advice", cam->known && !well ? status_advice(s->why) : NULL);
	json_int(j, "retry_ms", s->retry_ms);
	json_str(j, "last_why", cam->lost_us ? gap_why_name((enum gap_why)cam->lost_why) : NULL);
	json_str(j, "last_detail", *cam->lost_detail ? cam->lost_detail : NULL);
	status_json_time(j, "last_time", cam->lost_us);
	status_notes(cam, clock_wall_us(), &notes);
	json_open(j, "notes", '[');
	for (unsigned i = 0; i < notes.n; i++)
		json_str(j, NULL, notes.text[i]);
	json_close(j, ']');
}

static const char *transport_name(uint8_t transport)
{
	return transport == SITE_TRANSPORT_UDP ? "udp" : transport == SITE_TRANSPORT_TCP ? "tcp" : NULL;
}

static void camera_json(struct json *j, const struct site_camera *conf, const struct camera_live *cam)
{
	const struct msg_camera_state *s = &cam->state;

	json_open(j, NULL, '{');
	json_str(j, "name", conf->name);
	json_str(j, "state", status_camera_phase(cam));
	status_json_time(j, "since", s->since_us);
	json_str(j, "transport", transport_name(s->transport));
	json_bool(j, "tls", s->tls);
	json_str(j, "video", codec_name((enum codec)s->video));
	json_str(j, "audio", codec_name((enum codec)s->audio));
	json_str(j, "left_out", *s->left_out ? s->left_out : NULL);
	json_int(j, "width", s->width);
	json_int(j, "height", s->height);
	measures_json(j, s);
	drops_json(j, cam);
	json_int(j, "reconnects", (int64_t)s->reconnects);
	trouble_json(j, cam);
	status_worker_json(j, conf, cam);
	json_open(j, "renditions", '[');
	for (unsigned r = 0; r < RENDITION_ENCODED + conf->nrenditions; r++)
		if (r < RENDITION_ENCODED || !conf->rendition[r - RENDITION_ENCODED].gone)
			rendition_json(j, conf, cam, r);
	json_close(j, ']');
	json_close(j, '}');
}

static void log_json(struct json *j, const struct parent *p)
{
	json_open(j, "log", '{');
	json_str(j, "origin", p->site->origin);
	json_str(j, "vkey", *p->sign.vkey ? parent_vkey(p) : NULL);
	json_int(j, "entries", (int64_t)p->store.entries);
	json_int(j, "checkpoint", (int64_t)p->store.checkpoint_size);
	status_json_time(j, "checkpoint_time", p->store.checkpoint_us);
	json_str(j, "refusal", *p->sign.refusal ? p->sign.refusal : NULL);
	json_close(j, '}');
	status_witness_json(j, p);
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

void status_json(struct parent *p, struct buf *out)
{
	struct json j = json_init(out);

	json_open(&j, NULL, '{');
	json_str(&j, "site", p->site->origin);
	json_str(&j, "version", PACKAGE_VERSION);
	json_str(&j, "cpu", cpu_name(p->cpu));
	json_str(&j, "sandbox", p->site->sandbox_best_effort ? "best-effort" : "strict");
	json_open(&j, "listeners", '[');
	for (unsigned i = 0; i < SITE_LISTENERS_MAX; i++) {
		if (!p->listener[i].wanted)
			continue;
		json_open(&j, NULL, '{');
		json_str(&j, "address", p->listener[i].fd[0] >= 0 ? p->listener[i].text : p->listener[i].want.text);
		json_bool(&j, "open", p->listener[i].fd[0] >= 0);
		json_str(&j, "error", p->listener[i].error ? strerror(p->listener[i].error) : NULL);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_open(&j, "certificate", '{');
	status_json_time(&j, "ends", p->certificate.ends_us);
	json_close(&j, '}');
	log_json(&j, p);
	status_alarms_json(&j, p);
	json_open(&j, "roles", '[');
	role_json(&j, "casemate", 0, getpid(), "running", p->started_us, 0, "", p->layers, NULL);
	for (unsigned i = 0; i < p->nchildren; i++) {
		struct child *c = &p->child[i];

		if (c->retired)
			continue;
		role_json(&j, role_kind_name(c->kind), (int)c->index, c->pid, status_child_phase(c), c->started_us, c->restarts, c->last_end, c->layers,
			  c->kind == ROLE_SERVE ? &c->serve : NULL);
	}
	json_close(&j, ']');
	json_open(&j, "cameras", '[');
	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (!p->site->camera[i].gone)
			camera_json(&j, &p->site->camera[i], &p->camera[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_append_str(out, "\n");
}
