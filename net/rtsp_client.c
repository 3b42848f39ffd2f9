/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_client_inner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define STRAY_MAX (16u << 10)         /* bytes between two messages that are passed over */
#define STRAY_STEP 1024
#define SHORT_BODY_US (2 * RTSP_CLIENT_SECOND_US)  /* a reply that stops for so long before its Content-Length is whole */
#define NO_LENGTH_US RTSP_CLIENT_SECOND_US     /* one that stops for so long and has none */
#define RTP_HEADER 12

/* Interleaved frames */

static bool is_rtp(const uint8_t *p, size_t n)
{
	return n >= RTP_HEADER && p[0] >> 6 == 2;
}

static void media_seen(struct rtsp_client *c, unsigned track)
{
	c->track[track].media_us = c->now_us;
	c->media_came = true;
}

static bool may_come(const struct rtsp_client *c)
{
	return c->phase == MEDIA || (c->phase == ASKING && c->asked == PLAY);
}

/* Whose channel it is; RTSP_CLIENT_TRACKS for nobody's. */
static unsigned track_of(const struct rtsp_client *c, uint8_t channel)
{
	unsigned i = 0;

	while (i < RTSP_CLIENT_TRACKS && !(c->track[i].set_up && c->by == RTSP_CLIENT_TCP &&
			(channel == c->track[i].channel[0] || channel == c->track[i].channel[1])))
		i++;
	return i;
}

/* One interleaved frame: true when it is an event. */
static bool frame(struct rtsp_client *c, const struct rtsp_message *m, struct rtsp_client_event *ret)
{
	unsigned i = track_of(c, m->channel);
	const struct rtsp_client_track *t = &c->track[i];

	c->counters.frames++;
	if (i == RTSP_CLIENT_TRACKS || !may_come(c)) {
		c->counters.unknown_frames++;
		if (c->phase == MEDIA)
			rtsp_client_quirk(c, RTSP_QUIRK_UNASSIGNED_CHANNELS);
		return false;
	}
	*ret = (struct rtsp_client_event){.kind = RTSP_CLIENT_MEDIA, .track = i, .data = m->body, .len = m->body_len};
	/* Both on one channel are told apart as in RFC 5761 4. */
	ret->rtcp = t->channel[0] != t->channel[1] ? m->channel == t->channel[1]
		: m->body_len > 1 && m->body[1] >= 192 && m->body[1] <= 223;
	if (!ret->rtcp && is_rtp(m->body, m->body_len))
		media_seen(c, i);
	if (c->phase != MEDIA)
		rtsp_client_quirk(c, RTSP_QUIRK_EARLY_MEDIA);
	if (m->size > RTSP_FRAME_HEADER + m->body_len)
		rtsp_client_quirk(c, RTSP_QUIRK_BLANKS_BEFORE_FRAME);
	return true;
}

/*
 * Input. Bytes are read where the caller has them; only a message that is not whole is kept, and only what it lacks is
 * copied to it, so that media is not.
 */

static void too_long(struct rtsp_client *c)
{
	c->deaf = true;
	rtsp_client_fail(c, GAP_BAD_STREAM, "a message that is too long");
}

void rtsp_client_feed(struct rtsp_client *c, const uint8_t *p, size_t n, int64_t now_us)
{
	assert(n <= RTSP_CLIENT_FEED_MAX && c->view.n == 0 && c->rest.n == 0);
	c->now_us = now_us;
	if (c->phase == OVER || n == 0)
		return;
	c->fed_us = now_us;
	c->rest = span_of(p, n);
}

/* Bytes handed out stay where they are until more is read. */
static void view_consume(struct rtsp_client *c, size_t n)
{
	c->view = span_skip(c->view, n);
	if (c->view.n == 0)
		buf_clear(&c->in);
}

/* What is not a whole message waits for more. */
static void view_keep(struct rtsp_client *c)
{
	if (c->view_in)
		buf_consume(&c->in, c->in.len - c->view.n);
	else if (buf_append(&c->in, c->view.p, c->view.n))
		too_long(c);
	c->view = span_of(NULL, 0);
}

/* How many of the next bytes belong to the half message in `in`, as far as it can be known. */
static size_t lacking(const struct rtsp_client *c)
{
	const uint8_t *p = buf_data(&c->in);
	size_t n = c->in.len, need;

	while (n && (*p == '\r' || *p == '\n')) {
		p++;
		n--;
	}
	if (n == 0 || *p != '$')
		return c->rest.n;
	need = n < RTSP_FRAME_HEADER ? RTSP_FRAME_HEADER : RTSP_FRAME_HEADER + ((size_t)p[2] << 8 | p[3]);
	return need > n && need - n < c->rest.n ? need - n : c->rest.n;
}

/* Something to read in view; false when there is nothing more. */
static bool view_fill(struct rtsp_client *c)
{
	size_t n;

	if (c->phase == OVER || c->deaf) {
		c->view = c->rest = span_of(NULL, 0);
		return false;
	}
	if (c->view.n || c->rest.n == 0)
		return c->view.n > 0;
	c->view_in = c->in.len > 0;
	if (!c->view_in) {
		c->view = c->rest;
		c->rest = span_of(NULL, 0);
		return true;
	}
	n = lacking(c);
	if (buf_append(&c->in, c->rest.p, n)) {
		too_long(c);
		return view_fill(c);
	}
	c->rest = span_skip(c->rest, n);
	c->view = span_of(buf_data(&c->in), c->in.len);
	return true;
}

/* Bytes that belong to nothing: to where the next message may begin, the next line, reply or frame. At most STRAY_STEP are looked at. */
static size_t stray_length(struct span s)
{
	size_t n = s.n < STRAY_STEP ? s.n : STRAY_STEP;
	const char *line = memchr(s.p, '\n', n), *frame, *reply;

	if (line)
		n = (size_t)(line - s.p) + 1;
	frame = n > 1 ? memchr(s.p + 1, '$', n - 1) : NULL;
	if (frame)
		n = (size_t)(frame - s.p);
	reply = memmem(s.p + 1, n - 1, "RTSP/1.", 7);
	if (reply)
		return (size_t)(reply - s.p);
	return !line && !frame && n < s.n ? n - strlen("RTSP/1") : n;
}

/* Why a camera's first words are no RTSP, where that is known. */
static bool speaks_other(struct rtsp_client *c)
{
	if (c->phase != ASKING || c->stray)
		return false;
	if (span_begins_nocase(c->view, "HTTP/1."))
		rtsp_client_fail_at_once(c, GAP_REFUSED, "HTTP is spoken at this port: give the camera's RTSP port");
	else if (c->view.n > 1 && c->view.p[0] == 0x15 && c->view.p[1] == 0x03)
		rtsp_client_fail_at_once(c, GAP_REFUSED, "TLS is spoken at this port: give the source as rtsps://");
	return c->phase == OVER;
}

static void skip_stray(struct rtsp_client *c, const char *why)
{
	size_t n = stray_length(c->view);

	if (speaks_other(c))
		return;
	rtsp_client_quirk(c, RTSP_QUIRK_STRAY_BYTES);
	c->stray += n;
	c->counters.stray_bytes += n;
	view_consume(c, n);
	if (c->stray > STRAY_MAX) {
		c->deaf = true;
		rtsp_client_fail(c, GAP_BAD_STREAM, why);
	}
}

/* Behind stray bytes a '$' is a frame only when it looks like one of ours: 1; 0 when more bytes are needed to tell; else -EBADMSG. */
static int looks_like_frame(const struct rtsp_client *c)
{
	struct span s = c->view;

	assert(s.p || !s.n);
	while (c->stray && s.n && (s.p[0] == '\r' || s.p[0] == '\n'))
		s = span_skip(s, 1);
	if (c->stray == 0 || s.n == 0 || s.p[0] != '$')
		return 1;
	if (s.n < 2)
		return 0;
	if (track_of(c, (uint8_t)s.p[1]) == RTSP_CLIENT_TRACKS)
		return -EBADMSG;
	if (s.n < RTSP_FRAME_HEADER)
		return 0;
	if (s.p[2] == 0 && s.p[3] == 0)
		return 1;
	return s.n == RTSP_FRAME_HEADER ? 0 : (uint8_t)s.p[4] >> 6 == 2 ? 1 : -EBADMSG;
}

/* Is this the head of a description whose length nobody told? Then all that comes before it gets quiet is its body. */
static bool lacks_length(const struct rtsp_client *c, const struct rtsp_message *m)
{
	struct span v;

	return m->kind == RTSP_RESPONSE && c->waiting && c->phase == ASKING && c->asked == DESCRIBE && m->status >= 200 &&
		m->status < 300 && !rtsp_message_header(m, "Content-Length", &v);
}

/* One line that can be no message's beginning, but a description's. */
static bool is_description(struct span line)
{
	return line.n > 1 && line.p[0] >= 'a' && line.p[0] <= 'z' && line.p[1] == '=';
}

/* A description whose Content-Length is too small: the lines behind it are its too, as far as they are there. */
static void take_rest_of_body(struct rtsp_client *c, struct rtsp_message *m)
{
	bool whole = m->body_len == 0 || m->body[m->body_len - 1] == '\n';
	struct span rest = c->view;
	size_t n;

	if (m->kind != RTSP_RESPONSE || !c->waiting || c->asked != DESCRIBE || m->body_len == 0)
		return;
	while (rest.n) {
		struct span line = span_cut(&rest, '\n');

		if (whole ? !is_description(line) : line.n && (line.p[0] == '$' || span_begins_nocase(line, "RTSP/")))
			break;
		whole = true;
		n = (size_t)(line.p + line.n - (const char *)m->body) + (rest.p > line.p + line.n);
		if (n > RTSP_BODY_MAX)
			break;
		view_consume(c, n - m->body_len);
		m->body_len = n;
	}
}

static void message(struct rtsp_client *c, struct rtsp_message *m)
{
	size_t before = m->body_len;

	take_rest_of_body(c, m);
	if (m->body_len > before + 2)     /* a last line end that is not counted is common */
		rtsp_client_quirk(c, RTSP_QUIRK_LENGTH_SMALL);
	if (m->kind == RTSP_RESPONSE)
		rtsp_client_response(c, m);
	else
		rtsp_client_decline(c, m);
}

/* Reads on by one message, or by what belongs to none; true when that is an event. */
static bool read_on(struct rtsp_client *c, struct rtsp_client_event *ret)
{
	const char *why = "bytes that are no RTSP";
	/* Two kilobytes of header table, which a frame leaves alone: cleared for each packet it took half of this engine's time. */
	struct rtsp_message m __attribute__((uninitialized));
	int rc = looks_like_frame(c);

	if (rc == 1)
		rc = rtsp_message_parse((const uint8_t *)c->view.p, c->view.n, &m, &why);
	if (rc == 1 && lacks_length(c, &m))
		rc = 0;
	if (rc == -EBADMSG) {
		skip_stray(c, why);
	} else if (rc < 0) {
		c->deaf = true;
		rtsp_client_fail(c, c->phase == ASKING && c->asked == DESCRIBE ? GAP_BAD_DESCRIPTION : GAP_BAD_STREAM, why);
	} else if (rc == 0) {
		view_keep(c);
	} else {
		c->stray = 0;
		view_consume(c, m.size);
		if (m.kind == RTSP_FRAME)
			return frame(c, &m, ret);
		message(c, &m);
	}
	return false;
}

/* What the caller must do now. */
static bool take_pending(struct rtsp_client *c, struct rtsp_client_event *ret)
{
	const struct rtsp_client_track *t = &c->track[c->asked_track];

	if (c->over_told)
		return false;
	if (c->has_pending) {
		c->has_pending = false;
		c->over_told = c->phase == OVER;
		*ret = c->pending;
		return true;
	}
	if (c->owed == OWED_NOTHING || c->owed_told)
		return false;
	c->owed_told = true;
	*ret = (struct rtsp_client_event){.kind = c->owed == OWED_PORT ? RTSP_CLIENT_WANT_UDP : RTSP_CLIENT_UDP_SERVER,
		.track = c->asked_track, .rtp_port = t->server_port[0], .rtcp_port = t->server_port[1]};
	return true;
}

int rtsp_client_next(struct rtsp_client *c, int64_t now_us, struct rtsp_client_event *ret)
{
	c->now_us = now_us;
	while (!take_pending(c, ret)) {
		if (!view_fill(c))
			/* Reading may end with an event. */
			return c->has_pending && take_pending(c, ret);
		if (read_on(c, ret))
			return 1;
	}
	return 1;
}

/* Time */

/* A reply whose Content-Length promises more than comes, or that has none, is taken as it is. */
static void take_short_body(struct rtsp_client *c)
{
	struct rtsp_message m;
	const char *why;
	bool no_length;

	if (!c->waiting || c->in.len == 0 || c->now_us - c->fed_us < NO_LENGTH_US)
		return;
	if (rtsp_message_parse_short(buf_data(&c->in), c->in.len, &m, &why) != 1 || m.kind != RTSP_RESPONSE)
		return;
	no_length = lacks_length(c, &m);
	if (!no_length && c->now_us - c->fed_us < SHORT_BODY_US)
		return;
	rtsp_client_quirk(c, no_length ? RTSP_QUIRK_LENGTH_ABSENT : RTSP_QUIRK_LENGTH_LARGE);
	rtsp_client_response(c, &m);
	buf_clear(&c->in);
}

static void keep_alive(struct rtsp_client *c)
{
	unsigned every_s = c->timeout_s / 2 < RTSP_CLIENT_KEEP_S ? c->timeout_s / 2 : RTSP_CLIENT_KEEP_S;

	if (c->now_us - c->kept_us < every_s * RTSP_CLIENT_SECOND_US)
		return;
	c->kept_us = c->now_us;
	/* An unanswered one is let be: media still comes, and some cameras never answer while they send. */
	rtsp_client_ask(c, KEEP_ALIVE);
}

static void watch_silence(struct rtsp_client *c)
{
	const struct rtsp_client_track *video = &c->track[RTSP_CLIENT_VIDEO], *audio = &c->track[RTSP_CLIENT_AUDIO];
	int64_t last = video->media_us > audio->media_us ? video->media_us : audio->media_us;

	if (c->now_us - last >= RTSP_CLIENT_SILENCE_S * RTSP_CLIENT_SECOND_US)
		rtsp_client_fail(c, GAP_SILENT, c->media_came ? "the camera sends nothing any more" :
			c->by == RTSP_CLIENT_UDP ? "the camera agreed to send by UDP, and nothing comes: a firewall may be in the way" :
			"the camera agreed to send, and nothing comes");
	else if (video->set_up && c->now_us - video->media_us >= RTSP_CLIENT_NO_PICTURE_S * RTSP_CLIENT_SECOND_US)
		rtsp_client_fail(c, GAP_SILENT, "the camera sends sound, and no picture any more");
}

static void watch_reply(struct rtsp_client *c)
{
	if (c->now_us - c->asked_us < RTSP_CLIENT_REPLY_S * RTSP_CLIENT_SECOND_US)
		return;
	if (c->owed == OWED_NOTHING)
		rtsp_client_fail(c, GAP_TIMED_OUT, "the camera does not answer");
	else
		rtsp_client_fail(c, GAP_OVERLOAD, "no UDP ports could be had in time");
}

void rtsp_client_tick(struct rtsp_client *c, int64_t now_us)
{
	assert(c->view.n == 0 && c->rest.n == 0);
	c->now_us = now_us;
	switch (c->phase) {
	case ASKING:
		take_short_body(c);
		if (c->phase == ASKING)
			watch_reply(c);
		break;
	case MEDIA:
		keep_alive(c);
		watch_silence(c);
		break;
	case LEAVING:
		if (now_us - c->leaving_us >= RTSP_CLIENT_TEARDOWN_S * RTSP_CLIENT_SECOND_US)
			rtsp_client_over(c);
		break;
	case IDLE:
	case OVER:
		break;
	}
}

void rtsp_client_start(struct rtsp_client *c, int64_t now_us)
{
	c->now_us = now_us;
	if (c->phase != IDLE)
		return;
	c->phase = ASKING;
	rtsp_client_ask(c, OPTIONS);
}

void rtsp_client_stop(struct rtsp_client *c, int64_t now_us)
{
	c->now_us = now_us;
	rtsp_client_leave(c);
}

void rtsp_client_closed(struct rtsp_client *c)
{
	rtsp_client_fail_at_once(c, GAP_CAMERA_CLOSED, "the camera closed the connection");
}

void rtsp_client_media_seen(struct rtsp_client *c, unsigned track, int64_t now_us)
{
	c->now_us = now_us;
	if (may_come(c) && c->track[track].set_up)
		media_seen(c, track);
}

void rtsp_client_rtcp(struct rtsp_client *c, unsigned track, const uint8_t *p, size_t n)
{
	const struct rtsp_client_track *t = &c->track[track];
	uint8_t head[RTSP_FRAME_HEADER] = {'$', t->channel[1], (uint8_t)(n >> 8), (uint8_t)n};
	size_t before = c->out.len;

	if (c->phase != MEDIA || !t->set_up || c->by == RTSP_CLIENT_UDP || n > RTSP_FRAME_MAX || t->channel[0] == t->channel[1])
		return;
	if (buf_append(&c->out, head, sizeof head) || buf_append(&c->out, p, n))
		c->out.len = before;
}
