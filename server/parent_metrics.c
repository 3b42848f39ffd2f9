/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/parent_metrics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/io.h"
#include "server/parent.h"
#include "server/status_inner.h"

/* A new process counts from 0. */
static void begin_anew(struct metrics_count *of, unsigned n, int64_t *of_us, int64_t begun_us)
{
	for (unsigned i = 0; i < n && *of_us != begun_us; i++)
		of[i].seen = 0;
	*of_us = begun_us;
}

static void count_serve(struct child_counts *to, const struct msg_serve_state *s)
{
	uint64_t by_limit = s->refused_address + s->refused_user + s->refused_login + s->refused_demand;
	const uint64_t now[CHILD_COUNTS] = {
		[CHILD_REQUESTS] = s->requests_http1 + s->requests_http2 + s->requests_rtsp, [CHILD_REQUESTS_HTTP1] = s->requests_http1,
		[CHILD_REQUESTS_HTTP2] = s->requests_http2, [CHILD_REQUESTS_RTSP] = s->requests_rtsp, [CHILD_BYTES_OUT] = s->bytes_out, [CHILD_RTSP_DROPPED] = s->rtsp_dropped,
		[CHILD_REFUSED_ADDRESS] = s->refused_address, [CHILD_REFUSED_USER] = s->refused_user, [CHILD_REFUSED_LOGIN] = s->refused_login,
		[CHILD_REFUSED_DEMAND] = s->refused_demand, [CHILD_REFUSED] = s->refused > by_limit ? s->refused - by_limit : 0,
		[CHILD_CLOSED_HANDSHAKE] = s->closed_handshake, [CHILD_CLOSED_REQUEST] = s->closed_request, [CHILD_CLOSED_SLOW] = s->closed_slow,
		[CHILD_CLOSED_STARVED] = s->closed_starved, [CHILD_CLOSED_IDLE] = s->closed_idle};

	for (unsigned i = CHILD_REQUESTS; i <= CHILD_CLOSED_IDLE; i++)
		metrics_count(&to->of[i], now[i]);
}

static void count_child(struct child *c)
{
	struct status_usage u = status_usage(c->pid);
	struct child_counts *to = &c->counts;

	to->memory_bytes = u.memory_bytes;
	begin_anew(to->of, CHILD_COUNTS, &to->begun_us, c->started_us);
	if (c->pid > 0 && u.cpu_s > 0)
		metrics_count(&to->of[CHILD_CPU_US], (uint64_t)(u.cpu_s * 1e6));
	if (c->kind == ROLE_SERVE)
		count_serve(to, &c->serve);
	if (c->kind != ROLE_STORE)
		return;
	metrics_count(&to->of[CHILD_STORE_SEGMENTS], c->parent->store.segments);
	metrics_count(&to->of[CHILD_STORE_GAPS], c->parent->store.gaps);
	metrics_count(&to->of[CHILD_STORE_DROPPED], c->parent->store.dropped);
}

static int64_t begun_us(struct parent *p, enum role_kind kind, unsigned index)
{
	const struct child *c = parent_child(p, kind, index);

	return c ? c->started_us : 0;
}

static void count_renditions(struct camera_live *cam)
{
	struct camera_counts *to = &cam->counts;

	for (unsigned r = 0; r < RENDITIONS_MAX; r++) {
		const struct msg_worker_rendition *w = &cam->demand[r].worker;

		metrics_count(&to->rendition[r][RENDITION_LOST], cam->rendition[r].dropped_disk);
		metrics_count(&to->rendition[r][RENDITION_CODED], w->encoded);
		metrics_count(&to->rendition[r][RENDITION_SAME], w->same);
		metrics_count(&to->rendition[r][RENDITION_LATE], w->behind);
	}
}

static void count_camera(struct camera_live *cam)
{
	struct parent *p = cam->parent;
	const struct msg_camera_state *s = &cam->state;
	const struct msg_worker_state *w = &cam->worker;
	struct camera_counts *to = &cam->counts;
	const uint64_t now[CAMERA_COUNTS] = {
		[CAMERA_PACKETS] = s->packets, [CAMERA_LOST] = s->lost, [CAMERA_REORDERED] = s->reordered, [CAMERA_DUPLICATES] = s->duplicates,
		[CAMERA_UNITS] = s->access_units, [CAMERA_MENDED] = s->mended, [CAMERA_RECONNECTS] = s->reconnects, [CAMERA_KEY_REQUESTS] = s->key_requests,
		[CAMERA_DROPPED_CAMERA] = s->dropped_camera, [CAMERA_DROPPED_NETWORK] = s->dropped_network, [CAMERA_DROPPED_RING] = s->dropped_ring,
		[CAMERA_PICTURES] = w->pictures, [CAMERA_DAMAGED] = w->errors, [CAMERA_SKIPPED] = w->skipped, [CAMERA_BEHIND] = w->behind};

	if (!to->created_us)
		to->created_us = clock_wall_us();
	begin_anew(to->of, CAMERA_PICTURES, &to->ingest_us, begun_us(p, ROLE_INGEST, ingest_of(p, cam->index)));
	begin_anew(to->of + CAMERA_PICTURES, CAMERA_COUNTS - CAMERA_PICTURES, &to->worker_us, begun_us(p, ROLE_TRANSCODE, cam->index));
	for (unsigned i = 0; i < CAMERA_COUNTS; i++)
		metrics_count(&to->of[i], now[i]);
	count_renditions(cam);
}

void parent_metrics_count(struct parent *p)
{
	struct status_usage own = status_usage(getpid());

	if (!p->metrics.created_us) {
		p->metrics.created_us = clock_wall_us();
		p->metrics.started_us = p->metrics.created_us - (clock_mono_us() - p->started_us);
	}
	p->metrics.memory_bytes = own.memory_bytes;
	p->metrics.cpu_s = own.cpu_s;
	for (unsigned i = 0; i < p->nchildren; i++)
		count_child(&p->child[i]);
	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (!p->site->camera[i].gone)
			count_camera(&p->camera[i]);
}

bool parent_metrics_text(struct parent *p, enum metrics_form form, struct buf *out)
{
	struct metrics m = {.out = out, .form = form};

	metrics_site(&m, p);
	metrics_alarms(&m, p);
	metrics_cameras(&m, p);
	metrics_end(&m);
	return !m.bad;
}

void parent_unready(const struct parent *p, char *out, size_t cap)
{
	static const char *const phase[] = {[CHILD_DOWN] = "is down", [CHILD_STARTING] = "is starting", [CHILD_STOPPING] = "is stopping"};
	size_t n = 0;

	*out = 0;
	if (p->stopping)
		n = (size_t)snprintf(out, cap, "casemate is stopping\n");
	for (unsigned i = 0; i < p->nchildren && n < cap; i++) {
		const struct child *c = &p->child[i];

		/* Workers come and go with cameras; the others are the server. */
		if (c->kind != ROLE_TRANSCODE && c->phase != CHILD_READY)
			n += (size_t)snprintf(out + n, cap - n, "%s[%u] %s\n", role_kind_name(c->kind), c->index, phase[c->phase]);
	}
	for (const struct listener_live *l = p->listener; l < p->listener + SITE_LISTENERS_MAX && n < cap; l++)
		if (l->wanted && l->fd[0] < 0)
			n += (size_t)snprintf(out + n, cap - n, "%s is not open: %s\n", l->want.text, strerror(l->error));
}

static bool is_wanted(const struct parent *p)
{
	for (const struct listener_live *l = p->listener; l < p->listener + SITE_LISTENERS_MAX; l++)
		if (l->wanted && (l->want.kind == LISTENER_METRICS || l->want.kind == LISTENER_METRICS_TLS))
			return true;
	return false;
}

void parent_metrics_free(struct parent *p)
{
	for (unsigned i = 0; p->metrics.made_us && i < METRICS_FORMS; i++)
		close(p->metrics.fd[i]);
	p->metrics.made_us = 0;
}

static int seal(struct parent *p, enum metrics_form form, int *ret_fd, uint64_t *ret_bytes, uint8_t ret_sha256[32])
{
	struct buf text;
	int rc = -ENOBUFS;

	buf_init(&text, PARENT_METRICS_MAX);
	if (parent_metrics_text(p, form, &text))
		rc = io_seal_bytes("metrics", buf_data(&text), text.len, ret_fd);
	if (!rc && !EVP_Digest(buf_data(&text), text.len, ret_sha256, NULL, EVP_sha256(), NULL)) {
		close(*ret_fd);
		rc = -ENOMEM;
	}
	*ret_bytes = text.len;
	buf_free(&text);
	return rc;
}

/* Those that were made stay when there is no memory for new ones. */
static bool make(struct parent *p, int64_t now_us)
{
	struct msg_metrics m = p->metrics.told;
	int fd[METRICS_FORMS];

	parent_metrics_count(p);
	if (seal(p, METRICS_OPEN, &fd[METRICS_OPEN], &m.open_bytes, m.open_sha256) < 0)
		return false;
	if (seal(p, METRICS_TEXT, &fd[METRICS_TEXT], &m.text_bytes, m.text_sha256) < 0) {
		close(fd[METRICS_OPEN]);
		return false;
	}
	parent_metrics_free(p);
	memcpy(p->metrics.fd, fd, sizeof fd);
	p->metrics.told = m;
	p->metrics.made_us = now_us;
	return true;
}

void parent_tell_metrics(struct child *serve)
{
	const struct parent_metrics *m = &serve->parent->metrics;

	if (m->made_us)
		child_say(serve, MSG_METRICS, &m->told, m->fd, METRICS_FORMS);
}

void parent_metrics_sweep(struct parent *p)
{
	char why[MSG_METRICS_WHY];
	int64_t now_us = clock_mono_us();
	bool news;

	if (!is_wanted(p))
		return;
	parent_unready(p, why, sizeof why);
	news = strcmp(why, p->metrics.told.why) != 0;
	memcpy(p->metrics.told.why, why, sizeof why);
	p->metrics.told.ready = !*why;
	if (!p->metrics.made_us || now_us - p->metrics.made_us >= PARENT_METRICS_US)
		news |= make(p, now_us);
	for (unsigned i = 0; news && i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_SERVE && p->child[i].phase == CHILD_READY)
			parent_tell_metrics(&p->child[i]);
}
