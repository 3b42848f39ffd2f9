/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_AUTH_H
#define SERVER_SERVE_AUTH_H
/*
 * Whether a name and a password are a user's. argon2id is slow on purpose, so it
 * runs on one thread of its own behind a short queue; a password once verified
 * is remembered for a while under a keyed hash. After failures the next try
 * has to wait (server/serve_tries.h). A name that is no
 * user's costs the same time. Passwords are wiped when they were used.
 *
 * All functions belong to the loop's thread.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "net/digest.h"
#include "server/msg.h"

#define SERVE_PASSWORD 257                     /* bytes with NUL */
#define SERVE_AUTH_QUEUE_MAX 32                /* passwords waiting for the thread */
#define SERVE_AUTH_ADDRESS_MAX 4               /* of which from one address */
#define SERVE_AUTH_REMEMBER_US (600 * 1000000ll)
#define SERVE_AUTH_REMEMBER_MAX 1024

struct event_base;
struct serve_auth;

/* Somebody who waits for a verdict; the owner's memory. */
struct serve_auth_ask {
	/* user is -1 when the password is wrong. Called once, from the loop. */
	void (*done)(struct serve_auth_ask *ask, int user);
	TAILQ_ENTRY(serve_auth_ask) next;      /* serve_auth's own, as is job: NULL while not waiting */
	void *job;
};

enum serve_auth_answer { SERVE_AUTH_USER, SERVE_AUTH_WRONG, SERVE_AUTH_WAIT, SERVE_AUTH_BUSY, SERVE_AUTH_TOO_SOON };

/* NULL on failure. */
struct serve_auth *serve_auth_new(struct event_base *base);
/*
 * A user comes, changes or goes; what was found out of him before is forgotten, and a password that is being looked at
 * was wrong. 0 or -EINVAL for one that cannot be.
 */
int serve_auth_user(struct serve_auth *a, const struct msg_serve_user *u);
/* The same of a share link, whose viewer has the number SITE_USERS_MAX + its place, and whose password is its token. */
int serve_auth_share(struct serve_auth *a, const struct msg_share *m);
/* Starts the thread: after the sandbox. */
int serve_auth_start(struct serve_auth *a);
/* The name of a user, or of a share link; user is one that was given out. */
const char *serve_auth_name(const struct serve_auth *a, unsigned user);
/* The user of that name, or -1. */
int serve_auth_find(const struct serve_auth *a, const char *name);
/* What certificate is his, as users[].certificate has it; "" for none, and for a number that is nobody's. */
const char *serve_auth_certificate(const struct serve_auth *a, unsigned user);
/* Of that user as he is now: what a login of his is under. */
uint32_t serve_auth_version(const struct serve_auth *a, unsigned user);
/*
 * address: a number that stands for the viewer's address. USER sets *ret_user; TOO_SOON sets *ret_wait_s;
 * WAIT: ask->done tells; WRONG: it is known at once (share links). The password is copied and the caller's copy is the caller's to wipe.
 */
enum serve_auth_answer serve_auth_check(struct serve_auth *a, uint64_t address, const char *name, const char *password, int64_t now_us,
                                        struct serve_auth_ask *ask, unsigned *ret_user, unsigned *ret_wait_s);
void serve_auth_cancel(struct serve_auth_ask *ask);

/* The algorithms, as a bit set of enum digest_algorithm, with which some user can log in by Digest. */
unsigned serve_auth_digests(const struct serve_auth *a);
/*
 * By Digest, whose realm, nonce and URI the caller has looked at; it takes no time. let_in: the user that the connection is already,
 * who is not made to wait for what others tried; or -1. 0 with *ret_user; -EACCES: wrong; -EBUSY: too soon after others that were.
 */
int serve_auth_check_digest(struct serve_auth *a, uint64_t address, const struct digest_claim *claim, const char *method, int let_in,
                            int64_t now_us, unsigned *ret_user);

#endif
