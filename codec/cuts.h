/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_CUTS_H
#define CODEC_CUTS_H
/*
 * Where ingest has cut, for those who see the stream later than ingest did:
 * behind a decoder's or an encoder's delay. Pure; all zeros is empty.
 */
#include <stdbool.h>
#include <stdint.h>

#define CUTS_MAX 32

struct cuts {
	struct {
		int64_t pts;
		uint32_t segment;
	} cut[CUTS_MAX];               /* not reached yet, in order of time */
	unsigned n;
	bool in_segment;               /* one was reached */
	uint32_t segment;              /* the newest that was reached */
};

/* From pts on it is that segment. A cut at or before an earlier one takes its place; beyond CUTS_MAX the oldest goes. */
void cuts_add(struct cuts *c, int64_t pts, uint32_t segment);
/* What is at pts comes next: whether it begins a segment. */
bool cuts_reach(struct cuts *c, int64_t pts);

#endif
