/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_CHANNEL_H
#define SERVER_CHANNEL_H
/*
 * A SOCK_SEQPACKET pair between two roles: one message a packet (msg.h),
 * descriptors beside it. Sending never blocks: what the socket does not take is
 * queued up to CHANNEL_QUEUE_MAX bytes. Receiving checks roles.c before it
 * answers; a message that is not allowed, malformed or of the wrong number of
 * descriptors is reported through `broken`, and the channel says no more.
 */
#include <stdbool.h>
#include <stdint.h>

#include "server/roles.h"

#define CHANNEL_QUEUE_MAX (16u << 20)   /* bytes waiting for the other side */
#define CHANNEL_QUEUE_FDS_MAX 512u      /* descriptors waiting */

struct event_base;
struct channel;

/*
 * An answer owns no body. A descriptor it keeps it sets to -1 in fds; the others
 * are closed for it. It calls neither channel_poll nor channel_wait, and frees no
 * channel; `broken` may free its own.
 */
struct channel_answer {
	enum msg_type type;
	void (*answer)(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);
};

struct channel_ends {
	enum role_kind me, peer;
	unsigned peer_index;
	const struct channel_answer *answers;   /* ends with type MSG_NONE */
	/* For allowed messages that answers does not name; NULL: then they break the channel. */
	void (*otherwise)(void *ctx, struct channel *from, enum msg_type type, const union msg_body *m, int fds[MSG_FDS_MAX]);
	/* The other side is gone (why NULL) or said what it may not (why says what). Called once, from the loop. */
	void (*broken)(void *ctx, struct channel *c, const char *why);
	void *ctx;
};

/* A connected pair, close-on-exec, non-blocking on both ends. 0 or -errno. */
int channel_pair(int ret_fd[2]);
/* Takes fd over. NULL on lack of memory (fd is then closed). base may be NULL: then only channel_say and channel_wait work. */
struct channel *channel_new(struct event_base *base, int fd, const struct channel_ends *ends);
void channel_free(struct channel **c);
/*
 * Sends or queues; fds are duplicated while queued, never kept. 0, -ENOBUFS when
 * the queue is full (nothing was sent: the caller's policy), -EPIPE when the channel is broken.
 */
int channel_say(struct channel *c, enum msg_type type, const void *body, const int *fds, unsigned nfds);
/* Reads and answers everything that has arrived, without waiting. */
void channel_poll(struct channel *c);
/* Waits for one message and answers it (settings, before the role is sealed). 0 or -errno; *ret_type says which it was. */
int channel_wait(struct channel *c, enum msg_type *ret_type);
unsigned channel_peer_index(const struct channel *c);
enum role_kind channel_peer(const struct channel *c);

#endif
