/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TAKEN_TAKEN_H
#define TAKEN_TAKEN_H
/*
 * A role as it is once somebody else has taken it over: it was started, given its descriptors and sealed by the very code of the
 * real one (server/role.c, its policy), and then does what an attacker would. taken.c has the life of it, attack*.c what it does.
 */
#include <netinet/in.h>
#include <stdint.h>

#include "base/ring.h"
#include "server/role.h"

struct event;

/* What it was given and kept, -1 or zeros while it has none. */
struct taken {
	struct role role;
	const struct attack *attack;
	uint16_t camera;             /* one that is its own */
	struct sockaddr_in elsewhere;/* where somebody listens to whom nothing may come */
	int folder, socket, listener;
	int ring_fd, bell;           /* the ring it writes (transcode: to store), as store: one it reads */
	struct ring ring;
	struct ring in;              /* transcode: the one it reads */
	int peer[ROLE_COUNT];        /* channels to other roles */
	struct event *tick;
	int64_t over_us;             /* monotonic: to this time it stays, once the attack is made; 0: not made yet */
};

/* What must have been given before it can be made. */
enum attack_needs { NEEDS_NOTHING, NEEDS_RING = 1, NEEDS_SOCKET = 2, NEEDS_STORE = 4, NEEDS_SERVE = 8, NEEDS_SIGN = 16, NEEDS_EARLY = 32 };

#define IN(r) (1u << ROLE_##r)
#define IN_ALL (IN(INGEST) | IN(TRANSCODE) | IN(STORE) | IN(SIGN) | IN(SERVE))

/*
 * A row of a table that ends without a name. make returns what came of it, "refused: …", "done", or something that begins
 * with GAINED; what is to kill it does not return. Then the role stays for stay_s seconds, answering nothing, and exits.
 */
struct attack {
	const char *name;
	unsigned in;                 /* roles that can make it */
	unsigned needs;
	const char *(*make)(struct taken *t);
	unsigned stay_s;
};

extern const struct attack attacks_call[], attacks_say[], attacks_ring[], attacks_parts[], attacks_hold[];

/* One packet with descriptors, as it is. 0 or -errno. */
int taken_send(int fd, const void *bytes, size_t n, const int *fds, unsigned nfds);
/* A message, whether its sender may say it or not. */
int taken_say(int fd, enum msg_type type, const void *body, const int *fds, unsigned nfds);
/* "refused: EACCES", or `gained` where rc is not negative. */
const char *taken_outcome(long rc, const char *gained);
/* Monotonic, and without a system call. */
int64_t taken_now_us(void);

#endif
