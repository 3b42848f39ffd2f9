/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTSP_CLIENT_INNER_H
#define NET_RTSP_CLIENT_INNER_H
/*
 * The client's state, for its own three files: rtsp_client.c (life, input, time),
 * rtsp_client_ask.c (what is sent) and rtsp_client_reply.c (what replies come to).
 */
#include "net/digest.h"
#include "net/rtsp_client.h"
#include "net/rtsp_message.h"
#include "net/rtsp_url.h"

#define RTSP_CLIENT_SECOND_US 1000000ll
#define RTSP_CLIENT_SESSION_MAX 128
#define RTSP_CLIENT_LEFT_OUT_MAX 96

enum rtsp_client_method { OPTIONS, DESCRIBE, SETUP, PLAY, KEEP_ALIVE, TEARDOWN };

enum rtsp_client_phase { IDLE, ASKING, MEDIA, LEAVING, OVER };

struct rtsp_client_track {
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

	enum rtsp_client_phase phase;
	struct buf in, out;
	struct span view;                 /* what is still to be read: of in, or of the caller's bytes */
	size_t stray;

	enum rtsp_client_method asked;    /* the request under way */
	unsigned asked_track, challenges;
	bool waiting, answered;           /* a reply is owed; the request under way carried an answer to a challenge */
	uint32_t cseq;
	int64_t asked_us, fed_us, media_us, kept_us;

	struct digest_challenge challenge;
	bool has_challenge;
	uint32_t nonce_count;

	char base[RTSP_URL_MAX + 1];      /* for PLAY, keep-alive, TEARDOWN */
	char session[RTSP_CLIENT_SESSION_MAX + 1];
	unsigned timeout_s;
	bool get_parameter;
	struct rtsp_client_track track[RTSP_CLIENT_TRACKS];
	char left_out[RTSP_CLIENT_LEFT_OUT_MAX];

	struct rtsp_client_event pending;
	bool has_pending, over_told;
	struct rtsp_client_counters counters;
};

/* The end, with FAILED. A session that still stands is given back, for cameras that have few: nobody waits for the answer. */
void rtsp_client_fail(struct rtsp_client *c, enum gap_why why, const char *text);
/* The end, with DONE. */
void rtsp_client_done(struct rtsp_client *c);
/* The next event; it is taken before anything more is read. */
void rtsp_client_tell(struct rtsp_client *c, enum rtsp_client_kind kind);
/* A new request; for SETUP asked_track says of which track. */
void rtsp_client_ask(struct rtsp_client *c, enum rtsp_client_method m, int64_t now_us);
/* The request under way once more, with the challenge that came. */
void rtsp_client_ask_again(struct rtsp_client *c, int64_t now_us);
/* What a response comes to: the next request, an event, the end. */
void rtsp_client_response(struct rtsp_client *c, const struct rtsp_message *m, int64_t now_us);
/* A request of the camera. */
void rtsp_client_decline(struct rtsp_client *c, const struct rtsp_message *m);

#endif
