/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_CONN_H
#define SERVER_SERVE_CONN_H
/*
 * Viewers' connections: accepted, deciphered, cut into requests, answered in
 * order, held to their deadlines. One response at a time; while it is not out,
 * nothing more is read. What a request means is server/serve_answer.c's affair.
 *
 * An answer that has to wait for something returns; when that has come the same
 * request is answered again from the start, with what came in c->wait.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "net/http.h"
#include "server/serve.h"
#include "server/serve_address.h"
#include "server/serve_auth.h"
#include "server/serve_bytes.h"
#include "server/serve_reply.h"
#include "server/serve_tls.h"
#include "server/serve_want.h"
#include "server/serve_witness.h"

#define SERVE_HEAD_US 10000000           /* handshake, and from a request's first byte to its last */
#define SERVE_IDLE_US 60000000           /* between requests */
#define SERVE_SLOW_US 30000000           /* in which at least SERVE_SLOW_BYTES of a response must leave */
#define SERVE_SLOW_BYTES (32u << 10)
#define SERVE_STARVED_US 60000000        /* for store to give the next piece of an export */
#define SERVE_LINGER_US 30000000         /* after the last response, for its reader to end too */
#define SERVE_PER_ADDRESS 256            /* connections */
#define SERVE_LISTENERS_MAX SITE_LISTENERS_MAX

struct ssl_ctx_st;

enum serve_wait { SERVE_WAIT_NONE, SERVE_WAIT_PASSWORD, SERVE_WAIT_STORE, SERVE_WAIT_SEGMENT, SERVE_WAIT_DEMAND, SERVE_WAIT_SESSION, SERVE_WAIT_EXPORT };
enum serve_conn_state { SERVE_CONN_HANDSHAKE, SERVE_CONN_READING, SERVE_CONN_WAITING, SERVE_CONN_WRITING, SERVE_CONN_LINGER };

/* What the request at hand waits for, and what has come of it. Cleared when it is answered. */
struct serve_waiting {
	enum serve_wait kind, last;      /* last: the latest one, also when it is over */
	int64_t until_us;
	bool timed_out;
	unsigned camera;                 /* SERVE_WAIT_DEMAND: of which something is coming */
	struct serve_auth_ask auth;
	bool has_verdict;
	int verdict;                     /* the user, or -1 */
	uint32_t version;                /* of the user's password that was right */
	struct serve_want_waiter want;
	bool has_status;
	enum msg_have_status status;
	struct serve_witness_waiter cosignature;
	bool has_result;
	enum msg_cosigned_result result;
	struct serve_bytes *bytes;
	bool has_token, has_session;     /* a login */
	uint8_t token[32], token_sha256[32];
};

struct serve_conn {
	TAILQ_ENTRY(serve_conn) all, ready;
	bool is_ready, woken;            /* woken: what it waited for has come */
	struct serve *serve;
	struct serve_conns *of;
	enum serve_conn_state state;
	int fd;
	struct event *readable, *writable;
	bool reading, writing;           /* which of the two are added */
	struct serve_tls tls;
	uint64_t address;                /* stands for the viewer's address (IPv6: its /64) */
	char peer[SERVE_ADDRESS_TEXT];   /* for the log */
	int user;                        /* who asked last, -1 before anybody was known */
	uint8_t *in;                     /* HTTP_INPUT_MAX bytes, NULL at rest */
	size_t in_len, request_size;
	struct http_progress progress;
	struct buf out;                  /* head of the response */
	struct serve_bytes *owner;       /* of body; NULL for the program's own */
	const uint8_t *body;
	size_t body_len;
	bool close_after, dead;
	struct serve_export *export;     /* where more of the body comes from; NULL: none */
	uint64_t body_more;              /* bytes of it that have not come yet */
	bool starved;                    /* all that came is out, and more is asked for */
	int64_t deadline_us, media_us;   /* media_us: when it last asked for media */
	uint64_t mark;                   /* tls.sent when the send-rate deadline was set */
	struct serve_waiting wait;
};

/* NULL on lack of memory. max: connections in all. */
struct serve_conns *serve_conn_new(struct serve *s, struct ssl_ctx_st *tls, unsigned max);
/* Takes fd over: a listening socket, non-blocking, in place of an earlier one of that number. 0 or -ENOBUFS. */
int serve_conn_listen(struct serve_conns *l, unsigned listener, int fd);
/* Nobody else comes in by it; those who did stay. */
void serve_conn_unlisten(struct serve_conns *l, unsigned listener);
/* For handshakes from now on; borrowed, as the one given to serve_conn_new is. */
void serve_conn_use_tls(struct serve_conns *l, struct ssl_ctx_st *tls);
/* Closes the listeners; connections end with their response. */
void serve_conn_stop(struct serve_conns *l);
/* Once a second: deadlines, and those who wait look again. */
void serve_conn_tick(struct serve_conns *l, int64_t now_us);
unsigned serve_conn_count(const struct serve_conns *l);
/* Connections that asked for media in the last 15 seconds. */
unsigned serve_conn_viewers(const struct serve_conns *l, int64_t now_us);

/* For serve_answer.c: the request at hand is answered, or waits (for one kind at most timeout_us, however often it is woken). */
void serve_conn_reply(struct serve_conn *c, const struct http_request *r, const struct serve_reply *reply);
void serve_conn_wait(struct serve_conn *c, enum serve_wait kind, int64_t timeout_us);
/* More of the body of a response that was begun with stream_bytes; a reference is taken. */
void serve_conn_feed(struct serve_conn *c, struct serve_bytes *more);
/* It ends in the middle of its response, which the viewer sees from its length. */
void serve_conn_break(struct serve_conn *c);
/* The connection is that user's from now on; false when he has his share of connections already. */
bool serve_conn_take_user(struct serve_conn *c, unsigned user);
/*
 * The same as serve_conn_wait until something of that camera comes, on a user's connection. False, and nothing waits, when
 * SERVE_HOLDS_MAX do so already, or that user has his share of them.
 */
bool serve_conn_hold(struct serve_conn *c, unsigned camera, int64_t timeout_us);
unsigned serve_conn_holds(const struct serve_conns *l);
/* The request is answered again, from the loop. */
void serve_conn_wake(struct serve_conn *c);
/* Wakes all who wait for a segment or a checkpoint, and those held for that camera (SERVE_NO_CAMERA: for none). */
#define SERVE_NO_CAMERA UINT_MAX
void serve_conn_wake_all(struct serve_conns *l, unsigned camera);
/* Wakes who waits for this session. */
void serve_conn_wake_session(struct serve_conns *l, const uint8_t token_sha256[32]);

#endif
