/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_SEI_H
#define MEDIA_SEI_H
/*
 * Supplemental enhancement information (H.264 7.3.2.3 and annex D, H.265 7.3.5
 * and annex D): the messages of its NAL units, and whether one of them is a
 * signature that a camera put over its own stream. Pure; nothing is owned, nothing
 * is copied, and nothing is checked of a signature but that it is there.
 *
 * Both kinds of signatures travel as user data unregistered, told by the 16 bytes
 * that it begins with: ONVIF Media Signing (the specification of that name, 1.0)
 * 005bc93f-2d71-5e95-ada4-796f90877a6f, Axis Signed Video
 * 5369676e-6564-2056-6964-656f2e2e2e30, which reads "Signed Video...0".
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/au.h"

#define SEI_USER_DATA_UNREGISTERED 5
#define SEI_UUID_BYTES 16

/* Written into records: new ones go to the end. Of several in one segment the greatest counts. */
enum sei_signature { SEI_SIGNATURE_NONE, SEI_SIGNATURE_AXIS, SEI_SIGNATURE_ONVIF, SEI_SIGNATURE_COUNT };

extern const uint8_t sei_uuid_onvif[SEI_UUID_BYTES], sei_uuid_axis[SEI_UUID_BYTES];

/* Goes through the messages of a NAL unit whose emulation prevention is in place. */
struct sei {
	const uint8_t *p, *end;
	unsigned zeros;                /* before p */
	bool bad;
};

struct sei_message {
	uint32_t type, size;           /* size: bytes of its payload without emulation prevention */
	unsigned head_len;
	uint8_t head[SEI_UUID_BYTES];  /* the first head_len bytes of the payload: all of it, or as many as fit */
};

/* Whether a NAL unit holds such messages; *ret begins with the first. Another codec than H.264 and H.265 has none. */
bool sei_begin(struct sei *ret, enum codec codec, const uint8_t *nal, size_t n);
/* 1 with the next message, 0 at the end, -EBADMSG for one that is cut short. */
int sei_next(struct sei *s, struct sei_message *ret);

/* The signature that an access unit (or several, one behind the other) carries; what is broken counts for nothing. */
enum sei_signature sei_signature(enum codec codec, const uint8_t *data, size_t n);

#endif
