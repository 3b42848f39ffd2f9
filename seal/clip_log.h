/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_CLIP_LOG_H
#define SEAL_CLIP_LOG_H
/*
 * Reads single entries and proofs out of a log's tiles, which may grow meanwhile:
 * a tile that is not full is replaced by a wider one, which begins with the same
 * hashes. For seal/clip*.c alone.
 */
#include "seal/checkpoint.h"
#include "seal/proof.h"
#include "seal/tile.h"
#include "seal/tree.h"
#include "seal/verify.h"

struct clip_log_tile {
	uint64_t index;
	unsigned width;                   /* 0: none is held */
	struct hash hash[TILE_WIDTH];
};

struct clip_log {
	const struct verify_source *src;
	struct buf note;
	struct checkpoint at;             /* what the note says; size 0 before clip_log_open */
	struct buf bundle;                /* entries of one tile, their places in it */
	uint64_t bundle_index;
	unsigned bundle_width;            /* 0: none is held */
	uint32_t place[TILE_WIDTH];
	uint16_t length[TILE_WIDTH];
	struct clip_log_tile tile[TILE_LEVELS];
};

void clip_log_init(struct clip_log *l, const struct verify_source *src);
void clip_log_free(struct clip_log *l);
/* Reads log/checkpoint, without asking who signed it. 0, -EBADMSG, or the source's error; nothing changes then. */
int clip_log_open(struct clip_log *l);
/* The entry's bytes, borrowed until the next call. 0, -EINVAL past the checkpoint, -EBADMSG, or the source's error. */
int clip_log_entry(struct clip_log *l, uint64_t index, const uint8_t **ret, size_t *ret_n);
/*
 * Appends the entry's proof under a checkpoint of this log (at, as it stands in note; not of more entries than the one that was
 * opened). 0, or as above; -EBADMSG too when it does not come out at the checkpoint's root.
 */
int clip_log_prove(struct clip_log *l, uint64_t index, const struct buf *note, const struct checkpoint *at, struct buf *out);
/* Appends the consistency proof from an earlier checkpoint to the one that was opened. As above: -EBADMSG when it is of another log. */
int clip_log_extend(struct clip_log *l, const struct checkpoint *from, struct buf *out);

#endif
