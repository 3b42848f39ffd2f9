/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_GOP_SIGNER_H
#define CODEC_GOP_SIGNER_H
/*
 * What ONVIF Media Signing (media/media_signing.h) asks of who encodes: hashes the
 * slices of one stream, has each group of pictures signed when the next one
 * begins, and puts the SEI that comes of it before a later picture. Who signs is
 * elsewhere, and nobody waits for him: an SEI that is late goes before a later
 * picture, and a group of which none came is unsigned, and counted.
 *
 * (libavutil's SHA-256, as in codec/sound.h.)
 */
#include "media/au.h"
#include "media/media_signing.h"

#define GOP_SIGNER_ASKED 4           /* groups whose SEIs are awaited at once; of older ones none is taken any more */

struct gop_signer_hooks {
	/* A group is to be signed; or, when its number is 0, the certificate SEI is wanted. Answered by the two functions below, or never. */
	void (*ask)(void *ctx, const struct media_signing_gop *gop);
	void *ctx;
};

struct gop_signer;

/* 0 or -ENOMEM. */
int gop_signer_new(struct gop_signer **ret, const struct gop_signer_hooks *hooks);
void gop_signer_free(struct gop_signer **s);
/* A stream begins: with group 1, and its certificate. What is awaited of one before is over. */
void gop_signer_begin(struct gop_signer *s);
/*
 * An access unit of H.264, in order of decoding: *ret is what to send in its place, and lasts until the next call or as long as
 * in. 0, or -ENOMEM with *ret as in.
 */
int gop_signer_add(struct gop_signer *s, const struct au *in, struct au *ret);
/* The SEI (a NAL unit) of a group that was asked for; of another one, or too long, it is let pass. */
void gop_signer_answer(struct gop_signer *s, uint32_t number, int64_t start_us, const uint8_t *nal, size_t n);
/* The certificate SEI, for this stream if it is owed, and for later ones. */
void gop_signer_certificate(struct gop_signer *s, const uint8_t *nal, size_t n);

struct gop_signer_counts {
	uint64_t signed_gops;            /* whose SEI was sent */
	uint64_t unsigned_gops;          /* that are over without */
};
struct gop_signer_counts gop_signer_counts(const struct gop_signer *s);

#endif
