/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_PARENT_CERTIFICATE_H
#define SERVER_PARENT_CERTIFICATE_H
/* The certificate that viewers are shown: taken anew when its files change, and when it ends. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/parent_files.h"

struct parent;

#define CERTIFICATE_FILES 3             /* certificate, key, viewers' authorities */

struct certificate_mark {
	uint64_t device, inode, size;
	int64_t mtime_ns, ctime_ns;
};

struct parent_certificate {
	uint8_t sha256[32];                   /* of those files, as serve has them */
	int64_t ends_us;                      /* wall clock; 0 when not known */
	struct certificate_mark mark[CERTIFICATE_FILES];  /* of the files, as they were when looked at last */
	int64_t changed_us;                   /* monotonic: when they were seen to be others; 0: looked at since */
	int64_t said_us;                      /* monotonic: when the log was told last that it ends; 0 if never */
};

/* What is in force when the server starts. */
void parent_certificate_begin(struct parent *p);
/* These are in force now. */
void parent_certificate_use(struct parent *p, const struct files_seen *f);
/* Every few seconds: whether the files changed, and how long it lasts. */
void parent_certificate_sweep(struct parent *p);
/* Days until it ends, rounded down, negative when it has; false when not known. */
bool parent_certificate_days(const struct parent *p, int *ret);

#endif
