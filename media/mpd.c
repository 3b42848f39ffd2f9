/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/mpd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "media/codec_string.h"
#include "media/out.h"
#include "media/packager.h"

#define LOW_LATENCY_PROFILE ",http://www.dashif.org/guidelines/low-latency-live-v5"
#define CHUNKS_BEHIND 2u   /* with low latency, from the newest chunk: one on its way, one held; */
#define REFRESH_MS 500u    /* and the manifest is asked for so often, since it is what tells of the next segment */
#define SLACK_MS 300u      /* for a segment's beginning to be told of late */
#define RATE_MOST "1.04"   /* to catch up with: nobody hears it */
#define RATE_LEAST "0.96"
#define DELAY_SEGMENTS 3u  /* from the newest segment: one under way, one on its way, one held */
#define NEARNESS 1000u     /* of publishTime, see there */

static bool good_segments(const struct mpd_representation *r)
{
	for (size_t i = 0; i < r->nsegments; i++) {
		const struct mpd_segment *s = &r->segment[i];

		if (!s->duration || s->time > AU_TIME_MAX || s->duration > AU_TIME_MAX || (i && s->time < s[-1].time + s[-1].duration))
			return false;
	}
	return r->nsegments > 0;
}

static bool good_representation(const struct mpd_representation *r)
{
	return r->name && text_is_name(r->name, strlen(r->name)) && r->init && strlen(r->init) == MPD_HEX &&
	       strspn(r->init, "0123456789abcdef") == MPD_HEX && codec_is_packaged(r->track->codec) && r->track->timescale && good_segments(r);
}

static bool good_periods(const struct mpd *m)
{
	for (size_t i = 0; i < m->nperiods; i++) {
		const struct mpd_period *p = &m->period[i];

		if (!p->n || p->start_us < 0 || p->media_us > AU_TIME_MAX || (i && p->start_us <= p[-1].start_us))
			return false;
		for (size_t k = 0; k < p->n; k++)
			if (!good_representation(&p->of[k]))
				return false;
	}
	return m->nperiods > 0;
}

static uint64_t us_of(uint64_t units, uint32_t timescale)
{
	return units / timescale * 1000000 + units % timescale * 1000000 / timescale;
}

static uint64_t longest_us(const struct mpd *m)
{
	uint64_t longest = m->segment_ms * UINT64_C(1000);

	for (size_t i = 0; i < m->nperiods; i++)
		for (size_t k = 0; k < m->period[i].n; k++)
			for (size_t n = 0; n < m->period[i].of[k].nsegments; n++) {
				uint64_t us = us_of(m->period[i].of[k].segment[n].duration, m->period[i].of[k].track->timescale);

				longest = us > longest ? us : longest;
			}
	return longest;
}

static uint64_t offset_of(const struct mpd_period *p, uint32_t timescale)
{
	return (PACKAGER_ORIGIN_S + p->media_us / 1000000) * timescale + p->media_us % 1000000 * timescale / 1000000;
}

/* Where so much of a last segment ends, after the period's begin. */
static uint64_t until_us(const struct mpd_period *p, const struct mpd_representation *r, uint64_t duration)
{
	uint64_t from = offset_of(p, r->track->timescale), until = r->segment[r->nsegments - 1].time + duration;

	return until > from ? us_of(until - from, r->track->timescale) : 0;
}

/* Where the last segment of any ends, after the period's begin. */
static uint64_t end_us(const struct mpd_period *p)
{
	uint64_t end = 0;

	for (size_t k = 0; k < p->n; k++) {
		uint64_t us = until_us(p, &p->of[k], p->of[k].segment[p->of[k].nsegments - 1].duration);

		end = us > end ? us : end;
	}
	return end;
}

/* Where what is there of a rendition ends, by the wall clock. */
static uint64_t there_us(const struct mpd_period *p, const struct mpd_representation *r)
{
	return (uint64_t)p->start_us + until_us(p, r, r->came ? r->came : r->segment[r->nsegments - 1].duration);
}

/*
 * A list that tells of more was published later (5.3.1.2): where what is newest in it ends, and for each rendition a thousandth of how near to that it has
 * come, since one may go on that is not the newest. What is about to leave the list is too far away to count.
 */
static uint64_t published_us(const struct mpd *m)
{
	uint64_t newest = 0, far_us = m->depth_ms * UINT64_C(500), near_us = 0;

	for (size_t i = 0; i < m->nperiods; i++)
		for (size_t k = 0; k < m->period[i].n; k++) {
			uint64_t us = there_us(&m->period[i], &m->period[i].of[k]);

			newest = us > newest ? us : newest;
		}
	for (size_t i = 0; i < m->nperiods; i++)
		for (size_t k = 0; k < m->period[i].n; k++) {
			uint64_t behind_us = newest - there_us(&m->period[i], &m->period[i].of[k]);

			near_us += behind_us < far_us ? far_us - behind_us : 0;
		}
	return newest + near_us / NEARNESS;
}

/* In microseconds. */
static void put_published(struct out *o, const struct mpd *m)
{
	uint64_t us = published_us(m);
	char when[CLOCK_TEXT];

	clock_text(us < INT64_MAX ? (int64_t)us : INT64_MAX, when);
	OUT_PUT(o, " publishTime=\"%.*s%03uZ\"", CLOCK_TEXT - 2, when, (unsigned)(us % 1000));
}

static void put_duration(struct out *o, const char *name, uint64_t us)
{
	OUT_PUT(o, " %s=\"PT%" PRIu64 ".%06uS\"", name, us / 1000000, (unsigned)(us % 1000000));
}

/* 5.3.9.6: a time is written where it is not the end of the one before, and like ones once. */
static void put_timeline(struct out *o, const struct mpd_representation *r)
{
	size_t n;

	OUT_PUT(o, "<SegmentTimeline>\n");
	for (size_t i = 0; i < r->nsegments; i += n) {
		const struct mpd_segment *s = &r->segment[i];

		for (n = 1; i + n < r->nsegments && s[n].duration == s->duration && s[n].time == s->time + n * s->duration; n++)
			;
		OUT_PUT(o, "<S");
		if (!i || s->time != s[-1].time + s[-1].duration)
			OUT_PUT(o, " t=\"%" PRIu64 "\"", s->time);
		OUT_PUT(o, " d=\"%" PRIu64 "\"", s->duration);
		if (n > 1)
			OUT_PUT(o, " r=\"%zu\"", n - 1);
		OUT_PUT(o, "/>\n");
	}
	OUT_PUT(o, "</SegmentTimeline>\n");
}

static void put_what(struct out *o, const struct mpd_representation *r)
{
	const struct track *t = r->track;
	char codec[CODEC_STRING_MAX];

	codec_string(t, codec);
	OUT_PUT(o, "<Representation id=\"%s-%.8s\" codecs=\"%s\" bandwidth=\"%" PRIu32 "\"", r->name, r->init, codec, r->peak_bps ? r->peak_bps : 1);
	if (codec_is_sound(t->codec)) {
		OUT_PUT(o, " audioSamplingRate=\"%" PRIu32 "\">\n<AudioChannelConfiguration schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"%u\"/>\n",
			t->rate, t->channels);
		return;
	}
	OUT_PUT(o, " width=\"%u\" height=\"%u\"", t->width, t->height);
	if (r->fps_milli)
		OUT_PUT(o, r->fps_milli % 1000 ? " frameRate=\"%" PRIu32 "/1000\"" : " frameRate=\"%" PRIu32 "\"", r->fps_milli % 1000 ? r->fps_milli : r->fps_milli / 1000);
	OUT_PUT(o, ">\n");
}

static bool is_near(const struct mpd *m)
{
	return m->chunk_ms && m->chunk_ms < m->segment_ms;
}

/* How far behind the live edge to play then. */
static uint32_t near_ms(const struct mpd *m)
{
	return m->chunk_ms * CHUNKS_BEHIND + REFRESH_MS + SLACK_MS;
}

static void put_representation(struct out *o, const struct mpd *m, const struct mpd_period *p, const struct mpd_representation *r)
{
	uint32_t early_ms = is_near(m) ? m->segment_ms - m->chunk_ms : 0;

	put_what(o, r);
	OUT_PUT(o, "<SegmentTemplate timescale=\"%" PRIu32 "\" presentationTimeOffset=\"%" PRIu64 "\" initialization=\"%s/init-%s.mp4\" media=\"%s/$Number$%s.m4s\" startNumber=\"%" PRIu64 "\"",
		r->track->timescale, offset_of(p, r->track->timescale), r->name, r->init, r->name, is_near(m) ? ".ll" : "", r->first);
	if (is_near(m))  /* 5.3.9.5.3 */
		OUT_PUT(o, " availabilityTimeOffset=\"%" PRIu32 ".%03" PRIu32 "\" availabilityTimeComplete=\"false\"", early_ms / 1000, early_ms % 1000);
	OUT_PUT(o, ">\n");
	put_timeline(o, r);
	OUT_PUT(o, "</SegmentTemplate>\n</Representation>\n");
}

enum set { SET_H264, SET_H265, SET_SOUND, SETS };

static enum set set_of(const struct mpd_representation *r)
{
	if (codec_is_sound(r->track->codec))
		return SET_SOUND;
	return r->track->codec == CODEC_H264 ? SET_H264 : SET_H265;
}

/* 5.12: what a time of the presentation is by the wall clock: the same, by what the camera, or else its arrival, says. */
static void put_clock(struct out *o, const struct mpd_period *p, const struct mpd_representation *r)
{
	char when[CLOCK_TEXT];

	clock_text(p->start_us, when);
	OUT_PUT(o, "<ProducerReferenceTime id=\"0\" inband=\"false\" type=\"captured\" wallClockTime=\"%s\" presentationTime=\"%" PRIu64 "\">\n"
		"<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"/api/time\"/>\n</ProducerReferenceTime>\n", when, offset_of(p, r->track->timescale));
}

static void put_set(struct out *o, const struct mpd *m, const struct mpd_period *p, enum set set)
{
	static const char *const what[SETS] = {
		[SET_H264] = "id=\"1\" contentType=\"video\" mimeType=\"video/mp4\"", [SET_H265] = "id=\"2\" contentType=\"video\" mimeType=\"video/mp4\"",
		[SET_SOUND] = "id=\"3\" contentType=\"audio\" mimeType=\"audio/mp4\""};
	bool any = false;

	for (size_t k = 0; k < p->n; k++) {
		if (set_of(&p->of[k]) != set)
			continue;
		if (!any)
			OUT_PUT(o, "<AdaptationSet %s segmentAlignment=\"true\">\n", what[set]);
		if (!any && is_near(m))
			put_clock(o, p, &p->of[k]);
		any = true;
		put_representation(o, m, p, &p->of[k]);
	}
	if (any)
		OUT_PUT(o, "</AdaptationSet>\n");
}

/* One that is over says when: the next one may begin much later. */
static void put_period(struct out *o, const struct mpd *m, const struct mpd_period *p, const struct mpd_period *next)
{
	uint64_t last_us = next ? (uint64_t)(next->start_us - p->start_us) : 0, us = end_us(p);

	OUT_PUT(o, "<Period id=\"%" PRId64 "\"", p->start_us);
	put_duration(o, "start", (uint64_t)p->start_us);
	if (next)
		put_duration(o, "duration", us < last_us ? us : last_us);
	OUT_PUT(o, ">\n");
	for (enum set set = SET_H264; set < SETS; set++)
		put_set(o, m, p, set);
	OUT_PUT(o, "</Period>\n");
}

/* Annex K: where to play, and how fast to get there. */
static void put_service(struct out *o, const struct mpd *m)
{
	uint32_t target_ms = near_ms(m);

	OUT_PUT(o, "<ServiceDescription id=\"0\">\n<Latency referenceId=\"0\" target=\"%" PRIu32 "\" min=\"%" PRIu32 "\" max=\"%" PRIu32 "\"/>\n"
		"<PlaybackRate min=\"" RATE_LEAST "\" max=\"" RATE_MOST "\"/>\n</ServiceDescription>\n", target_ms, target_ms / 2, target_ms + m->segment_ms * DELAY_SEGMENTS);
}

int mpd_write(struct buf *b, const struct mpd *m)
{
	bool near = is_near(m);
	uint64_t delay_ms = near ? near_ms(m) : (uint64_t)m->segment_ms * DELAY_SEGMENTS;
	struct out o = out_begin(b);

	if (!good_periods(m))
		return -EINVAL;
	OUT_PUT(&o, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011%s\" "
		"type=\"dynamic\" availabilityStartTime=\"1970-01-01T00:00:00Z\"", near ? LOW_LATENCY_PROFILE : "");
	put_published(&o, m);
	put_duration(&o, "minimumUpdatePeriod", near ? REFRESH_MS * UINT64_C(1000) : m->segment_ms * UINT64_C(500));
	put_duration(&o, "timeShiftBufferDepth", m->depth_ms * UINT64_C(1000));
	put_duration(&o, "suggestedPresentationDelay", delay_ms * 1000);
	put_duration(&o, "minBufferTime", (near ? m->chunk_ms : m->segment_ms) * UINT64_C(1000));
	put_duration(&o, "maxSegmentDuration", longest_us(m));
	OUT_PUT(&o, ">\n");
	if (near)
		put_service(&o, m);
	for (size_t i = 0; i < m->nperiods; i++)
		put_period(&o, m, &m->period[i], i + 1 < m->nperiods ? &m->period[i + 1] : NULL);
	OUT_PUT(&o, "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"/api/time\"/>\n</MPD>\n");
	return out_end(&o);
}
