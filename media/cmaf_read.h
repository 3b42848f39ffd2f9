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

/*
 * How many whole chunks the bytes begin with: each an optional styp, a moof with one traf, and an mdat that holds
 * exactly the samples that the moof names; each begins, in decode time, where the one before ended. It stops at
 * the first thing that is otherwise, so end < n says that something was cut or broken. chunks is 0 when there is none.
 */
void cmaf_check_chunks(const uint8_t *p, size_t n, struct cmaf_extent *ret);

#endif
