/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_EXCHANGE_H
#define SERVER_SERVE_EXCHANGE_H
/*
 * One request and its answer, whatever carries it: a connection of HTTP/1.1, or
 * one stream of HTTP/2. What a request means (server/serve_route.h) is known of
 * this alone. An exchange belongs to its carrier, who ends it when it goes.
 *
 * An answer that has to wait for something returns; when that has come the same
 * request is answered again from the start, with what came in x->wait.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "net/http.h"
#include "server/serve.h"
#include "server/serve_address.h"
#include "server/serve_question.h"
#include "server/serve_reply.h"

enum serve_wait { SERVE_WAIT_NONE, SERVE_WAIT_PASSWORD, SERVE_WAIT_STORE, SERVE_WAIT_SEGMENT, SERVE_WAIT_DEMAND, SERVE_WAIT_SESSION, SERVE_WAIT_EXPORT, SERVE_WAIT_PART, SERVE_WAIT_PARENT };

/* Who is at the other end of a connection: the same for all its exchanges. */
struct serve_peer {
	uint64_t address;                /* stands for the viewer's address (IPv6: its /64) */
	char name[SERVE_ADDRESS_TEXT];   /* for the log */
	enum listener_kind by;           /* which one he came by */
	int user;                        /* who asked last, -1 before anybody was known */
	int64_t media_us;                /* when it last asked for media */
	struct serve_certificate *certificate;  /* that it showed; NULL: none */
};

/* What the request at hand waits for, and what has come of it. Cleared when it is answered. */
struct serve_waiting {
	enum serve_wait kind, last;      /* last: the latest one, also when it is over */
	int64_t until_us;
	bool timed_out;
	unsigned camera, user;           /* SERVE_WAIT_DEMAND: of which something is coming, and as whose it is counted (SERVE_WAIT_PART too) */
	struct serve_follower follower;  /* SERVE_WAIT_PART: of */
	struct serve_rendition *rendition;
	struct serve_part_name part;     /* that is waited for, until */
	bool (*is_decided)(const struct serve_rendition *r, const struct serve_part_name *part);
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
	struct serve_question_waiter question;
	bool has_token, has_session;     /* a login */
	uint8_t token[32], token_sha256[32];
};

/* What comes next of a body that comes in pieces, with a reference for who gets it. */
struct serve_more {
	struct serve_bytes *owner;
	const uint8_t *p;
	size_t n;
};
enum serve_more_state { SERVE_MORE_HERE, SERVE_MORE_LATER, SERVE_MORE_OVER, SERVE_MORE_FAILED };

struct serve_exchange {
	TAILQ_ENTRY(serve_exchange) next;  /* in serve.waiting, while it waits */
	bool waiting, woken;               /* woken: what it waited for has come */
	const struct serve_carrier *carrier;
	struct serve *serve;
	struct serve_peer *peer;           /* the carrier's */
	struct serve_waiting wait;
	struct serve_rights_follower follow;  /* while it waits or its answer goes out: of who was let in */
	struct serve_export *export;       /* where more of the body comes from; NULL: none */
	struct serve_growing *growing;     /* the same */
};

/* What a carrier can do. Nothing of it frees the exchange before it returns. */
struct serve_carrier {
	/* The answer, in reply and what it points at only until this returns (of bytes a reference is taken). */
	void (*reply)(struct serve_exchange *x, const struct http_request *r, const struct serve_reply *reply);
	/* From the loop, soon: serve_exchange_resume, and the request is answered again. */
	void (*wake)(struct serve_exchange *x);
	/* More of a body whose bytes were LATER has come, or will not: it is to be asked for again. */
	void (*go_on)(struct serve_exchange *x);
	/* It ends in the middle of its response, and the viewer can tell. */
	void (*stop)(struct serve_exchange *x);
};

/* For carriers. */
void serve_exchange_begin(struct serve_exchange *x, struct serve *s, struct serve_peer *peer, const struct serve_carrier *carrier);
/* Whether it waited and is to be answered again now. */
bool serve_exchange_resume(struct serve_exchange *x);
/* Forgets what it waited for; an export goes on. Before an answer goes out. */
void serve_exchange_forget(struct serve_exchange *x);
/* All that came of the body is out. HERE with *ret; LATER: go_on is called; OVER, of one that is open; FAILED: it ends in the middle. */
enum serve_more_state serve_exchange_more(struct serve_exchange *x, struct serve_more *ret);
/* Nothing comes to it any more: the answer is out, or nobody wants it. It may begin again. */
void serve_exchange_end(struct serve_exchange *x);

/* For answers: the request is answered, or waits (for one kind at most timeout_us, however often it is woken). */
void serve_exchange_reply(struct serve_exchange *x, const struct http_request *r, const struct serve_reply *reply);
void serve_exchange_wait(struct serve_exchange *x, enum serve_wait kind, int64_t timeout_us);
/*
 * The same as serve_exchange_wait until something of that camera comes. False, and nothing waits, when SERVE_HOLDS_MAX
 * do so already, or that user has his share of them.
 */
bool serve_exchange_hold(struct serve_exchange *x, unsigned user, unsigned camera, int64_t timeout_us);
/*
 * The same until a segment or a part has come, or will not: asked of is_decided whenever there is more of the rendition. False, and
 * nothing waits, when SERVE_RELOADS_MAX do so already, or that user has his share of them.
 */
bool serve_exchange_hold_for(struct serve_exchange *x, unsigned user, struct serve_rendition *r, const struct serve_part_name *part,
	bool (*is_decided)(const struct serve_rendition *r, const struct serve_part_name *part), int64_t timeout_us);
/* One more is held back for that user, until it is let go; false: there are too many. */
bool serve_exchange_take_hold(struct serve_exchange *x, unsigned user);
void serve_exchange_let_go(struct serve *s, unsigned user);
/* What it waits for has come: the request is answered again, from the loop. */
void serve_exchange_wake(struct serve_exchange *x);
/*
 * It is that viewer's, who is to have that right at that camera until the answer is out: when he has it no more what waits is answered
 * again, and what is going out ends. 0, or -EACCES when he has not.
 */
int serve_exchange_follow(struct serve_exchange *x, const struct serve_viewer *v, enum serve_right right, unsigned camera);
/* The connection is that user's from now on; false when he has his share of connections already. */
bool serve_exchange_take_user(struct serve_exchange *x, unsigned user);

/* Wakes all who wait for a segment or a checkpoint, and those held for that camera (SERVE_NO_CAMERA: for none). */
#define SERVE_NO_CAMERA UINT_MAX
void serve_exchange_wake_all(struct serve *s, unsigned camera);
/* Wakes who waits for this session. */
void serve_exchange_wake_session(struct serve *s, const uint8_t token_sha256[32]);
/* Once a second: whose time is over is told, and those who wait for what others bring look again. */
void serve_exchange_tick(struct serve *s, int64_t now_us);

#endif
