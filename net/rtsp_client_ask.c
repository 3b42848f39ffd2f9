/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_client_inner.h"

#include <string.h>

static const char *method_name(const struct rtsp_client *c, enum rtsp_client_method m)
{
	static const char *const name[] = {
		[OPTIONS] = "OPTIONS", [DESCRIBE] = "DESCRIBE", [SETUP] = "SETUP", [PLAY] = "PLAY", [TEARDOWN] = "TEARDOWN"};

	return m != KEEP_ALIVE ? name[m] : c->get_parameter ? "GET_PARAMETER" : "OPTIONS";
}

static const char *request_url(const struct rtsp_client *c, enum rtsp_client_method m)
{
	if (m == SETUP)
		return c->track[c->asked_track].url;
	return m == OPTIONS || m == DESCRIBE ? c->url : c->base;
}

static int write_authorization(struct rtsp_client *c, enum rtsp_client_method m)
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

static int write_own_headers(struct rtsp_client *c, enum rtsp_client_method m)
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

static int write_request(struct rtsp_client *c, enum rtsp_client_method m)
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

void rtsp_client_fail(struct rtsp_client *c, enum gap_why why, const char *text)
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

void rtsp_client_done(struct rtsp_client *c)
{
	if (c->phase == OVER)
		return;
	c->phase = OVER;
	c->waiting = false;
	c->has_pending = true;
	c->pending = (struct rtsp_client_event){.kind = RTSP_CLIENT_DONE};
}

void rtsp_client_tell(struct rtsp_client *c, enum rtsp_client_kind kind)
{
	if (c->phase == OVER)
		return;
	c->has_pending = true;
	c->pending = (struct rtsp_client_event){.kind = kind};
}

/* Sends a request again (after a 401) or for the first time. */
static void send_request(struct rtsp_client *c, enum rtsp_client_method m, int64_t now_us)
{
	size_t before = c->out.len;

	c->asked = m;
	c->asked_us = now_us;
	c->waiting = true;
	c->answered = c->has_challenge;
	if (write_request(c, m)) {
		c->out.len = before;
		rtsp_client_fail(c, GAP_BAD_STREAM, "the camera does not read what is sent to it");
	}
}

void rtsp_client_ask(struct rtsp_client *c, enum rtsp_client_method m, int64_t now_us)
{
	c->challenges = 0;
	send_request(c, m, now_us);
}

void rtsp_client_ask_again(struct rtsp_client *c, int64_t now_us)
{
	send_request(c, c->asked, now_us);
}
