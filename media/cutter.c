/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cutter.h"

#define PER_MS (TIMESCALE_VIDEO / 1000)
#define PER_S TIMESCALE_VIDEO
#define NEAR_MS 100              /* a GOP that is so much longer than whole seconds still counts as them */

static uint32_t whole_s(int64_t length)
{
	int64_t s = (length - NEAR_MS * PER_MS + PER_S - 1) / PER_S;

	return s < 1 ? 1 : s > CUTTER_LONGEST_S ? CUTTER_LONGEST_S : (uint32_t)s;
}

static void promise(struct cutter *c, uint32_t longest_s)
{
	c->longest_s = longest_s;
	c->limit = (int64_t)longest_s * PER_S + CUTTER_OVER_MS * PER_MS;
}

/* The first segment is over, or cannot be waited for: how long those are that come. Half a frame short of the target is long enough, as in is_due. */
static void settle(struct cutter *c, int64_t length)
{
	int64_t least = c->target - c->frame / 2, gops = c->gop ? (least + c->gop - 1) / c->gop * c->gop : 0;
	uint32_t longest_s = (uint32_t)((c->target * CUTTER_SLACK_PERCENT / 100 + PER_S - 1) / PER_S), all[] = {whole_s(gops), whole_s(c->pause), whole_s(length)};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		longest_s = all[i] > longest_s ? all[i] : longest_s;
	promise(c, longest_s < CUTTER_LONGEST_S ? longest_s : CUTTER_LONGEST_S);
}

void cutter_init(struct cutter *c, uint32_t target_ms, uint32_t longest_s, bool has_video)
{
	uint32_t ms = target_ms < 500 ? 500 : target_ms > 60000 ? 60000 : target_ms;
	uint32_t limit = ms * 5 < CUTTER_NO_KEY_MAX_MS ? ms * 5 : CUTTER_NO_KEY_MAX_MS;

	*c = (struct cutter){.target = (int64_t)ms * PER_MS, .has_video = has_video, .frame = TIMESCALE_VIDEO / 25};
	c->limit = (int64_t)((limit < ms * 2 ? ms * 2 : limit) + CUTTER_OVER_MS) * PER_MS;
	if (longest_s)
		promise(c, longest_s < CUTTER_LONGEST_S ? longest_s : CUTTER_LONGEST_S);
	else if (!has_video)
		settle(c, 0);
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
	c->step = dts - c->last_dts;
	if (c->step > c->pause)
		c->pause = c->step;
	/* A slow mean; pauses are no frames. */
	if (c->step > 0 && c->step < TIMESCALE_VIDEO)
		c->frame += (c->step - c->frame) / 8;
	c->last_dts = dts;
}

/* With this picture, which will last as long as the one before, the segment would be too long. */
static bool is_full(const struct cutter *c, const struct au *video)
{
	return video->dts - c->video_start + c->step > c->limit;
}

static bool is_due(const struct cutter *c, const struct au *video)
{
	int64_t length = video->dts - c->video_start;

	if (is_full(c, video) || (c->sparse && length + c->frame / 2 >= c->target))
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
		c->gop = c->has_key ? video->dts - c->key_dts : 0;
		c->has_key = true;
		c->key_dts = video->dts;
	} else if (c->video_begun && !behind && is_full(c, video)) {
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
	if (c->video_begun && !c->longest_s && (!video->key || c->gop))
		settle(c, video->key ? video->dts - c->video_start : 0);
	/* Audio may have opened the newest segment, when video stayed away; then video only joins it. */
	if (!c->begun || (c->video_begun && !behind))
		begin_segment(c, video->pts);
	c->video_begun = true;
	c->video_segment = c->segment;
	c->video_start = c->last_dts = video->dts;
	c->independent = video->key;
	return true;
}

/* Whether the newest segment has so much audio that it must not wait for video to cut it. */
static bool audio_must_cut(const struct cutter *c, int64_t at)
{
	int64_t length = at - c->audio_start;

	if (!c->audio_begun || c->audio_segment != c->segment)
		return false;
	if (!c->has_video)
		return length >= c->target;
	return length >= (c->longest_s ? c->limit + (CUTTER_AUDIO_OVER_MS - CUTTER_OVER_MS) * PER_MS : c->limit + c->target);
}

uint32_t cutter_audio(struct cutter *c, const struct au *audio, uint32_t timescale)
{
	int64_t at = audio->dts / timescale * TIMESCALE_VIDEO + audio->dts % timescale * TIMESCALE_VIDEO / timescale;
	uint32_t n;

	if (!c->begun || audio_must_cut(c, at)) {
		if (c->begun && !c->longest_s)
			settle(c, 0);
		begin_segment(c, at);
	}
	n = c->segment;
	while (n > c->audio_segment && c->segment - n < CUTTER_HISTORY - 1 && at < c->start[n % CUTTER_HISTORY])
		n--;
	if (!c->audio_begun || n != c->audio_segment)
		c->audio_start = at;
	c->audio_begun = true;
	c->audio_segment = n;
	return n;
}
