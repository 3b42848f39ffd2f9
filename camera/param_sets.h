/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CAMERA_PARAM_SETS_H
#define CAMERA_PARAM_SETS_H
/* The parameter sets of a stream in the form in which they stand before a key frame: each NAL unit behind a 4-byte length. */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "media/au.h"

#define PARAM_SETS_MAX 4096  /* bytes */

/* Appends all SPS and PPS of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1); 0, -EBADMSG, -ENOBUFS. */
int param_sets_from_config(const uint8_t *config, size_t n, struct buf *out);
/* The same of a byte string with start codes; other NAL units are left out. 0, -EBADMSG without both, -ENOBUFS. */
int param_sets_from_annexb(const uint8_t *p, size_t n, struct buf *out);
/* A track of the first SPS and PPS; 0 or -EBADMSG, -EMSGSIZE. */
int param_sets_track(const struct buf *sets, struct track *ret);
/* Appends one NAL unit behind its length. 0 or -ENOBUFS. */
int param_sets_add(struct buf *out, const uint8_t *nal, size_t n);

#endif
