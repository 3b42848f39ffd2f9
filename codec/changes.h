/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_CHANGES_H
#define CODEC_CHANGES_H
/*
 * What has changed since the picture that was coded last, by blocks of 16x16
 * pixels (their chroma too). Compared with that picture, and not with the one
 * before, so slow change adds up until it is seen. Sensor noise is not change:
 * how strong it is is learned from the pictures, up to a limit; no noise hides
 * more than 3 levels of a whole block, 20 of a cell of 4x4 or 64 of one pixel.
 */
#include "codec/cpu.h"
#include "codec/picture.h"

struct changes;

/* For 8-bit 4:2:0 pictures of this size, even, 16..4096. 0, -EINVAL or -ENOMEM. */
int changes_new(struct changes **ret, unsigned width, unsigned height, enum cpu_level cpu);
void changes_free(struct changes **c);
/* Blocks of a picture, and of a line of them: a last block that is cut by the edge is one too. */
unsigned changes_blocks(const struct changes *c);
/*
 * Compares p with the picture coded last: how many blocks have changed; all of them when there is none yet. *ret_still is a
 * byte a block, line by line from the top left: 1 for one that has not changed; it belongs to c and lasts until its next call.
 */
unsigned changes_find(struct changes *c, const struct picture *p, const uint8_t **ret_still);
/*
 * p, which changes_find was given last, was coded: it is what the next ones are compared with. Copied. Not whole: the encoder was told of the
 * blocks that are still, and may have left them as the viewer has them: they go on being compared with what they were, lest slow change is lost.
 */
void changes_coded(struct changes *c, const struct picture *p, bool whole);

#endif
