/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_LIMIT_H
#define SERVER_SERVE_LIMIT_H
/*
 * What is refused because somebody has enough already: counted by which limit it was, for the status, and logged, of each
 * limit at most each SERVE_LIMIT_LOG_US, with how many there were since.
 */
#include <stdint.h>

#define SERVE_LIMIT_LOG_US 10000000

/*
 * ADDRESS: connections of one address. USER: connections, held requests, questions to store or the parent, snapshots, or cosignatures of one user.
 * LOGIN: passwords that have to wait. DEMAND: held requests, or snapshots, of all users together.
 */
enum serve_limit { SERVE_LIMIT_ADDRESS, SERVE_LIMIT_USER, SERVE_LIMIT_LOGIN, SERVE_LIMIT_DEMAND, SERVE_LIMIT_COUNT };

/* Of each limit: when it was logged last, and how many had been refused by then. */
struct serve_limits {
	struct { int64_t at_us; uint64_t said; } log[SERVE_LIMIT_COUNT];
};

struct serve;

/* who: an address or a user's name, as it may stand in the log. */
void serve_limit_refused(struct serve *s, enum serve_limit limit, const char *who);

#endif
