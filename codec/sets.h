/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_SETS_H
#define CODEC_SETS_H
/*
 * What is looked at before a decoder sees it: parameter sets, which tell it how
 * much memory to take. libavcodec checks sizes too, but only once it has taken
 * some. Pure; for H.264 and H.265.
 */
#include "media/au.h"

/*
 * Whether the track's avcC or hvcC can be decoded: lengths of 4 bytes, readable sets, no coded picture above
 * max_pixels. 0; -EBADMSG; -E2BIG; -ENOTSUP for another codec.
 */
int sets_check_track(const struct track *t, uint64_t max_pixels);
/* The same of the sets inside an access unit; whatever else is in it is not looked at. 0, -EBADMSG or -E2BIG. */
int sets_check_au(enum codec codec, const uint8_t *data, size_t n, uint64_t max_pixels);

#endif
