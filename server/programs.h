/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_PROGRAMS_H
#define SERVER_PROGRAMS_H
/*
 * The program files of a run: opened and hashed once, at its beginning, and
 * started from these descriptors ever after. So a role that is started anew is
 * the very file that the log names, whatever was installed in the meantime.
 */
#include <stddef.h>
#include <stdint.h>

#include "server/roles.h"

#define PROGRAMS_SBOM "sbom.cdx.json"  /* in the same folder: what they are made of (casemate version --sbom) */

struct programs {
	int fd[ROLE_COUNT];                   /* of each role's file; -1: not open. The parent's own is only hashed */
	uint8_t sha256[ROLE_COUNT][32];
	uint8_t sbom_sha256[32];              /* zeros: there is none */
};

/*
 * Opens and hashes libexec's programs, and the one that runs. 0, or -errno with the name of what could not
 * be read in ret_what; then nothing is left open.
 */
int programs_open(struct programs *p, const char *libexec, const char **ret_what);
void programs_close(struct programs *p);

#endif
