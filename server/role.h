/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_ROLE_H
#define SERVER_ROLE_H
/*
 * How every role begins: it finds its channel to the parent on descriptor 3,
 * takes its settings, seals itself, says so, and only then sees the first byte
 * from outside. Standard error is a pipe to the parent's log; standard input and
 * output are /dev/null.
 */
#include "server/channel.h"

#define ROLE_CHANNEL_FD 3
#define ROLE_EXIT_UNSEALED 78   /* a layer of the sandbox is missing and the site is strict (EX_CONFIG of sysexits.h) */

struct event;
struct event_base;
struct timeval;

struct role {
	enum role_kind me;
	struct event_base *base;   /* NULL for a role without a loop (transcode) */
	struct channel *parent;
	int folder;                /* the one folder the role keeps, set while it takes settings; -1 for none */
	uint32_t layers;           /* of the sandbox, after role_seal */
	const struct channel_answer *settings, *after;
	void *ctx;
	void (*stop)(void *ctx);
	/*
	 * At least so long passes from one round of the loop to the next, if not 0, so that what many cameras send is taken
	 * at few wakings. A round that has waited for longer is answered at once.
	 */
	unsigned pace_us;
	void (*round)(void *ctx);  /* at the end of each such round, NULL for nothing */
	bool go, best_effort, stopping;
};

/*
 * Checks that the parent started this program (else says how to, and exits 2),
 * ignores SIGPIPE, SIGINT and SIGTERM, keeps malloc to one arena without mmap, and opens the channel.
 * base: the role's loop, NULL for a role without one.
 */
void role_begin(struct role *r, enum role_kind me, struct event_base *base);
/*
 * For a role that is given keys or passwords, before it takes its settings: makes the memory for them (base/secret.h). openssl: OpenSSL
 * could lock its own, or the role needs none. What cannot be locked is said in the log, and the role goes on.
 */
#define ROLE_OPENSSL_SECRET_BYTES (256u << 10)
#define ROLE_OPENSSL_SECRET_LEAST 32
void role_secrets(size_t bytes, bool openssl);
/* Takes settings until MSG_GO, giving each to its answer. Exits when the parent is gone. */
void role_settings(struct role *r, const struct channel_answer *answers, void *ctx);
/*
 * Enters the sandbox of policy.c and says MSG_READY. Exits with a reason in the log when a layer
 * is missing and the site is strict. Nothing from outside may have been read before.
 */
void role_seal(struct role *r);
/* event_add of what the role cannot do without: where there is no memory for it the role ends, and is started anew, instead of never being called. */
void role_arm(struct event *e, const struct timeval *tv);
/*
 * Runs the loop with these answers for the parent's messages. When the parent says MSG_STOP, stop is
 * called (NULL: the loop just ends); it ends the loop by event_base_loopbreak, at once or when it is done.
 * Ends also when the parent is gone.
 */
void role_loop(struct role *r, const struct channel_answer *answers, void *ctx, void (*stop)(void *ctx));
/* Tells the parent that another role lied. */
void role_bad_peer(struct role *r, enum role_kind peer, unsigned index, const char *why);

#endif
