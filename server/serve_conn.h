/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_CONN_H
#define SERVER_SERVE_CONN_H
/*
 * Viewers' connections, whatever is spoken on them: accepted, counted, deciphered,
 * held to their deadlines, ended. What is spoken is known when the handshake is done.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "server/serve_exchange.h"
#include "server/serve_tls.h"

#define SERVE_HEAD_US 10000000           /* handshake, and from a request's first byte to its last */
#define SERVE_IDLE_US 60000000           /* between requests */
#define SERVE_SLOW_US 30000000           /* in which at least SERVE_SLOW_BYTES of a response must leave */
#define SERVE_SLOW_BYTES (32u << 10)
#define SERVE_STARVED_US 60000000        /* for store to give the next piece of an export, or of a segment that grows */
#define SERVE_LINGER_US 30000000         /* after the last response, for its reader to end too */
#define SERVE_PER_ADDRESS 256            /* connections */
#define SERVE_LISTENERS_MAX SITE_LISTENERS_MAX

struct ssl_ctx_st;
struct serve_conn;

enum serve_conn_state { SERVE_CONN_HANDSHAKE, SERVE_CONN_OPEN, SERVE_CONN_LINGER };

/* What is spoken on a connection. None of it frees the connection: who finds that it must end sets c->dead. */
struct serve_speech {
	int (*begin)(struct serve_conn *c);          /* the handshake is done: makes c->speaker. 0 or -ENOMEM */
	void (*end)(struct serve_conn *c);           /* frees it; takes one that was not begun */
	void (*event)(struct serve_conn *c);         /* there are bytes to read, or there is room to write */
	void (*turn)(struct serve_conn *c);          /* its turn has come, after serve_conn_ready */
	short (*wants)(const struct serve_conn *c);  /* EV_READ, EV_WRITE: for which of them event is to be called */
	void (*overdue)(struct serve_conn *c);       /* c->deadline_us has passed */
	void (*tick)(struct serve_conn *c);          /* once a second */
	void (*stop)(struct serve_conn *c);          /* the process ends: what is under way may finish, nothing more begins */
};

struct serve_conn {
	TAILQ_ENTRY(serve_conn) all, ready;
	bool is_ready;
	bool reading, writing;           /* which of the two events are added */
	bool dead;
	bool encrypted;
	struct serve *serve;
	struct serve_conns *of;
	enum serve_conn_state state;
	const struct serve_speech *expected; /* NULL: HTTP, of the version that the handshake settles */
	const struct serve_speech *speech;   /* NULL until the handshake is done */
	void *speaker;                       /* its own */
	int fd;
	struct event *readable, *writable;
	struct serve_tls tls;
	struct serve_peer peer;
	int64_t deadline_us;
	uint64_t mark;                   /* tls.sent when the deadline was set */
};

/* NULL on lack of memory. */
struct serve_conns *serve_conn_new(struct serve *s, struct ssl_ctx_st *tls);
/* Takes fd over: a listening socket, non-blocking, in place of an earlier one of that number. 0 or -ENOBUFS. */
int serve_conn_listen(struct serve_conns *l, unsigned listener, enum listener_kind kind, int fd);
/* Nobody else comes in by it; those who did stay. */
void serve_conn_unlisten(struct serve_conns *l, unsigned listener);
/* For handshakes from now on; borrowed, as the one given to serve_conn_new is. Who is known by a certificate that is not good by it is closed. */
void serve_conn_use_tls(struct serve_conns *l, struct ssl_ctx_st *tls);
/* Closes the listeners; connections end with their response. */
void serve_conn_stop(struct serve_conns *l);
/* Once a second: deadlines. */
void serve_conn_tick(struct serve_conns *l, int64_t now_us);
unsigned serve_conn_count(const struct serve_conns *l);
/* Connections that asked for media in the last 15 seconds. */
unsigned serve_conn_viewers(const struct serve_conns *l, int64_t now_us);

/* For what is spoken. Its turn comes in the next round of the loop. */
void serve_conn_ready(struct serve_conn *c);
void serve_conn_deadline(struct serve_conn *c, int64_t in_us);
/*
 * The other side reads what was said before it sees the connection gone (RFC 9112 9.6). Closing at once would
 * reset it: so it is for those who are too slow, whose bytes the kernel would else keep for as long as they like.
 */
void serve_conn_goodbye(struct serve_conn *c);
/* After something happened to a connection outside of its own event and turn; it may be gone then. */
void serve_conn_settle(struct serve_conn *c);
/* The process ends. */
bool serve_conn_stopping(const struct serve_conn *c);

#endif
