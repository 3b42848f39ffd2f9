/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_MEDIA_SIGNING_H
#define MEDIA_MEDIA_SIGNING_H
/*
 * SEI messages of ONVIF Media Signing (ONVIF Media Signing Specification 1.0), as the
 * reference implementation at github.com/onvif/media-signing-framework writes and
 * reads them: bytes alone, what is hashed and who signs is others' business.
 *
 * A stream's groups of pictures are signed one by one, in the form for low bit rates:
 * no list of hashes, and a certificate SEI of its own. The signature is over the NAL unit from its header to
 * the byte before the signature's tag, with emulation prevention in place, which the reserved byte says.
 *
 *     NAL header | 5 | size | UUID 16 | reserved 1 | { tag 1 | length 2 | value }… | tag 3 … | 0x80
 *
 * What is hashed of a stream: its slices, each from the header to the stop bit as it lies there. The first slice
 * of an IDR picture begins a group and is its anchor, h = H(slice); the others' are h = H(anchor ‖ H(slice)). H is
 * SHA-256; the group's hash is H over its h in order, and it is linked to the group before by that one's anchor.
 */
#include "base/wr.h"
#include "media/au.h"

#define MEDIA_SIGNING_HASH 32
#define MEDIA_SIGNING_SIGNATURE_MAX 72      /* ECDSA over P-256 as ASN.1; a shorter one is padded */
#define MEDIA_SIGNING_CHAIN_MAX 4096        /* bytes of certificates, PEM */
#define MEDIA_SIGNING_TEXT_MAX 128          /* of each text */
#define MEDIA_SIGNING_SEI_MAX 8192          /* bytes of a NAL unit, nothing above makes it longer */

struct media_signing_gop {
	int64_t start_us, end_us;               /* wall clock (unix) of its first picture, and of the next group's */
	uint32_t number;                        /* from 1, in a stream */
	uint16_t nals;                          /* that are hashed */
	uint8_t hash[MEDIA_SIGNING_HASH];
	uint8_t linked[MEDIA_SIGNING_HASH];     /* the anchor of the group before; zeros: there is none */
};

/* What is said of who signs. */
struct media_signing_identity {
	const char *firmware, *serial, *manufacturer;
	const char *chain;                      /* PEM, the key's own certificate first, the root left out */
	size_t chain_len;                       /* at most MEDIA_SIGNING_CHAIN_MAX */
};

/*
 * The NAL unit up to its signature, behind nothing in w: what is to be hashed and signed. of: NULL, or whose certificates it
 * carries; text: NULL, or what is signed with it, as the format's arbitrary data. 0, or -EINVAL for another codec than
 * H.264 and H.265, longer texts, a hash of nothing.
 */
int media_signing_gop(struct wr *w, enum codec codec, const struct media_signing_gop *g, const struct media_signing_identity *of, const char *text);
/* The same of a certificate SEI. */
int media_signing_certificate(struct wr *w, enum codec codec, const struct media_signing_identity *of);
/* Adds the signature (1 .. MEDIA_SIGNING_SIGNATURE_MAX bytes) and the end: the NAL unit is whole. 0 or -EINVAL. */
int media_signing_finish(struct wr *w, const uint8_t *signature, size_t n);

#endif
