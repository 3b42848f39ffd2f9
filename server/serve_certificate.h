/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_CERTIFICATE_H
#define SERVER_SERVE_CERTIFICATE_H
/*
 * Viewers' certificates, which stand for a password. OpenSSL finds at the handshake whether one is by an authority of the site, for
 * clients, of now, and not revoked by the lists that stand beside the authorities (RFC 5280 6); who shows one that is not is not let in
 * at all, who shows none may have a password. Nothing is ever fetched: no OCSP, no list, no missing link of a chain. Whose it is the site
 * file says, by all of the certificate or by a name in it.
 *
 * Nothing is resumed (serve_tls.h), so that each connection shows it anew.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/site.h"

#define SERVE_CERTIFICATE_NAMES 8            /* of one that are looked at */
#define SERVE_CERTIFICATE_DEPTH 4            /* authorities between it and one of the site's */
#define SERVE_CERTIFICATE_CHAIN_BYTES 32768  /* of all that a viewer may show */

#define SERVE_CERTIFICATE_LOG_US 10000000    /* a refused one is logged at most so often, with how many there were since */

/* How many were refused since the log was told, and when that was (mono; 0: never). */
struct serve_certificates {
	int64_t at_us;
	uint64_t times;
};

struct serve;
struct serve_peer;
struct serve_viewer;
struct ssl_ctx_st;
struct ssl_st;

/* A good one, as its connection showed it. */
struct serve_certificate {
	char fingerprint[7 + 64 + 1];        /* "sha256:" and hex digits */
	int64_t until_us;                    /* wall clock: the end of it, or of an authority between it and the site's */
	unsigned nnames;
	char name[SERVE_CERTIFICATE_NAMES][SITE_CERTIFICATE];
	int user;                            /* whose it was when it was looked up last; -1: nobody's */
	uint32_t version;                    /* of the user then */
	bool said;                           /* the log was told of him */
};

/* From now on connections of that context may show one, by an authority in that PEM, which may hold revocation lists too. 0 or -EINVAL with *why. */
int serve_certificate_authorities(struct ssl_ctx_st *ctx, const void *pem, size_t n, const char **why);
/* What the handshake that is done has shown, the caller's to free; NULL: nothing, or no memory. */
struct serve_certificate *serve_certificate_shown(const struct ssl_st *ssl);
/* What was wrong with the one that a handshake failed for; NULL: it failed for something else. */
const char *serve_certificate_why(const struct ssl_st *ssl);
/* Whether what that connection showed is good by that context, too (its own found it good); it may have shown nothing, or be NULL. */
bool serve_certificate_is_good(const struct ssl_st *ssl, struct ssl_ctx_st *ctx);

/* Whether it is what users[].certificate says. */
bool serve_certificate_is(const struct serve_certificate *c, const char *wanted);
/* The viewer who is known by the certificate of his connection; false: there is none, or it is nobody's. */
bool serve_certificate_viewer(const struct serve *s, const struct serve_peer *peer, struct serve_viewer *ret);
/* For the log: he was let in, which is told once a connection; or one was shown that is not good. */
void serve_certificate_let_in(struct serve *s, const struct serve_peer *peer);
void serve_certificate_refused(struct serve *s, const struct serve_peer *peer, const char *why);

#endif
