/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/http_fields.h"
#include "server/serve_login.h"

#define TEXT_TYPE "text/plain; charset=utf-8"
#define MAKE_WAIT_US (INT64_C(600) * 1000000)  /* footage of a day is hashed before the first byte goes out */
#define RETRY_S 10
#define ALL_US (INT64_C(6 * 3600) * 1000000)   /* from the request to the last piece */

struct serve_export {
	LIST_ENTRY(serve_export) next;
	struct serve_exchange *exchange;
	uint32_t request;
	bool answered, asked;            /* the first answer came; a piece is asked for */
	struct msg_clip_make make;       /* what it is of */
	struct serve_viewer viewer;
	unsigned camera;
	int64_t until_us;
	uint64_t left;                   /* of total, that did not come yet */
	struct serve_bytes *piece;       /* that came, and is to go out */
	struct msg_clip_piece first;
};

static void reply_words(struct serve_exchange *x, const struct http_request *r, unsigned status, const char *words)
{
	char text[300];
	struct serve_reply reply = {.status = status, .type = TEXT_TYPE, .text = text, .retry_s = status == 503 ? RETRY_S : 0};

	serve_export_end(x);
	snprintf(text, sizeof text, "%s\n", words);
	reply.text_len = strlen(text);
	serve_exchange_reply(x, r, &reply);
}

/* What the form asks for. NULL, or what is wrong with it. */
static const char *read_form(const struct http_request *r, struct msg_clip_make *m)
{
	struct span type, body = span_of(r->body, r->body_len);
	char time[64], audio[8] = "yes";

	if (!http_header(r, "Content-Type", &type) || !span_is_nocase(span_trim(span_cut(&type, ';')), "application/x-www-form-urlencoded"))
		return "this wants a form: application/x-www-form-urlencoded";
	if (http_form_field(body, "camera", m->camera, sizeof m->camera))
		return "camera is missing";
	if (http_form_field(body, "from", time, sizeof time) || clock_parse(time, strlen(time), &m->from_us))
		return "from is missing, or not a time as 2026-11-22T15:30:00Z";
	if (http_form_field(body, "to", time, sizeof time) || clock_parse(time, strlen(time), &m->to_us) || m->to_us <= m->from_us)
		return "to is missing, not a time as 2026-11-22T15:30:00Z, or not later than from";
	if (http_form_field(body, "rendition", m->rendition, sizeof m->rendition))
		memcpy(m->rendition, "copy", sizeof "copy");
	if (http_form_field(body, "audio", audio, sizeof audio) == -EINVAL)
		return "audio is yes or no";
	m->audio = strcmp(audio, "no") != 0;
	return NULL;
}

/* The camera that is meant; for who has no right at it there is none of that name. */
static struct serve_camera *camera_of(const struct serve *s, const struct serve_viewer *v, const struct msg_clip_make *m)
{
	struct serve_camera *c = serve_media_camera(s->media, span_of(m->camera, strlen(m->camera)));

	return c && serve_rights_may(s, v, SERVE_RIGHT_ANY, c->set.camera, clock_wall_us()) ? c : NULL;
}

static bool has_rendition(const struct serve_camera *c, const char *name)
{
	return serve_media_rendition(c, span_of(name, strlen(name))) != NULL;
}

/* Only what the viewer may see otherwise too. */
static bool is_offered(const struct serve_camera *c, const struct msg_clip_make *m)
{
	return c && strcmp(m->rendition, "snapshot") != 0 && has_rendition(c, m->rendition) && (!m->audio || has_rendition(c, "audio"));
}

/* Whether he may have more of it. */
static bool may_go_on(const struct serve *s, const struct serve_export *e)
{
	return clock_mono_us() < e->until_us && serve_rights_may(s, &e->viewer, SERVE_RIGHT_EXPORT, e->camera, clock_wall_us()) &&
	       is_offered(camera_of(s, &e->viewer, &e->make), &e->make);
}

static void begin(struct serve_exchange *x, const struct http_request *r, struct msg_clip_make *m, const struct serve_camera *camera)
{
	struct serve_export *e = x->serve->store ? calloc(1, sizeof *e) : NULL;

	if (!e) {
		reply_words(x, r, 503, "Not now: try again.");
		return;
	}
	m->request = e->request = ++x->serve->export_request;
	if (channel_say(x->serve->store, MSG_CLIP_MAKE, m, NULL, 0) < 0) {
		free(e);
		reply_words(x, r, 503, "Not now: try again.");
		return;
	}
	e->exchange = x;
	e->make = *m;
	e->viewer = x->follow.viewer;
	e->camera = camera->set.camera;
	e->until_us = clock_mono_us() + ALL_US;
	x->export = e;
	LIST_INSERT_HEAD(&x->serve->exports, e, next);
	serve_exchange_wait(x, SERVE_WAIT_EXPORT, MAKE_WAIT_US);
}

static void begin_file(struct serve_exchange *x, const struct http_request *r)
{
	struct serve_reply reply = {.status = 200, .type = "application/zip", .file = x->export->first.name, .stream_bytes = x->export->first.total};

	serve_exchange_reply(x, r, &reply);
}

/* The request was answered by store, or waited for too long. */
static void answer_made(struct serve_exchange *x, const struct http_request *r)
{
	static const unsigned status_of[] = {[MSG_CLIP_NONE] = 404, [MSG_CLIP_BUSY] = 503, [MSG_CLIP_ERROR] = 500};
	char why[sizeof x->export->first.why];

	if (!x->export->answered && !x->wait.timed_out) {
		serve_exchange_wait(x, SERVE_WAIT_EXPORT, MAKE_WAIT_US);
	} else if (!x->export->answered) {
		reply_words(x, r, 503, "It took too long: ask for a shorter time.");
	} else if (x->export->first.status == MSG_CLIP_OK) {
		begin_file(x, r);
	} else {
		memcpy(why, x->export->first.why, sizeof why);
		reply_words(x, r, status_of[x->export->first.status], why);
	}
}

void serve_export_answer(struct serve_exchange *x, const struct http_request *r, const struct serve_viewer *v)
{
	struct msg_clip_make m = {.request = 0};
	const struct serve_camera *camera;
	const char *wrong;

	if (x->export && serve_exchange_follow(x, v, SERVE_RIGHT_EXPORT, x->export->camera) < 0) {
		reply_words(x, r, 403, "You may take no clips of this camera any more.");
		return;
	}
	if (x->export) {
		answer_made(x, r);
		return;
	}
	if (!serve_login_from_our_page(r)) {
		reply_words(x, r, 403, "This page may not ask for it.");
		return;
	}
	wrong = read_form(r, &m);
	if (wrong) {
		reply_words(x, r, 400, wrong);
		return;
	}
	camera = camera_of(x->serve, v, &m);
	snprintf(m.user, sizeof m.user, "%s", serve_auth_name(x->serve->auth, (unsigned)v->user));
	m.audio = m.audio && camera && has_rendition(camera, "audio");
	if (!is_offered(camera, &m))
		reply_words(x, r, 404, "There is no such camera, or it has no such rendition.");
	else if (serve_exchange_follow(x, v, SERVE_RIGHT_EXPORT, camera->set.camera) < 0)
		reply_words(x, r, 403, "You may see this camera, but take no clips of it.");
	else
		begin(x, r, &m, camera);
}

enum serve_more_state serve_export_more(struct serve_exchange *x, struct serve_more *ret)
{
	struct msg_clip_next m = {.request = x->export ? x->export->request : 0};
	struct serve_export *e = x->export;

	if (e && e->piece) {
		*ret = (struct serve_more){.owner = e->piece, .p = e->piece->p, .n = e->piece->n};
		e->piece = NULL;
		return SERVE_MORE_HERE;
	}
	if (!e || !may_go_on(x->serve, e) || !x->serve->store || channel_say(x->serve->store, MSG_CLIP_NEXT, &m, NULL, 0) < 0)
		return SERVE_MORE_FAILED;
	e->asked = true;
	return SERVE_MORE_LATER;
}

static void forget(struct serve_export *e)
{
	LIST_REMOVE(e, next);
	e->exchange->export = NULL;
	serve_bytes_unref(&e->piece);
	free(e);
}

void serve_export_end(struct serve_exchange *x)
{
	struct msg_clip_end m;

	if (!x->export)
		return;
	m.request = x->export->request;
	if (x->serve->store)
		channel_say(x->serve->store, MSG_CLIP_END, &m, NULL, 0);
	forget(x->export);
}

static bool is_file_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-TZ");

	return n > 0 && !s[n];
}

/* One that waits for something else, as the verdict on a password is, comes here by itself when that is over. */
static void wake(struct serve_export *e)
{
	if (e->exchange->waiting && e->exchange->wait.kind == SERVE_WAIT_EXPORT)
		serve_exchange_wake(e->exchange);
}

static int take_first(struct serve_export *e, const struct msg_clip_piece *m, const char **why)
{
	*why = "the first answer about a clip is not one";
	if (m->status == MSG_CLIP_OK && (!m->total || m->total > INT64_MAX || !is_file_name(m->name)))
		return -EBADMSG;
	e->first = *m;
	e->left = m->total;
	e->answered = true;
	wake(e);
	return 0;
}

static int take_bytes(struct serve_export *e, const struct msg_clip_piece *m, int fd, const char **why)
{
	struct serve_bytes *b = NULL;
	int rc;

	*why = "a piece of a clip that is not sealed, or too much";
	if (!e->asked || fd < 0 || m->bytes > e->left)
		return -EBADMSG;
	rc = serve_bytes_map(fd, m->bytes, m->sha256, &b);
	if (rc)
		return rc == -ENOMEM ? rc : -EBADMSG;
	e->asked = false;
	e->left -= m->bytes;
	e->piece = b;
	e->exchange->carrier->go_on(e->exchange);
	return 0;
}

int serve_export_piece(struct serve *s, const struct msg_clip_piece *m, int fd, const char **why)
{
	struct serve_export *e;

	*why = "what became of a clip is nothing that it could become";
	if (m->status > MSG_CLIP_ERROR)
		return -EBADMSG;
	LIST_FOREACH(e, &s->exports, next)
		if (e->request == m->request)
			break;
	if (!e)
		return 0;  /* the viewer went meanwhile */
	if (!e->answered)
		return take_first(e, m, why);
	if (m->status == MSG_CLIP_OK)
		return take_bytes(e, m, fd, why);
	e->exchange->carrier->stop(e->exchange);
	return 0;
}

void serve_export_lost(struct serve *s)
{
	struct serve_export *e, *next;

	for (e = LIST_FIRST(&s->exports); e; e = next) {
		next = LIST_NEXT(e, next);
		if (e->answered && e->first.status == MSG_CLIP_OK) {
			e->exchange->carrier->stop(e->exchange);
			continue;
		}
		e->answered = true;
		e->first = (struct msg_clip_piece){.status = MSG_CLIP_BUSY, .why = "the archive's process was started anew: try again"};
		wake(e);
	}
}
