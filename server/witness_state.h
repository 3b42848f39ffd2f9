/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_WITNESS_STATE_H
#define SERVER_WITNESS_STATE_H
/*
 * What a witness has seen of one log: the largest checkpoint, as the site signed it, in a file of its own. Whoever loses that file
 * has seen nothing; whoever runs with an older copy of it may cosign two histories. So it is on the disk before
 * a cosignature leaves, and locked against a second run.
 */
#include "seal/checkpoint.h"

struct witness_note {
	struct checkpoint c;
	size_t n;                       /* 0: none */
	uint8_t bytes[NOTE_MAX_BYTES];
};

struct witness_state {
	const char *path;               /* borrowed */
	int lock;
	struct witness_note seen;
};

/*
 * Locks and reads it. 0, with seen.n of 0 when the file is not there; -EBUSY when another run has it, -EBADMSG with *why when it holds
 * no checkpoint, or -errno.
 */
int witness_state_open(const char *path, struct witness_state *ret, const char **why);
/* On the disk when it returns 0; else -errno and nothing has changed. */
int witness_state_keep(struct witness_state *s, const struct witness_note *note);
/* Two checkpoints that cannot both be of one history, beside the state: "STATE.fork-SIZE". 0 with its path, or -errno. */
int witness_state_keep_fork(const struct witness_state *s, const struct witness_note *other, char *ret_path, size_t cap);
void witness_state_close(struct witness_state *s);

#endif
