/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_AAC_H
#define MEDIA_AAC_H
/* AudioSpecificConfig of AAC (ISO/IEC 14496-3 1.6.2.1), read and written. Pure. */
#include <stddef.h>
#include <stdint.h>

#include "media/au.h"

#define AAC_CONFIG_MAX 64  /* bytes of an AudioSpecificConfig that is looked at or kept */
#define AAC_LC 2           /* audio object type */

struct aac_config {
	uint8_t object_type;    /* 2 LC, 5 SBR, 29 PS … */
	uint8_t channels;       /* 1..8 */
	uint16_t frame_samples; /* 1024 or 960, at rate */
	uint32_t rate;          /* of the core coder, Hz: SBR doubles it on output */
};

/* 0, -EBADMSG for broken bytes, -ENOTSUP for what casemate does not carry (not AAC, or channels by program config element). */
int aac_parse(const uint8_t *asc, size_t n, struct aac_config *ret);
/* An AudioSpecificConfig of AAC-LC with 1024 samples a frame: its length (2 or 5) written to out, -EINVAL for a rate or channel count that has no code. */
int aac_build(uint32_t rate, uint8_t channels, uint8_t out[5]);
/* A track from an AudioSpecificConfig; timescale is the rate. Errors of aac_parse. */
int aac_track(const uint8_t *asc, size_t n, struct track *ret);

#endif
