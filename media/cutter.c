/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cutter.h"

#define PER_MS (TIMESCALE_VIDEO / 1000)

void cutter_init(struct cutter *c, uint32_t target_ms, bool has_video)
{
	uint32_t ms = target_ms < 500 ? 500 : target_ms > 60000 ? 60000 : target_ms;
	uint32_t limit = ms * 5 < CUTTER_NO_KEY_MAX_MS ? ms * 5 : CUTTER_NO_KEY_MAX_MS;

	*c = (struct cutter){.target = (int64_t)ms * PER_MS, .has_video = has_video, .frame = TIMESCALE_VIDEO / 25};
	c->limit = (int64_t)(limit < ms * 2 ? ms * 2 : limit) * PER_MS;
}

/* Segment numbers count cuts; the first cut begins segment 0. */
static void begin_segment(struct cutter *c, int64_t start)
{
	if (c->begun)
		c->segment++;
	c->begun = true;
	c->start[c->segment % CUTTER_HISTORY] = start;
}

static void follow_frame_rate(struct cutter *c, int64_t dts)
{
	int64_t step = dts - c->last_dts;

	/* A slow mean; pauses are no frames. */
	if (step > 0 && step < TIMESCALE_VIDEO)
		c->frame += (step - c->frame) / 8;
	c->last_dts = dts;
}

static bool is_due(const struct cutter *c, const struct au *video)
{
	int64_t length = video->dts - c->video_start;

	if (length >= c->limit || (c->sparse && length + c->frame / 2 >= c->target))
		return true;
	if (!video->key)
		return false;
	if (!c->independent || length + c->frame / 2 >= c->target)
		return true;
	return c->segment == 0 && length + c->frame / 2 >= CUTTER_FIRST_MS * PER_MS;
}

/* Key frames are rare once a segment had to end without one, until two come near each other. */
static void follow_keys(struct cutter *c, const struct au *video, bool behind)
{
	if (video->key) {
		c->sparse &= !(c->has_key && video->dts - c->key_dts < c->limit);
		c->has_key = true;
		c->key_dts = video->dts;
	} else if (c->video_begun && !behind && video->dts - c->video_start >= c->limit) {
		c->sparse = true;
	}
}

bool cutter_cut(struct cutter *c, const struct au *video)
{
	bool behind = c->begun && c->video_begun && c->video_segment != c->segment;

	if (c->video_begun)
		follow_frame_rate(c, video->dts);
	follow_keys(c, video, behind);
	if (c->video_begun && !behind && !is_due(c, video))
		return false;
	/* Audio may have opened the newest segment, when video stayed away; then video only joins it. */
	if (!c->begun || (c->video_begun && !behind))
		begin_segment(c, video->pts);
	c->video_begun = true;
	c->video_segment = c->segment;
	c->video_start = c->last_dts = video->dts;
	c->independent = video->key;
	return true;
}

/* Whether the newest segment is so long that audio must not wait for video to cut it. */
static bool audio_must_cut(const struct cutter *c, int64_t at)
{
	int64_t length = at - c->start[c->segment % CUTTER_HISTORY];

	if (!c->has_video)
		return length >= c->target;
	return length >= c->limit + c->target;
}

uint32_t cutter_audio(struct cutter *c, const struct au *audio, uint32_t timescale)
{
	int64_t at = audio->dts / timescale * TIMESCALE_VIDEO + audio->dts % timescale * TIMESCALE_VIDEO / timescale;
	uint32_t n;

	if (!c->begun || audio_must_cut(c, at))
		begin_segment(c, at);
	n = c->segment;
	while (n > c->audio_segment && c->segment - n < CUTTER_HISTORY - 1 && at < c->start[n % CUTTER_HISTORY])
		n--;
	c->audio_segment = n;
	return n;
}
