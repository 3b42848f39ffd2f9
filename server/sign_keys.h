/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SIGN_KEYS_H
#define SERVER_SIGN_KEYS_H
/*
 * The keys that sign is given: the one that signs, and while it is being replaced its successor. Either may be there for
 * longer than it is needed: the signing state says whose turn it is. A key that a token certified for this run signs
 * in the name of the token's, and to that one's successor only the token hands over.
 */
#include "seal/hash.h"
#include "seal/key.h"
#include "seal/tree.h"
#include "server/msg.h"
#include "server/sign_state.h"

struct sign_keys {
	struct key_private *now, *next;     /* next: NULL without a successor, and once it signs */
	char vkey[KEY_VKEY], next_vkey[KEY_VKEY];
	char certifier[KEY_VKEY], next_certifier[KEY_VKEY];   /* "": none */
	uint8_t note[MSG_KEY_NOTE_MAX];     /* what store must have kept before more is signed: the certificate of `now`, or how it hands over; */
	size_t note_len;                    /* 0 without one */
	uint8_t next_note[MSG_KEY_NOTE_MAX];/* the certificate of `next` */
	size_t next_note_len;
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
/* In whose name `now` signs, and next will: the key that verifiers are given. */
const char *sign_keys_own(const struct sign_keys *k);
const char *sign_keys_heir(const struct sign_keys *k);
/* The key note by which the one hands over to the other at the state's size. 0; -EAGAIN when it is a token's to sign, and there is none yet; -errno. */
int sign_keys_turn_note(struct sign_keys *k, const struct sign_state *state);
/* What the token signed: 0, or -EBADMSG when it is not that note. */
int sign_keys_take_note(struct sign_keys *k, const struct sign_state *state, const uint8_t *note, size_t n);
/* next signs from here on; the one before is wiped. */
void sign_keys_turn(struct sign_keys *k);
/* There is no next one; store is asked for no entry that names it. */
void sign_keys_drop_next(struct sign_keys *k);
void sign_keys_free(struct sign_keys *k);

#endif
