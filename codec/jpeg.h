/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_JPEG_H
#define CODEC_JPEG_H
/*
 * One picture as a JPEG file (ITU-T T.81, JFIF), for snapshots: without comments
 * or any word of where it came from. Times and names are told beside the file.
 */
#include "base/buf.h"
#include "codec/picture.h"

struct jpeg;

/* For 8-bit 4:2:0 pictures of limited range of this size, even, 16..4096. 0, -EINVAL or -ENOMEM. */
int jpeg_new(struct jpeg **ret, unsigned width, unsigned height);
void jpeg_free(struct jpeg **j);
/* In place of what is in out, which may be untouched or empty on failure. 0, -EINVAL for another shape, -EIO or -ENOMEM. */
int jpeg_encode(struct jpeg *j, const struct picture *p, struct buf *out);

#endif
