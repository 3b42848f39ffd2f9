/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_TRIES_H
#define SERVER_SERVE_TRIES_H
/*
 * Wrong passwords make the next try wait: of that name from that address soon and long, since nobody else is harmed; of that
 * address with whatever name, and of that name from wherever, later and shorter, since others share the one or the other.
 * Those two don't hold up a name from an address from where it was right lately. Counts are forgotten FORGET_US after the last
 * failure. Names and addresses are keyed hashes of the caller's. Pure; fixed size.
 */
#include <stdint.h>

#define SERVE_TRIES_FREE 3                      /* of a name from an address, before the first wait, which is 1 s and doubles */
#define SERVE_TRIES_WAIT_MAX_S 64
#define SERVE_TRIES_FREE_ADDRESS 32
#define SERVE_TRIES_FREE_NAME 64
#define SERVE_TRIES_WAIT_SHARED_MAX_S 8
#define SERVE_TRIES_FORGET_US (900 * 1000000ll)
#define SERVE_TRIES_KNOWN_US (86400 * 1000000ll)

enum serve_tries_kind { SERVE_TRIES_BOTH, SERVE_TRIES_ADDRESS, SERVE_TRIES_NAME, SERVE_TRIES_KINDS };

/* One who tries: hashes of name and address together, of the address, and of the name. */
struct serve_tries_who {
	uint8_t hash[SERVE_TRIES_KINDS][32];
};

struct serve_tries;

/* NULL on lack of memory. */
struct serve_tries *serve_tries_new(void);
void serve_tries_free(struct serve_tries **t);
/* Seconds that he has to wait; 0: he may try. */
unsigned serve_tries_wait_s(struct serve_tries *t, const struct serve_tries_who *who, int64_t now_us);
void serve_tries_wrong(struct serve_tries *t, const struct serve_tries_who *who, int64_t now_us);
void serve_tries_right(struct serve_tries *t, const struct serve_tries_who *who, int64_t now_us);

#endif
