/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtp_send.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/rd.h"
#include "base/text.h"

#define PAYLOAD_MAX (RTP_SEND_PACKET_MAX - RTP_SEND_HEADER)
#define NAL_STAP_A 24           /* RFC 6184 5.2 */
#define NAL_FU_A 28
#define NAL_NRI 0x60
#define NAL_TYPE 0x1f
#define AAC_MAX 8191
#define NTP_UNIX 2208988800u    /* seconds from 1900 to 1970 */
#define RTCP_SR 200
#define RTCP_SDES 202
#define SDES_CNAME 1
#define CNAME_MAX 64

struct out {
	struct rtp_send *s;
	rtp_send_fn *send;
	void *ctx;
	uint32_t timestamp;
	uint8_t packet[RTP_SEND_PACKET_MAX];
	struct wr w;
};

void rtp_send_init(struct rtp_send *s, const struct track *track, const uint8_t random[12])
{
	struct rd r = rd_init(random, 12);

	*s = (struct rtp_send){.ssrc = rd_u32(&r), .first_timestamp = rd_u32(&r)};
	/* In the lower half, so that no early loss straddles the first wrap (as RFC 3711 3.3.1 advises). */
	s->sequence = rd_u16(&r) & 0x7fff;
	s->clock_rate = track->timescale;
	s->payload_type = track->codec == CODEC_H264 ? RTP_SEND_VIDEO_TYPE : RTP_SEND_AUDIO_TYPE;
}

static void packet_begin(struct out *o, bool marker)
{
	o->w = wr_init(o->packet, sizeof o->packet);
	wr_u8(&o->w, 2 << 6);
	wr_u8(&o->w, (uint8_t)(marker << 7 | o->s->payload_type));
	wr_u16(&o->w, o->s->sequence);
	wr_u32(&o->w, o->timestamp);
	wr_u32(&o->w, o->s->ssrc);
}

static void packet_end(struct out *o)
{
	assert(!o->w.bad);
	o->s->sequence++;
	o->s->packets++;
	o->s->octets += (uint32_t)(o->w.len - RTP_SEND_HEADER);
	o->send(o->ctx, o->packet, o->w.len);
}

/* RFC 6184 5.8: the NAL header is split over FU indicator and FU header, and not repeated. */
static void send_fragments(struct out *o, const uint8_t *nal, size_t n, bool last)
{
	uint8_t indicator = (uint8_t)((nal[0] & ~NAL_TYPE) | NAL_FU_A), type = nal[0] & NAL_TYPE;
	struct rd r = rd_init(nal + 1, n - 1);
	bool start = true;

	while (rd_left(&r)) {
		size_t room = PAYLOAD_MAX - 2, left = rd_left(&r), take = left < room ? left : room;
		bool end = take == left;

		packet_begin(o, end && last);
		wr_u8(&o->w, indicator);
		wr_u8(&o->w, (uint8_t)(start << 7 | end << 6 | type));
		wr_bytes(&o->w, rd_bytes(&r, take), take);
		packet_end(o);
		start = false;
	}
}

/* How many units from the front share one packet, and their bytes in it; 1 for a unit on its own. */
static unsigned gather(struct rd r, size_t *ret_bytes, uint8_t *ret_nri)
{
	size_t bytes = 1;
	unsigned units = 0;
	uint8_t nri = 0;

	while (rd_left(&r)) {
		uint32_t n = rd_u32(&r);
		const uint8_t *nal = rd_bytes(&r, n);

		if (!nal || !n || bytes + 2 + n > PAYLOAD_MAX)
			break;
		bytes += 2 + n;
		nri = (nal[0] & NAL_NRI) > nri ? nal[0] & NAL_NRI : nri;
		units++;
	}
	*ret_bytes = bytes;
	*ret_nri = nri;
	return units ? units : 1;
}

/* RFC 6184 5.7.1 */
static void send_together(struct out *o, struct rd *r, unsigned units, uint8_t nri)
{
	uint32_t n;
	size_t bytes;
	struct rd rest = *r;

	for (unsigned i = 0; i < units; i++) {
		n = rd_u32(&rest);
		rd_bytes(&rest, n);
	}
	packet_begin(o, !rd_left(&rest));
	wr_u8(&o->w, (uint8_t)(nri | NAL_STAP_A));
	for (unsigned i = 0; i < units; i++) {
		bytes = rd_u32(r);
		wr_u16(&o->w, (uint16_t)bytes);
		wr_bytes(&o->w, rd_bytes(r, bytes), bytes);
	}
	packet_end(o);
}

int rtp_send_h264(struct rtp_send *s, int64_t pts, const uint8_t *data, size_t n, rtp_send_fn *send, void *ctx)
{
	struct out o = {.s = s, .send = send, .ctx = ctx, .timestamp = rtp_send_timestamp(s, pts)};
	struct rd r = rd_init(data, n);

	while (rd_left(&r)) {
		size_t together;
		uint8_t nri;
		unsigned units = gather(r, &together, &nri);
		const uint8_t *nal;
		uint32_t len;

		if (units > 1) {
			send_together(&o, &r, units, nri);
			continue;
		}
		len = rd_u32(&r);
		nal = rd_bytes(&r, len);
		if (!nal || !len)
			return -EBADMSG;
		if (len > PAYLOAD_MAX) {
			send_fragments(&o, nal, len, !rd_left(&r));
			continue;
		}
		packet_begin(&o, !rd_left(&r));
		wr_bytes(&o.w, nal, len);
		packet_end(&o);
	}
	return 0;
}

/* RFC 3640 3.2.1 and 3.3.6: one AU-header of 13 bits size and 3 bits index 0; a fragment repeats the whole size. */
int rtp_send_aac(struct rtp_send *s, int64_t pts, const uint8_t *data, size_t n, rtp_send_fn *send, void *ctx)
{
	struct out o = {.s = s, .send = send, .ctx = ctx, .timestamp = rtp_send_timestamp(s, pts)};
	struct rd r = rd_init(data, n);

	if (n > AAC_MAX)
		return -EMSGSIZE;
	while (rd_left(&r)) {
		size_t room = PAYLOAD_MAX - 4, left = rd_left(&r), take = left < room ? left : room;

		packet_begin(&o, take == left);
		wr_u16(&o.w, 16);
		wr_u16(&o.w, (uint16_t)(n << 3));
		wr_bytes(&o.w, rd_bytes(&r, take), take);
		packet_end(&o);
	}
	return 0;
}

void rtp_send_report(const struct rtp_send *s, int64_t wall_us, int64_t media_time, const char *cname, struct wr *w)
{
	size_t name = strnlen(cname, CNAME_MAX);
	size_t words = (4 + 2 + name + 1 + 3) / 4;  /* SSRC, item, a NUL at least, to a whole word */
	size_t at;

	wr_u8(w, 2 << 6);
	wr_u8(w, RTCP_SR);
	wr_u16(w, 6);
	wr_u32(w, s->ssrc);
	wr_u32(w, (uint32_t)(wall_us / 1000000 + NTP_UNIX));
	wr_u32(w, (uint32_t)(((uint64_t)(wall_us % 1000000) << 32) / 1000000));
	wr_u32(w, rtp_send_timestamp(s, media_time));
	wr_u32(w, s->packets);
	wr_u32(w, s->octets);

	wr_u8(w, 2 << 6 | 1);
	wr_u8(w, RTCP_SDES);
	wr_u16(w, (uint16_t)words);
	at = w->len;
	wr_u32(w, s->ssrc);
	wr_u8(w, SDES_CNAME);
	wr_u8(w, (uint8_t)name);
	wr_bytes(w, cname, name);
	while (!w->bad && w->len - at < words * 4)
		wr_u8(w, 0);
}

/* A parameter set of the avcC as base64 behind a separator. */
static int add_sprop(struct buf *out, struct rd *r, const char *separator)
{
	char text[TRACK_CONFIG_MAX / 3 * 4 + 8];
	size_t n = rd_u16(r);
	const uint8_t *set = rd_bytes(r, n);

	if (!set || n > TRACK_CONFIG_MAX)
		return -EINVAL;
	base64_encode(set, n, text);
	return buf_append_fmt(out, "%s%s", separator, text);
}

/* The first SPS and the first PPS of the AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1). */
static int add_h264(struct buf *out, const struct track *t)
{
	struct rd r = rd_init(t->config, t->config_len);
	int e = buf_append_fmt(out, "m=video 0 RTP/AVP %d\r\na=rtpmap:%d H264/90000\r\n", RTP_SEND_VIDEO_TYPE, RTP_SEND_VIDEO_TYPE);
	unsigned sps;

	if (!e)
		e = buf_append_fmt(out, "a=fmtp:%d packetization-mode=1;profile-level-id=%02X%02X%02X;sprop-parameter-sets=",
				   RTP_SEND_VIDEO_TYPE, t->profile, t->compat & 0xff, t->level);
	rd_bytes(&r, 5);
	sps = rd_u8(&r) & 0x1f;
	if (!e)
		e = sps ? add_sprop(out, &r, "") : -EINVAL;
	for (unsigned i = 1; i < sps; i++)
		rd_bytes(&r, rd_u16(&r));
	if (!e)
		e = rd_u8(&r) ? add_sprop(out, &r, ",") : -EINVAL;
	return e ? e : buf_append_str(out, "\r\n");
}

static int add_aac(struct buf *out, const struct track *t)
{
	char config[2 * TRACK_CONFIG_MAX + 1];

	if (!t->config_len || t->config_len > TRACK_CONFIG_MAX)
		return -EINVAL;
	hex_encode(t->config, t->config_len, config);
	return buf_append_fmt(out, "m=audio 0 RTP/AVP %d\r\na=rtpmap:%d MPEG4-GENERIC/%u/%u\r\n"
			      "a=fmtp:%d streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"
			      "indexdeltalength=3;config=%s\r\n",
			      RTP_SEND_AUDIO_TYPE, RTP_SEND_AUDIO_TYPE, t->rate, t->channels, RTP_SEND_AUDIO_TYPE, config);
}

int rtp_send_sdp(struct buf *out, const char *name, const struct track *const *tracks, unsigned ntracks)
{
	int e = buf_append_fmt(out, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=%s\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
			       "a=control:*\r\na=range:npt=now-\r\n", name);

	for (unsigned i = 0; !e && i < ntracks; i++) {
		if (tracks[i]->codec == CODEC_H264)
			e = add_h264(out, tracks[i]);
		else
			e = tracks[i]->codec == CODEC_AAC ? add_aac(out, tracks[i]) : -EINVAL;
		if (!e)
			e = buf_append_fmt(out, "a=control:track%u\r\n", i);
	}
	return e;
}
