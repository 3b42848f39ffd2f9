/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_client_inner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define STRAY_MAX 4096                /* bytes between two messages that are passed over */
#define SHORT_BODY_US (2 * RTSP_CLIENT_SECOND_US)  /* a description that stops for so long before its Content-Length is whole */

/* One interleaved frame: true when it is an event. */
static bool frame(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us, struct rtsp_client_event *ret)
{
	bool ready = c->phase == MEDIA || (c->phase == ASKING && c->asked == PLAY);

	c->counters.frames++;
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS && ready; i++) {
		const struct rtsp_client_track *t = &c->track[i];

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
		rtsp_client_fail(c, GAP_BAD_STREAM, "a message that is too long");
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
		rtsp_client_fail(c, GAP_BAD_STREAM, "a message that is too long");
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
		rtsp_client_response(c, m, now_us);
	else
		rtsp_client_decline(c, m);
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
			if (rc != -EBADMSG || !skip_stray(c))
				rtsp_client_fail(c, GAP_BAD_STREAM, why);
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
		rtsp_client_response(c, &m, now_us);
		buf_clear(&c->in);
	}
}

static void keep_alive(struct rtsp_client *c, int64_t now_us)
{
	if (now_us - c->kept_us < c->timeout_s * RTSP_CLIENT_SECOND_US / 2)
		return;
	c->kept_us = now_us;
	/* An unanswered one is let be: media still comes, and some cameras never answer while they send. */
	rtsp_client_ask(c, KEEP_ALIVE, now_us);
}

void rtsp_client_tick(struct rtsp_client *c, int64_t now_us)
{
	assert(c->view.n == 0);
	switch (c->phase) {
	case ASKING:
		take_short_body(c, now_us);
		if (c->phase == ASKING && now_us - c->asked_us >= RTSP_CLIENT_REPLY_S * RTSP_CLIENT_SECOND_US)
			rtsp_client_fail(c, GAP_TIMED_OUT, "the camera does not answer");
		break;
	case MEDIA:
		keep_alive(c, now_us);
		if (now_us - c->media_us >= RTSP_CLIENT_SILENCE_S * RTSP_CLIENT_SECOND_US)
			rtsp_client_fail(c, GAP_SILENT, "the camera sends nothing any more");
		break;
	case LEAVING:
		if (now_us - c->asked_us >= RTSP_CLIENT_TEARDOWN_S * RTSP_CLIENT_SECOND_US)
			rtsp_client_done(c);
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
	rtsp_client_ask(c, OPTIONS, now_us);
}

void rtsp_client_stop(struct rtsp_client *c, int64_t now_us)
{
	if (c->phase == OVER || c->phase == LEAVING)
		return;
	if (!c->session[0]) {
		rtsp_client_done(c);
		return;
	}
	c->phase = LEAVING;
	rtsp_client_ask(c, TEARDOWN, now_us);
}

void rtsp_client_closed(struct rtsp_client *c)
{
	if (c->phase == LEAVING)
		rtsp_client_done(c);
	else
		rtsp_client_fail(c, GAP_CAMERA_CLOSED, "the camera closed the connection");
}

void rtsp_client_rtcp(struct rtsp_client *c, unsigned track, const uint8_t *p, size_t n)
{
	const struct rtsp_client_track *t = &c->track[track];
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
