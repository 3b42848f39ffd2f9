/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_client_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define CHALLENGES_MAX 3              /* 401s in a row to one request */

/* Asks for the next wanted track that is not set up, or to play. */
static void set_up_next(struct rtsp_client *c, int64_t now_us)
{
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++)
		if (c->track[i].wanted && !c->track[i].set_up) {
			c->asked_track = i;
			rtsp_client_ask(c, SETUP, now_us);
			return;
		}
	rtsp_client_ask(c, PLAY, now_us);
}

static bool is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	return s.n > 0;
}

/* Session: id;timeout=s (RFC 2326 12.37). Some cameras name another id with each SETUP; the first is the one they go on with. */
static void read_session(struct rtsp_client *c, const struct rtsp_message *m)
{
	struct span v, id;
	uint64_t s;

	if (!rtsp_message_header(m, "Session", &v))
		return;
	id = span_trim(span_cut(&v, ';'));
	if (!c->session[0] && is_token(id) && id.n <= RTSP_CLIENT_SESSION_MAX) {
		memcpy(c->session, id.p, id.n);
		c->session[id.n] = 0;
	}
	while (v.n) {
		struct span one = span_cut(&v, ';'), name = span_trim(span_cut(&one, '='));

		one = span_trim(one);
		if (span_is_nocase(name, "timeout") && !text_u64(one.p, one.n, 86400, &s) && s >= 2)
			c->timeout_s = (unsigned)s;
	}
}

static void read_public(struct rtsp_client *c, const struct rtsp_message *m)
{
	unsigned at = 0;
	struct span v;

	while (rtsp_message_next(m, "Public", &at, &v))
		while (v.n)
			c->get_parameter |= span_is_nocase(span_trim(span_cut(&v, ',')), "GET_PARAMETER");
}

static void copy_url(struct span v, char out[RTSP_URL_MAX + 1])
{
	out[0] = 0;
	if (v.n > RTSP_URL_MAX || !is_token(v))
		return;
	memcpy(out, v.p, v.n);
	out[v.n] = 0;
}

static void leave_out(struct rtsp_client *c, const char *name)
{
	size_t n = strlen(c->left_out);

	snprintf(c->left_out + n, sizeof c->left_out - n, "%s%s", n ? ", " : "", name);
}

static bool take_track(struct rtsp_client *c, const struct sdp_media *m, const char *base)
{
	unsigned i = m->codec == CODEC_H264 ? RTSP_CLIENT_VIDEO : RTSP_CLIENT_AUDIO;
	struct rtsp_client_track *t = &c->track[i];

	if (m->codec == CODEC_NONE || t->wanted)
		return false;
	if (rtsp_url_resolve(c->url, base, m->control, t->url))
		return false;
	t->wanted = true;
	t->media = *m;
	t->channel[0] = (uint8_t)(2 * i);
	t->channel[1] = (uint8_t)(2 * i + 1);
	return true;
}

/* Why not one track can be taken: the most telling reason. */
static const char *why_none(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp->nmedia; i++)
		if (sdp->media[i].why)
			return sdp->media[i].why;
	return sdp->nmedia ? "the camera sends no H.264: set its stream to H.264" : "the camera describes no stream";
}

static void choose_tracks(struct rtsp_client *c, const struct sdp *sdp, const char *base, int64_t now_us)
{
	bool any = false;

	for (unsigned i = 0; i < sdp->nmedia; i++) {
		if (take_track(c, &sdp->media[i], base))
			any = true;
		else
			leave_out(c, sdp->media[i].name);
	}
	if (!any) {
		rtsp_client_fail(c, GAP_UNSUPPORTED, why_none(sdp));
		return;
	}
	if (rtsp_url_resolve(c->url, base, sdp->control, c->base)) {
		rtsp_client_fail(c, GAP_BAD_STREAM, "the camera's control URL cannot be used");
		return;
	}
	rtsp_client_tell(c, RTSP_CLIENT_DESCRIBED);
	set_up_next(c, now_us);
}

static void described(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
{
	struct sdp *sdp = malloc(sizeof *sdp);
	char base[RTSP_URL_MAX + 1] = "";
	const char *why;
	struct span v;

	if (!sdp) {
		rtsp_client_fail(c, GAP_OVERLOAD, "out of memory");
		return;
	}
	if (rtsp_message_header(m, "Content-Base", &v) || rtsp_message_header(m, "Content-Location", &v))
		copy_url(v, base);
	if (sdp_parse(m->body, m->body_len, sdp, &why))
		rtsp_client_fail(c, GAP_BAD_STREAM, why);
	else
		choose_tracks(c, sdp, base, now_us);
	free(sdp);
}

static bool channels_clash(const struct rtsp_client *c, unsigned mine)
{
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++)
		for (unsigned a = 0; a < 4 && i != mine && c->track[i].set_up; a++)
			if (c->track[i].channel[a & 1] == c->track[mine].channel[a >> 1])
				return true;
	return false;
}

static void set_up(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
{
	struct rtsp_client_track *t = &c->track[c->asked_track];
	struct rtsp_transport r;
	struct span v;

	if (rtsp_message_header(m, "Transport", &v)) {
		if (rtsp_transport_next(&v, &r)) {
			rtsp_client_fail(c, GAP_BAD_STREAM, "the camera's answer to SETUP cannot be read");
			return;
		}
		if (!r.tcp) {
			rtsp_client_fail(c, GAP_UNSUPPORTED, "the camera will not send over TCP");
			return;
		}
		if (r.channel[0] >= 0) {
			t->channel[0] = (uint8_t)r.channel[0];
			t->channel[1] = (uint8_t)r.channel[1];
		}
	}
	if (channels_clash(c, c->asked_track)) {
		rtsp_client_fail(c, GAP_BAD_STREAM, "the camera gives two tracks the same channel");
		return;
	}
	t->set_up = true;
	set_up_next(c, now_us);
}

/* Whose RTP-Info is it? Cameras give the whole URL, another host's, or the bare control attribute: the tail decides. */
static bool is_url_of(const struct rtsp_client_track *t, struct span url)
{
	struct span own = span_str(t->url), control = span_str(t->media.control);
	bool absolute = control.n > 7 && memmem(control.p, control.n, "://", 3);

	if (url.n >= 2 && url.p[0] == '"' && url.p[url.n - 1] == '"')
		url = span_of(url.p + 1, url.n - 2);
	if (control.n && !absolute)
		return url.n >= control.n && !memcmp(url.p + url.n - control.n, control.p, control.n);
	return url.n && (own.n >= url.n ? !memcmp(own.p + own.n - url.n, url.p, url.n) : span_is(url, t->media.control));
}

static void read_info(struct rtsp_client *c, struct span one)
{
	struct rtsp_client_track *of = NULL;

	while (one.n) {
		struct span v = span_cut(&one, ';'), name = span_trim(span_cut(&v, '='));
		uint64_t time;

		v = span_trim(v);
		for (unsigned i = 0; i < RTSP_CLIENT_TRACKS && span_is_nocase(name, "url"); i++)
			if (c->track[i].set_up && is_url_of(&c->track[i], v))
				of = &c->track[i];
		if (of && span_is_nocase(name, "rtptime") && !text_u64(v.p, v.n, UINT32_MAX, &time)) {
			of->rtptime = (uint32_t)time;
			of->has_rtptime = true;
		}
	}
}

static void playing(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
{
	struct span v;

	if (rtsp_message_header(m, "RTP-Info", &v))
		while (v.n)
			read_info(c, span_cut(&v, ','));
	c->phase = MEDIA;
	c->media_us = c->kept_us = now_us;
	rtsp_client_tell(c, RTSP_CLIENT_PLAYING);
}

static void unauthorized(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
{
	struct digest_offer o = {0};
	unsigned at = 0;
	struct span v;

	while (rtsp_message_next(m, "WWW-Authenticate", &at, &v))
		digest_offer_add(&o, v, c->allow_md5);
	if (!o.usable) {
		rtsp_client_fail(c, GAP_AUTHENTICATION, digest_offer_why(&o));
		return;
	}
	if (!c->user || !c->password) {
		rtsp_client_fail(c, GAP_AUTHENTICATION, "the camera wants a user and a password: give them in the site file");
		return;
	}
	/* A request that went out with an older nonce may be refused once; a fresh answer only if it came too late. */
	if (++c->challenges >= CHALLENGES_MAX || (c->challenges > 1 && c->answered && !o.stale)) {
		rtsp_client_fail(c, GAP_AUTHENTICATION, "the camera refuses the user or the password");
		return;
	}
	c->challenge = o.best;
	c->has_challenge = true;
	c->nonce_count = 0;
	rtsp_client_ask_again(c, now_us);
}

static void refused(struct rtsp_client *c, unsigned status)
{
	static const struct {
		unsigned status;
		enum gap_why why;
		const char *text;
	} known[] = {
		{403, GAP_AUTHENTICATION, "the camera forbids this user the stream"},
		{404, GAP_REFUSED, "the camera has no stream at this path: check the URL"},
		{453, GAP_REFUSED, "the camera has no room for another viewer: its session limit is reached"},
		{454, GAP_REFUSED, "the camera forgot the session"},
		{461, GAP_UNSUPPORTED, "the camera will not send over TCP"},
		{503, GAP_REFUSED, "the camera is busy: its session limit may be reached"},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].status == status) {
			rtsp_client_fail(c, known[i].why, known[i].text);
			return;
		}
	if (status >= 300 && status < 400)
		rtsp_client_fail(c, GAP_REFUSED, "the camera redirects to another address, which is never followed");
	else
		rtsp_client_fail(c, GAP_REFUSED, status >= 500 ? "the camera fails at the request" : "the camera refuses the request");
}

/* A track that cannot be set up is left out while another one is there: bad audio must not stop the video. */
static bool give_up_track(struct rtsp_client *c)
{
	struct rtsp_client_track *t = &c->track[c->asked_track];

	if (c->asked != SETUP || c->asked_track == RTSP_CLIENT_VIDEO || !c->track[RTSP_CLIENT_VIDEO].set_up)
		return false;
	t->wanted = false;
	leave_out(c, t->media.name);
	return true;
}

static void replied(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
{
	switch (c->asked) {
	case OPTIONS:
		read_public(c, m);
		rtsp_client_ask(c, DESCRIBE, now_us);
		break;
	case DESCRIBE:
		described(c, m, now_us);
		break;
	case SETUP:
		read_session(c, m);
		set_up(c, m, now_us);
		break;
	case PLAY:
		read_session(c, m);
		playing(c, m, now_us);
		break;
	case KEEP_ALIVE:
		break;
	case TEARDOWN:
		rtsp_client_done(c);
		break;
	}
}

static void not_replied(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
{
	bool redirect = m->status >= 300 && m->status < 400;

	if (c->asked == TEARDOWN)
		rtsp_client_done(c);
	else if (m->status == 401)
		unauthorized(c, m, now_us);
	else if (c->asked == OPTIONS && !redirect)
		rtsp_client_ask(c, DESCRIBE, now_us);
	else if (c->asked == KEEP_ALIVE && m->status != 454 && !redirect)
		c->get_parameter = false;
	else if (!redirect && give_up_track(c))
		set_up_next(c, now_us);
	else
		refused(c, m->status);
}

void rtsp_client_response(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
{
	uint32_t cseq;

	if (m->status < 200)
		return;
	if (!c->waiting || (rtsp_message_cseq(m, &cseq) == 0 && cseq != c->cseq)) {
		c->counters.stray_replies++;
		return;
	}
	c->waiting = false;
	if (m->status < 300)
		replied(c, m, now_us);
	else
		not_replied(c, m, now_us);
}

/* A camera that asks something gets the same answer to everything. */
void rtsp_client_decline(struct rtsp_client *c, const struct rtsp_message *m)
{
	size_t before = c->out.len;
	uint32_t cseq;
	int rc;

	if (rtsp_message_cseq(m, &cseq))
		return;
	rc = rtsp_write_response(&c->out, 501, cseq);
	if (!rc)
		rc = rtsp_write_end(&c->out, NULL, NULL, 0);
	if (rc) {
		c->out.len = before;
		rtsp_client_fail(c, GAP_BAD_STREAM, "the camera does not read what is sent to it");
	}
}
