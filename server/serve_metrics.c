/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_metrics.h"

#include "base/clock.h"
#include "net/http_fields.h"
#include "server/serve_login.h"
#include "server/serve_route.h"

#define TYPE_OPEN "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define TYPE_TEXT "text/plain; version=0.0.4; charset=utf-8"

int serve_metrics_take(struct serve_metrics *s, const struct msg_metrics *m, const int fds[2], int64_t now_us)
{
	struct serve_bytes *open = NULL, *text = NULL;
	int rc = serve_bytes_map(fds[0], m->open_bytes, m->open_sha256, &open);

	if (!rc)
		rc = serve_bytes_map(fds[1], m->text_bytes, m->text_sha256, &text);
	if (rc) {
		serve_bytes_unref(&open);
		return rc;
	}
	serve_bytes_unref(&s->open);
	serve_bytes_unref(&s->text);
	s->open = open;
	s->text = text;
	s->ready = m->ready;
	memcpy(s->why, m->why, sizeof s->why);
	s->heard_us = now_us;
	return 0;
}

static bool wants_open(const struct http_request *r)
{
	struct span accept;
	unsigned open = http_header(r, "Accept", &accept) ? http_accepts(accept, "application/openmetrics-text") : 0;

	return open && open >= http_accepts(accept, "text/plain");
}

bool serve_metrics_is_local(struct span host)
{
	struct span name;

	if (host.n && host.p[0] == '[')
		return true;
	name = span_cut(&host, ':');
	if (span_is_nocase(name, "localhost"))
		return true;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] != '.' && (name.p[i] < '0' || name.p[i] > '9'))
			return false;
	return name.n > 0;
}

static void words(struct serve_ask *a, unsigned status, const char *text)
{
	struct serve_reply reply = {.status = status, .type = SERVE_TYPE_TEXT, .cache = SERVE_CACHE_NEVER, .text = text, .text_len = strlen(text)};

	serve_exchange_reply(a->x, a->r, &reply);
}

static bool is_old(const struct serve_metrics *s)
{
	return !s->open || clock_mono_us() - s->heard_us > SERVE_METRICS_OLD_US;
}

static void answer_health(struct serve_ask *a)
{
	words(a, 200, "alive\n");
}

static void answer_ready(struct serve_ask *a)
{
	const struct serve_metrics *s = &a->x->serve->metrics;

	if (is_old(s))
		words(a, 503, "casemate: says nothing\n");
	else
		words(a, s->ready ? 200 : 503, s->ready ? "ready\n" : s->why);
}

static void answer_metrics(struct serve_ask *a)
{
	const struct serve_metrics *s = &a->x->serve->metrics;
	bool open = wants_open(a->r);
	struct serve_reply reply = {.status = 200, .type = open ? TYPE_OPEN : TYPE_TEXT, .cache = SERVE_CACHE_NEVER, .bytes = open ? s->open : s->text};

	if (is_old(s))
		words(a, 503, "There are no metrics yet, or no more.\n");
	else
		serve_exchange_reply(a->x, a->r, &reply);
}

static const struct {
	const char *path;
	void (*answer)(struct serve_ask *a);
} paths[] = {{"/metrics", answer_metrics}, {"/health", answer_health}, {"/ready", answer_ready}};

/* Who asks may; else that has been answered. */
static bool is_let_in(struct serve_ask *a)
{
	if (a->x->peer->by == LISTENER_METRICS) {
		if (!serve_metrics_is_local(a->r->host))
			serve_answer_status(a, 421);
		return serve_metrics_is_local(a->r->host);
	}
	if (!serve_login_viewer(a->x, a->r, &a->viewer))
		return false;
	a->user = a->viewer.user;
	return serve_answer_may(a, SERVE_RIGHT_ADMIN);
}

void serve_metrics_answer(struct serve_exchange *x, const struct http_request *r)
{
	struct serve_ask a = {.x = x, .r = r, .viewer = {.user = -1}, .user = -1};
	struct serve_reply not_allowed = {.status = 405, .allow = "GET, HEAD"};

	if (r->method == HTTP_POST) {
		serve_exchange_reply(x, r, &not_allowed);
		return;
	}
	serve_rights_unfollow(&x->follow);
	if (!is_let_in(&a))
		return;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (span_is(r->path, paths[i].path)) {
			paths[i].answer(&a);
			return;
		}
	serve_answer_status(&a, 404);
}
