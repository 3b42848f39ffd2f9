/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_client.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/digest.h"
#include "net/rtsp_message.h"
#include "net/rtsp_url.h"

#define SECOND_US 1000000ll
#define STRAY_MAX 4096                /* bytes between two messages that are passed over */
#define SHORT_BODY_US (2 * SECOND_US) /* a description that stops for so long before its Content-Length is whole */
#define SESSION_MAX 128
#define CHALLENGES_MAX 3              /* 401s in a row to one request */
#define REPORTED_MAX 96

enum method { OPTIONS, DESCRIBE, SETUP, PLAY, KEEP_ALIVE, TEARDOWN };

enum phase { IDLE, ASKING, MEDIA, LEAVING, OVER };

struct client_track {
	bool wanted, set_up, has_rtptime;
	struct sdp_media media;
	char url[RTSP_URL_MAX + 1];
	uint8_t channel[2];
	uint32_t rtptime;
};

struct rtsp_client {
	char *url, *user, *password;
	bool allow_md5;
	char cnonce[33];

	enum phase phase;
	struct buf in, out;
	struct span view;                 /* what is still to be read: of in, or of the caller's bytes */
	size_t stray;

	enum method asked;                /* the request under way */
	unsigned asked_track, challenges;
	bool waiting, answered;           /* a reply is owed; the request under way carried an answer to a challenge */
	uint32_t cseq;
	int64_t asked_us, fed_us, media_us, kept_us;

	struct digest_challenge challenge;
	bool has_challenge;
	uint32_t nonce_count;

	char base[RTSP_URL_MAX + 1];      /* for PLAY, keep-alive, TEARDOWN */
	char session[SESSION_MAX + 1];
	unsigned timeout_s;
	bool get_parameter;
	struct client_track track[RTSP_CLIENT_TRACKS];
	char left_out[REPORTED_MAX];

	struct rtsp_client_event pending;
	bool has_pending, over_told;
	struct rtsp_client_counters counters;
};

static int write_request(struct rtsp_client *c, enum method m);

/* The end. A session that still stands is given back, for cameras that have few: nobody waits for the answer. */
static void fail(struct rtsp_client *c, enum gap_why why, const char *text)
{
	size_t before = c->out.len;

	if (c->phase == OVER)
		return;
	if (c->session[0] && c->phase != LEAVING && why != GAP_CAMERA_CLOSED && write_request(c, TEARDOWN))
		c->out.len = before;
	c->phase = OVER;
	c->waiting = false;
	c->has_pending = true;
	c->pending = (struct rtsp_client_event){.kind = RTSP_CLIENT_FAILED, .why = why, .text = text};
}

static void done(struct rtsp_client *c)
{
	if (c->phase == OVER)
		return;
	c->phase = OVER;
	c->waiting = false;
	c->has_pending = true;
	c->pending = (struct rtsp_client_event){.kind = RTSP_CLIENT_DONE};
}

static void tell(struct rtsp_client *c, enum rtsp_client_kind kind)
{
	if (c->phase == OVER)
		return;
	c->has_pending = true;
	c->pending = (struct rtsp_client_event){.kind = kind};
}

/* Requests */

static const char *method_name(const struct rtsp_client *c, enum method m)
{
	static const char *const name[] = {
		[OPTIONS] = "OPTIONS", [DESCRIBE] = "DESCRIBE", [SETUP] = "SETUP", [PLAY] = "PLAY", [TEARDOWN] = "TEARDOWN"};

	return m != KEEP_ALIVE ? name[m] : c->get_parameter ? "GET_PARAMETER" : "OPTIONS";
}

static const char *request_url(const struct rtsp_client *c, enum method m)
{
	if (m == SETUP)
		return c->track[c->asked_track].url;
	return m == OPTIONS || m == DESCRIBE ? c->url : c->base;
}

static int write_authorization(struct rtsp_client *c, enum method m)
{
	char value[DIGEST_HEADER_MAX];
	struct wr w = wr_init(value, sizeof value - 1);
	struct digest_who who = {c->user, c->password, method_name(c, m), request_url(c, m)};
	int rc = digest_answer(&w, &c->challenge, &who, ++c->nonce_count, c->cnonce);

	if (rc)
		return rc;
	value[w.len] = 0;
	return rtsp_write_header(&c->out, "Authorization", "%s", value);
}

static int write_own_headers(struct rtsp_client *c, enum method m)
{
	unsigned channel = 2 * c->asked_track;

	switch (m) {
	case DESCRIBE:
		return rtsp_write_header(&c->out, "Accept", "application/sdp");
	case SETUP:
		return rtsp_write_header(&c->out, "Transport", "RTP/AVP/TCP;unicast;interleaved=%u-%u", channel, channel + 1);
	case PLAY:
		return rtsp_write_header(&c->out, "Range", "npt=0.000-");
	default:
		return 0;
	}
}

static int write_request(struct rtsp_client *c, enum method m)
{
	int rc = rtsp_write_request(&c->out, method_name(c, m), request_url(c, m), ++c->cseq);

	if (!rc)
		rc = rtsp_write_header(&c->out, "User-Agent", "casemate");
	if (!rc && c->session[0])
		rc = rtsp_write_header(&c->out, "Session", "%s", c->session);
	if (!rc)
		rc = write_own_headers(c, m);
	if (!rc && c->has_challenge)
		rc = write_authorization(c, m);
	return rc ? rc : rtsp_write_end(&c->out, NULL, NULL, 0);
}

/* Sends a request again (after a 401) or for the first time. */
static void send_request(struct rtsp_client *c, enum method m, int64_t now_us)
{
	size_t before = c->out.len;

	c->asked = m;
	c->asked_us = now_us;
	c->waiting = true;
	c->answered = c->has_challenge;
	if (write_request(c, m)) {
		c->out.len = before;
		fail(c, GAP_BAD_STREAM, "the camera does not read what is sent to it");
	}
}

static void ask(struct rtsp_client *c, enum method m, int64_t now_us)
{
	c->challenges = 0;
	send_request(c, m, now_us);
}

/* Asks for the next wanted track that is not set up, or to play. */
static void set_up_next(struct rtsp_client *c, int64_t now_us)
{
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++)
		if (c->track[i].wanted && !c->track[i].set_up) {
			c->asked_track = i;
			ask(c, SETUP, now_us);
			return;
		}
	ask(c, PLAY, now_us);
}

/* Replies */

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
	if (!c->session[0] && is_token(id) && id.n <= SESSION_MAX) {
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
	struct client_track *t = &c->track[i];

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
		fail(c, GAP_UNSUPPORTED, why_none(sdp));
		return;
	}
	if (rtsp_url_resolve(c->url, base, sdp->control, c->base)) {
		fail(c, GAP_BAD_STREAM, "the camera's control URL cannot be used");
		return;
	}
	tell(c, RTSP_CLIENT_DESCRIBED);
	set_up_next(c, now_us);
}

static void described(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
{
	struct sdp *sdp = malloc(sizeof *sdp);
	char base[RTSP_URL_MAX + 1] = "";
	const char *why;
	struct span v;

	if (!sdp) {
		fail(c, GAP_OVERLOAD, "out of memory");
		return;
	}
	if (rtsp_message_header(m, "Content-Base", &v) || rtsp_message_header(m, "Content-Location", &v))
		copy_url(v, base);
	if (sdp_parse(m->body, m->body_len, sdp, &why))
		fail(c, GAP_BAD_STREAM, why);
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
	struct client_track *t = &c->track[c->asked_track];
	struct rtsp_transport r;
	struct span v;

	if (rtsp_message_header(m, "Transport", &v)) {
		if (rtsp_transport_next(&v, &r)) {
			fail(c, GAP_BAD_STREAM, "the camera's answer to SETUP cannot be read");
			return;
		}
		if (!r.tcp) {
			fail(c, GAP_UNSUPPORTED, "the camera will not send over TCP");
			return;
		}
		if (r.channel[0] >= 0) {
			t->channel[0] = (uint8_t)r.channel[0];
			t->channel[1] = (uint8_t)r.channel[1];
		}
	}
	if (channels_clash(c, c->asked_track)) {
		fail(c, GAP_BAD_STREAM, "the camera gives two tracks the same channel");
		return;
	}
	t->set_up = true;
	set_up_next(c, now_us);
}

/* Whose RTP-Info is it? Cameras give the whole URL, another host's, or the bare control attribute: the tail decides. */
static bool is_url_of(const struct client_track *t, struct span url)
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
	struct client_track *of = NULL;

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
	tell(c, RTSP_CLIENT_PLAYING);
}

static void unauthorized(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
{
	struct digest_offer o = {0};
	unsigned at = 0;
	struct span v;

	while (rtsp_message_next(m, "WWW-Authenticate", &at, &v))
		digest_offer_add(&o, v, c->allow_md5);
	if (!o.usable) {
		fail(c, GAP_AUTHENTICATION, digest_offer_why(&o));
		return;
	}
	if (!c->user || !c->password) {
		fail(c, GAP_AUTHENTICATION, "the camera wants a user and a password: give them in the site file");
		return;
	}
	/* A request that went out with an older nonce may be refused once; a fresh answer only if it came too late. */
	if (++c->challenges >= CHALLENGES_MAX || (c->challenges > 1 && c->answered && !o.stale)) {
		fail(c, GAP_AUTHENTICATION, "the camera refuses the user or the password");
		return;
	}
	c->challenge = o.best;
	c->has_challenge = true;
	c->nonce_count = 0;
	send_request(c, c->asked, now_us);
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
			fail(c, known[i].why, known[i].text);
			return;
		}
	if (status >= 300 && status < 400)
		fail(c, GAP_REFUSED, "the camera redirects to another address, which is never followed");
	else
		fail(c, GAP_REFUSED, status >= 500 ? "the camera fails at the request" : "the camera refuses the request");
}

/* A track that cannot be set up is left out while another one is there: bad audio must not stop the video. */
static bool give_up_track(struct rtsp_client *c)
{
	struct client_track *t = &c->track[c->asked_track];

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
		ask(c, DESCRIBE, now_us);
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
		done(c);
		break;
	}
}

static void not_replied(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
{
	bool redirect = m->status >= 300 && m->status < 400;

	if (c->asked == TEARDOWN)
		done(c);
	else if (m->status == 401)
		unauthorized(c, m, now_us);
	else if (c->asked == OPTIONS && !redirect)
		ask(c, DESCRIBE, now_us);
	else if (c->asked == KEEP_ALIVE && m->status != 454 && !redirect)
		c->get_parameter = false;
	else if (!redirect && give_up_track(c))
		set_up_next(c, now_us);
	else
		refused(c, m->status);
}

static void response(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
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
static void request(struct rtsp_client *c, const struct rtsp_message *m)
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
		fail(c, GAP_BAD_STREAM, "the camera does not read what is sent to it");
	}
}

/* One interleaved frame: true when it is an event. */
static bool frame(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us, struct rtsp_client_event *ret)
{
	bool ready = c->phase == MEDIA || (c->phase == ASKING && c->asked == PLAY);

	c->counters.frames++;
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS && ready; i++) {
		const struct client_track *t = &c->track[i];

		if (!t->set_up || (m->channel != t->channel[0] && m->channel != t->channel[1]))
			continue;
		*ret = (struct rtsp_client_event){.kind = RTSP_CLIENT_MEDIA, .track = i, .data = m->body, .len = m->body_len};
		/* Both on one channel are told apart as in RFC 5761 4. */
		ret->rtcp = t->channel[0] != t->channel[1] ? m->channel == t->channel[1]
			: m->body_len > 1 && m->body[1] >= 192 && m->body[1] <= 223;
		if (!ret->rtcp)
			c->media_us = now_us;
		return true;
	}
	c->counters.unknown_frames++;
	return false;
}

/* Input */

/* Bytes handed out stay where they are until the next feed. */
static void view_consume(struct rtsp_client *c, size_t n)
{
	c->view = span_skip(c->view, n);
	if (c->view.n == 0)
		buf_clear(&c->in);
}

/* What is not a whole message waits for more. */
static void view_keep(struct rtsp_client *c)
{
	if (c->in.len) {
		buf_consume(&c->in, c->in.len - c->view.n);
	} else if (buf_append(&c->in, c->view.p, c->view.n))
		fail(c, GAP_BAD_STREAM, "a message that is too long");
	c->view = span_of(NULL, 0);
}

void rtsp_client_feed(struct rtsp_client *c, const uint8_t *p, size_t n, int64_t now_us)
{
	assert(n <= RTSP_CLIENT_FEED_MAX && c->view.n == 0);
	if (c->phase == OVER || n == 0)
		return;
	c->fed_us = now_us;
	if (c->in.len == 0) {
		c->view = span_of(p, n);
		return;
	}
	if (buf_append(&c->in, p, n)) {
		fail(c, GAP_BAD_STREAM, "a message that is too long");
		return;
	}
	c->view = span_of(buf_data(&c->in), c->in.len);
}

/* Bytes that belong to nothing (a Content-Length that was too small): to the next line that looks like a message. */
static bool skip_stray(struct rtsp_client *c)
{
	const char *line = memchr(c->view.p, '\n', c->view.n);
	size_t n = line ? (size_t)(line - c->view.p) + 1 : c->view.n;

	c->stray += n;
	c->counters.stray_bytes += n;
	view_consume(c, n);
	return c->stray <= STRAY_MAX;
}

static void message(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us)
{
	if (m->kind == RTSP_RESPONSE)
		response(c, m, now_us);
	else
		request(c, m);
}

static bool take_pending(struct rtsp_client *c, struct rtsp_client_event *ret)
{
	if (!c->has_pending || c->over_told)
		return false;
	c->has_pending = false;
	c->over_told = c->phase == OVER;
	*ret = c->pending;
	return true;
}

int rtsp_client_next(struct rtsp_client *c, int64_t now_us, struct rtsp_client_event *ret)
{
	const char *why = NULL;
	struct rtsp_message m;

	while (!take_pending(c, ret)) {
		int rc;

		if (c->phase == OVER)
			c->view = span_of(NULL, 0);
		if (c->view.n == 0)
			return 0;
		rc = rtsp_message_parse((const uint8_t *)c->view.p, c->view.n, &m, &why);
		if (rc == 0) {
			view_keep(c);
			if (!c->has_pending)
				return 0;
		} else if (rc < 0) {
			if (!skip_stray(c))
				fail(c, GAP_BAD_STREAM, why);
		} else {
			c->stray = 0;
			view_consume(c, m.size);
			if (m.kind != RTSP_FRAME)
				message(c, &m, now_us);
			else if (frame(c, &m, now_us, ret))
				return 1;
		}
	}
	return 1;
}

/* Time */

/* A description whose Content-Length promises more than comes is taken as it is. */
static void take_short_body(struct rtsp_client *c, int64_t now_us)
{
	struct rtsp_message m;
	const char *why;

	if (c->asked != DESCRIBE || !c->waiting || now_us - c->fed_us < SHORT_BODY_US || c->in.len == 0)
		return;
	if (rtsp_message_parse_short(buf_data(&c->in), c->in.len, &m, &why) == 1 && m.kind == RTSP_RESPONSE) {
		response(c, &m, now_us);
		buf_clear(&c->in);
	}
}

static void keep_alive(struct rtsp_client *c, int64_t now_us)
{
	if (now_us - c->kept_us < c->timeout_s * SECOND_US / 2)
		return;
	c->kept_us = now_us;
	/* An unanswered one is let be: media still comes, and some cameras never answer while they send. */
	ask(c, KEEP_ALIVE, now_us);
}

void rtsp_client_tick(struct rtsp_client *c, int64_t now_us)
{
	assert(c->view.n == 0);
	switch (c->phase) {
	case ASKING:
		take_short_body(c, now_us);
		if (c->phase == ASKING && now_us - c->asked_us >= RTSP_CLIENT_REPLY_S * SECOND_US)
			fail(c, GAP_TIMED_OUT, "the camera does not answer");
		break;
	case MEDIA:
		keep_alive(c, now_us);
		if (now_us - c->media_us >= RTSP_CLIENT_SILENCE_S * SECOND_US)
			fail(c, GAP_SILENT, "the camera sends nothing any more");
		break;
	case LEAVING:
		if (now_us - c->asked_us >= RTSP_CLIENT_TEARDOWN_S * SECOND_US)
			done(c);
		break;
	case IDLE:
	case OVER:
		break;
	}
}

void rtsp_client_start(struct rtsp_client *c, int64_t now_us)
{
	if (c->phase != IDLE)
		return;
	c->phase = ASKING;
	ask(c, OPTIONS, now_us);
}

void rtsp_client_stop(struct rtsp_client *c, int64_t now_us)
{
	if (c->phase == OVER || c->phase == LEAVING)
		return;
	if (!c->session[0]) {
		done(c);
		return;
	}
	c->phase = LEAVING;
	ask(c, TEARDOWN, now_us);
}

void rtsp_client_closed(struct rtsp_client *c)
{
	if (c->phase == LEAVING)
		done(c);
	else
		fail(c, GAP_CAMERA_CLOSED, "the camera closed the connection");
}

void rtsp_client_rtcp(struct rtsp_client *c, unsigned track, const uint8_t *p, size_t n)
{
	const struct client_track *t = &c->track[track];
	uint8_t head[4] = {'$', t->channel[1], (uint8_t)(n >> 8), (uint8_t)n};
	size_t before = c->out.len;

	if (c->phase != MEDIA || !t->set_up || n > RTSP_FRAME_MAX || t->channel[0] == t->channel[1])
		return;
	if (buf_append(&c->out, head, sizeof head) || buf_append(&c->out, p, n))
		c->out.len = before;
}

/* Life and questions */

static int copy_text(const char *from, char **ret)
{
	*ret = from ? strdup(from) : NULL;
	return from && !*ret ? -ENOMEM : 0;
}

int rtsp_client_new(const struct rtsp_client_config *config, struct rtsp_client **ret)
{
	struct rtsp_client *c = calloc(1, sizeof *c);
	int rc = 0;

	if (!c)
		return -ENOMEM;
	buf_init(&c->in, RTSP_INPUT_MAX + RTSP_CLIENT_FEED_MAX);
	buf_init(&c->out, RTSP_CLIENT_OUT_MAX);
	c->allow_md5 = config->allow_md5;
	c->timeout_s = RTSP_CLIENT_TIMEOUT_S;
	hex_encode(config->random, sizeof config->random, c->cnonce);
	if (copy_text(config->url, &c->url) || copy_text(config->user, &c->user) || copy_text(config->password, &c->password))
		rc = -ENOMEM;
	else if (rtsp_url_resolve(config->url, "", "", c->base))
		rc = -EINVAL;
	if (rc)
		rtsp_client_free(&c);
	else
		*ret = c;
	return rc;
}

void rtsp_client_free(struct rtsp_client **cp)
{
	struct rtsp_client *c = *cp;

	if (!c)
		return;
	*cp = NULL;
	buf_free(&c->in);
	buf_free(&c->out);
	if (c->password)
		explicit_bzero(c->password, strlen(c->password));
	free(c->url);
	free(c->user);
	free(c->password);
	free(c);
}

struct buf *rtsp_client_out(struct rtsp_client *c)
{
	return &c->out;
}

const struct sdp_media *rtsp_client_media(const struct rtsp_client *c, unsigned track)
{
	return c->track[track].wanted ? &c->track[track].media : NULL;
}

bool rtsp_client_rtptime(const struct rtsp_client *c, unsigned track, uint32_t *ret)
{
	if (c->track[track].has_rtptime)
		*ret = c->track[track].rtptime;
	return c->track[track].has_rtptime;
}

const char *rtsp_client_left_out(const struct rtsp_client *c)
{
	return c->left_out;
}

const struct rtsp_client_counters *rtsp_client_counters(const struct rtsp_client *c)
{
	return &c->counters;
}
