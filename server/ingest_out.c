/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way out: copy and audio renditions to store, pictures and sound that is not packaged here to transcode. */
#include <errno.h>
#include <string.h>

#include "server/ingest_inner.h"

static int emit(void *ctx, const struct record *r)
{
	struct ingest_output *o = ctx;

	return o->stream->hooks.store(o->stream->hooks.ctx, r);
}

static void hash_sent(void *ctx, const uint8_t *data, size_t len)
{
	struct ingest_output *o = ctx;
	uint8_t prefix[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};

	hasher_update(&o->hash, prefix, sizeof prefix);
	hasher_update(&o->hash, data, len);
}

static void take_hash(void *ctx, uint8_t ret[32])
{
	struct ingest_output *o = ctx;
	struct hash h;

	hasher_final(&o->hash, &h);
	memcpy(ret, h.b, HASH_BYTES);
}

static void reset_output(struct ingest_stream *s, unsigned track)
{
	struct ingest_output *o = &s->output[track];
	struct packager_hooks hooks = {.emit = emit, .ctx = o};

	/* With them the part under way, which nobody is sent any more. */
	s->total.dropped_ring += o->packager.dropped_aus + o->packager.nsamples;
	s->total.dropped_store += o->packager.dropped_aus + o->packager.nsamples;
	o->stream = s;
	/* What the pictures were made from store can hash itself: they lie in its segment as they came. */
	if (track == INGEST_AUDIO) {
		hooks.sent = hash_sent;
		hooks.source = take_hash;
		hasher_init(&o->hash);
	}
	o->packager.hooks = hooks;
	packager_restart(&o->packager);
}

void ingest_out_reset(struct ingest_stream *s)
{
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		reset_output(s, i);
}

void ingest_out_init(struct ingest_stream *s)
{
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		packager_init(&s->output[i].packager, &(struct packager_hooks){0}, PACKAGER_PART_MS);
	ingest_out_reset(s);
}

void ingest_stream_part_length(struct ingest_stream *s, unsigned track, uint32_t part_ms)
{
	packager_set_part(&s->output[track].packager, part_ms);
}

void ingest_out_free(struct ingest_stream *s)
{
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		packager_free(&s->output[i].packager);
}

static bool packages(const struct ingest_stream *s, unsigned track)
{
	return s->input[track].there && codec_is_packaged(s->track[track].codec) && !(track == INGEST_AUDIO && s->sound_off);
}

void ingest_out_begin(struct ingest_stream *s)
{
	static const uint8_t rendition[INGEST_TRACKS] = {RENDITION_COPY, RENDITION_AUDIO};

	s->transcode_waits = true;
	s->transcode_lost = false;
	for (unsigned i = 0; i < INGEST_TRACKS; i++) {
		s->output[i].track_owed = true;
		if (!packages(s, i) || packager_begin(&s->output[i].packager, s->camera, rendition[i], s->epoch, &s->track[i]) != -EINVAL)
			continue;
		if (i == INGEST_VIDEO)
			ingest_give_up(s, GAP_BAD_STREAM, "the camera's stream cannot be packaged");
		else
			ingest_sound_leave_out(s, "sound that cannot be packaged");
	}
}

/* What it holds of this epoch is all there will be. A full ring: then the next epoch's track says it. */
static void end_transcode(struct ingest_stream *s)
{
	struct record over = {.kind = RECORD_GAP, .gap = {.camera = s->camera, .epoch = s->epoch, .at_us = s->now.wall_us}};
	bool told = !s->output[INGEST_VIDEO].track_owed || !s->output[INGEST_AUDIO].track_owed;

	if (s->hooks.transcode && told)
		s->hooks.transcode(s->hooks.ctx, &over);
}

void ingest_out_flush(struct ingest_stream *s)
{
	for (unsigned i = 0; i < INGEST_TRACKS; i++)
		packager_flush(&s->output[i].packager);
	end_transcode(s);
}

void ingest_out_gap(struct ingest_stream *s)
{
	if (s->gap_owed && s->hooks.store(s->hooks.ctx, &s->owed) == 0)
		s->gap_owed = false;
}

static void package(struct ingest_stream *s, unsigned track, const struct au *au, uint32_t segment)
{
	if (packager_add(&s->output[track].packager, au, segment))
		s->total.dropped_camera++;
}

/* 0, or why transcode did not take it. */
static int to_transcode(struct ingest_stream *s, unsigned track, const struct au *au, uint32_t segment)
{
	struct record r = {.kind = RECORD_TRACK, .track = {.epoch = s->epoch, .track = s->track[track]}};
	int rc;

	if (s->output[track].track_owed) {
		rc = s->hooks.transcode(s->hooks.ctx, &r);
		if (rc)
			return rc;
		s->output[track].track_owed = false;
	}
	r = (struct record){.kind = RECORD_AU, .au = {.epoch = s->epoch, .segment = segment, .audio = track == INGEST_AUDIO, .au = *au}};
	return s->hooks.transcode(s->hooks.ctx, &r);
}

/*
 * It begins where a segment does, so that its segments line up with the others. With a camera that sends a key frame
 * once in minutes that is not at one: the worker's own key frames do not depend on the camera's.
 */
static void picture_to_transcode(struct ingest_stream *s, const struct au *au, bool begins)
{
	int rc = 0;

	if (!s->hooks.transcode || !s->hooks.pictures)
		return;
	if (!s->transcode_waits || begins)
		rc = to_transcode(s, INGEST_VIDEO, au, s->cutter.segment);
	else if (s->transcode_lost)
		rc = -ENOBUFS;
	s->transcode_waits = rc || (s->transcode_waits && !begins);
	s->transcode_lost = rc && rc != -ENOTCONN;
	s->total.dropped_ring += s->transcode_lost;
}

void ingest_out_picture(struct ingest_stream *s, const struct au *au, bool begins)
{
	picture_to_transcode(s, au, begins);
	package(s, INGEST_VIDEO, au, s->cutter.segment);
}

void ingest_out_sound(struct ingest_stream *s, const struct au *au, uint32_t segment)
{
	int rc;

	if (codec_is_packaged(s->track[INGEST_AUDIO].codec)) {
		package(s, INGEST_AUDIO, au, segment);
		return;
	}
	rc = s->hooks.transcode ? to_transcode(s, INGEST_AUDIO, au, segment) : -ENOTCONN;
	s->total.dropped_ring += rc && rc != -ENOTCONN;
}
