/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ingest_ring.h"

#include <errno.h>
#include <unistd.h>

int ingest_ring_open(struct ingest_ring *r, int fd, int doorbell)
{
	int rc;

	ingest_ring_close(r);
	rc = ring_open(&r->ring, fd, doorbell);
	close(fd);
	if (rc) {
		close(doorbell);
		return rc;
	}
	r->doorbell = doorbell;
	r->open = true;
	return 0;
}

void ingest_ring_close(struct ingest_ring *r)
{
	if (r->open) {
		ring_close(&r->ring);
		close(r->doorbell);
	}
	*r = (struct ingest_ring){0};
}

int ingest_ring_put(struct ingest_ring *r, const struct record *record)
{
	int rc = r->open ? record_put(&r->ring, record) : -ENOBUFS;

	r->rung |= rc == 0;
	return rc;
}

void ingest_ring_kick(struct ingest_ring *r)
{
	if (r->open && r->rung)
		ring_kick(&r->ring);
	r->rung = false;
}
