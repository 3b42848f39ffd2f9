/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_OPENSSL_H
#define SERVER_OPENSSL_H
/*
 * Whether OpenSSL could begin. Where memory lacks just then it says so to nobody, and what is asked of it later reads through NULL; so
 * each program that uses it asks this first.
 */
#include <stdbool.h>

#include <openssl/crypto.h>

static inline bool openssl_begins(void)
{
	return OSSL_LIB_CTX_get0_global_default() != NULL;
}

#endif
