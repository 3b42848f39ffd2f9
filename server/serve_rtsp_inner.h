/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_RTSP_INNER_H
#define SERVER_SERVE_RTSP_INNER_H
/* One connection by RTSP, as serve_rtsp.c (its bytes), serve_rtsp_login.c (who asks), serve_rtsp_host.c (what is asked) and serve_rtsp_track.c (what is sent) share it. */
#include "media/cmaf_read.h"
#include "net/rtp_send.h"
#include "net/rtsp_server.h"
#include "server/serve_parts.h"
#include "server/serve_rtsp.h"

#define RTSP_IN_MAX (24u << 10)             /* a request, with room for one that pipelines */
#define RTSP_FRAME_ROOM (RTSP_FRAME_HEADER_BYTES + RTP_SEND_PACKET_MAX)
#define RTSP_FRAME_HEADER_BYTES 4

/* One track of a session, and what of it is being sent. */
struct rtsp_track {
	unsigned rendition;
	bool set_up;
	uint8_t channel[2];                 /* of RTP and RTCP */
	struct rtp_send rtp;
	struct track track;                 /* with its config */
	uint8_t init_sha256[32];
	uint8_t sets[TRACK_CONFIG_MAX + 64];  /* video: the parameter sets, each behind its length, to go before a key frame */
	size_t sets_len;
	struct serve_place at;              /* behind the piece at hand */
	uint32_t discontinuity;
	bool placed;                        /* discontinuity is set */
	struct serve_bytes *owner;          /* of the piece at hand */
	struct rd chunks;                   /* of it, not begun */
	struct cmaf_reader chunk;
	bool has_sample, has_unit;
	struct cmaf_read_sample sample;     /* the next to be sent */
	bool sets_due;
	struct rtp_unit unit;               /* being sent */
	uint32_t last_timestamp;
	bool sent;                          /* last_timestamp is set */
	bool has_clock, report_due;
	bool told, slews;                   /* a report was sent; it was not the whole truth, which the next ones come nearer to */
	int64_t told_us;                    /* what the last one said: wall clock, and */
	uint32_t told_timestamp;
	int64_t clock_us, clock_media;      /* wall clock, and the same moment on the track's timeline */
};

struct serve_rtsp {
	LIST_ENTRY(serve_rtsp) all;
	struct serve_conn *conn;
	struct serve *serve;
	struct rtsp_server engine;
	struct buf in, out;
	bool ended;                         /* the right to it: the connection ends in its next turn */

	/* The request at hand, while it waits. */
	bool waits, timed_out, has_verdict;
	int64_t wait_until_us;
	int verdict;
	uint32_t version;                   /* of the user when it came */
	struct serve_auth_ask ask;

	/* Who it is. */
	char nonce[33];                     /* "": none was given out */
	int64_t nonce_us;                   /* when it was */
	uint32_t nonce_count;               /* the last that was used with it */
	bool stale;                         /* what was answered is to one that is not good any more */
	bool basic_only;                    /* it knows no Digest that is offered */
	bool let_in, admitted;              /* the request at hand was let in; and so it will be when it is asked again */

	/* The session. */
	struct serve_viewer viewer;
	struct serve_rights_follower follower;
	int camera;                         /* -1: nothing was described or set up */
	struct rtsp_track track[RTSP_SERVER_TRACKS];
	struct rtsp_follower {
		struct serve_follower follower;
		struct serve_rtsp *of;
	} follows[RTSP_SERVER_TRACKS];      /* of each track, while it plays */
	bool playing;
	unsigned drops;
	int64_t dropped_us, report_us;
};

/* serve_rtsp_login.c: of the host. */
int serve_rtsp_login(void *ctx, const struct rtsp_server_ask *ask);
void serve_rtsp_challenge(void *ctx, struct buf *out);

/* serve_rtsp_host.c */
int serve_rtsp_wait(struct serve_rtsp *r);          /* the same request is asked again when something has come, until its time is over */
extern const struct rtsp_server_host serve_rtsp_host;
void serve_rtsp_forget(struct serve_rtsp *r);       /* what it waits for */

void serve_rtsp_watch(struct serve_rtsp *r, int64_t now_us);  /* somebody does: each picture is wanted as it comes */

/* serve_rtsp_track.c */
/* The track's codec and parameter sets from the newest init segment of its rendition. 0, -EAGAIN while there is none, -EBADMSG. */
int serve_rtsp_track_load(const struct serve_rendition *r, struct track *ret);
/* Puts the session's tracks in front of the newest key frame; 0, or -EBUSY when nothing is there. */
int serve_rtsp_track_start(struct serve_rtsp *r, struct rtsp_server_start start[RTSP_SERVER_TRACKS]);
void serve_rtsp_track_end(struct rtsp_track *t);
/* Interleaved frames of what there is to send, as many as fit; bytes written. -EBADMSG: it cannot go on (why is logged by the caller). */
ssize_t serve_rtsp_track_fill(struct serve_rtsp *r, uint8_t *p, size_t n, const char **why);

#endif
