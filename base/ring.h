/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_RING_H
#define BASE_RING_H
/*
 * Records from one producer process to one consumer process through a shared
 * memfd, with an eventfd as doorbell. Fixed size; a record never wraps visibly:
 * the consumer copies it out and only then looks at it.
 *
 * Each side trusts nothing in the shared page: it keeps its own index privately,
 * reads the other's once per call, and refuses a distance that cannot be. A
 * lying consumer can only make the producer drop; a lying producer can only make
 * the consumer return -EBADMSG (then the producer's role is restarted).
 *
 * Layout of the memfd: 4096 bytes of header (head at 0, base at 8, tail at 64, all
 * u64 and only growing, in bytes), then size bytes of data, size a power of two.
 * Index i is the data's byte (i - base) modulo size. The producer moves base to its
 * head when the ring is empty: a ring that is kept empty costs the memory of its
 * longest backlog, not of its size, and stays in the cache. A record is a u32
 * length in host order, the bytes, and padding to 8.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"

#define RING_MIN (64u << 10)
#define RING_MAX (256u << 20)

struct ring {
	uint8_t *map;
	uint64_t size, mine;  /* mine: head for the producer, tail for the consumer */
	uint64_t base;        /* as it holds for the record at hand */
	uint32_t seen;        /* consumer: length of the record that ring_look found */
	int doorbell;         /* borrowed eventfd, -1 if none */
	uint64_t dropped;     /* producer: records refused since it began */
};

/* Parent: a new memfd of that data size (power of two), its size sealed. 0 with *ret_fd, or -errno. */
int ring_create(size_t size, int *ret_fd);
/* Maps fd (not kept, not closed); the doorbell is borrowed. The memfd must be new. 0, -EINVAL for a wrong shape, or -errno. */
int ring_open(struct ring *r, int fd, int doorbell);
void ring_close(struct ring *r);
/* For a third who holds the memfd: how many bytes were put in and taken out so far, as its two ends claim. 0 or -errno. */
int ring_progress(int fd, uint64_t *ret_put, uint64_t *ret_taken);

/* Largest record that a ring of this size takes: a quarter of it. */
static inline size_t ring_record_max(const struct ring *r) { return r->size / 4; }
/* Producer: 0, -ENOBUFS when full (counted), -EMSGSIZE when larger than ring_record_max. Does not ring the doorbell. */
int ring_put(struct ring *r, const struct iovec *iov, int niov);
/* Producer: bytes that the consumer has not taken yet. */
uint64_t ring_backlog(const struct ring *r);
/* Producer: wakes the consumer. Once after a batch of ring_put. */
void ring_kick(struct ring *r);
/*
 * Rings a doorbell, of a ring or for another waiting: an eventfd, or a pipe's end that does not block. One that is full is as good as
 * rung; but a ring that a signal interrupted would be lost, and who waits for it would wait on.
 */
void ring_doorbell(int fd);
/* Consumer: bytes that it has not taken yet, at most size. */
uint64_t ring_waiting(const struct ring *r);
/* Consumer: the next record copied into out (cleared first). 1, 0 when empty, -EBADMSG, -ENOBUFS when larger than out's max. */
int ring_get(struct ring *r, struct buf *out);

/*
 * Consumer: the same without a copy, for bytes that nobody looks at. ring_look finds the next record and its length
 * (1, 0 when empty, -EBADMSG); it stays where it is until ring_done. Meanwhile the producer can still change it: what
 * is to be looked at is copied out, once, and the pieces are for the kernel (write) alone.
 */
int ring_look(struct ring *r, size_t *ret_len);
/* n bytes from offset on; both lie within the record. */
void ring_copy(const struct ring *r, size_t offset, void *dst, size_t n);
/* The record from offset (within it) to its end, in one piece or two: how many. */
int ring_pieces(const struct ring *r, size_t offset, struct iovec ret[2]);
void ring_done(struct ring *r);

#endif
