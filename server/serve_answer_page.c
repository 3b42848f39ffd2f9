/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_answer.h"

#include "net/http_fields.h"
#include "server/serve_export.h"
#include "server/serve_login.h"
#include "server/serve_route.h"
#include "server/serve_site.h"
#include "web/web.h"

static void reply_asset(struct serve_ask *a, const char *path, size_t n, bool page)
{
	const struct web_asset *w = web_find(path, n);
	struct serve_reply reply = {.status = 200};
	struct span field;

	if (!w) {
		serve_answer_status(a, 404);
		return;
	}
	reply.type = w->type;
	reply.page = page || w->policy;
	reply.policy = w->policy;
	reply.cache = a->route->cache;
	reply.etag = w->etag;
	reply.text = (const char *)w->bytes;
	reply.text_len = w->len;
	if (!page && http_header(a->r, "If-None-Match", &field) && http_etag_listed(field, w->etag))
		reply.status = 304;
	serve_exchange_reply(a->x, a->r, &reply);
}

void serve_answer_page(struct serve_ask *a)
{
	if (serve_login_known(a->x, a->r, &a->viewer))
		reply_asset(a, "/", 1, true);
	else
		reply_asset(a, "/login.html", 11, true);
}

void serve_answer_login(struct serve_ask *a)
{
	if (a->r->method == HTTP_POST)
		serve_login_begin(a->x, a->r);
	else
		reply_asset(a, "/login.html", 11, true);
}

void serve_answer_logout(struct serve_ask *a)
{
	serve_login_end(a->x, a->r);
}

void serve_answer_asset(struct serve_ask *a)
{
	reply_asset(a, a->r->path.p, a->r->path.n, false);
}

void serve_answer_site(struct serve_ask *a)
{
	struct serve_reply reply = {.status = 200, .type = "application/json"};
	struct buf json;

	buf_init(&json, SERVE_SITE_MAX_BYTES);
	if (serve_site_json(a->x->serve, &a->viewer, &json) < 0 || serve_bytes_copy(buf_data(&json), json.len, &reply.bytes) < 0)
		serve_answer_status(a, 503);
	else
		serve_exchange_reply(a->x, a->r, &reply);
	serve_bytes_unref(&reply.bytes);
	buf_free(&json);
}

void serve_answer_export(struct serve_ask *a)
{
	serve_export_answer(a->x, a->r, &a->viewer);
}
