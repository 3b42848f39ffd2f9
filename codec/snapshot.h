/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_SNAPSHOT_H
#define CODEC_SNAPSHOT_H
/*
 * RENDITION_SNAPSHOT (media/record.h): pictures as JPEG files, one a segment at most.
 * A record that is refused is not sent again: the next picture comes soon.
 */
#include "codec/picture.h"
#include "codec/transcoder.h"

#define SNAPSHOT_WIDTH_MAX 1280    /* larger ones are scaled down, so are higher ones to SNAPSHOT_HEIGHT_MAX */
#define SNAPSHOT_HEIGHT_MAX 1280

struct snapshot;

/* As transcoder_new. Little is allocated before the first picture. */
int snapshot_new(struct snapshot **ret, uint16_t camera, enum cpu_level cpu, int (*emit)(void *ctx, const struct record *r), void *ctx);
void snapshot_free(struct snapshot **s);
/* The picture that begins a segment. 0 when sent, or let go; -EINVAL for a shape that can't be, -ENOMEM, -EIO, or emit's other errors. */
int snapshot_take(struct snapshot *s, const struct picture *p, uint64_t epoch, uint32_t segment);

#endif
