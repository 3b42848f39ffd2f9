/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every certificate of ours is made with (RFC 5280), and how it and its key are written (PEM, RFC 7468). */
#ifndef SEAL_CERTIFICATE_MAKE_H
#define SEAL_CERTIFICATE_MAKE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "base/buf.h"

/* nid, value: as OpenSSL's x509v3_config(5) writes them. issuer: whose key the extension may speak of; x itself when it signs itself. */
bool certificate_add_extension(X509 *x, X509 *issuer, int nid, const char *value);

/* 128 random bits, of which the highest two say that it is positive and of this length (RFC 5280 section 4.1.2.2). */
bool certificate_set_serial(X509 *x);

/* Appended. 0, -ENOMEM, or -ENOBUFS when `out` is full. */
int certificate_write(X509 *x, struct buf *out);

/* PKCS #8, without a password: the caller wipes `out`. */
int certificate_write_key(EVP_PKEY *pkey, struct buf *out);

#endif
