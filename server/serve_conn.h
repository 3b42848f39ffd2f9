/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_CONN_H
#define SERVER_SERVE_CONN_H
/*
 * Viewers' connections: accepted, deciphered, cut into requests, answered in
 * order, held to their deadlines. One response at a time; while it is not out,
 * nothing more is read. What a request means is server/serve_route.h's affair.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "net/http.h"
#include "server/serve_exchange.h"
#include "server/serve_tls.h"

#define SERVE_HEAD_US 10000000           /* handshake, and from a request's first byte to its last */
#define SERVE_IDLE_US 60000000           /* between requests */
#define SERVE_SLOW_US 30000000           /* in which at least SERVE_SLOW_BYTES of a response must leave */
#define SERVE_SLOW_BYTES (32u << 10)
#define SERVE_STARVED_US 60000000        /* for store to give the next piece of an export */
#define SERVE_LINGER_US 30000000         /* after the last response, for its reader to end too */
#define SERVE_PER_ADDRESS 256            /* connections */
#define SERVE_LISTENERS_MAX SITE_LISTENERS_MAX

struct ssl_ctx_st;

enum serve_conn_state { SERVE_CONN_HANDSHAKE, SERVE_CONN_READING, SERVE_CONN_WAITING, SERVE_CONN_WRITING, SERVE_CONN_LINGER };

struct serve_conn {
	TAILQ_ENTRY(serve_conn) all, ready;
	bool is_ready;
	struct serve *serve;
	struct serve_conns *of;
	enum serve_conn_state state;
	int fd;
	struct event *readable, *writable;
	bool reading, writing;           /* which of the two are added */
	struct serve_tls tls;
	struct serve_peer peer;
	struct serve_exchange exchange;  /* the request at hand */
	uint8_t *in;                     /* HTTP_INPUT_MAX bytes, NULL at rest */
	size_t in_len, request_size;
	struct http_progress progress;
	struct buf out;                  /* head of the response */
	struct serve_bytes *owner;       /* of body; NULL for the program's own */
	const uint8_t *body;
	size_t body_len;
	bool close_after, dead;
	uint64_t body_more;              /* bytes of it that have not come yet */
	bool starved;                    /* all that came is out, and more is asked for */
	int64_t deadline_us;
	uint64_t mark;                   /* tls.sent when the send-rate deadline was set */
};

/* NULL on lack of memory. */
struct serve_conns *serve_conn_new(struct serve *s, struct ssl_ctx_st *tls);
/* Takes fd over: a listening socket, non-blocking, in place of an earlier one of that number. 0 or -ENOBUFS. */
int serve_conn_listen(struct serve_conns *l, unsigned listener, int fd);
/* Nobody else comes in by it; those who did stay. */
void serve_conn_unlisten(struct serve_conns *l, unsigned listener);
/* For handshakes from now on; borrowed, as the one given to serve_conn_new is. */
void serve_conn_use_tls(struct serve_conns *l, struct ssl_ctx_st *tls);
/* Closes the listeners; connections end with their response. */
void serve_conn_stop(struct serve_conns *l);
/* Once a second: deadlines. */
void serve_conn_tick(struct serve_conns *l, int64_t now_us);
unsigned serve_conn_count(const struct serve_conns *l);
/* Connections that asked for media in the last 15 seconds. */
unsigned serve_conn_viewers(const struct serve_conns *l, int64_t now_us);

#endif
