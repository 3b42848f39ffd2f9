/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_PARENT_FILES_H
#define SERVER_PARENT_FILES_H
/* What the files hold that a site file names, as far as the parent may know it. */
#include <stdint.h>
#include <stdio.h>

#include "conf/site.h"

struct files_seen {
	uint8_t tls_sha256[32];   /* of certificate, key and viewers' authorities, one after the other; zeros when one cannot be read */
	int64_t ends_us;          /* wall clock: the certificate; 0 when not known */
	unsigned faults;          /* what casemate check finds wrong, warnings left out; 1 when it could not look */
};

/* SHA-256 over files, one after the other; zeros where one cannot be read. */
void files_digest(const char *const *path, unsigned n, uint8_t ret[32]);
/*
 * Keys are read by a process of its own, which ends at once: nothing of them is ever in the parent. It prints what casemate check says
 * to out; NULL: it does not look for faults.
 */
void files_look(const struct site *site, FILE *out, struct files_seen *ret);

#endif
