/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_DECODER_H
#define CODEC_DECODER_H
/*
 * H.264 access units in, pictures out (libavcodec behind it, one thread, no
 * hardware). It is the most exposed code of the house: it runs in transcode
 * only, behind the seal, and its input is hostile.
 *
 * Pictures come out in presentation order with strictly increasing pts; the
 * delay is what the stream's reordering needs, at most 16 pictures. Damaged
 * pictures are concealed, and nothing comes out before the first picture from
 * which decoding may start. Size and sample format may change at any picture.
 */
#include "codec/picture.h"
#include "media/au.h"

struct decoder;

struct decoder_counts {
	uint64_t pictures;             /* given out */
	uint64_t errors;               /* access units that libavcodec refused, whole or in part */
	uint64_t unordered;            /* pictures dropped since a later one had been given out */
};

/*
 * A decoder for a track of codec H.264, its avcC copied. max_pixels (0: PICTURE_MAX_PIXELS) bounds
 * the coded picture: checked here against the parameter sets, and again at each change.
 * 0; -ENOTSUP for another codec; -EBADMSG for unreadable parameter sets; -E2BIG when too large; -ENOMEM.
 */
int decoder_open(struct decoder **ret, const struct track *track, uint64_t max_pixels);
void decoder_free(struct decoder **d);

/*
 * One access unit (borrowed for the call); all pictures must have been fetched before.
 * 0, or -EBADMSG when it could not be decoded (counted; the next may be fed), -ENOMEM.
 */
int decoder_feed(struct decoder *d, const struct au *au);
/* End of the stream: what is delayed comes out of decoder_picture. Then only decoder_reset may follow. */
void decoder_drain(struct decoder *d);
/* Forgets everything but the parameter sets; the next access unit should be a key frame. */
void decoder_reset(struct decoder *d);
/* The next picture: 1, or 0 when there is none. Its planes last until the next call on d. */
int decoder_picture(struct decoder *d, struct picture *ret);

const struct decoder_counts *decoder_counts(const struct decoder *d);

#endif
