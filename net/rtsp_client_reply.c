/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_client_inner.h"

#include <string.h>

#define KEEP_MEDIA_US (2 * RTSP_CLIENT_SECOND_US)  /* media not older than this: the session is there, whatever a camera says */

static void copy_word(struct span v, char *out, size_t max)
{
	if (!rtsp_is_word(v) || v.n > max)
		return;
	memcpy(out, v.p, v.n);
	out[v.n] = 0;
}

/*
 * Session: id;timeout=s (RFC 2326 12.37). Some cameras name another id with each SETUP; the first is the one they
 * mostly go on with.
 */
static void read_session(struct rtsp_client *c, const struct rtsp_message *m)
{
	struct span v, id;
	uint64_t s;

	if (!rtsp_message_header(m, "Session", &v))
		return;
	id = span_trim(span_cut(&v, ';'));
	if (!c->session[0]) {
		copy_word(id, c->session, RTSP_CLIENT_SESSION_MAX);
	} else if (!span_is(id, c->session) && c->asked == SETUP) {
		rtsp_client_quirk(c, RTSP_QUIRK_SESSION_CHANGES);
		copy_word(id, c->other_session, RTSP_CLIENT_SESSION_MAX);
	}
	while (v.n) {
		struct span one = span_cut(&v, ';'), name = span_trim(span_cut(&one, '='));

		if (span_is_nocase(name, "timeout") && !rtsp_number(one, 86400, &s) && s >= 2)
			c->timeout_s = (unsigned)s;
	}
}

static void read_public(struct rtsp_client *c, const struct rtsp_message *m)
{
	unsigned at = 0;
	struct span v;

	while (rtsp_message_next(m, "Public", &at, &v))
		while (v.n) {
			struct span method = span_trim(span_cut(&v, ','));

			if (span_is_nocase(method, "GET_PARAMETER"))
				c->unkept &= ~(1u << KEEP_GET_PARAMETER);
			if (span_is_nocase(method, "SET_PARAMETER"))
				c->unkept &= ~(1u << KEEP_SET_PARAMETER);
		}
}

/* The camera's name for itself, reduced to harmless letters. */
static void read_server(struct rtsp_client *c, const struct rtsp_message *m)
{
	struct span v;

	if (c->server[0] || !rtsp_message_header(m, "Server", &v))
		return;
	vendor_see(&c->vendor, VENDOR_SERVER, v);
	for (size_t i = 0; i < v.n && i < RTSP_CLIENT_SERVER_MAX - 1; i++) {
		char one = v.p[i];
		bool fine = (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') || (one >= '0' && one <= '9') ||
			(one && strchr(" ._-/()*", one));

		c->server[i] = fine ? one : '_';
		c->server[i + 1] = 0;
	}
}

static void playing(struct rtsp_client *c, const struct rtsp_message *m)
{
	rtsp_client_info(c, m);
	c->phase = MEDIA;
	c->kept_us = c->now_us;
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++)
		c->track[i].media_us = c->now_us;
	rtsp_client_tell(c, RTSP_CLIENT_PLAYING);
}

static void replied(struct rtsp_client *c, const struct rtsp_message *m)
{
	switch (c->asked) {
	case OPTIONS:
		read_public(c, m);
		rtsp_client_ask(c, DESCRIBE);
		break;
	case DESCRIBE:
		rtsp_client_described(c, m);
		break;
	case SETUP:
		read_session(c, m);
		rtsp_client_granted(c, m);
		break;
	case PLAY:
		read_session(c, m);
		playing(c, m);
		break;
	case KEEP_ALIVE:
		break;
	case TEARDOWN:
		rtsp_client_over(c);
		break;
	}
}

/* Refusals */

struct refusal {
	unsigned from, to;                /* statuses */
	bool of_set_up;                   /* only for SETUP */
	enum gap_why why;
	const char *text;
};

/* The first that fits. */
static const struct refusal refusals[] = {
	{300, 399, false, GAP_REFUSED, "the camera sends us elsewhere (a redirect), which is never followed: give its real address"},
	{401, 401, false, GAP_AUTHENTICATION, "the camera refuses the user or the password"},
	{403, 403, false, GAP_AUTHENTICATION, "the camera forbids this user the stream: give the user the right to view in the camera"},
	{404, 404, false, GAP_NOT_FOUND, "the camera has no stream at this path: check the path in source"},
	{407, 407, false, GAP_AUTHENTICATION, "something between here and the camera wants a password of its own"},
	{453, 453, false, GAP_SESSION_LIMIT, "the camera has no room for another viewer: its session limit is reached"},
	{454, 454, false, GAP_STALE_SESSION, "the camera does not know the session any more"},
	{461, 461, false, GAP_UNSUPPORTED, "the camera refuses the transport: set transport: auto"},
	{500, 500, true, GAP_SESSION_LIMIT, "the camera fails to set up the stream: its session limit may be reached"},
	{503, 503, false, GAP_SESSION_LIMIT, "the camera is busy: its session limit may be reached"},
	{500, 999, false, GAP_REFUSED, "the camera fails at the request: restart it if this stays"},
	{0, 999, false, GAP_REFUSED, "the camera refuses the request: check the path in source"},
};

static void fail_refused(struct rtsp_client *c, unsigned status)
{
	const struct refusal *r = refusals;

	while (status < r->from || status > r->to || (r->of_set_up && c->asked != SETUP))
		r++;
	if (status == 454)
		c->session[0] = 0;
	rtsp_client_fail(c, r->why, r->text);
}

static bool media_comes(const struct rtsp_client *c)
{
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++)
		if (c->track[i].set_up && c->media_came && c->now_us - c->track[i].media_us <= KEEP_MEDIA_US)
			return true;
	return false;
}

/* Media still comes, so what is refused is the way of asking; but a session that is denied and silent is gone. */
static void keep_alive_refused(struct rtsp_client *c, unsigned status)
{
	if (status != 454) {
		rtsp_client_quirk(c, RTSP_QUIRK_KEEP_ALIVE_REFUSED);
		c->unkept |= 1u << rtsp_client_keep(c);
	} else if (media_comes(c)) {
		rtsp_client_quirk(c, RTSP_QUIRK_SESSION_DENIED);
	} else {
		fail_refused(c, status);
	}
}

/* PLAY in the way that odd cameras want it: of the other session that was named, without Range. */
static bool play_otherwise(struct rtsp_client *c, unsigned status)
{
	if (status == 454 && c->other_session[0]) {
		memcpy(c->session, c->other_session, sizeof c->session);
		c->other_session[0] = 0;
	} else if ((status == 457 || status == 400) && !c->no_range) {
		c->no_range = true;
		rtsp_client_quirk(c, RTSP_QUIRK_RANGE_REFUSED);
	} else {
		return false;
	}
	rtsp_client_ask_again(c);
	return true;
}

void rtsp_client_refused(struct rtsp_client *c, unsigned status)
{
	bool redirect = status >= 300 && status < 400;

	if (c->asked == TEARDOWN)
		rtsp_client_over(c);
	else if (c->asked == KEEP_ALIVE)
		keep_alive_refused(c, status);
	else if (redirect)
		fail_refused(c, status);
	else if (c->asked == OPTIONS) {
		rtsp_client_quirk(c, RTSP_QUIRK_OPTIONS_REFUSED);
		c->unkept = 1u << KEEP_OPTIONS;
		rtsp_client_ask(c, DESCRIBE);
	} else if (!(c->asked == SETUP && rtsp_client_set_up_otherwise(c, status)) && !(c->asked == PLAY && play_otherwise(c, status)))
		fail_refused(c, status);
}

void rtsp_client_response(struct rtsp_client *c, const struct rtsp_message *m)
{
	uint32_t cseq;
	int rc;

	if (m->status < 200)
		return;
	rc = rtsp_message_cseq(m, &cseq);
	if (!c->waiting || (rc == 0 && cseq != c->cseq)) {
		c->counters.stray_replies++;
		return;
	}
	if (rc)
		rtsp_client_quirk(c, RTSP_QUIRK_NO_CSEQ);
	if (m->bare_lf)
		rtsp_client_quirk(c, RTSP_QUIRK_BARE_LF);
	read_server(c, m);
	c->waiting = false;
	if (m->status < 300)
		replied(c, m);
	else if (m->status == 401)
		rtsp_client_unauthorized(c, m);
	else
		rtsp_client_refused(c, m->status);
}

/* A camera that asks something gets the same answer to everything. */
void rtsp_client_decline(struct rtsp_client *c, const struct rtsp_message *m)
{
	size_t before = c->out.len;
	uint32_t cseq;
	int rc;

	rtsp_client_quirk(c, RTSP_QUIRK_ASKS);
	if (rtsp_message_cseq(m, &cseq))
		return;
	rc = rtsp_write_response(&c->out, 501, cseq);
	if (!rc)
		rc = rtsp_write_end(&c->out, NULL, NULL, 0);
	if (rc) {
		c->out.len = before;
		rtsp_client_fail_at_once(c, GAP_BAD_STREAM, "the camera does not read what is sent to it");
	}
}
