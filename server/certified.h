/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_CERTIFIED_H
#define SERVER_CERTIFIED_H
/* The other side of libexec/casemate/certify: started, waited for at most half a minute, and its answer read. */
#include <sys/types.h>

#include "base/buf.h"
#include "seal/key.h"
#include "seal/keychain.h"

struct certified {
	char root[KEY_VKEY];     /* the token's public key */
	int key_fd;              /* sealed memory with the run's key in PEM; the caller's to close */
	uint8_t note[KEYCHAIN_NOTE_MAX];
	size_t note_len;
};

/* certify's exit status when a token refused its PIN: tokens count that, and lock after a few. Its other failures are 1. */
#define CERTIFIED_EXIT_PIN 3

/*
 * token_fd: the file that says where the token is. 0, or -errno after certify has said why on standard error
 * (-EKEYREJECTED: its PIN was refused; -ETIMEDOUT: the token did not answer; said here).
 */
int certified_run(int token_fd, const char *origin, struct certified *ret);
/* Only the token's public key. */
int certified_public(int token_fd, const char *origin, char ret_root[KEY_VKEY]);

/*
 * The key note by which the token hands over to heir, for a caller who does not wait: its answer is to be read from *ret_fd until it ends, and the
 * process to be ended and waited for then, or after CERTIFIED_LONGEST_US. 0 or -errno.
 */
#define CERTIFIED_LONGEST_US 30000000
#define CERTIFIED_ANSWER_MAX (KEY_VKEY + 1 + KEYCHAIN_NOTE_MAX)
int certified_turn(int token_fd, const char *origin, const char *heir, int64_t time_us, uint64_t size, pid_t *ret_pid, int *ret_fd);
/* Takes the first line, the token's public key, off its answer; what is left is the note. 0 or -EBADMSG. */
int certified_take_root(struct buf *answer, char ret[KEY_VKEY]);

#endif
