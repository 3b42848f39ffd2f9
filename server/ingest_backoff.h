/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_BACKOFF_H
#define SERVER_INGEST_BACKOFF_H
/*
 * How long to leave a camera alone after a failure, by its reason: each kind of
 * reason begins at its own least time and doubles up to its own greatest, a quarter
 * more or less by chance. A camera that comes back is found within seconds; a
 * refused password is tried rarely, since cameras lock users out; a session that
 * the camera has forgotten to end is waited out. Pure; footage makes it begin anew.
 */
#include <stdint.h>

#include "media/record.h"

#define INGEST_BACKOFF_GOOD_S 10      /* of footage, until the failures before it are forgotten */
#define INGEST_BACKOFF_SPREAD_MS 5    /* between the first dials of two cameras */

enum ingest_backoff_kind {
	INGEST_BACKOFF_LINE, INGEST_BACKOFF_STREAM, INGEST_BACKOFF_SESSION, INGEST_BACKOFF_SETTING, INGEST_BACKOFF_CERTIFICATE,
	INGEST_BACKOFF_PASSWORD, INGEST_BACKOFF_KINDS
};

/* All zeros: nothing has failed yet. */
struct ingest_backoff {
	uint8_t failures[INGEST_BACKOFF_KINDS];
};

/* Counts the failure; how many ms to wait. random: any 32 bits. */
unsigned ingest_backoff_next(struct ingest_backoff *b, enum gap_why why, uint32_t random);

#endif
