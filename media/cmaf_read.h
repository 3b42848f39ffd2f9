/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_CMAF_READ_H
#define MEDIA_CMAF_READ_H
/*
 * Reads back what media/cmaf wrote, taking the bytes as hostile: they may come
 * from a role that was taken over, or from a file that a crash cut short.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "media/au.h"

/* One box: its type, and a cursor over what follows its 8-byte header. */
struct cmaf_box {
	uint32_t type;       /* four characters, CMAF_TYPE */
	struct rd body;
};

#define CMAF_TYPE(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* 1 with the next box, 0 at the end, -EBADMSG for a broken or a cut one (r does not move). 64-bit and open-ended sizes are refused. */
int cmaf_next_box(struct rd *r, struct cmaf_box *ret);

struct cmaf_extent {
	uint32_t chunks;         /* whole chunks from the start of the bytes */
	size_t end;              /* the bytes of those: where the last whole one ends */
	uint64_t decode_time;    /* of the first chunk, track timescale */
	uint64_t duration;       /* of all whole chunks */
	uint64_t samples;
	bool independent;        /* the first sample is a sync sample */
};

/* A chunk that was found whole, and how far its samples were gone through. Borrows from the bytes. */
struct cmaf_reader {
	uint64_t decode_time;    /* of the next sample, track timescale */
	uint32_t left;           /* samples */
	struct rd entries, data; /* what trun says of each, and their bytes */
	uint32_t flags, first;   /* of trun; of its first sample, where it says so */
	uint32_t duration, size; /* of a sample of which trun says nothing */
	bool default_key;
};

struct cmaf_read_sample {
	int64_t dts, pts;        /* track timescale */
	bool key;
	const uint8_t *data;
	size_t n;
};

/* 1 with the next chunk (what cmaf_check_chunks takes for one), r stepped over it; 0 at the end; -EBADMSG, and r does not move. */
int cmaf_next_chunk(struct rd *r, struct cmaf_reader *ret);
/* The next sample; false behind the last one. */
bool cmaf_next_sample(struct cmaf_reader *c, struct cmaf_read_sample *ret);

/*
 * What an init segment says of its track beyond numbers: ret->config, of the one sample entry, which must be of
 * ret->codec. 0, or -EBADMSG, and ret is as it was.
 */
int cmaf_read_init(const uint8_t *p, size_t n, struct track *ret);

/*
 * How many whole chunks the bytes begin with: each an optional styp, a moof with one traf, and an mdat that holds
 * exactly the samples that the moof names; each begins, in decode time, where the one before ended. It stops at
 * the first thing that is otherwise, so end < n says that something was cut or broken. chunks is 0 when there is none.
 */
void cmaf_check_chunks(const uint8_t *p, size_t n, struct cmaf_extent *ret);

#endif
