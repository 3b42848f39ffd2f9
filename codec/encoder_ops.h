/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_ENCODER_OPS_H
#define CODEC_ENCODER_OPS_H
/*
 * What stands behind encoder.h, one table a codec, all listed in encoder.c. An
 * encoder must
 *   - give key frames where they are asked for and nowhere else, each of them
 *     decodable without anything before it (IDR), and lean on nothing older;
 *   - give one access unit a picture, in the order of the pictures, without
 *     reordering, at most ENCODER_DELAY_MAX pictures late, with ENCODER_LOW at once;
 *   - keep to the cap by the pictures' own times, however these vary
 *     (encoder_budget.h says how much a picture may take);
 *   - write nothing anywhere, start no thread, and allocate through malloc: it runs
 *     behind the seal.
 * The sizes, shapes and times of what reaches it were checked.
 */
#include "codec/encoder.h"

struct encoder_ops {
	enum codec codec;
	/* The track is the caller's. 0, -EINVAL, -ENOTSUP, -ENOMEM. */
	int (*open)(void **ret, struct track *ret_track, const struct encoder_settings *s);
	void (*free)(void *state);
	/* As encoder_encode; key is set of the first picture too. */
	int (*encode)(void *state, const struct picture *p, bool key, const uint8_t *still, struct au *ret);
	/* As encoder_mend. */
	void (*mend)(void *state);
	/* As encoder_drain. */
	int (*drain)(void *state, struct au *ret);
};

extern const struct encoder_ops encoder_x264;

#endif
