/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTSP_SERVER_H
#define NET_RTSP_SERVER_H
/*
 * One client's connection to an RTSP 1.0 server (RFC 2326) as a pure engine:
 * bytes in, reply bytes out, and a few questions to its host. Methods: OPTIONS,
 * DESCRIBE, SETUP, PLAY, PAUSE (if the host can), GET_PARAMETER and SET_PARAMETER
 * (as keep-alive), TEARDOWN. Transports: interleaved in the connection, and, if the
 * host can, unicast UDP to the connection's own peer; a destination that the client
 * names is ignored.
 *
 * At most one session per connection, and it ends with it: a session id is 128
 * random bits, and one seen on another connection means nothing there. No HTTP
 * tunnelling. A Require of anything is refused (12.32).
 *
 * Who may ask is the host's affair (net/rtsp_login.h helps); it is asked at every
 * request but OPTIONS.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/span.h"

#define RTSP_SERVER_TRACKS 2
#define RTSP_SERVER_REFUSALS 16        /* 401s one after the other before the connection is closed */
#define RTSP_SERVER_PATH_MAX 80        /* a longer path is 404 */
#define RTSP_SERVER_OUT_MAX (64u << 10) /* bytes of replies to one feed; a client that asks for more is closed */
#define RTSP_SERVER_WAITS 1
#define RTSP_SERVER_TIMEOUT_S 60       /* promised in Session; the host keeps it */

struct rtsp_server_transport {
	bool udp;
	uint8_t channel[2];      /* interleaved: of RTP and RTCP */
	uint16_t client_port[2]; /* UDP: of RTP and RTCP, never 0 */
};

/* Where a track's packets begin, for RTP-Info (RFC 2326 12.33). */
struct rtsp_server_start {
	uint16_t sequence;
	uint32_t timestamp;
};

/* A request as far as it matters to who sent it. Borrowed for the call. */
struct rtsp_server_ask {
	const char *method, *uri;
	struct span authorization; /* the header's value; empty: none */
};

/*
 * Answers of whoever holds the streams. Called from within rtsp_server_feed; none may free the engine. Where one gives an int:
 * 0; -EAGAIN: not known yet, the same request is to be asked again later; -EACCES 401; -ENOENT 404; -EBUSY 503; else 500.
 */
struct rtsp_server_host {
	bool tcp_only;             /* no UDP: 461 */
	/* Whether who sent this may. NULL: everybody may. */
	int (*login)(void *ctx, const struct rtsp_server_ask *ask);
	/* Appends the WWW-Authenticate headers of a 401. */
	void (*challenge)(void *ctx, struct buf *out);
	/* Appends the SDP of the stream at path ("/1"), whose tracks are "track0" and on. */
	int (*describe)(void *ctx, const char *path, struct buf *sdp);
	/*
	 * Readies one track of path, in place of what was set up for it before. For UDP ret_port gets the
	 * ports that packets will come from. -ENOENT without such a track.
	 */
	int (*setup)(void *ctx, const char *path, unsigned track, const struct rtsp_server_transport *t,
		     uint16_t ret_port[2], uint32_t *ret_ssrc);
	/* Begins to send every track that was set up; fills start of those. */
	int (*play)(void *ctx, struct rtsp_server_start start[RTSP_SERVER_TRACKS]);
	/* Stops sending, until play. NULL: there is no such method here. */
	void (*pause)(void *ctx);
	/* Ends the session: stops sending, forgets all set-ups. Also called when a live session's engine is freed. */
	void (*teardown)(void *ctx);
};

struct rtsp_server {
	const struct rtsp_server_host *host;
	void *ctx;
	char session[33];
	char path[RTSP_SERVER_PATH_MAX];       /* of the session, "" before its first SETUP */
	struct rtsp_server_transport transport[RTSP_SERVER_TRACKS];
	unsigned tracks;                       /* bit set of those set up */
	unsigned refused;                      /* 401s one after the other */
	bool playing;
};

/* random gives the session id. */
void rtsp_server_init(struct rtsp_server *s, const struct rtsp_server_host *host, void *ctx, const uint8_t random[16]);
void rtsp_server_end(struct rtsp_server *s);

/*
 * Consumes whole requests and interleaved frames (a client's receiver reports;
 * they are not looked into) from the front of in and appends replies to out,
 * whose max must be at least RTSP_SERVER_OUT_MAX beyond what it holds.
 * 0: needs more bytes. RTSP_SERVER_WAITS: the host asked for time; the request is left at the front of in, and nothing may be
 * taken off there until the next call, which asks again. -EBADMSG: not RTSP (400 is in out); -EACCES: RTSP_SERVER_REFUSALS
 * reached; -ENOBUFS: asked too much at once. After an error send what is in out and close.
 */
int rtsp_server_feed(struct rtsp_server *s, struct buf *in, struct buf *out);

#endif
