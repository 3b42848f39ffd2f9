/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtp_send.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define PAYLOAD_MAX (RTP_SEND_PACKET_MAX - RTP_SEND_HEADER)
#define AAC_MAX 8191
#define AAC_HEADER 4
#define NTP_UNIX 2208988800u    /* seconds from 1900 to 1970 */
#define RTCP_SR 200
#define RTCP_SDES 202
#define SDES_CNAME 1

/* How NAL units of a codec are put together and cut. */
struct form {
	size_t head;             /* bytes of a NAL unit's header */
	size_t together;         /* bytes of a shared packet before the first unit */
	size_t fragment;         /* bytes of a fragment before its piece */
	void (*write_together)(struct wr *w, struct rd units);
	void (*write_fragment)(struct wr *w, const uint8_t head[2], bool start, bool end);
};

/* RFC 6184 5.7.1: the highest importance of those inside. */
static void write_stap_a(struct wr *w, struct rd units)
{
	uint8_t nri = 0;

	while (rd_left(&units)) {
		const uint8_t *nal = rd_bytes(&units, rd_u32(&units));

		nri = (nal[0] & 0x60) > nri ? nal[0] & 0x60 : nri;
	}
	wr_u8(w, nri | 24);
}

/* RFC 6184 5.8: the NAL header is split over FU indicator and FU header, and not repeated. */
static void write_fu_a(struct wr *w, const uint8_t head[2], bool start, bool end)
{
	wr_u8(w, (head[0] & 0xe0) | 28);
	wr_u8(w, (uint8_t)(start << 7 | end << 6 | (head[0] & 0x1f)));
}

/* RFC 7798 4.4.2: the lowest layer, which is the base, and the lowest temporal id of those inside. */
static void write_ap(struct wr *w, struct rd units)
{
	uint8_t temporal = 7;

	while (rd_left(&units)) {
		const uint8_t *nal = rd_bytes(&units, rd_u32(&units));

		temporal = (nal[1] & 7) < temporal ? nal[1] & 7 : temporal;
	}
	wr_u8(w, 48 << 1);
	wr_u8(w, temporal);
}

/* RFC 7798 4.4.3 */
static void write_fu(struct wr *w, const uint8_t head[2], bool start, bool end)
{
	wr_u8(w, (head[0] & 0x81) | 49 << 1);
	wr_u8(w, head[1]);
	wr_u8(w, (uint8_t)(start << 7 | end << 6 | (head[0] >> 1 & 0x3f)));
}

static const struct form *form_of(enum codec codec)
{
	static const struct form h264 = {1, 1, 2, write_stap_a, write_fu_a}, h265 = {2, 2, 3, write_ap, write_fu};

	return codec == CODEC_H265 ? &h265 : &h264;
}

void rtp_send_init(struct rtp_send *s, const struct track *track, const uint8_t random[12])
{
	struct rd r = rd_init(random, 12);

	*s = (struct rtp_send){.codec = track->codec, .ssrc = rd_u32(&r), .first_timestamp = rd_u32(&r)};
	/* In the lower half, so that no early loss straddles the first wrap (as RFC 3711 3.3.1 advises). */
	s->sequence = rd_u16(&r) & 0x7fff;
	s->clock_rate = track->timescale;
	s->payload_type = codec_is_video(track->codec) ? RTP_SEND_VIDEO_TYPE : RTP_SEND_AUDIO_TYPE;
}

static size_t packet_begin(const struct rtp_send *s, const struct rtp_unit *u, struct wr *w, bool marker)
{
	size_t at = w->len;

	wr_u8(w, 2 << 6);
	wr_u8(w, (uint8_t)(marker << 7 | s->payload_type));
	wr_u16(w, s->sequence);
	wr_u32(w, u->timestamp);
	wr_u32(w, s->ssrc);
	return at;
}

static int packet_end(struct rtp_send *s, const struct wr *w, size_t at)
{
	assert(!w->bad && w->len - at <= RTP_SEND_PACKET_MAX);
	s->sequence++;
	s->packets++;
	s->octets += (uint32_t)(w->len - at - RTP_SEND_HEADER);
	return 1;
}

/* The next n bytes of r as they are. */
static void put(struct wr *w, struct rd *r, size_t n)
{
	wr_bytes(w, rd_bytes(r, n), n);
}

static int send_fragment(struct rtp_send *s, struct rtp_unit *u, struct wr *w)
{
	const struct form *form = form_of(s->codec);
	size_t room = PAYLOAD_MAX - form->fragment, left = rd_left(&u->fragment), take = left < room ? left : room;
	bool end = take == left;
	size_t at = packet_begin(s, u, w, end && u->last && !rd_left(&u->rest));

	form->write_fragment(w, u->head, !u->begun, end);
	put(w, &u->fragment, take);
	u->begun = true;
	return packet_end(s, w, at);
}

/* How many units from the front share one packet; 1 for a unit on its own. */
static unsigned gather(const struct form *form, struct rd r)
{
	size_t bytes = form->together;
	unsigned units = 0;

	while (rd_left(&r)) {
		uint32_t n = rd_u32(&r);

		if (!rd_bytes(&r, n) || n < form->head || bytes + 2 + n > PAYLOAD_MAX)
			break;
		bytes += 2 + n;
		units++;
	}
	return units ? units : 1;
}

static int send_together(struct rtp_send *s, struct rtp_unit *u, struct wr *w, unsigned units)
{
	struct rd these = u->rest;
	size_t at;

	for (unsigned i = 0; i < units; i++)
		rd_bytes(&u->rest, rd_u32(&u->rest));
	these.end = u->rest.p;
	at = packet_begin(s, u, w, u->last && !rd_left(&u->rest));
	form_of(s->codec)->write_together(w, these);
	while (rd_left(&these)) {
		uint32_t n = rd_u32(&these);

		wr_u16(w, (uint16_t)n);
		put(w, &these, n);
	}
	return packet_end(s, w, at);
}

static int send_picture(struct rtp_send *s, struct rtp_unit *u, struct wr *w)
{
	const struct form *form = form_of(s->codec);
	unsigned units = gather(form, u->rest);
	struct rd nal;
	size_t at;

	if (units > 1)
		return send_together(s, u, w, units);
	nal = rd_sub(&u->rest, rd_u32(&u->rest));
	if (nal.bad || rd_left(&nal) < form->head)
		return -EBADMSG;
	if (rd_left(&nal) > PAYLOAD_MAX) {
		memcpy(u->head, rd_bytes(&nal, form->head), form->head);
		u->fragment = nal;
		u->begun = false;
		return send_fragment(s, u, w);
	}
	at = packet_begin(s, u, w, u->last && !rd_left(&u->rest));
	put(w, &nal, rd_left(&nal));
	return packet_end(s, w, at);
}

/* RFC 3640 3.2.1 and 3.3.6: one AU-header of 13 bits size and 3 bits index 0; a fragment repeats the whole size. */
static int send_aac(struct rtp_send *s, struct rtp_unit *u, struct wr *w)
{
	size_t room = PAYLOAD_MAX - AAC_HEADER, left = rd_left(&u->rest), take = left < room ? left : room;
	size_t at = packet_begin(s, u, w, take == left);

	wr_u16(w, 16);
	wr_u16(w, (uint16_t)(u->size << 3));
	put(w, &u->rest, take);
	return packet_end(s, w, at);
}

/* RFC 7587 4.2: the packet as it is. The marker says that silence went before (RFC 3551 4.1), of which nothing is known. */
static int send_opus(struct rtp_send *s, struct rtp_unit *u, struct wr *w)
{
	size_t at = packet_begin(s, u, w, false);

	put(w, &u->rest, rd_left(&u->rest));
	return packet_end(s, w, at);
}

int rtp_unit_begin(struct rtp_unit *u, const struct rtp_send *s, int64_t pts, const uint8_t *data, size_t n, bool last)
{
	if (!codec_is_video(s->codec) && n > (s->codec == CODEC_AAC ? (size_t)AAC_MAX : PAYLOAD_MAX))
		return -EMSGSIZE;
	*u = (struct rtp_unit){.rest = rd_init(data, n), .last = last, .timestamp = rtp_send_timestamp(s, pts), .size = n};
	u->fragment = rd_init(data, 0);
	return 0;
}

int rtp_send_next(struct rtp_send *s, struct rtp_unit *u, struct wr *w)
{
	if (rd_left(&u->fragment))
		return send_fragment(s, u, w);
	if (!rd_left(&u->rest))
		return 0;
	if (codec_is_video(s->codec))
		return send_picture(s, u, w);
	return s->codec == CODEC_AAC ? send_aac(s, u, w) : send_opus(s, u, w);
}

int rtp_send_au(struct rtp_send *s, int64_t pts, const uint8_t *data, size_t n, rtp_send_fn *send, void *ctx)
{
	uint8_t packet[RTP_SEND_PACKET_MAX];
	struct rtp_unit u;
	int rc = rtp_unit_begin(&u, s, pts, data, n, true);

	for (rc = rc ? rc : 1; rc == 1;) {
		struct wr w = wr_init(packet, sizeof packet);

		rc = rtp_send_next(s, &u, &w);
		if (rc == 1)
			send(ctx, packet, w.len);
	}
	return rc;
}

void rtp_send_report(const struct rtp_send *s, int64_t wall_us, int64_t media_time, const char *cname, struct wr *w)
{
	size_t name = strnlen(cname, RTP_SEND_CNAME_MAX);
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
