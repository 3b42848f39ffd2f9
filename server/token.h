/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_TOKEN_H
#define SERVER_TOKEN_H
/*
 * A key file that holds no key: it says where one is, in a PKCS#11 token or behind a TPM 2.0, that never leaves there. It signs one thing
 * only: certificates for the key of each run (seal/keychain.h). The file is text, made by casemate keygen --token:
 *
 *     casemate.token/v1
 *     uri URI          pkcs11:… (RFC 7512); or what OpenSSL's provider tpm2 opens: handle:0x81000001, file:/…
 *     module TEXT      may be absent. PKCS#11: the library's path. TPM: its TCTI, device:/dev/tpmrm0
 *     pin PATH         may be absent: a file whose first line it is
 *     root VKEY        the token's public key
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "seal/key.h"

#define TOKEN_TITLE "casemate.token/v1\n"
#define TOKEN_BYTES_MAX 8192u
#define TOKEN_TEXT 1024

struct token {
	char uri[TOKEN_TEXT], module[TOKEN_TEXT], pin[TOKEN_TEXT];  /* "" where absent */
	char root[KEY_VKEY];                                        /* "" only before keygen has asked for it */
};

bool token_is(const void *p, size_t n);
/* 0, or -EINVAL with *why: grammar, a URI with a PIN in it. */
int token_parse(const void *p, size_t n, struct token *ret, const char **why);
/* Appends the file's text. 0, -EINVAL when it could not be read back, -ENOBUFS or -ENOMEM. */
int token_write(const struct token *t, struct buf *out);
bool token_is_pkcs11(const struct token *t);

#endif
