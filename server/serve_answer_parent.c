/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page shows of the server as a whole, and has done: the parent knows it. What changes something is asked by POST, from our own page
 * alone or from what is no browser.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/http_fields.h"
#include "server/serve_answer.h"
#include "server/serve_login.h"
#include "server/serve_route.h"

#define ANSWER_US 10000000

static void on_answer(struct serve_question_waiter *w)
{
	serve_exchange_wake((struct serve_exchange *)(void *)((char *)w - offsetof(struct serve_exchange, wait.question)));
}

static void words(struct serve_ask *a, unsigned status, const char *text)
{
	char line[sizeof((struct msg_answer *)0)->why + 2];
	struct serve_reply reply = {.status = status, .type = SERVE_TYPE_TEXT, .cache = SERVE_CACHE_NEVER, .text = line};

	reply.text_len = (size_t)snprintf(line, sizeof line, "%s\n", text);
	serve_exchange_reply(a->x, a->r, &reply);
}

static void reply_answer(struct serve_ask *a, const char *type)
{
	struct serve_question_waiter *w = &a->x->wait.question;
	struct serve_reply reply = {.status = 200, .type = type, .cache = SERVE_CACHE_NEVER};
	char why[sizeof w->why];

	if (w->result == MSG_ANSWER_DONE) {
		reply.bytes = serve_bytes_ref(w->bytes);  /* the reply forgets the waiter's before it takes its own */
		serve_exchange_reply(a->x, a->r, &reply);
		serve_bytes_unref(&reply.bytes);
	} else if (w->result == MSG_ANSWER_REFUSED) {
		memcpy(why, w->why, sizeof why);
		words(a, 409, why);
	} else {
		serve_answer_later(a, "Not now: try again.\n", 1, false);
	}
}

static bool sees_all(const struct serve_ask *a)
{
	return serve_rights_may(a->x->serve, &a->viewer, SERVE_RIGHT_ADMIN, SERVE_RIGHTS_NO_CAMERA, clock_wall_us());
}

static void ask(struct serve_ask *a, enum msg_question_what what, const char *text, const char *type)
{
	struct serve_question_waiter *w = &a->x->wait.question;
	struct serve *s = a->x->serve;
	struct msg_question m = {.what = (uint8_t)what, .user = (uint16_t)a->user, .all = sees_all(a)};
	int rc = 0;

	snprintf(m.words, sizeof m.words, "%s", text);
	w->done = on_answer;
	if (!w->asked)
		rc = serve_question_ask(&s->questions, &s->users, s->role.parent, &m, w, clock_mono_us());
	if (rc == -EDQUOT)
		serve_answer_refused_by(a, SERVE_LIMIT_USER);
	if (rc < 0) {
		serve_answer_later(a, "Not now: try again.\n", 1, false);
		return;
	}
	if (w->answered)
		reply_answer(a, type);
	else if (a->x->wait.timed_out)
		serve_answer_later(a, "Not now: try again.\n", 1, false);
	else
		serve_exchange_wait(a->x, SERVE_WAIT_PARENT, ANSWER_US);
}

static void ask_json(struct serve_ask *a, enum msg_question_what what, const char *text)
{
	ask(a, what, text, "application/json");
}

void serve_answer_overview(struct serve_ask *a)
{
	ask_json(a, QUESTION_STATUS, "");
}

void serve_answer_alarms(struct serve_ask *a)
{
	ask_json(a, QUESTION_ALARMS, "");
}

void serve_answer_history(struct serve_ask *a)
{
	ask_json(a, QUESTION_HISTORY, a->camera->set.name);
}

/* A form from our own page; else that has been answered. */
static bool is_our_form(struct serve_ask *a)
{
	struct span type;

	if (!serve_login_from_our_page(a->r))
		serve_answer_status(a, 403);
	else if (!http_header(a->r, "Content-Type", &type) || !span_is_nocase(span_trim(span_cut(&type, ';')), "application/x-www-form-urlencoded"))
		serve_answer_status(a, 415);
	else
		return true;
	return false;
}

static bool field(const struct serve_ask *a, const char *name, char *out, size_t cap)
{
	return http_form_field(span_of(a->r->body, a->r->body_len), name, out, cap) == 0 && *out;
}

/* His own; with the right admin everybody's. A share link's viewer is whoever has the link: he learns of nobody. */
void serve_answer_sessions(struct serve_ask *a)
{
	char id[64];

	if (a->user >= SITE_USERS_MAX)
		serve_answer_status(a, 403);
	else if (a->r->method != HTTP_POST)
		ask_json(a, QUESTION_SESSIONS, "");
	else if (!is_our_form(a))
		return;
	else if (field(a, "end", id, sizeof id))
		ask(a, QUESTION_SESSION_END, id, SERVE_TYPE_TEXT);
	else
		words(a, 400, "end is missing: a session's id");
}

/* "CAMERA FROM TO EXPIRES"; false when something is missing, or too long to be one. */
static bool share_words(const struct serve_ask *a, char *out, size_t cap)
{
	char camera[SITE_NAME], from[32] = "-", to[32] = "-", expires[32];

	field(a, "from", from, sizeof from);
	field(a, "to", to, sizeof to);
	return field(a, "camera", camera, sizeof camera) && field(a, "expires", expires, sizeof expires) &&
	       (size_t)snprintf(out, cap, "%s %s %s %s", camera, from, to, expires) < cap;
}

static bool sees(const struct serve_ask *a, const char *camera)
{
	struct serve_camera *c = serve_media_camera(a->x->serve->media, span_of(camera, strcspn(camera, " ")));

	return c && serve_rights_may(a->x->serve, &a->viewer, SERVE_RIGHT_ANY, c->set.camera, clock_wall_us());
}

void serve_answer_shares(struct serve_ask *a)
{
	char text[sizeof((struct msg_question *)0)->words];

	if (a->r->method != HTTP_POST)
		ask_json(a, QUESTION_SHARES, "");
	else if (!is_our_form(a))
		return;
	else if (field(a, "revoke", text, 64))
		ask(a, QUESTION_UNSHARE, text, SERVE_TYPE_TEXT);
	else if (!share_words(a, text, sizeof text))
		words(a, 400, "camera or expires is missing");
	else if (!sees(a, text))
		words(a, 409, "there is no such camera");
	else
		ask(a, QUESTION_SHARE, text, SERVE_TYPE_TEXT);
}
