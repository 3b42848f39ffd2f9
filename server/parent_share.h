/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_PARENT_SHARE_H
#define SERVER_PARENT_SHARE_H
/*
 * Share links: made, listed and revoked over the local socket, kept in a file beside the key's state, told to every serve process by the
 * hash of their tokens. The key that makes tokens never leaves the parent.
 */
#include <stdbool.h>

#include "server/share_list.h"

struct parent;
struct child;

/* In its place, which is also the viewer's number above SITE_USERS_MAX. */
struct parent_share {
	struct share share;
	bool used;
	uint32_t version;             /* grows with each link in this place */
	int64_t freed_us;             /* monotonic; 0: never */
	uint8_t token_sha256[32];
};

struct parent_shares {
	struct parent_share at[SITE_SHARES_MAX];
	int64_t page_minute;          /* in which so many were made from the page: */
	unsigned from_page;
	uint8_t *key;                 /* SHARE_KEY bytes of secret memory; NULL: none yet */
};

/* Before the first role starts: what there is of an earlier run. 0, or -errno when *ret_path cannot be read as it must be. */
int parent_share_begin(struct parent *p, char *ret_path, size_t cap);
/* Wipes the key: no link is made any more. */
void parent_share_end(struct parent *p);
/* The link whose viewer has that number, if it is good; NULL. */
const struct parent_share *parent_share_of(const struct parent *p, unsigned viewer);
/* Tells a serve of all of them; 0 or as child_say. */
int child_say_shares(struct child *serve);
/* Cameras or users are others: every serve hears of all again. */
void parent_share_tell(struct parent *p);
/* Those that are over go. */
void parent_share_sweep(struct parent *p);

/* The questions of server/ask.h: the words behind ASK_SHARE, ASK_UNSHARE, ASK_SHARES. */
void parent_share_make(struct parent *p, const char *words, struct buf *out);
void parent_share_revoke(struct parent *p, const char *id, struct buf *out);
void parent_share_list(const struct parent *p, bool json, struct buf *out);

#endif
