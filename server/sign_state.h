/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SIGN_STATE_H
#define SERVER_SIGN_STATE_H
/*
 * What sign has signed, on disk before the signature leaves: two slots in one
 * file, written in turn, each with a counter and a hash over itself. A crash
 * in mid-write spoils one slot; the other is what was signed before.
 */
#include <stdint.h>

#include "seal/hash.h"
#include "seal/key.h"
#include "seal/tree.h"

struct sign_state {
	int fd;                 /* borrowed, read-write */
	struct hash key;        /* hash of the vkey: a state belongs to one key */
	uint64_t counter;       /* of the slot that holds */
	struct tree tree;       /* the edge that was signed */
};

/*
 * Reads the newest whole slot, or begins in an empty file. 0; -EBADMSG when the file is neither; -EKEYREJECTED
 * when it is another key's; -errno. vkey's hash binds the file.
 */
int sign_state_open(struct sign_state *s, int fd, const char *vkey);
/* Puts a larger tree on disk in the older slot. 0, -ESTALE when it would go backwards (or sideways: same size, other root), -errno. */
int sign_state_save(struct sign_state *s, const struct tree *tree);

#endif
