/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTSP_CLIENT_H
#define NET_RTSP_CLIENT_H
/*
 * An RTSP 1.0 client (RFC 2326) for one camera over one TCP connection, media
 * interleaved in it. Pure: received bytes in; events, and bytes to send, out.
 *
 *   OPTIONS, DESCRIBE, SETUP of the first H.264 and the first AAC-hbr track, PLAY,
 *   then GET_PARAMETER (OPTIONS where that is not offered) at half the session's
 *   timeout, TEARDOWN at the end.
 *
 * A camera is never followed anywhere: a redirect is a failure, URLs keep the
 * configured host, `source`, `destination` and `ssrc` of Transport are not read.
 * Digest only, the strongest offered; Basic is never answered. Requests that the
 * camera sends are answered 501.
 *
 * Order of calls: new, start when connected, then feed with what was received and
 * next until it gives 0; tick at least each half second; after each of them, send
 * what is in out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "media/record.h"
#include "net/sdp.h"

#define RTSP_CLIENT_TRACKS 2
#define RTSP_CLIENT_VIDEO 0
#define RTSP_CLIENT_AUDIO 1
#define RTSP_CLIENT_REPLY_S 10        /* longest wait for a reply */
#define RTSP_CLIENT_SILENCE_S 5       /* longest time without media */
#define RTSP_CLIENT_TEARDOWN_S 1
#define RTSP_CLIENT_TIMEOUT_S 60      /* of a session that names none */
#define RTSP_CLIENT_FEED_MAX (256u << 10)
#define RTSP_CLIENT_OUT_MAX (64u << 10)

struct rtsp_client_config {
	const char *url;                  /* rtsp://HOST/..., without user information */
	const char *user, *password;      /* NULL if none */
	bool allow_md5;
	uint8_t random[16];               /* for cnonces */
};

enum rtsp_client_kind {
	RTSP_CLIENT_DESCRIBED,            /* tracks are known; media may begin at any time */
	RTSP_CLIENT_PLAYING,
	RTSP_CLIENT_MEDIA,                /* one RTP or RTCP packet */
	RTSP_CLIENT_FAILED,               /* the last event: send what is in out (a TEARDOWN perhaps) if it goes at once, and close */
	RTSP_CLIENT_DONE                  /* TEARDOWN is over, the last event: close */
};

struct rtsp_client_event {
	enum rtsp_client_kind kind;
	/* MEDIA */
	unsigned track;                   /* RTSP_CLIENT_VIDEO or _AUDIO */
	bool rtcp;
	const uint8_t *data;              /* borrowed until the next call of next, feed or free */
	size_t len;
	/* FAILED */
	enum gap_why why;
	const char *text;                 /* static, our own words */
};

struct rtsp_client_counters {
	uint64_t frames, unknown_frames;  /* interleaved; of channels that are not ours, or at no fit time */
	uint64_t stray_bytes;             /* between messages */
	uint64_t stray_replies;
};

struct rtsp_client;

/* Copies what config holds. 0, -ENOMEM, or -EINVAL for a URL that cannot be sent. */
int rtsp_client_new(const struct rtsp_client_config *config, struct rtsp_client **ret);
/* Wipes the password. */
void rtsp_client_free(struct rtsp_client **c);

/* The connection is made: the first request is put into out. */
void rtsp_client_start(struct rtsp_client *c, int64_t now_us);
/* n received bytes, at most RTSP_CLIENT_FEED_MAX, borrowed until next gives 0. The feed before must have been drained. */
void rtsp_client_feed(struct rtsp_client *c, const uint8_t *p, size_t n, int64_t now_us);
/* The camera closed the connection, or it broke. */
void rtsp_client_closed(struct rtsp_client *c);
/* Deadlines and keep-alive. */
void rtsp_client_tick(struct rtsp_client *c, int64_t now_us);
/* Ends the session: TEARDOWN if there is one, then DONE, at the latest after RTSP_CLIENT_TEARDOWN_S. */
void rtsp_client_stop(struct rtsp_client *c, int64_t now_us);
/* 1 with the next event, 0 when there is none for now. After FAILED or DONE always 0. */
int rtsp_client_next(struct rtsp_client *c, int64_t now_us, struct rtsp_client_event *ret);
/* Bytes to send; the caller consumes what it sent. */
struct buf *rtsp_client_out(struct rtsp_client *c);
/* Puts an RTCP packet of a track into out; dropped when the track is not playing. */
void rtsp_client_rtcp(struct rtsp_client *c, unsigned track, const uint8_t *p, size_t n);

/* A track's description after DESCRIBED; NULL if the camera has no such track that is carried here. */
const struct sdp_media *rtsp_client_media(const struct rtsp_client *c, unsigned track);
/* RTP-Info's rtptime of a track after PLAYING (RFC 2326 12.33); false if none was given. */
bool rtsp_client_rtptime(const struct rtsp_client *c, unsigned track, uint32_t *ret);
/* Tracks that the camera offers and that are not taken: "H265, PCMU", harmless letters only; "" if none. */
const char *rtsp_client_left_out(const struct rtsp_client *c);
const struct rtsp_client_counters *rtsp_client_counters(const struct rtsp_client *c);

#endif
