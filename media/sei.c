/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/sei.h"

#include <errno.h>
#include <string.h>

#include "base/rd.h"
#include "media/h265.h"
#include "media/nal.h"

const uint8_t sei_uuid_onvif[SEI_UUID_BYTES] = {
	0x00, 0x5b, 0xc9, 0x3f, 0x2d, 0x71, 0x5e, 0x95, 0xad, 0xa4, 0x79, 0x6f, 0x90, 0x87, 0x7a, 0x6f};
const uint8_t sei_uuid_axis[SEI_UUID_BYTES] = {
	0x53, 0x69, 0x67, 0x6e, 0x65, 0x64, 0x20, 0x56, 0x69, 0x64, 0x65, 0x6f, 0x2e, 0x2e, 0x2e, 0x30};

/* How long the header of a NAL unit with messages is; 0: it is another one. */
static size_t header_of(enum codec codec, const uint8_t *nal, size_t n)
{
	if (codec == CODEC_H264)
		return n > 1 && nal_type(nal) == NAL_SEI ? 1 : 0;
	if (codec == CODEC_H265 && n > 2 && (h265_nal_type(nal) == H265_NAL_SEI_PREFIX || h265_nal_type(nal) == H265_NAL_SEI_SUFFIX))
		return 2;
	return 0;
}

bool sei_begin(struct sei *ret, enum codec codec, const uint8_t *nal, size_t n)
{
	size_t header = header_of(codec, nal, n);

	if (!header)
		return false;
	*ret = (struct sei){.p = nal + header, .end = nal + nal_trim(nal, n)};
	return true;
}

/* The next byte of the payload; bad is set at the end. */
static uint8_t next_byte(struct sei *s)
{
	uint8_t v;

	if (s->p < s->end && s->zeros >= 2 && *s->p == 3) {
		s->p++;
		s->zeros = 0;
	}
	if (s->p >= s->end) {
		s->bad = true;
		return 0;
	}
	v = *s->p++;
	s->zeros = v ? 0 : s->zeros + 1;
	return v;
}

/* Type and size: bytes of 255, and a rest. */
static uint32_t next_value(struct sei *s)
{
	uint32_t v = 0;
	uint8_t one;

	do {
		one = next_byte(s);
		v += one;
	} while (one == 0xff && !s->bad);
	return v;
}

int sei_next(struct sei *s, struct sei_message *ret)
{
	struct sei_message m = {0};

	if (s->bad)
		return -EBADMSG;
	/* What follows the last message is one byte of trailing bits. */
	if (s->end - s->p <= 1)
		return 0;
	m.type = next_value(s);
	m.size = next_value(s);
	for (uint32_t i = 0; i < m.size && !s->bad; i++) {
		uint8_t v = next_byte(s);

		if (i < sizeof m.head)
			m.head[m.head_len++] = v;
	}
	if (s->bad)
		return -EBADMSG;
	*ret = m;
	return 1;
}

static enum sei_signature kind_of(const struct sei_message *m)
{
	if (m->type != SEI_USER_DATA_UNREGISTERED || m->head_len < SEI_UUID_BYTES)
		return SEI_SIGNATURE_NONE;
	if (memcmp(m->head, sei_uuid_onvif, SEI_UUID_BYTES) == 0)
		return SEI_SIGNATURE_ONVIF;
	return memcmp(m->head, sei_uuid_axis, SEI_UUID_BYTES) == 0 ? SEI_SIGNATURE_AXIS : SEI_SIGNATURE_NONE;
}

enum sei_signature sei_signature(enum codec codec, const uint8_t *data, size_t n)
{
	enum sei_signature found = SEI_SIGNATURE_NONE;
	struct rd r = rd_init(data, n);
	const uint8_t *nal;
	size_t len;

	while (nal_next(&r, &nal, &len) == 1) {
		struct sei_message m;
		struct sei s;

		if (!sei_begin(&s, codec, nal, len))
			continue;
		while (sei_next(&s, &m) == 1)
			if (kind_of(&m) > found)
				found = kind_of(&m);
	}
	return found;
}
