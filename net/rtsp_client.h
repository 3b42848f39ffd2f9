/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTSP_CLIENT_H
#define NET_RTSP_CLIENT_H
/*
 * An RTSP 1.0 client (RFC 2326) for one camera over one TCP connection; media
 * comes interleaved in it or by UDP, whose sockets are the caller's. Pure:
 * received bytes in; events, and bytes to send, out.
 *
 *   OPTIONS, DESCRIBE, SETUP of the first video and the first audio track that can
 *   be carried, PLAY, then a keep-alive at half the session's timeout, TEARDOWN on
 *   every way out.
 *
 * A camera is never followed anywhere: a redirect is a failure, URLs keep the
 * configured host, `source`, `destination` and `ssrc` of Transport are not read.
 * The strongest Digest that is offered is answered; Basic only where no Digest is
 * offered, and then only inside TLS or where the configuration says so. Requests
 * that the camera sends are answered 501.
 *
 * Order of calls: new, start when connected, then feed with what was received and
 * next until it gives 0; tick at least each half second; after each of them, and of
 * the udp calls, take events with next and send what is in out.
 *
 * UDP, for each track: WANT_UDP -> udp_port (two local ports are bound) -> SETUP ->
 * UDP_SERVER names the camera's ports -> udp_ready (the sockets are connected to
 * them, at the address of this connection). udp_failed where that cannot be done.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "media/record.h"
#include "net/rtsp_quirk.h"
#include "net/sdp.h"
#include "net/vendor.h"

#define RTSP_CLIENT_TRACKS 2
#define RTSP_CLIENT_VIDEO 0
#define RTSP_CLIENT_AUDIO 1
#define RTSP_CLIENT_REPLY_S 10        /* longest wait for a reply */
#define RTSP_CLIENT_SILENCE_S 5       /* longest time without media */
#define RTSP_CLIENT_NO_PICTURE_S 20   /* longest time without pictures while sound comes */
#define RTSP_CLIENT_TEARDOWN_S 1      /* longest wait for TEARDOWN's reply */
#define RTSP_CLIENT_KEEP_S 30         /* longest time between two keep-alives */
#define RTSP_CLIENT_TIMEOUT_S 60      /* of a session that names none */
#define RTSP_CLIENT_FEED_MAX (256u << 10)
#define RTSP_CLIENT_OFFERED_MAX 512   /* bytes, with the NUL */
#define RTSP_CLIENT_OUT_MAX (64u << 10)

enum rtsp_client_transport { RTSP_CLIENT_AUTO, RTSP_CLIENT_TCP, RTSP_CLIENT_UDP };

struct rtsp_client_config {
	const char *url;                  /* rtsp://HOST/..., without user information */
	const char *user, *password;      /* NULL if none */
	bool allow_md5;
	bool allow_basic;                 /* Basic where no Digest is offered, though the connection is not inside TLS */
	bool tls;                         /* the connection is inside TLS, the certificate was checked: no UDP, Basic is safe */
	bool no_audio;                    /* sound is left out */
	enum rtsp_client_transport transport;  /* AUTO: TCP, and UDP where that is refused, or the other way round as prefer says */
	enum rtsp_client_transport prefer;     /* AUTO: rtsp_client_prefer of the connection before; AUTO if there was none */
	uint8_t random[16];               /* for cnonces */
};

enum rtsp_client_kind {
	RTSP_CLIENT_DESCRIBED,            /* tracks are known; media may begin at any time. One may still be left out before PLAYING */
	RTSP_CLIENT_PLAYING,
	RTSP_CLIENT_MEDIA,                /* one RTP or RTCP packet that came interleaved */
	RTSP_CLIENT_WANT_UDP,             /* of track: local ports are needed; rtsp_client_udp_port or _failed is owed */
	RTSP_CLIENT_UDP_SERVER,           /* of track: the camera's ports are known; rtsp_client_udp_ready or _failed is owed */
	RTSP_CLIENT_FAILED,               /* the last event, after TEARDOWN was answered or RTSP_CLIENT_TEARDOWN_S: close */
	RTSP_CLIENT_DONE                  /* TEARDOWN is over, the last event: close */
};

struct rtsp_client_event {
	enum rtsp_client_kind kind;
	unsigned track;                   /* MEDIA, WANT_UDP, UDP_SERVER: RTSP_CLIENT_VIDEO or _AUDIO */
	/* UDP_SERVER: 1024 or more */
	uint16_t rtp_port, rtcp_port;
	/* MEDIA */
	bool rtcp;
	const uint8_t *data;              /* borrowed until the next call of next, feed or free */
	size_t len;
	/* FAILED */
	enum gap_why why;
	const char *text;                 /* static, our own words */
};

struct rtsp_client_counters {
	uint64_t frames, unknown_frames;  /* interleaved; of channels that are not ours, or at no fit time */
	uint64_t stray_bytes;             /* between messages; too many in a row end the connection */
	uint64_t stray_replies;
};

struct rtsp_client;

/* Copies what config holds. 0, -ENOMEM, or -EINVAL for a URL that cannot be sent, or UDP inside TLS. */
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
/* Ends the session: TEARDOWN if there is one, then DONE (FAILED if it was ending so), at the latest after RTSP_CLIENT_TEARDOWN_S. */
void rtsp_client_stop(struct rtsp_client *c, int64_t now_us);
/* 1 with the next event, 0 when there is none for now. After FAILED or DONE always 0. */
int rtsp_client_next(struct rtsp_client *c, int64_t now_us, struct rtsp_client_event *ret);
/* Bytes to send; the caller consumes what it sent. */
struct buf *rtsp_client_out(struct rtsp_client *c);
/* Puts an RTCP packet of a track into out; dropped when the track is not playing, or comes by UDP (the caller's socket is the way then). */
void rtsp_client_rtcp(struct rtsp_client *c, unsigned track, const uint8_t *p, size_t n);

/* The answer to WANT_UDP: RTP is awaited at port, which is even, RTCP at port + 1. */
void rtsp_client_udp_port(struct rtsp_client *c, unsigned track, uint16_t port, int64_t now_us);
/* The answer to UDP_SERVER. */
void rtsp_client_udp_ready(struct rtsp_client *c, unsigned track, int64_t now_us);
/* Either answer where it cannot be done: sound is left out, AUTO goes on with TCP, else FAILED. */
void rtsp_client_udp_failed(struct rtsp_client *c, unsigned track, int64_t now_us);
/* RTP of a track came by UDP: for the silence watch. */
void rtsp_client_media_seen(struct rtsp_client *c, unsigned track, int64_t now_us);

/* What the tracks come by; AUTO while none is set up. Ports bound for UDP that it does not come by may go at PLAYING. */
enum rtsp_client_transport rtsp_client_transport(const struct rtsp_client *c);
/*
 * What the next connection's config.prefer should be: the transport that media came by, or the other one where one was
 * agreed on and no media came, or was refused; config.prefer as it was while nothing is known.
 */
enum rtsp_client_transport rtsp_client_prefer(const struct rtsp_client *c);

/* A track's description after DESCRIBED; NULL if the camera has no such track that is carried here. */
const struct sdp_media *rtsp_client_media(const struct rtsp_client *c, unsigned track);
/* RTP-Info's rtptime of a track after PLAYING (RFC 2326 12.33); false if none was given. */
bool rtsp_client_rtptime(const struct rtsp_client *c, unsigned track, uint32_t *ret);
/* Tracks that the camera offers and that are not taken: "H265, PCMU", harmless letters only; "" if none. */
const char *rtsp_client_left_out(const struct rtsp_client *c);
/* What was odd so far: bit set of enum rtsp_quirk. */
uint32_t rtsp_client_quirks(const struct rtsp_client *c);
/* The camera's Server header, reduced to harmless letters and cut; "" if there was none. */
const char *rtsp_client_server(const struct rtsp_client *c);
/* By its Server header, the realm of its challenges and its description. */
const struct vendor_guess *rtsp_client_vendor(const struct rtsp_client *c);
/* All that the camera describes: "video H264, audio PCMU 8000 Hz, application", harmless letters only. */
const char *rtsp_client_offered(const struct rtsp_client *c);
/* What was last answered when it asked who we are. */
enum rtsp_client_answer { RTSP_CLIENT_NOBODY, RTSP_CLIENT_BASIC, RTSP_CLIENT_MD5, RTSP_CLIENT_SHA256, RTSP_CLIENT_SHA512_256 };
enum rtsp_client_answer rtsp_client_answered(const struct rtsp_client *c);
const struct rtsp_client_counters *rtsp_client_counters(const struct rtsp_client *c);

#endif
