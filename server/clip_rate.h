/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_CLIP_RATE_H
#define SERVER_CLIP_RATE_H
/*
 * How often clips may be asked for. Each becomes entries that stay in the log for
 * ever, and the user's name is the word of a serve, which may have been taken over:
 * so all of them together are limited, and then each user, for the others' sake.
 * All zeros is a new one. Pure: the monotonic clock is passed in.
 */
#include <stdbool.h>
#include <stdint.h>

#include "seal/entry.h"

#define CLIP_RATE_USERS 64           /* who has no place counts for all only */

struct clip_rate {
	int64_t full_us;             /* when as many as at first may come at once again */
	struct clip_rate_user {
		char name[ENTRY_NAME];
		int64_t full_us;
	} user[CLIP_RATE_USERS];
};

/* Whether one more may be made for the user now. If so, it is counted. */
bool clip_rate_take(struct clip_rate *r, const char *user, int64_t now_us);

#endif
