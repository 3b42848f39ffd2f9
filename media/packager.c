/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/packager.h"

#include <assert.h>
#include <errno.h>

#include "media/opus.h"

#define HEAD CMAF_CHUNK_HEADER_MAX(CMAF_SAMPLES_MAX)
#define CLOSE_US 200000u           /* a part, where somebody watches closely */
#define SLACK_PERCENT 8            /* pictures come a little early or late: parts are between 85 and 100 % of what is said of them */

static uint32_t bounded(uint32_t part_ms)
{
	return part_ms < PACKAGER_PART_LEAST_MS ? PACKAGER_PART_LEAST_MS : part_ms > PACKAGER_PART_MOST_MS ? PACKAGER_PART_MOST_MS : part_ms;
}

void packager_init(struct packager *p, const struct packager_hooks *hooks, uint32_t part_ms)
{
	*p = (struct packager){.hooks = *hooks, .part_ms = bounded(part_ms)};
	buf_init(&p->room.buf, PART_MAX_BYTES + AU_MAX_BYTES);
	p->room.kept = p->first = HEAD;
}

void packager_restart(struct packager *p)
{
	*p = (struct packager){.hooks = p->hooks, .part_ms = p->part_ms, .room = p->room, .first = p->room.kept};
}

void packager_set_part(struct packager *p, uint32_t part_ms)
{
	p->part_ms = bounded(part_ms);
}

uint32_t packager_part_target_ms(uint32_t frame_us)
{
	uint32_t frames = frame_us ? (CLOSE_US + frame_us / 8) / frame_us : 0;
	uint64_t us = frame_us ? (uint64_t)(frames ? frames : 1) * frame_us : CLOSE_US;

	us += us * SLACK_PERCENT / 100;
	return us > PACKAGER_PART_MOST_MS * 1000ull ? PACKAGER_PART_MOST_MS : (uint32_t)((us + 999) / 1000);
}

void packager_free(struct packager *p)
{
	if (!p)
		return;
	buf_free(&p->room.buf);
	p->room.kept = p->first = HEAD;
	p->nsamples = 0;
	p->begun = false;
}

void packager_set_clock(struct packager *p, enum clock_source source, uint32_t error_ms)
{
	p->clock = source;
	p->clock_error_ms = error_ms;
}

static int64_t origin(const struct packager *p)
{
	return (int64_t)PACKAGER_ORIGIN_S * p->track.timescale;
}

static int send_init(struct packager *p)
{
	struct record r = {.kind = RECORD_INIT, .init = {.camera = p->camera, .rendition = p->rendition, .epoch = p->epoch, .track = p->track}};
	uint8_t init[INIT_MAX_BYTES];
	struct wr w = wr_init(init, sizeof init);
	int rc = cmaf_write_init(&w, &p->track);

	assert(rc == 0);                   /* packager_begin tried it */
	r.init.init = init;
	r.init.len = w.len;
	return p->hooks.emit(p->hooks.ctx, &r);
}

static int pay_end(struct packager *p)
{
	struct record r = {.kind = RECORD_SEGMENT_END, .end = p->end};
	int rc = p->end_owed ? p->hooks.emit(p->hooks.ctx, &r) : 0;

	if (rc == 0)
		p->end_owed = false;
	return rc;
}

/* Sends what was refused before. 0 when nothing is owed any more. */
static int pay(struct packager *p)
{
	int rc = pay_end(p);

	if (rc == 0 && p->init_owed) {
		rc = send_init(p);
		if (rc == 0)
			p->init_owed = false;
	}
	return rc;
}

static int end_segment(struct packager *p)
{
	if (!p->in_segment)
		return 0;
	assert(!p->end_owed);              /* nothing is sent while one is owed */
	p->end = (struct record_segment_end){.camera = p->camera, .rendition = p->rendition, .epoch = p->epoch,
		.segment = p->segment, .clock = p->clock, .clock_error_ms = p->clock_error_ms, .signature = p->signature};
	if (p->hooks.source)
		p->hooks.source(p->hooks.ctx, p->end.source);
	p->end_owed = true;
	p->in_segment = false;
	p->signature = SEI_SIGNATURE_NONE;
	return pay_end(p);
}

static void empty_part(struct packager *p)
{
	p->nsamples = 0;
	p->part_duration = 0;
	p->part_signature = SEI_SIGNATURE_NONE;
	p->first = p->room.kept;
}

static void see_signature(enum sei_signature *seen, enum sei_signature new)
{
	if (new > *seen)
		*seen = new;
}

/* Begins to drop because of rc; hands rc on unless it is the policy's own case. */
static int begin_drop(struct packager *p, int rc)
{
	p->dropped_aus += p->nsamples;
	p->dropped_times++;
	p->dropping = true;
	empty_part(p);
	end_segment(p);
	return rc == -ENOBUFS || rc == -EMSGSIZE ? 0 : rc;
}

/* Lays the chunk's header right before its samples. */
static int finish_chunk(struct packager *p, struct record_part *part)
{
	uint8_t head[HEAD];
	struct wr w = wr_init(head, sizeof head);
	struct cmaf_chunk c = {.sequence = p->sequence + 1, .decode_time = (uint64_t)part->start,
		.begins_segment = part->part == 0, .samples = p->sample, .nsamples = p->nsamples};
	int rc = cmaf_write_chunk_header(&w, &c);
	uint8_t *to;

	if (rc)
		return rc;
	to = buf_data(&p->room.buf) + p->first - w.len;
	memcpy(to, head, w.len);
	part->data = to;
	part->len = p->room.kept - p->first + w.len;
	part->head_bytes = (uint32_t)w.len;
	return 0;
}

static void count_sent(struct packager *p, const struct record_part *part)
{
	const uint8_t *data = buf_data(&p->room.buf) + p->first;

	for (size_t i = 0; p->hooks.sent && i < p->nsamples; i++) {
		p->hooks.sent(p->hooks.ctx, data, p->sample[i].size_bytes);
		data += p->sample[i].size_bytes;
	}
	p->parts++;
	p->bytes += part->len;
	p->part++;
	p->sequence++;
	p->in_segment = true;
	see_signature(&p->signature, p->part_signature);
}

/* All durations of the part are known; last: it is the segment's, final: the epoch's. */
static int send_part(struct packager *p, bool last, bool final)
{
	struct record r = {.kind = RECORD_PART, .part = {.camera = p->camera, .rendition = p->rendition, .epoch = p->epoch,
		.segment = p->segment, .part = p->part, .independent = p->sample[0].key, .last = last, .final = final, .start = p->first_dts + origin(p),
		.duration = (uint32_t)p->part_duration, .capture_us = p->capture_us}};
	int rc = p->part < RECORD_PARTS_MAX ? finish_chunk(p, &r.part) : -EMSGSIZE;

	if (rc == 0)
		rc = p->hooks.emit(p->hooks.ctx, &r);
	if (rc)
		return rc;
	count_sent(p, &r.part);
	empty_part(p);
	return 0;
}

static void set_last_duration(struct packager *p, uint32_t duration)
{
	p->sample[p->nsamples - 1].duration = duration;
	p->part_duration += duration;
}

static bool part_is_full(const struct packager *p, uint32_t duration, size_t more)
{
	uint64_t target = (uint64_t)p->part_ms * p->track.timescale / 1000;

	return p->part_duration + duration > target || p->nsamples == CMAF_SAMPLES_MAX || more > PART_MAX_BYTES - HEAD - (p->room.kept - p->first);
}

static bool in_bounds(const struct packager *p, const struct au *au, uint32_t segment)
{
	if (!p->begun || au->len == 0 || au->len > AU_MAX_BYTES)
		return false;
	if (au->dts > AU_TIME_MAX - origin(p) || au->dts < -origin(p) || au->pts > AU_TIME_MAX || au->pts < -AU_TIME_MAX)
		return false;
	if (au->pts - au->dts > INT32_MAX || au->dts - au->pts > INT32_MAX || au->capture_us < 0 || au->capture_us > AU_TIME_MAX)
		return false;
	return !p->seen || (au->dts > p->last_dts && au->dts - p->last_dts <= INT32_MAX && segment >= p->segment);
}

/* A stream's last sample, or its only one, must be given a duration; so must the last before a pause. */
static uint32_t likely_duration(const struct packager *p)
{
	if (p->nsamples > 1)
		return p->sample[p->nsamples - 2].duration;
	switch (p->track.codec) {
	case CODEC_AAC:
		return 1024;
	case CODEC_OPUS:
		return OPUS_FRAME_SAMPLES;
	default:
		return p->track.timescale / 25;
	}
}

/* Sends what this access unit makes due: the part before it, the end of the segment before it. */
static int make_way(struct packager *p, const struct au *au, bool begins)
{
	int rc = 0;

	if (p->nsamples) {
		bool pause = au->dts - p->last_dts > (int64_t)PACKAGER_PAUSE_S * p->track.timescale;
		uint32_t duration = pause ? likely_duration(p) : (uint32_t)(au->dts - p->last_dts);

		set_last_duration(p, duration);
		if (begins || pause || part_is_full(p, duration, au->len))
			rc = send_part(p, begins, false);
	}
	if (rc == 0 && begins)
		rc = end_segment(p);
	return rc ? begin_drop(p, rc) : 0;
}

/* The part's first samples stand behind the room for its header, so that a room does not grow with its stream. */
static void move_to_front(struct packager *p)
{
	uint8_t *data = buf_data(&p->room.buf);
	size_t n = p->room.kept - p->first;

	if (p->first == HEAD)
		return;
	memmove(data + HEAD, data + p->first, n);
	p->first = HEAD;
	p->room.kept = p->room.buf.len = HEAD + n;
}

static int copy(struct packager *p, const struct au *au)
{
	if (p->nsamples == 0)
		p->room.kept = p->first = HEAD;
	if (au_room_clear(&p->room) || buf_append(&p->room.buf, au->data, au->len))
		return -ENOBUFS;
	return 0;
}

static int append(struct packager *p, const struct au *au)
{
	bool in_place = au->data == au_room_data(&p->room) && au->len == au_room_len(&p->room);
	enum sei_signature signature = p->rendition == RENDITION_COPY ? sei_signature(p->track.codec, au->data, au->len) : SEI_SIGNATURE_NONE;

	if (!in_place && copy(p, au))
		return begin_drop(p, -ENOBUFS);
	p->room.kept = p->room.buf.len;
	if (p->nsamples == 0) {
		move_to_front(p);
		p->first_dts = au->dts;
	}
	if (p->nsamples == 0 || au->pts < p->first_pts) {
		p->first_pts = au->pts;
		p->capture_us = au->capture_us;
	}
	see_signature(&p->part_signature, signature);
	p->sample[p->nsamples++] = (struct cmaf_sample){.size_bytes = (uint32_t)au->len,
		.composition_offset = (int32_t)(au->pts - au->dts), .key = au->key};
	return 0;
}

int packager_add(struct packager *p, const struct au *au, uint32_t segment)
{
	bool begins = !p->seen || segment != p->segment;
	int rc;

	if (!in_bounds(p, au, segment))
		return -EINVAL;
	rc = make_way(p, au, begins);
	p->seen = true;
	p->segment = segment;
	p->last_dts = au->dts;
	if (begins)
		p->part = 0;
	if (p->dropping && begins && pay(p) == 0)
		p->dropping = false;
	if (p->dropping) {
		p->dropped_aus++;
		return rc;
	}
	return append(p, au);
}

int packager_flush(struct packager *p)
{
	int rc = 0;

	if (p->nsamples) {
		set_last_duration(p, likely_duration(p));
		rc = send_part(p, true, true);
	}
	if (rc == 0)
		rc = end_segment(p);
	if (rc == 0)
		rc = pay_end(p);
	p->begun = p->seen = false;
	return rc ? begin_drop(p, rc) : 0;
}

int packager_begin(struct packager *p, uint16_t camera, uint8_t rendition, uint64_t epoch, const struct track *track)
{
	uint8_t init[INIT_MAX_BYTES];
	struct wr w = wr_init(init, sizeof init);
	int rc = packager_flush(p);

	if (rc)
		return rc;
	if (!record_track_fits(track) || cmaf_write_init(&w, track))
		return -EINVAL;
	p->camera = camera;
	p->rendition = rendition;
	p->epoch = epoch;
	p->track = *track;
	p->part = p->sequence = 0;
	p->begun = p->init_owed = true;
	p->dropping = false;
	rc = pay(p);
	return rc ? begin_drop(p, rc) : 0;
}
