/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/media_signing.h"

#include <errno.h>

#include "media/nal.h"
#include "media/sei.h"

enum tag { TAG_GENERAL = 1, TAG_SIGNATURE = 3, TAG_CRYPTO = 4, TAG_VENDOR = 5, TAG_CERTIFICATES = 6, TAG_ARBITRARY = 7 };

#define IS_CERTIFICATE 0x80               /* of the reserved byte */
#define ESCAPED_BEFORE_HASHING 0x40
#define SIGNATURE_BYTES (3 + 3 + MEDIA_SIGNING_SIGNATURE_MAX)
#define PADDING 0x01                      /* needs no emulation prevention */
#define STOP_BIT 0x80
#define EPOCH_1601_S 11644473600          /* from there to 1970 */
#define BODY_MAX (MEDIA_SIGNING_CHAIN_MAX + 4 * MEDIA_SIGNING_TEXT_MAX + 256)

/* The version of the specification that its reference implementation writes: 1.0.0. */
static const uint8_t version[3] = {1, 0, 0};
/* id-sha256 as DER. */
static const uint8_t sha256_oid[] = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};

/* All values but those of tag 1 are of version 1. */
static void begin_tag(struct wr *w, enum tag tag, size_t len, uint8_t value_version)
{
	wr_u8(w, (uint8_t)tag);
	wr_u16(w, (uint16_t)len);
	wr_u8(w, value_version);
}

static uint64_t time_1601(int64_t us)
{
	return ((uint64_t)us + (uint64_t)EPOCH_1601_S * 1000000) * 10;
}

static void put_general(struct wr *w, const struct media_signing_gop *g)
{
	begin_tag(w, TAG_GENERAL, 1 + sizeof version + 1 + 8 + 8 + 4 + 2 + 2 * MEDIA_SIGNING_HASH, 2);
	wr_bytes(w, version, sizeof version);
	wr_u8(w, 0);                      /* the group is whole */
	wr_u64(w, time_1601(g->start_us));
	wr_u64(w, time_1601(g->end_us));
	wr_u32(w, g->number);
	wr_u16(w, g->nals);
	wr_bytes(w, g->hash, sizeof g->hash);
	wr_bytes(w, g->linked, sizeof g->linked);
}

static void put_text(struct wr *w, const char *s)
{
	wr_u8(w, (uint8_t)strlen(s));
	wr_str(w, s);
}

static void put_identity(struct wr *w, const struct media_signing_identity *of)
{
	begin_tag(w, TAG_CRYPTO, 1 + 1 + sizeof sha256_oid + 1 + 2, 1);
	wr_u8(w, sizeof sha256_oid);
	wr_bytes(w, sha256_oid, sizeof sha256_oid);
	wr_u8(w, 0);                      /* how it is signed: the certificate's key says that */
	wr_u16(w, 0);                     /* no RSA */
	begin_tag(w, TAG_VENDOR, 1 + 3 + strlen(of->firmware) + strlen(of->serial) + strlen(of->manufacturer), 1);
	put_text(w, of->firmware);
	put_text(w, of->serial);
	put_text(w, of->manufacturer);
	begin_tag(w, TAG_CERTIFICATES, 1 + 1 + of->chain_len, 1);
	wr_u8(w, 0);                      /* the maker's, not a user's */
	wr_bytes(w, of->chain, of->chain_len);
}

static bool identity_fits(const struct media_signing_identity *of)
{
	return of->chain_len && of->chain_len <= MEDIA_SIGNING_CHAIN_MAX && strlen(of->firmware) <= MEDIA_SIGNING_TEXT_MAX &&
		strlen(of->serial) <= MEDIA_SIGNING_TEXT_MAX && strlen(of->manufacturer) <= MEDIA_SIGNING_TEXT_MAX;
}

/* The head of a NAL unit whose payload is body and a signature; then body. */
static int put_unit(struct wr *w, enum codec codec, uint8_t reserved, const struct wr *body)
{
	size_t size = SEI_UUID_BYTES + 1 + body->len + SIGNATURE_BYTES;

	if (codec == CODEC_H264)
		wr_u8(w, NAL_SEI);
	else if (codec == CODEC_H265)
		wr_u16(w, 0x4e01);
	else
		return -EINVAL;
	wr_u8(w, SEI_USER_DATA_UNREGISTERED);
	for (; size >= 255; size -= 255)
		wr_u8(w, 255);
	wr_u8(w, (uint8_t)size);
	nal_escape(w, sei_uuid_onvif, SEI_UUID_BYTES);
	wr_u8(w, reserved | ESCAPED_BEFORE_HASHING);
	nal_escape(w, body->p, body->len);
	return w->bad ? -EINVAL : 0;
}

int media_signing_gop(struct wr *w, enum codec codec, const struct media_signing_gop *g, const struct media_signing_identity *of, const char *text)
{
	uint8_t mem[BODY_MAX];
	struct wr body = wr_init(mem, sizeof mem);

	if (g->nals == 0 || (of && !identity_fits(of)) || (text && strlen(text) > MEDIA_SIGNING_TEXT_MAX))
		return -EINVAL;
	if (of)
		put_identity(&body, of);
	put_general(&body, g);
	if (text) {
		begin_tag(&body, TAG_ARBITRARY, 1 + strlen(text), 1);
		wr_str(&body, text);
	}
	return put_unit(w, codec, 0, &body);
}

int media_signing_certificate(struct wr *w, enum codec codec, const struct media_signing_identity *of)
{
	uint8_t mem[BODY_MAX];
	struct wr body = wr_init(mem, sizeof mem);

	if (!identity_fits(of))
		return -EINVAL;
	put_identity(&body, of);
	return put_unit(w, codec, IS_CERTIFICATE, &body);
}

int media_signing_finish(struct wr *w, const uint8_t *signature, size_t n)
{
	uint8_t mem[SIGNATURE_BYTES];
	struct wr tail = wr_init(mem, sizeof mem);

	if (n == 0 || n > MEDIA_SIGNING_SIGNATURE_MAX)
		return -EINVAL;
	begin_tag(&tail, TAG_SIGNATURE, SIGNATURE_BYTES - 3, 1);
	wr_u16(&tail, (uint16_t)n);
	wr_bytes(&tail, signature, n);
	while (tail.len < tail.cap)
		wr_u8(&tail, PADDING);
	nal_escape(w, mem, tail.len);
	wr_u8(w, STOP_BIT);
	return w->bad ? -EINVAL : 0;
}
