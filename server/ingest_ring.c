/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ingest_ring.h"

#include <assert.h>
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

static struct iovec payload(const struct record *r)
{
	const uint8_t *p = NULL;
	size_t n = 0;

	if (r->kind == RECORD_AU) {
		p = r->au.au.data;
		n = r->au.au.len;
	} else if (r->kind == RECORD_INIT) {
		p = r->init.init;
		n = r->init.len;
	} else if (r->kind == RECORD_PART) {
		p = r->part.data;
		n = r->part.len;
	}
	return (struct iovec){(void *)(uintptr_t)p, n};
}

int ingest_ring_put(struct ingest_ring *r, const struct record *record)
{
	uint8_t head[RECORD_HEADER_MAX + TRACK_CONFIG_MAX];
	struct wr w = wr_init(head, sizeof head);
	struct iovec iov[2];
	int rc;

	if (!r->open)
		return -ENOBUFS;
	record_encode_header(&w, record);
	assert(!w.bad);
	iov[0] = (struct iovec){head, w.len};
	iov[1] = payload(record);
	rc = ring_put(&r->ring, iov, iov[1].iov_len ? 2 : 1);
	r->rung |= rc == 0;
	return rc;
}

void ingest_ring_kick(struct ingest_ring *r)
{
	if (r->open && r->rung)
		ring_kick(&r->ring);
	r->rung = false;
}
