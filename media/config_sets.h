/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_CONFIG_SETS_H
#define MEDIA_CONFIG_SETS_H
/*
 * The parameter sets inside a video track's config, one after the other: SPS and PPS of an
 * AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1), VPS, SPS and PPS of an
 * HEVCDecoderConfigurationRecord (8.3.3.1). Borrowed bytes, taken as hostile.
 */
#include "base/rd.h"
#include "media/au.h"

struct config_sets {
	struct rd r;
	enum codec codec;
	unsigned groups, left;   /* groups to come, sets to come of the one at hand */
	bool first;              /* H.264: of the two groups, the SPSs are to come */
};

/* t is borrowed while it is gone through. */
void config_sets_begin(struct config_sets *s, const struct track *t);
/* 1 with the next set (as a NAL unit, never empty), 0 at the end, -EBADMSG for a broken config. */
int config_sets_next(struct config_sets *s, const uint8_t **ret_nal, size_t *ret_n);

#endif
