/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_client_inner.h"

#include <openssl/crypto.h>

enum rtsp_client_keep rtsp_client_keep(const struct rtsp_client *c)
{
	for (int k = 0; k < KEEPS; k++)
		if (!(c->unkept >> k & 1))
			return (enum rtsp_client_keep)k;
	return KEEP_OPTIONS;
}

static const char *method_name(const struct rtsp_client *c, enum rtsp_client_method m)
{
	static const char *const name[] = {
		[OPTIONS] = "OPTIONS", [DESCRIBE] = "DESCRIBE", [SETUP] = "SETUP", [PLAY] = "PLAY", [TEARDOWN] = "TEARDOWN"};
	static const char *const keep[] = {
		[KEEP_GET_PARAMETER] = "GET_PARAMETER", [KEEP_SET_PARAMETER] = "SET_PARAMETER", [KEEP_OPTIONS] = "OPTIONS"};

	return m == KEEP_ALIVE ? keep[rtsp_client_keep(c)] : name[m];
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
	int rc;

	if (c->login == LOGIN_BASIC)
		rc = digest_answer_basic(&w, c->user, c->password);
	else
		rc = digest_answer(&w, &c->challenge, &who, ++c->nonce_count, c->cnonce);
	if (!rc) {
		value[w.len] = 0;
		rc = rtsp_write_header(&c->out, "Authorization", "%s", value);
	}
	OPENSSL_cleanse(value, sizeof value);
	return rc;
}

static int write_transport(struct rtsp_client *c)
{
	unsigned channel = 2 * c->asked_track, port = c->track[c->asked_track].port;

	if (c->by == RTSP_CLIENT_UDP)
		return rtsp_write_header(&c->out, "Transport", "RTP/AVP;unicast;client_port=%u-%u", port, port + 1);
	return rtsp_write_header(&c->out, "Transport", "RTP/AVP/TCP;unicast;interleaved=%u-%u", channel, channel + 1);
}

static int write_own_headers(struct rtsp_client *c, enum rtsp_client_method m)
{
	switch (m) {
	case DESCRIBE:
		return rtsp_write_header(&c->out, "Accept", "application/sdp");
	case SETUP:
		return write_transport(c);
	case PLAY:
		return c->no_range ? 0 : rtsp_write_header(&c->out, "Range", "npt=0.000-");
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
	if (!rc && c->login != LOGIN_NONE)
		rc = write_authorization(c, m);
	return rc ? rc : rtsp_write_end(&c->out, NULL, NULL, 0);
}

/* Sends a request again (after a 401) or for the first time. */
static void send_request(struct rtsp_client *c, enum rtsp_client_method m)
{
	size_t before = c->out.len;

	c->asked = m;
	c->asked_us = c->now_us;
	c->waiting = true;
	c->answered = c->login != LOGIN_NONE;
	if (write_request(c, m)) {
		c->out.len = before;
		rtsp_client_fail_at_once(c, GAP_BAD_STREAM, "the camera does not read what is sent to it");
	}
}

void rtsp_client_ask(struct rtsp_client *c, enum rtsp_client_method m)
{
	c->challenges = 0;
	send_request(c, m);
}

void rtsp_client_ask_again(struct rtsp_client *c)
{
	send_request(c, c->asked);
}

/* The end */

void rtsp_client_over(struct rtsp_client *c)
{
	if (c->phase == OVER)
		return;
	c->phase = OVER;
	c->waiting = false;
	c->owed = OWED_NOTHING;
	c->has_pending = true;
	c->pending = (struct rtsp_client_event){
		.kind = c->failed ? RTSP_CLIENT_FAILED : RTSP_CLIENT_DONE, .why = c->why, .text = c->text};
}

void rtsp_client_leave(struct rtsp_client *c)
{
	if (c->phase == OVER || c->phase == LEAVING)
		return;
	if (!c->session[0]) {
		rtsp_client_over(c);
		return;
	}
	c->phase = LEAVING;
	c->owed = OWED_NOTHING;
	c->leaving_us = c->now_us;
	rtsp_client_ask(c, TEARDOWN);
}

/* Does this end speak against the transport that was agreed on? */
static bool speaks_against(const struct rtsp_client *c, enum gap_why why)
{
	bool agreed = c->phase == MEDIA || (c->phase == ASKING && (c->asked == SETUP || c->asked == PLAY));

	return agreed && !c->media_came && (why == GAP_SILENT || why == GAP_TIMED_OUT || why == GAP_CAMERA_CLOSED ||
		why == GAP_UNSUPPORTED || why == GAP_BAD_STREAM || why == GAP_OVERLOAD);
}

static void note_failure(struct rtsp_client *c, enum gap_why why, const char *text)
{
	if (c->phase == LEAVING || c->phase == OVER)
		return;
	c->unfit |= speaks_against(c, why);
	c->failed = true;
	c->why = why;
	c->text = text;
}

void rtsp_client_fail(struct rtsp_client *c, enum gap_why why, const char *text)
{
	note_failure(c, why, text);
	if (c->phase == LEAVING)
		rtsp_client_over(c);
	else
		rtsp_client_leave(c);
}

void rtsp_client_fail_at_once(struct rtsp_client *c, enum gap_why why, const char *text)
{
	note_failure(c, why, text);
	rtsp_client_over(c);
}

void rtsp_client_tell(struct rtsp_client *c, enum rtsp_client_kind kind)
{
	if (c->phase == OVER)
		return;
	c->has_pending = true;
	c->pending = (struct rtsp_client_event){.kind = kind};
}
