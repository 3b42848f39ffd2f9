/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtp_aac.h"

#include "base/rd.h"

void rtp_aac_init(struct rtp_aac *d, uint16_t frame_samples, rtp_audio_emit *emit, void *ctx)
{
	*d = (struct rtp_aac){.frame_samples = frame_samples, .emit = emit, .ctx = ctx};
	buf_init(&d->part, RTP_AAC_FRAME_MAX);
}

void rtp_aac_free(struct rtp_aac *d)
{
	buf_free(&d->part);
}

static void drop_part(struct rtp_aac *d)
{
	if (d->want)
		d->dropped++;
	d->want = 0;
	buf_clear(&d->part);
}

static void emit(struct rtp_aac *d, uint32_t timestamp, int64_t arrival_us, const uint8_t *p, size_t n)
{
	struct rtp_audio_frame f = {.timestamp = timestamp, .arrival_us = arrival_us, .data = p, .len = n, .duration = d->frame_samples};

	d->frames++;
	d->emit(d->ctx, &f);
}

/* A packet whose only AU-header tells of more bytes than it holds: a piece of a frame (RFC 3640 3.2.3). */
static void piece(struct rtp_aac *d, const struct rtp_packet *p, size_t size, struct rd data, int64_t arrival_us)
{
	if (d->want && (d->timestamp != p->timestamp || d->want != size))
		drop_part(d);
	if (!d->want) {
		d->want = size;
		d->timestamp = p->timestamp;
		d->arrival_us = arrival_us;
	}
	if (rd_left(&data) > d->want - d->part.len || buf_append(&d->part, data.p, rd_left(&data))) {
		drop_part(d);
		return;
	}
	if (d->part.len == d->want) {
		emit(d, d->timestamp, d->arrival_us, buf_data(&d->part), d->part.len);
		d->want = 0;
		buf_clear(&d->part);
	}
}

/* All headers are right and their frames are there: sizes sum up to no more than the data, no index is set. */
static bool is_whole(struct rd headers, unsigned count, size_t have)
{
	size_t sum = 0;

	while (count--) {
		unsigned h = rd_u16(&headers);

		if ((h & 7) || h >> 3 == 0)
			return false;
		sum += h >> 3;
	}
	return !headers.bad && sum <= have;
}

void rtp_aac_feed(struct rtp_aac *d, const struct rtp_packet *p, bool lost, int64_t arrival_us)
{
	struct rd r = rd_init(p->payload, p->len), headers, peek;
	unsigned bits = rd_u16(&r), count = bits / 16;
	size_t first;

	headers = rd_sub(&r, (bits + 7) / 8);
	if (r.bad || bits % 16 || count == 0 || count > RTP_AAC_FRAMES_MAX) {
		d->dropped++;
		drop_part(d);
		return;
	}
	peek = headers;
	first = rd_u16(&peek) >> 3;
	if (lost)
		drop_part(d);
	if (count == 1 && first && (first > rd_left(&r) || (d->want && d->timestamp == p->timestamp))) {
		piece(d, p, first, r, arrival_us);
		return;
	}
	drop_part(d);
	if (!is_whole(headers, count, rd_left(&r))) {
		d->dropped++;
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		size_t n = rd_u16(&headers) >> 3;

		emit(d, p->timestamp + i * d->frame_samples, arrival_us, rd_bytes(&r, n), n);
	}
}
