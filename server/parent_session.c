/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is logged in. Sessions outlive a serve process, and all of them honour them. A session's id, for those who list and end them, is
 * in server/session_id.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "server/ask.h"
#include "server/parent.h"
#include "server/session_id.h"

static void drop_session(struct parent *p, unsigned i)
{
	p->session[i] = p->session[--p->nsessions];
}

/* The session to end first: of this user when he has many, else of all when the table is full. False: there is room. */
static bool session_too_many(const struct parent *p, unsigned user, unsigned *ret)
{
	bool full = p->nsessions == PARENT_SESSIONS_MAX;
	unsigned of_user = 0, users_oldest = 0, oldest = 0;

	for (unsigned i = 0; i < p->nsessions; i++) {
		if (p->session[i].expires_us < p->session[oldest].expires_us)
			oldest = i;
		if (p->session[i].user == user && (of_user++ == 0 || p->session[i].expires_us < p->session[users_oldest].expires_us))
			users_oldest = i;
	}
	*ret = of_user >= PARENT_USER_SESSIONS_MAX ? users_oldest : oldest;
	return full || of_user >= PARENT_USER_SESSIONS_MAX;
}

/* Logins are this rare; what is beyond is dropped, and the viewer told to try again. */
static bool session_too_soon(struct child *c)
{
	int64_t second = clock_mono_us() / 1000000;

	if (second != c->session_second)
		c->sessions = 0;
	c->session_second = second;
	return ++c->sessions > CHILD_SESSIONS_PER_S;
}

/* Also to one that is not ready yet: it was given the sessions there were with its settings, and hears this before its first viewer. */
static void to_serves(struct parent *p, enum msg_type type, const void *body)
{
	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_SERVE && (p->child[i].phase == CHILD_STARTING || p->child[i].phase == CHILD_READY))
			child_say(&p->child[i], type, body, NULL, 0);
}

static void end_session(struct parent *p, unsigned i)
{
	struct msg_session_end end;

	memcpy(end.token_sha256, p->session[i].token_sha256, sizeof end.token_sha256);
	drop_session(p, i);
	to_serves(p, MSG_SESSION_END, &end);
}

/* Under the password, or the link, that he had a moment ago: false. Until when one can last goes to *latest_us. */
static bool is_current(const struct parent *p, const struct msg_session *m, int64_t *latest_us)
{
	const struct parent_share *share = parent_share_of(p, m->user);

	if (m->user < p->site->nusers)
		return !p->site->user[m->user].gone && p->site->user[m->user].version == m->version;
	if (!share || share->version != m->version)
		return false;
	if (share->share.expires_us < *latest_us)
		*latest_us = share->share.expires_us;
	return true;
}

void parent_session(struct child *c, const struct msg_session *m)
{
	struct parent *p = c->parent;
	struct msg_session session = *m;
	int64_t latest_us;
	unsigned last;

	if (!parent_viewer_name(p, m->user) || m->user == MSG_LOGIN_NOBODY || !parent_is_address(m->address)) {
		child_kill(c, "a session of a user that is not in the site file");
		return;
	}
	session.begun_us = clock_wall_us();
	latest_us = session.begun_us + MSG_SESSION_US;
	if (!is_current(p, m, &latest_us))
		return;
	if (session.expires_us > latest_us)
		session.expires_us = latest_us;
	if (session_too_soon(c))
		return;
	if (session_too_many(p, session.user, &last))
		end_session(p, last);
	p->session[p->nsessions++] = session;
	to_serves(p, MSG_SESSION, &session);
}

void parent_end_user_sessions(struct parent *p, unsigned viewer)
{
	for (unsigned i = p->nsessions; i-- > 0;)
		if (p->session[i].user == viewer)
			end_session(p, i);
}

void parent_session_end(struct parent *p, const uint8_t token_sha256[32])
{
	for (unsigned i = 0; i < p->nsessions; i++)
		if (text_same_secret(p->session[i].token_sha256, token_sha256, 32)) {
			end_session(p, i);
			return;
		}
}

/* --- what is asked over the local socket ------------------------------------------------------ */

static void list_text(const struct parent *p, int64_t now_us, struct buf *out)
{
	for (unsigned i = 0; i < p->nsessions; i++) {
		const struct msg_session *s = &p->session[i];
		char id[SESSION_ID], since[CLOCK_TEXT], until[CLOCK_TEXT];

		if (s->expires_us <= now_us)
			continue;
		session_id(s->token_sha256, id);
		clock_text(s->begun_us, since);
		clock_text(s->expires_us, until);
		buf_append_fmt(out, "%s %s from %s since %s until %s\n", id, parent_viewer_name(p, s->user), s->address, since, until);
	}
}

void parent_sessions_json(const struct parent *p, int viewer, struct buf *out)
{
	int64_t now_us = clock_wall_us();
	struct json j = json_init(out);

	json_open(&j, NULL, '[');
	for (unsigned i = 0; i < p->nsessions; i++) {
		const struct msg_session *s = &p->session[i];
		char id[SESSION_ID], since[CLOCK_TEXT], until[CLOCK_TEXT];

		if (s->expires_us <= now_us || (viewer != PARENT_EVERYBODY && s->user != viewer))
			continue;
		session_id(s->token_sha256, id);
		clock_text(s->begun_us, since);
		clock_text(s->expires_us, until);
		json_open(&j, NULL, '{');
		json_str(&j, "id", id);
		json_str(&j, "user", parent_viewer_name(p, s->user));
		json_str(&j, "address", s->address);
		json_str(&j, "since", since);
		json_str(&j, "until", until);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	buf_append_str(out, "\n");
}

void parent_sessions_list(const struct parent *p, bool json, struct buf *out)
{
	buf_append_str(out, ASK_DONE);
	if (json)
		parent_sessions_json(p, PARENT_EVERYBODY, out);
	else
		list_text(p, clock_wall_us(), out);
}

static bool is_named(const struct parent *p, const struct msg_session *s, bool by_id, const char *name)
{
	char id[SESSION_ID];

	session_id(s->token_sha256, id);
	return strcmp(by_id ? id : parent_viewer_name(p, s->user), name) == 0;
}

bool parent_has_session(const struct parent *p, unsigned viewer, const char *id)
{
	for (unsigned i = 0; i < p->nsessions; i++)
		if (p->session[i].user == viewer && is_named(p, &p->session[i], true, id))
			return true;
	return false;
}

bool parent_is_logged_in(const struct parent *p, unsigned viewer)
{
	for (unsigned i = 0; i < p->nsessions; i++)
		if (p->session[i].user == viewer && p->session[i].expires_us > clock_wall_us())
			return true;
	return false;
}

void parent_sessions_end(struct parent *p, const char *words, struct buf *out)
{
	bool by_id = strncmp(words, "id ", 3) == 0;
	const char *name = by_id ? words + 3 : words + strlen("user ");
	unsigned n = 0;

	if (!by_id && strncmp(words, "user ", 5) != 0) {
		buf_append_str(out, ASK_REFUSED "what was asked could not be understood: is this command of the same version as the server?\n");
		return;
	}
	for (unsigned i = p->nsessions; i-- > 0;)
		if (is_named(p, &p->session[i], by_id, name)) {
			parent_log("info", "session-ended", "user=%s", parent_viewer_name(p, p->session[i].user));
			end_session(p, i);
			n++;
		}
	if (n)
		buf_append_fmt(out, ASK_DONE "%u session%s ended\n", n, n == 1 ? "" : "s");
	else
		buf_append_fmt(out, ASK_REFUSED "there is no such session: casemate sessions\n");
}
