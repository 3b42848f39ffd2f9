/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTSP_CLIENT_INNER_H
#define NET_RTSP_CLIENT_INNER_H
/*
 * The client's state, for its own files: rtsp_client.c (life, input, time),
 * rtsp_client_ask.c (what is sent), rtsp_client_reply.c (what replies come to),
 * rtsp_client_describe.c (which tracks), rtsp_client_setup.c (how they come) and
 * rtsp_client_login.c (challenges).
 */
#include "net/digest.h"
#include "net/rtsp_client.h"
#include "net/rtsp_message.h"
#include "net/rtsp_url.h"

#define RTSP_CLIENT_SECOND_US 1000000ll
#define RTSP_CLIENT_SESSION_MAX 128
#define RTSP_CLIENT_LEFT_OUT_MAX 96
#define RTSP_CLIENT_SERVER_MAX 64

enum rtsp_client_method { OPTIONS, DESCRIBE, SETUP, PLAY, KEEP_ALIVE, TEARDOWN };

enum rtsp_client_phase { IDLE, ASKING, MEDIA, LEAVING, OVER };

/* What the caller owes: the answer to WANT_UDP, to UDP_SERVER. */
enum rtsp_client_owed { OWED_NOTHING, OWED_PORT, OWED_READY };

enum rtsp_client_login { LOGIN_NONE, LOGIN_DIGEST, LOGIN_BASIC };

/* Requests that keep a session alive, the best first; one that is refused or not offered is not used again. */
enum rtsp_client_keep { KEEP_GET_PARAMETER, KEEP_SET_PARAMETER, KEEP_OPTIONS, KEEPS };

struct rtsp_client_track {
	bool wanted, set_up, has_rtptime;
	struct sdp_media media;
	char url[RTSP_URL_MAX + 1];
	uint8_t channel[2];               /* interleaved */
	uint16_t port, server_port[2];    /* UDP: ours, of RTP; the camera's */
	uint32_t rtptime;
	int64_t media_us;
};

struct rtsp_client {
	char *url, *user, *password;
	bool allow_md5, allow_basic, tls, no_audio;
	enum rtsp_client_transport transport, prefer;  /* as configured */
	char cnonce[33];

	enum rtsp_client_phase phase;
	int64_t now_us;                   /* of the call under way */
	struct buf in, out;
	struct span rest;                 /* of the caller's bytes: not yet looked at */
	struct span view;                 /* what is being read: of in when view_in, else of the caller's bytes */
	bool view_in, deaf;               /* deaf: what comes cannot be followed any more */
	size_t stray;                     /* bytes passed over since the last message */

	enum rtsp_client_method asked;    /* the request under way */
	unsigned asked_track, challenges;
	bool waiting, answered;           /* a reply is owed; the request under way carried an answer to a challenge */
	uint32_t cseq;
	int64_t asked_us, fed_us, kept_us, leaving_us;

	enum rtsp_client_login login;
	struct digest_challenge challenge;
	bool digest_seen;                 /* a Digest was offered at some time: Basic is out of the question */
	uint32_t nonce_count;

	enum rtsp_client_transport by;    /* what is asked for; TCP or UDP */
	bool switched, unfit, media_came; /* the other transport was tried first; this one brought nothing; it brought RTP */
	enum rtsp_client_owed owed;
	bool owed_told, no_range;

	char base[RTSP_URL_MAX + 1];      /* for PLAY, keep-alive, TEARDOWN */
	char session[RTSP_CLIENT_SESSION_MAX + 1], other_session[RTSP_CLIENT_SESSION_MAX + 1];
	unsigned timeout_s;
	unsigned unkept;                  /* bit set of enum rtsp_client_keep: not offered, or refused */
	struct rtsp_client_track track[RTSP_CLIENT_TRACKS];
	char left_out[RTSP_CLIENT_LEFT_OUT_MAX], server[RTSP_CLIENT_SERVER_MAX];
	uint32_t quirks;
	char offered[RTSP_CLIENT_OFFERED_MAX];
	struct vendor_guess vendor;

	bool failed;                      /* why and text are of the FAILED that comes when the session was given back */
	enum gap_why why;
	const char *text;
	struct rtsp_client_event pending;
	bool has_pending, over_told;
	struct rtsp_client_counters counters;
};

static inline void rtsp_client_quirk(struct rtsp_client *c, enum rtsp_quirk q)
{
	c->quirks |= 1u << q;
}

/* The end, with FAILED: at once, or when a session that still stands was given back, for cameras that have few. */
void rtsp_client_fail(struct rtsp_client *c, enum gap_why why, const char *text);
/* As rtsp_client_fail, where nothing can be sent or would be understood. */
void rtsp_client_fail_at_once(struct rtsp_client *c, enum gap_why why, const char *text);
/* Gives the session back, if there is one, and ends. */
void rtsp_client_leave(struct rtsp_client *c);
/* The end: FAILED or DONE. */
void rtsp_client_over(struct rtsp_client *c);
/* The next event; it is taken before anything more is read. */
void rtsp_client_tell(struct rtsp_client *c, enum rtsp_client_kind kind);
/* A new request; for SETUP asked_track says of which track. */
void rtsp_client_ask(struct rtsp_client *c, enum rtsp_client_method m);
/* The request under way once more, with the challenge that came, or changed otherwise. */
void rtsp_client_ask_again(struct rtsp_client *c);
/* Which keep-alive is sent next. */
enum rtsp_client_keep rtsp_client_keep(const struct rtsp_client *c);

/* What a response comes to: the next request, an event, the end. */
void rtsp_client_response(struct rtsp_client *c, const struct rtsp_message *m);
/* A request of the camera. */
void rtsp_client_decline(struct rtsp_client *c, const struct rtsp_message *m);
/* The camera will not do what was asked, or not for us: on with something else, or the end. */
void rtsp_client_refused(struct rtsp_client *c, unsigned status);

/* The reply to DESCRIBE. */
void rtsp_client_described(struct rtsp_client *c, const struct rtsp_message *m);
/* A track goes to those that are left out. */
void rtsp_client_leave_out(struct rtsp_client *c, struct rtsp_client_track *t);
/* RTP-Info of the reply to PLAY. */
void rtsp_client_info(struct rtsp_client *c, const struct rtsp_message *m);

/* Asks for the next wanted track that is not set up, or to play. */
void rtsp_client_set_up_next(struct rtsp_client *c);
/* The reply to SETUP: granted. */
void rtsp_client_granted(struct rtsp_client *c, const struct rtsp_message *m);
/* SETUP was refused: true when it goes on with the other transport, or without the track. */
bool rtsp_client_set_up_otherwise(struct rtsp_client *c, unsigned status);

/* A 401: the request again with an answer, or the end. */
void rtsp_client_unauthorized(struct rtsp_client *c, const struct rtsp_message *m);

#endif
