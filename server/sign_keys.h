/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SIGN_KEYS_H
#define SERVER_SIGN_KEYS_H
/*
 * The keys that sign is given: the one that signs, and while it is being replaced its successor. Either may be there for
 * longer than it is needed: the signing state says whose turn it is. A key that a token certified for this run signs
 * in the name of the token's.
 */
#include "seal/hash.h"
#include "seal/key.h"
#include "seal/tree.h"
#include "server/msg.h"
#include "server/sign_state.h"

struct sign_keys {
	struct key_private *now, *next;     /* next: NULL without a successor, and once it signs */
	char vkey[KEY_VKEY], next_vkey[KEY_VKEY];
	char certifier[KEY_VKEY];           /* "": none */
	uint8_t note[MSG_KEY_NOTE_MAX];     /* what store must have kept before `now` signs: its certificate; */
	size_t note_len;                    /* 0 without one */
	struct hash turn_leaf;              /* of the key/v1 entry that hands over to next */
};

/* Reads a key file that was opened for sign; fd stays the caller's. 0, -EINVAL with *why, or -errno. */
int sign_keys_read(const char *origin, int fd, struct key_private **ret, const char **why);
/*
 * Which of the two the state belongs to; if to next, that is `now` from here on. A new state becomes theirs. 0, or -EKEYREJECTED when
 * it is neither's.
 */
int sign_keys_fit(struct sign_keys *k, struct sign_state *state);
/* The archive says that next has signed already: the state is an older one, and next's from here on. */
void sign_keys_catch_up(struct sign_keys *k, struct sign_state *state);
/* Notes in the state that next's turn comes, and knows the entry by which it does. 0, -EALREADY (another's does), -errno. */
int sign_keys_begin_turn(struct sign_keys *k, struct sign_state *state, int64_t now_us);
/* The key note by which `now` hands over to next at the state's size. 0 or -errno. */
int sign_keys_turn_note(struct sign_keys *k, const struct sign_state *state);
/* next signs from here on; the one before is wiped. */
void sign_keys_turn(struct sign_keys *k);
void sign_keys_free(struct sign_keys *k);

#endif
