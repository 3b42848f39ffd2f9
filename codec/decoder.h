/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_DECODER_H
#define CODEC_DECODER_H
/*
 * H.264 or H.265 access units in, pictures out (libavcodec behind it, one thread, no
 * hardware). It is the most exposed code of the house: it runs in transcode
 * only, behind the seal, and its input is hostile.
 *
 * Pictures come out in presentation order with strictly increasing pts; the
 * delay is what the stream's reordering needs, at most 16 pictures. Damaged
 * pictures are concealed. Size and sample format may change at any picture.
 *
 * Nothing comes out before the first picture from which decoding may start: IDR,
 * CRA, BLA, or a recovery point of H.264 and as many pictures as it asks for. But
 * some cameras send such a picture once in minutes: after DECODER_BLIND_90K without
 * one everything is shown, concealed as it must be.
 */
#include "codec/picture.h"
#include "media/au.h"

#define DECODER_BLIND_90K (TIMESCALE_VIDEO * 2)
#define DECODER_BLIND_AUS 120      /* the same for times that do not pass */

struct decoder;

struct decoder_counts {
	uint64_t pictures;             /* given out */
	uint64_t errors;               /* access units that libavcodec refused, whole or in part */
	uint64_t unordered;            /* pictures dropped since a later one had been given out */
};

/*
 * A decoder for a track of H.264 or H.265, its avcC or hvcC copied. max_pixels (0: PICTURE_MAX_PIXELS) bounds
 * the coded picture: checked here against the parameter sets, and again in each access unit that has some.
 * 0; -ENOTSUP for another codec; -EBADMSG for unreadable parameter sets; -E2BIG when too large; -ENOMEM.
 */
int decoder_open(struct decoder **ret, const struct track *track, uint64_t max_pixels);
void decoder_free(struct decoder **d);

/*
 * One access unit (borrowed for the call); all pictures must have been fetched before.
 * 0, or -EBADMSG when it could not be decoded (counted; the next may be fed), -ENOMEM.
 */
int decoder_feed(struct decoder *d, const struct au *au);
/* End of the stream: what is delayed comes out of decoder_picture. Nothing may be fed after it but for decoder_resume. */
void decoder_drain(struct decoder *d);
/* After a drain, all pictures fetched: the stream goes on, at a key frame; what was before it is forgotten. */
void decoder_resume(struct decoder *d);
/* The next picture: 1, or 0 when there is none. Its planes last until the next call on d. */
int decoder_picture(struct decoder *d, struct picture *ret);
/* The picture that was given last, once more: it is kept until there is another. 1, or 0 when none was given. */
int decoder_last(const struct decoder *d, struct picture *ret);

const struct decoder_counts *decoder_counts(const struct decoder *d);

#endif
