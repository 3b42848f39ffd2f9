/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_ADMIN_H
#define SERVER_ADMIN_H
/*
 * Signed site files: what an admin's key has signed, and what a machine takes. Beside the site file lies FILE.sig, a signed note
 * (c2sp.org/signed-note) of four lines,
 *     casemate-site/v1
 *     ORIGIN
 *     VERSION, a number from 1
 *     SHA-256 of the site file with all that it includes (server/site_sha256.h), in hex
 * Whose signature counts is never the file's own to say: it is the key that the command line names, else the one that was in force
 * before, which is kept in a file of its own. Only where there has been none is it the key that a file brings with it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/site.h"
#include "seal/key.h"

#define ADMIN_HEAD "casemate-site/v1"
#define ADMIN_WHY 400
#define ADMIN_VERSION_MAX INT32_MAX
#define ADMIN_SIG_MAX 4096          /* bytes of FILE.sig, and of what is kept */

/* What was in force last. */
struct admin {
	bool known;                     /* else the rest is nothing: no signature is wanted yet */
	struct key_public key;
	uint32_t version;
	uint8_t sha256[32];
};

/* What is signed of a site file. */
struct admin_text {
	char origin[SITE_ORIGIN];
	uint32_t version;
	uint8_t sha256[32];
};

/* Appends the four lines; 0 or -ENOMEM. */
int admin_text_write(const struct admin_text *t, struct buf *out);
/* 0, or -EBADMSG for anything else than the four lines. */
int admin_text_parse(const char *s, size_t n, struct admin_text *ret);
/* The text of FILE.sig, whoever signed it; 0 or -errno, -EBADMSG for what is none. For who signs the next one. */
int admin_last(const char *file, struct admin_text *ret);

bool admin_same(const struct admin *a, const struct admin *b);
/* Where what was in force is kept: in the service's state folder, else beside the site file. */
void admin_path(const char *file, char *out, size_t cap);
/* 0, with *ret not known where there is no such file; or -errno with why. */
int admin_load(const char *path, struct admin *ret, char why[ADMIN_WHY]);
/* Whole or not at all; 0 or -errno. */
int admin_keep(const char *path, const struct admin *a);
/* The key in a file of casemate keygen; 0 or -errno with why. */
int admin_read_key(const char *path, struct key_public *ret, char why[ADMIN_WHY]);

/*
 * Whether a site may come into force after was; given: the key that the command line names, or NULL. 0 with *ret, which is to be
 * kept; -EKEYREJECTED with why: a sentence with its mend. rollback: an earlier version may.
 */
int admin_judge(const struct admin *was, const struct key_public *given, const struct site *site, bool rollback, struct admin *ret, char why[ADMIN_WHY]);

#endif
