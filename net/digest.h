/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_DIGEST_H
#define NET_DIGEST_H
/*
 * HTTP Digest (RFC 7616, and RFC 2069's form without qop), both sides, and the
 * answer to Basic (RFC 7617). Pure: nonces come from outside. Whether Basic may be
 * answered is the caller's affair; where a Digest was offered, usable or not, it
 * may not.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/wr.h"
#include "net/span.h"

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256, DIGEST_SHA512_256, DIGEST_ALGORITHMS };  /* weakest first */

#define DIGEST_REALM_MAX 256          /* bytes, unescaped */
#define DIGEST_NONCE_MAX 512
#define DIGEST_OPAQUE_MAX 512
#define DIGEST_USER_MAX 256
#define DIGEST_URI_MAX 1024
#define DIGEST_RESPONSE_MAX 64        /* hex digits */
#define DIGEST_HA1_MAX 32
#define DIGEST_HEADER_MAX 4096        /* value of an Authorization or WWW-Authenticate header */

struct digest_challenge {
	enum digest_algorithm algorithm;
	bool algorithm_named;             /* absent means MD5 and is not echoed */
	bool qop_auth;                    /* else the form without qop */
	bool stale;
	char realm[DIGEST_REALM_MAX + 1], nonce[DIGEST_NONCE_MAX + 1], opaque[DIGEST_OPAQUE_MAX + 1];
	bool has_opaque;
};

/* What all challenges of one 401 came to. Begin with zeros. */
struct digest_offer {
	bool usable;                      /* best is set */
	struct digest_challenge best;     /* the strongest that may be answered */
	bool basic;                       /* Basic was among them */
	bool md5_refused, unknown;        /* Digest that is not answered; unknown: other schemes too */
	unsigned challenges;              /* of any scheme */
	unsigned digests;                 /* of scheme Digest, damaged ones too */
	unsigned algorithms;              /* bit set of enum digest_algorithm, of those that could be read */
	bool stale;                       /* any of them said stale=true */
};

/* One WWW-Authenticate header's value, which may hold several challenges. Call it for each; a damaged one is passed over. */
void digest_offer_add(struct digest_offer *o, struct span value, bool allow_md5);
/* Why nothing is usable: a static sentence with the mend. */
const char *digest_offer_why(const struct digest_offer *o);

struct digest_who {
	const char *user, *password;
	const char *method, *uri;         /* of the request, as sent */
};

/*
 * Client: writes the value of an Authorization header. nc counts requests under this nonce from 1; cnonce is
 * fresh random text without quotes. 0, -ENOBUFS (does not fit w), -EINVAL (CR, LF or NUL in a text), -EIO (no such hash).
 */
int digest_answer(struct wr *w, const struct digest_challenge *c, const struct digest_who *who, uint32_t nc, const char *cnonce);

/* Client: writes the value of an Authorization header for Basic. 0, -ENOBUFS, or -EINVAL (colon in the user's name, control bytes, too long). */
int digest_answer_basic(struct wr *w, const char *user, const char *password);

/* Server: writes the value of a WWW-Authenticate header for c; 0 or -ENOBUFS. */
int digest_write_challenge(struct wr *w, const struct digest_challenge *c);
/*
 * Server: is value (an Authorization header) the right answer to a challenge with this realm and nonce, in any
 * algorithm of the table? who->uri NULL: whatever URI it names. nc is not followed.
 * 0; -EACCES wrong user or response; -ESTALE another nonce; -EBADMSG not Digest, or unreadable; -EIO (no such hash).
 */
int digest_verify(struct span value, const char *realm, const char *nonce, const struct digest_who *who);

/*
 * The same for a server that has no password, but what it comes to in its realm, H(user:realm:password), and that looks at realm,
 * nonce, URI and count itself.
 */

/* What an Authorization header says. */
struct digest_claim {
	enum digest_algorithm algorithm;
	bool qop_auth;                    /* else nc and cnonce are not looked at */
	char user[DIGEST_USER_MAX + 1], realm[DIGEST_REALM_MAX + 1], nonce[DIGEST_NONCE_MAX + 1], uri[DIGEST_URI_MAX + 1];
	char response[DIGEST_RESPONSE_MAX + 1], cnonce[DIGEST_NONCE_MAX + 1], nc[9];
};

/* 0 or -EBADMSG: not Digest, unreadable, or in an algorithm or a qop that is not of the table. */
int digest_read(struct span value, struct digest_claim *ret);
/* How often its nonce was used before and now (RFC 7616 3.4, nc); 0: it does not say, or wrongly. */
uint32_t digest_count(const struct digest_claim *c);
/* Bytes of H(). */
size_t digest_ha1_bytes(enum digest_algorithm a);
/* H(user:realm:password), a secret. 0 or -EIO (no such hash). */
int digest_ha1(enum digest_algorithm a, const char *user, const char *realm, const char *password, uint8_t out[DIGEST_HA1_MAX]);
/* Whether its response is that of somebody who has ha1, to a request of that method at its own URI. 0, -EACCES, -EIO. */
int digest_check(const struct digest_claim *c, const uint8_t *ha1, const char *method);

#endif
