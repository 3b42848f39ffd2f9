/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_MEDIA_KEY_H
#define SEAL_MEDIA_KEY_H
/*
 * The key of signatures inside streams (media/media_signing.h): ECDSA over P-256 with
 * SHA-256, and the certificates (X.509, PEM) that lead from it towards a root which
 * whoever checks has from elsewhere. It signs nothing of the log, and the log's key
 * (seal/key.h) nothing of this. Lives in OpenSSL's memory, and is wiped on free.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define MEDIA_KEY_SIGNATURE_MAX 72     /* ECDSA-Sig-Value in DER */
#define MEDIA_KEY_FILE_MAX 4096        /* bytes of the key's file */
#define MEDIA_KEY_CHAIN_MAX 4096       /* bytes of certificates that are sent */
#define MEDIA_KEY_CHAIN_FILE_MAX 16384 /* with a root, and text between them */
#define MEDIA_KEY_NAME_MAX 40          /* so that it fits a certificate's name with words behind it */

struct media_key;

/*
 * The files' bytes: an unencrypted P-256 key in PEM; its certificate, then those that lead on. A root at the end is left out
 * of what is sent. 0 with *ret, or -EINVAL with *why, -ENOMEM.
 */
int media_key_read(const void *pem, size_t n, const void *certificates, size_t ncertificates, struct media_key **ret, const char **why);
void media_key_free(struct media_key **k);
/* The certificates as PEM, one behind the other, at most MEDIA_KEY_CHAIN_MAX bytes; lasts as long as k. */
const char *media_key_chain(const struct media_key *k, size_t *ret_n);
/* 0 or -ENOMEM. */
int media_key_sign(const struct media_key *k, const void *msg, size_t n, uint8_t sig[MEDIA_KEY_SIGNATURE_MAX], size_t *ret_n);

/*
 * A new key, its certificate, and the root that signed that one, each as a file's text; the root's own key is kept nowhere. name
 * goes into both certificates: 1 .. MEDIA_KEY_NAME_MAX printable characters. 0, -EINVAL, -EIO or -ENOMEM. key's bytes are the caller's to wipe.
 */
int media_key_generate(const char *name, struct buf *key, struct buf *certificate, struct buf *root);

#endif
