/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTSP_SERVER_H
#define NET_RTSP_SERVER_H
/*
 * One client's connection to an RTSP 1.0 server (RFC 2326) as a pure engine:
 * bytes in, reply bytes out, and four questions to its host. Methods: OPTIONS,
 * DESCRIBE, SETUP, PLAY, GET_PARAMETER (as keep-alive), TEARDOWN. Transports:
 * interleaved in the connection, and unicast UDP to the connection's own peer;
 * a destination that the client names is ignored.
 *
 * At most one session per connection, and it ends with it: a session id seen on
 * another connection means nothing there. No HTTP tunnelling.
 *
 * Credentials are checked by Digest (RFC 7616; the strongest is offered first)
 * on every request but OPTIONS. Basic is neither offered nor accepted.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define RTSP_SERVER_TRACKS 2
#define RTSP_SERVER_REFUSALS 16        /* 401s on one connection before it is closed */
#define RTSP_SERVER_PATH_MAX 64        /* a longer path is 404 */
#define RTSP_SERVER_OUT_MAX (64u << 10) /* bytes of replies to one feed; a client that asks for more is closed */
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

/* Answers of whoever holds the streams. Called from within rtsp_server_feed; none may free the engine. */
struct rtsp_server_host {
	/* Appends the SDP of the stream at path ("/1"), whose tracks are "track0" and on. 0, -ENOENT, else the client is told 500. */
	int (*describe)(void *ctx, const char *path, struct buf *sdp);
	/*
	 * Readies one track of path, in place of what was set up for it before. For UDP ret_port gets the
	 * ports that packets will come from. 0, -ENOENT without such a track, else the client is told 500.
	 */
	int (*setup)(void *ctx, const char *path, unsigned track, const struct rtsp_server_transport *t,
		     uint16_t ret_port[2], uint32_t *ret_ssrc);
	/* Begins (or goes on) to send every track that was set up; fills start of those. */
	void (*play)(void *ctx, struct rtsp_server_start start[RTSP_SERVER_TRACKS]);
	/* Ends the session: stops sending, forgets all set-ups. Also called when a live session's engine is freed. */
	void (*teardown)(void *ctx);
};

/* Whom to let in. The strings are borrowed for the engine's life. */
struct rtsp_server_login {
	const char *realm, *user, *password;
};

struct rtsp_server {
	const struct rtsp_server_host *host;
	void *ctx;
	const struct rtsp_server_login *login; /* NULL: everybody */
	char session[17], nonce[33];
	char path[RTSP_SERVER_PATH_MAX];       /* of the session, "" before its first SETUP */
	struct rtsp_server_transport transport[RTSP_SERVER_TRACKS];
	unsigned tracks;                       /* bit set of those set up */
	unsigned refused;                      /* 401s so far */
	bool playing;
};

/* random gives the session id and the nonce. login is borrowed, NULL lets everybody in. */
void rtsp_server_init(struct rtsp_server *s, const struct rtsp_server_host *host, void *ctx,
		      const struct rtsp_server_login *login, const uint8_t random[24]);
void rtsp_server_end(struct rtsp_server *s);

/*
 * Consumes whole requests and interleaved frames (a client's receiver reports;
 * they are not looked into) from the front of in and appends replies to out,
 * whose max must be at least RTSP_SERVER_OUT_MAX beyond what it holds.
 * 0: needs more bytes. -EBADMSG: not RTSP (400 is in out); -EACCES: RTSP_SERVER_REFUSALS
 * reached; -ENOBUFS: asked too much at once. After an error send what is in out and close.
 */
int rtsp_server_feed(struct rtsp_server *s, struct buf *in, struct buf *out);

#endif
