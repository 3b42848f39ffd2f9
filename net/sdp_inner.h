/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_SDP_INNER_H
#define NET_SDP_INNER_H
/* Between net/sdp.c, which reads lines and media, and net/sdp_format.c, which knows the codecs. */
#include "net/sdp.h"
#include "net/span.h"

/* What a=fmtp told, beside what struct sdp_media keeps. */
struct sdp_fmtp {
	bool mode_named, hbr;             /* AAC */
	uint8_t size_length, index_length, delta_length;
	bool don, streams;                /* H.265: decoding order numbers; several RTP streams */
};

/* Whether the codec of this name is carried as this kind of media. */
bool sdp_is_carried(enum sdp_kind kind, struct span name);
/* A static payload type (RFC 3551 6): name, clock rate and channels; false: it is dynamic, or nobody's. */
bool sdp_static(unsigned payload_type, struct sdp_media *m);
/* The codec of an rtpmap's name; sets what the name tells. */
void sdp_set_codec(struct sdp_media *m, struct span name);
/* One parameter of a=fmtp. */
void sdp_parameter(struct sdp_media *m, struct sdp_fmtp *f, struct span name, struct span value);
/* All is read: fills in what is left to defaults, and refuses what is announced in a form that is not carried. */
void sdp_settle(struct sdp_media *m, const struct sdp_fmtp *f);

#endif
