/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_WITNESS_LOOK_H
#define SERVER_WITNESS_LOOK_H
/*
 * A witness' look at a log: its newest checkpoint, the one that others have cosigned, and whether both extend what
 * was seen before. Pure but for the source; "the same" means the same history, proved by RFC 9162 consistency from tiles.
 */
#include "seal/cosign.h"
#include "seal/keychain.h"
#include "seal/verify.h"
#include "server/witness_state.h"

#define WITNESS_WHY 300

enum witness_found {
	WITNESS_GOOD,
	WITNESS_OLDER,                  /* the log is shorter than what was seen: an older copy was put back */
	WITNESS_FORK,                   /* it does not extend what was seen */
	WITNESS_UNREADABLE              /* could not tell */
};

struct witness_look {
	struct witness_note newest;
	struct witness_keys keys;       /* by which it was signed */
	struct witness_note pending;    /* n of 0: there is none to cosign */
	const struct witness_note *other;  /* WITNESS_FORK: which of the two it is */
	char why[WITNESS_WHY];          /* in words, unless it is good */
};

/*
 * begin: the site's key, as the witness was given it. seen: seen.n of 0 for a log that was never looked at. What was seen is extended only by
 * the key that signed it and those that it made known; another `begin` than before is the witness' own will, and begins anew. me: whose cosignature is not
 * needed on the pending one once it is there. wide: tiles may be wider than asked for (a copied folder).
 */
enum witness_found witness_look(const struct verify_source *src, bool wide, const struct key_public *begin, const struct witness_state *seen,
	const struct cosign_public *me, struct witness_look *ret);

#endif
