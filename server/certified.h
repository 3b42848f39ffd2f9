/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_CERTIFIED_H
#define SERVER_CERTIFIED_H
/* The other side of libexec/casemate/certify: started, waited for at most half a minute, and its answer read. */
#include "base/buf.h"
#include "seal/key.h"
#include "seal/keychain.h"

struct certified {
	char root[KEY_VKEY];     /* the token's public key */
	int key_fd;              /* sealed memory with the run's key in PEM; the caller's to close */
	uint8_t note[KEYCHAIN_NOTE_MAX];
	size_t note_len;
};

/*
 * token_fd: the file that says where the token is. 0, or -errno after certify has said why on standard error
 * (-ETIMEDOUT: the token did not answer; said here).
 */
int certified_run(int token_fd, const char *origin, struct certified *ret);
/* Only the token's public key. */
int certified_public(int token_fd, const char *origin, char ret_root[KEY_VKEY]);

#endif
