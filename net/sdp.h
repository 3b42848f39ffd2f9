/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_SDP_H
#define NET_SDP_H
/*
 * A camera's session description (RFC 8866), as far as it is needed to set up
 * what is carried here: H.264 (RFC 6184), H.265 (RFC 7798), AAC-hbr (RFC 3640),
 * Opus (RFC 7587), G.711, G.726 and L16 (RFC 3551). Pure. Everything kept is
 * copied; nothing of a camera's text is kept but control URLs, checked to be
 * printable, and codec names, reduced to harmless letters.
 *
 * Lenient: no v=, o=, s= or t= is asked for, attributes come in any order,
 * unknown lines are passed over, blanks may stand anywhere between words, and
 * what is static (RFC 3551 6) needs no rtpmap. Of several payload types of a media
 * the first that is carried is taken. What exceeds a bound below, or holds a NUL
 * before its end, is refused as a whole; a parameter that cannot be read is as if
 * it were absent.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/au.h"

#define SDP_MAX_BYTES (64u << 10)
#define SDP_LINE_MAX 4096
#define SDP_MEDIA_MAX 16
#define SDP_CONTROL_MAX 1024
#define SDP_SET_MAX 512               /* bytes of one parameter set */
#define SDP_CONFIG_MAX 64             /* bytes of an AudioSpecificConfig */
#define SDP_NAME_MAX 24

enum sdp_kind { SDP_VIDEO, SDP_AUDIO, SDP_OTHER };

struct sdp_media {
	enum sdp_kind kind;
	uint8_t payload_type;
	enum codec codec;                 /* CODEC_NONE: not carried, whatever it is */
	char name[SDP_NAME_MAX];          /* "H264", "AV1", "PCMU", "application": [A-Za-z0-9._-], for messages */
	const char *why;                  /* codec CODEC_NONE although the name is known: static text, else NULL */
	uint32_t clock_rate;              /* Hz, 0 when not told */
	uint8_t channels;                 /* audio, 0 when not told */
	char control[SDP_CONTROL_MAX + 1];  /* "" if none: URL, absolute or not, printable ASCII without blanks */
	bool send_only;                   /* a=sendonly: of sound beside other sound, the camera's loudspeaker; that is not carried */
	bool pli, fir;                    /* a=rtcp-fb: answers picture loss indications, full intra requests */
	/* H.264, H.265: the first of each in the sprop parameters; 0 bytes if none */
	uint8_t packetization_mode;       /* H.264 */
	uint8_t vps[SDP_SET_MAX], sps[SDP_SET_MAX], pps[SDP_SET_MAX];
	uint16_t vps_len, sps_len, pps_len;
	/* AAC */
	uint8_t config[SDP_CONFIG_MAX];
	uint8_t config_len;               /* 0 if none */
	/* G.726: bits a sample (2..5), and whether packed as for AAL2 (RFC 3551 4.5.4) */
	uint8_t g726_bits;
	bool g726_aal2;
};

struct sdp {
	char control[SDP_CONTROL_MAX + 1];  /* of the session: "" if none */
	struct sdp_media media[SDP_MEDIA_MAX];
	unsigned nmedia;
};

/* 0, or -EBADMSG or -ENOMEM with *why. *ret is large (some 45 KiB): not for a small stack. */
int sdp_parse(const void *p, size_t n, struct sdp *ret, const char **why);

#endif
