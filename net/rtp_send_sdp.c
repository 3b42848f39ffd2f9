/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/text.h"
#include "media/config_sets.h"
#include "media/h265.h"
#include "media/nal.h"
#include "net/rtp_send.h"

/* The first parameter set of that type as base64, behind what goes before it. */
static int add_set(struct buf *out, const struct track *t, unsigned type, const char *before)
{
	char text[TRACK_CONFIG_MAX / 3 * 4 + 8];
	struct config_sets sets;
	const uint8_t *nal;
	size_t n;

	config_sets_begin(&sets, t);
	while (config_sets_next(&sets, &nal, &n) == 1) {
		if ((t->codec == CODEC_H265 ? h265_nal_type(nal) : nal_type(nal)) != type)
			continue;
		base64_encode(nal, n, text);
		return buf_append_fmt(out, "%s%s", before, text);
	}
	return -EINVAL;
}

/* RFC 6184 8.2.1 */
static int add_h264(struct buf *out, const struct track *t)
{
	int e = buf_append_fmt(out, "m=video 0 RTP/AVP %d\r\na=rtpmap:%d H264/90000\r\na=fmtp:%d packetization-mode=1;profile-level-id=%02X%02X%02X",
			       RTP_SEND_VIDEO_TYPE, RTP_SEND_VIDEO_TYPE, RTP_SEND_VIDEO_TYPE, t->profile, t->compat & 0xff, t->level);

	if (!e)
		e = add_set(out, t, NAL_SPS, ";sprop-parameter-sets=");
	return e ? e : add_set(out, t, NAL_PPS, ",");
}

/* RFC 7798 7.2.1 */
static int add_h265(struct buf *out, const struct track *t)
{
	int e = buf_append_fmt(out, "m=video 0 RTP/AVP %d\r\na=rtpmap:%d H265/90000\r\na=fmtp:%d profile-id=%u;tier-flag=%u;level-id=%u", RTP_SEND_VIDEO_TYPE,
			       RTP_SEND_VIDEO_TYPE, RTP_SEND_VIDEO_TYPE, t->profile & 0x1f, t->profile >> 7, t->level);

	if (!e)
		e = add_set(out, t, H265_NAL_VPS, ";sprop-vps=");
	if (!e)
		e = add_set(out, t, H265_NAL_SPS, ";sprop-sps=");
	return e ? e : add_set(out, t, H265_NAL_PPS, ";sprop-pps=");
}

/* RFC 3640 4.1 */
static int add_aac(struct buf *out, const struct track *t)
{
	char config[2 * TRACK_CONFIG_MAX + 1];

	if (!t->config_len || t->config_len > TRACK_CONFIG_MAX)
		return -EINVAL;
	hex_encode(t->config, t->config_len, config);
	return buf_append_fmt(out, "m=audio 0 RTP/AVP %d\r\na=rtpmap:%d MPEG4-GENERIC/%u/%u\r\n"
			      "a=fmtp:%d streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"
			      "indexdeltalength=3;config=%s",
			      RTP_SEND_AUDIO_TYPE, RTP_SEND_AUDIO_TYPE, t->rate, t->channels, RTP_SEND_AUDIO_TYPE, config);
}

/* RFC 7587 7: always announced as 48 kHz and two channels; how many there are is a hint. */
static int add_opus(struct buf *out, const struct track *t)
{
	return buf_append_fmt(out, "m=audio 0 RTP/AVP %d\r\na=rtpmap:%d opus/48000/2\r\na=fmtp:%d sprop-stereo=%d", RTP_SEND_AUDIO_TYPE,
			      RTP_SEND_AUDIO_TYPE, RTP_SEND_AUDIO_TYPE, t->channels == 2);
}

static int add_track(struct buf *out, const struct track *t)
{
	switch (t->codec) {
	case CODEC_H264:
		return add_h264(out, t);
	case CODEC_H265:
		return add_h265(out, t);
	case CODEC_AAC:
		return add_aac(out, t);
	case CODEC_OPUS:
		return add_opus(out, t);
	default:
		return -EINVAL;
	}
}

int rtp_send_sdp(struct buf *out, const char *name, const struct track *const *tracks, unsigned ntracks)
{
	int e = buf_append_fmt(out, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=%s\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
			       "a=control:*\r\na=range:npt=now-\r\n", name);

	for (unsigned i = 0; !e && i < ntracks; i++) {
		e = add_track(out, tracks[i]);
		if (!e)
			e = buf_append_fmt(out, "\r\na=control:track%u\r\n", i);
	}
	return e;
}
