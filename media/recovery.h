/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_RECOVERY_H
#define MEDIA_RECOVERY_H
/*
 * Pictures from which a decoder finds in though they are no key frames: those with a recovery point SEI message
 * (H.264 D.1.8, H.265 D.2.8), which streams with gradual refresh or open groups of pictures carry instead, and H.264
 * pictures of intra slices only. Pure.
 */
#include "media/au.h"

#define RECOVERY_SEI_MAX_BYTES 256  /* of an SEI NAL unit at most this many are looked at */

/* data is length-prefixed, as in struct au. */
bool recovery_point(enum codec codec, const uint8_t *data, size_t n);

#endif
