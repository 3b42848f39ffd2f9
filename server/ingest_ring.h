/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_RING_H
#define SERVER_INGEST_RING_H
/* The producing end of a ring of records, with its doorbell. Zeros are a ring that is not there: it takes nothing. */
#include "base/ring.h"
#include "media/record.h"

struct ingest_ring {
	struct ring ring;
	int doorbell;
	bool open, rung;                  /* rung: something was put since the last kick */
};

/* Takes ring and doorbell over, in place of what was there. 0 or -errno (then nothing is there, both are closed). */
int ingest_ring_open(struct ingest_ring *r, int fd, int doorbell);
void ingest_ring_close(struct ingest_ring *r);
/* 0, or -ENOBUFS (full, or no ring), -EMSGSIZE. */
int ingest_ring_put(struct ingest_ring *r, const struct record *record);
/* Wakes the consumer if there is something new. */
void ingest_ring_kick(struct ingest_ring *r);

#endif
