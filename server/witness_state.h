/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_WITNESS_STATE_H
#define SERVER_WITNESS_STATE_H
/*
 * What a witness has seen of one log: the largest checkpoint, as the site signed it, in a file of its own. Whoever loses that file
 * has seen nothing; whoever runs with an older copy of it may cosign two histories. So it is on the disk before
 * a cosignature leaves, and locked against a second run. Beside it lies by which key it was seen: a key that was replaced, and its thief,
 * know nothing of their successor.
 */
#include <stdbool.h>

#include "seal/checkpoint.h"
#include "seal/key.h"

struct witness_note {
	struct checkpoint c;
	size_t n;                       /* 0: none */
	uint8_t bytes[NOTE_MAX_BYTES];
};

/* Of the site, when the state was kept. */
struct witness_keys {
	bool is_there;
	struct key_public begin;        /* the one that the witness was given */
	struct key_public root;         /* the one that signed, or had certified the one that did */
};

struct witness_state {
	const char *path;               /* borrowed */
	int lock;
	struct witness_note seen;
	struct witness_keys keys;
};

/*
 * Locks and reads it. 0, with seen.n of 0 when the file is not there; -EBUSY when another run has it, -EBADMSG with *why when it holds
 * no checkpoint or the file beside it no keys, or -errno.
 */
int witness_state_open(const char *path, struct witness_state *ret, const char **why);
/* On the disk when it returns 0; else -errno, and what was seen has not changed. */
int witness_state_keep(struct witness_state *s, const struct witness_note *note, const struct witness_keys *keys);
/* Two checkpoints that cannot both be of one history, beside the state: "STATE.fork-SIZE". 0 with its path, or -errno. */
int witness_state_keep_fork(const struct witness_state *s, const struct witness_note *other, char *ret_path, size_t cap);
void witness_state_close(struct witness_state *s);

#endif
