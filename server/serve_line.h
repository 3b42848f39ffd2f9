/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_LINE_H
#define SERVER_SERVE_LINE_H
/*
 * What a playlist names of a rendition: its newest segments, and what it lacks between them as gaps. All renditions of a
 * camera have the same numbers, and are kept in line: a worker that died or could not keep up leaves a hole in one of them,
 * and what stands in its place is as long, as old and behind as many discontinuities as the others' segment of that number
 * (RFC 8216bis 6.2.4). So does a segment of which such a worker made only the beginning. Pure.
 *
 * At least SERVE_LISTED numbers are named, and more while they last less than three targets (6.2.2), up to SERVE_LISTED_MOST,
 * but none before the oldest segment held. So the first one named never goes back.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/msg.h"

#define SERVE_LISTED 10
#define SERVE_LISTED_MOST 16
#define SERVE_CUTS 32        /* numbers of a camera that are remembered */

struct serve_camera;
struct serve_rendition;
struct serve_segment;

/* One number, as the first rendition of pictures that had it told; until then, as sound did. */
struct serve_cut {
	uint64_t number;         /* 0: none */
	int64_t start_us;        /* wall clock */
	uint64_t duration_us;
	uint32_t discontinuity;
	bool sound;              /* it is that of sound alone */
};

struct serve_listed {
	struct serve_cut at;
	const struct serve_segment *segment;  /* NULL: a gap */
	const uint8_t *init_sha256;           /* of a gap: its neighbour's */
};

void serve_line_note(struct serve_cut cut[SERVE_CUTS], const struct msg_segment *s);
/* Oldest first, and without a hole in their numbers; 0 while there is nothing, or the camera's target is not known. Borrows from both. */
size_t serve_line_list(const struct serve_camera *c, const struct serve_rendition *r, struct serve_listed list[SERVE_LISTED_MOST]);

#endif
