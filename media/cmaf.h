/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_CMAF_H
#define MEDIA_CMAF_H
/*
 * Writes CMAF (ISO/IEC 23000-19, boxes of 14496-12): one track per file, an init
 * segment, then chunks (moof + mdat). Pure. Sample bytes are never copied here:
 * the caller lays them right behind the chunk header.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/wr.h"
#include "media/au.h"

#define CMAF_SAMPLES_MAX 512
/* Largest header of a chunk with n samples. */
#define CMAF_CHUNK_HEADER_MAX(n) (160 + 16 * (size_t)(n))

struct cmaf_sample {
	uint32_t duration;           /* track timescale */
	uint32_t size_bytes;
	int32_t composition_offset;  /* pts - dts */
	bool key;
};

struct cmaf_chunk {
	uint32_t sequence;           /* mfhd; grows from chunk to chunk */
	uint64_t decode_time;        /* of the first sample, track timescale */
	bool begins_segment;         /* a styp box goes before it */
	const struct cmaf_sample *samples;
	size_t nsamples;             /* 1 .. CMAF_SAMPLES_MAX */
};

/* ftyp and moov of a track; at most INIT_MAX_BYTES (media/record.h). 0, -EINVAL for a track that is none, -ENOBUFS when w is too small. */
int cmaf_write_init(struct wr *w, const struct track *t);
/*
 * Everything of a chunk before its sample bytes: [styp] moof and the header of mdat. 0, -EINVAL for a bad
 * count of samples, -EMSGSIZE when the bytes don't fit a 32-bit box, -ENOBUFS when w is too small.
 */
int cmaf_write_chunk_header(struct wr *w, const struct cmaf_chunk *c);

#endif
