/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_NAL_H
#define MEDIA_NAL_H
/*
 * NAL units of H.264 (ISO/IEC 14496-10 7.3.1) and H.265, whose types media/h265.h
 * knows, in a byte string: each behind a 4-byte length (the form of struct au), or
 * between start codes (Annex B). Borrowed bytes, nothing is copied.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/wr.h"

enum nal_type {
	NAL_SLICE = 1, NAL_PARTITION_A, NAL_PARTITION_B, NAL_PARTITION_C, NAL_IDR,
	NAL_SEI, NAL_SPS, NAL_PPS, NAL_AUD, NAL_END_SEQUENCE, NAL_END_STREAM, NAL_FILLER,
	NAL_SPS_EXTENSION
};

/* nal_unit_type, 0..31; a NAL unit has at least one byte. */
static inline unsigned nal_type(const uint8_t *nal) { return nal[0] & 0x1f; }

/* Length-prefixed: 1 with the next NAL unit, 0 at the end, -EBADMSG for an empty or a cut one. */
int nal_next(struct rd *r, const uint8_t **ret_nal, size_t *ret_n);
/*
 * Annex B, start codes of 3 or 4 bytes; bytes before the first one are skipped, zero bytes after a NAL unit
 * are not part of it, empty units are passed over. 1 with the next NAL unit, 0 at the end.
 */
int nal_next_annexb(struct rd *r, const uint8_t **ret_nal, size_t *ret_n);
/* How long a NAL unit is without zero bytes at its end: it never has any of its own, but some cameras pad theirs (7.4.1). */
size_t nal_trim(const uint8_t *nal, size_t n);
/*
 * The raw payload: emulation prevention bytes (00 00 03) taken out. At most cap bytes are written, what
 * lies beyond is left out; returns how many.
 */
size_t nal_unescape(const uint8_t *nal, size_t n, uint8_t *out, size_t cap);
/* Writes n more bytes of a raw payload with emulation prevention; what w holds from its beginning is the same NAL unit's. */
void nal_escape(struct wr *w, const uint8_t *raw, size_t n);

#endif
