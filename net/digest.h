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

#endif
