/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SIGN_STATE_H
#define SERVER_SIGN_STATE_H
/*
 * What sign has signed, on disk before the signature leaves: two slots in one
 * file, written in turn, each with a counter and a hash over itself. A crash
 * in mid-write spoils one slot; the other is what was signed before.
 *
 * It belongs to one key, and while that one is being replaced knows its successor:
 * begun -> the old key has signed its last checkpoint -> the successor's.
 */
#include <stdbool.h>
#include <stdint.h>

#include "seal/hash.h"
#include "seal/key.h"
#include "seal/tree.h"

struct sign_turn {
	struct hash next;       /* hash of the successor's vkey; zeros: none was begun */
	int64_t time_us;        /* when that was */
	uint64_t size;          /* of the old key's last checkpoint; 0 before it */
};

struct sign_state {
	int fd;                 /* borrowed, read-write */
	struct hash key;        /* hash of the vkey that it belongs to; zeros before the first save */
	uint64_t counter;       /* of the slot that holds */
	struct tree tree;       /* the edge that was signed */
	struct sign_turn turn;
};

void sign_state_hash(const char *vkey, struct hash *ret);
/*
 * Reads the newest whole slot, or begins in an empty file. 0; -EBADMSG when the file is neither; -errno.
 * Whose it is, is the caller's to look at; a new one's key is zeros.
 */
int sign_state_open(struct sign_state *s, int fd);
bool sign_state_is_new(const struct sign_state *s);
/* Puts a larger tree on disk in the older slot. 0, -ESTALE when it would go backwards (or sideways: same size, other root), -errno. */
int sign_state_save(struct sign_state *s, const struct tree *tree);

/* Notes the successor. 0, -EALREADY when another's turn has gone so far that it must be ended, -errno. Begun before with it: changes nothing. */
int sign_state_begin_turn(struct sign_state *s, const struct hash *next, int64_t time_us);
/* sign_state_save of what the old key signs last. */
int sign_state_last_of_old(struct sign_state *s, const struct tree *tree);
/* From here on the state is the successor's. 0 or -errno. */
int sign_state_end_turn(struct sign_state *s);

#endif
