/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_COVER_H
#define CODEC_COVER_H
/*
 * Privacy masks on decoded pictures, whatever their shape: on a copy, before
 * anything else sees them.
 */
#include "codec/mask.h"

struct cover;

/* n (1..MASKS_MAX) masks. 0, -EINVAL for one that is not good, -ENOMEM. */
int cover_new(struct cover **ret, const struct mask *m, unsigned n, enum cpu_level cpu);
void cover_free(struct cover **c);
/*
 * In place of *p a covered copy, 8-bit 4:2:0, which lasts until the next call. 1; -EINVAL for a shape that can't be covered, which must
 * not be shown then; -ENOMEM.
 */
int cover_draw(struct cover *c, struct picture *p);

#endif
