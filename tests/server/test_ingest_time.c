/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A camera whose clocks are off, for an hour: 25 pictures a second as its own crystal has it, a key frame each 2 s, a sender
 * report each 5 s. Each segment's beginning, as store gets it, is held against the moment at which the picture was taken.
 */
#include <stdlib.h>
#include <string.h>

#include "media/cmaf_read.h"
#include "tests/server/made_camera.h"

#define HOUR_PICTURES (25 * 3600)
#define SETTLE_PICTURES (25 * 10)   /* where nobody reports */
#define UP (30 * 86400 * SECOND)    /* so long the machine has run */

static struct {
	const int64_t *taken_us;          /* when each picture was, by the clock that counts */
	uint32_t settles;                 /* from which one on its time is */
	unsigned segments, sounds, inits, gaps;
	int64_t worst_us, last_start, last_capture_us, ends;
	int64_t video_ppm, audio_ppm, worst_lips_us;
	uint32_t error_ms[16];            /* of the first segments, as they end */
} seen;

/* Five bytes of 7 bits, none of them 0: the number of a picture behind its slice's first bytes. */
static uint32_t number_in(const uint8_t *slice)
{
	uint32_t n = 0;

	for (int i = 0; i < 5; i++)
		n = n << 7 | (slice[2 + i] & 0x7f);
	return n;
}

/* The sound of one moment against the picture of that moment, whose times are the camera's own. */
static void note_sound(const struct record_part *p)
{
	struct rd rd = rd_init(p->data, p->len);
	struct cmaf_box box;

	while (cmaf_next_box(&rd, &box) == 1)
		if (box.type == CMAF_TYPE('m', 'd', 'a', 't')) {
			double taken_s = rd_u32(&box.body) * 1024.0 / 48000 / (1 + (double)seen.audio_ppm / 1e6);
			double picture_s = taken_s * (1 + (double)seen.video_ppm / 1e6), off_s = (double)p->start / 48000 - 1 - picture_s;
			int64_t off_us = (int64_t)((off_s < 0 ? -off_s : off_s) * 1e6);

			if (off_us > seen.worst_lips_us)
				seen.worst_lips_us = off_us;
			seen.sounds++;
		}
}

static int note(void *ctx, const struct record *r)
{
	struct rd rd;
	struct cmaf_box box;

	if (r->kind == RECORD_PART && r->part.rendition == RENDITION_AUDIO) {
		note_sound(&r->part);
		return 0;
	}

	seen.inits += r->kind == RECORD_INIT;
	seen.gaps += r->kind == RECORD_GAP;
	if (r->kind == RECORD_SEGMENT_END && seen.ends < 16)
		seen.error_ms[seen.ends] = r->end.clock_error_ms;
	seen.ends += r->kind == RECORD_SEGMENT_END;
	if (r->kind != RECORD_PART)
		return 0;
	cr_assert_geq(r->part.start, seen.last_start, "decode times only rise");
	seen.last_start = r->part.start + r->part.duration;
	if (r->part.part)
		return 0;
	seen.segments++;
	rd = rd_init(r->part.data, r->part.len);
	while (cmaf_next_box(&rd, &box) == 1)
		if (box.type == CMAF_TYPE('m', 'd', 'a', 't') && seen.taken_us) {
			uint32_t n = number_in(box.body.p + 4);
			int64_t off = llabs(r->part.capture_us - seen.taken_us[n]);

			cr_assert_lt(n, HOUR_PICTURES);
			if (n >= seen.settles && off > seen.worst_us)
				seen.worst_us = off;
		}
	cr_assert_geq(r->part.capture_us, seen.last_capture_us);
	seen.last_capture_us = r->part.capture_us;
	return 0;
}

static void begin_with(const struct sdp_media *am)
{
	static const struct sdp_media vm = {.kind = SDP_VIDEO, .payload_type = RTP_SEND_VIDEO_TYPE, .codec = CODEC_H264, .clock_rate = 90000,
		.sps = {0x67, 0x4d, 0x00, 0x1f, 0x95, 0xa8, 0x14, 0x01, 0x6e, 0x40}, .sps_len = 10, .pps = {0x68, 0xee, 0x3c, 0x80}, .pps_len = 4};
	static const struct track v = {.codec = CODEC_H264, .timescale = 90000};
	struct ingest_hooks hooks = {.store = note};

	memset(&seen, 0, sizeof seen);
	now = (struct ingest_now){UP, WALL};
	over = NULL;
	cr_assert_eq(ingest_stream_new(3, 2000, &hooks, &s), 0);
	rtp_send_init(&video_out, &v, (const uint8_t *)"random bytes");
	ingest_stream_begin(s, &vm, am, false, now);
	ingest_stream_start(s, 0, video_out.first_timestamp);
}

static void begin(void)
{
	begin_with(NULL);
}

static void end(void)
{
	ingest_stream_free(&s);
}

TestSuite(ingest_time, .fini = end);

static void send_numbered(uint32_t n, int64_t media_90k, bool key)
{
	uint8_t au[4 + 12] = {0, 0, 0, 12, key ? 0x65 : 0x41, 0x9a, [11] = 1, 2, 3, 4, 0x80};

	for (int i = 0; i < 5; i++)
		au[6 + i] = (uint8_t)(0x80 | (n >> (28 - 7 * i) & 0x7f));
	rtp_send_au(&video_out, media_90k, au, sizeof au, send_packet, NULL);
}

static void send_report(unsigned track, const struct rtp_send *from, int64_t wall_us, int64_t media)
{
	uint8_t p[128];
	struct wr w = wr_init(p, sizeof p);
	const char *said;

	rtp_send_report(from, wall_us, media, "camera", &w);
	said = ingest_stream_packet(s, track, true, p, w.len, now, &why);
	over = over ? over : said;
}

Test(ingest_time, segments_of_an_hour_begin_when_they_were_taken, .timeout = 120)
{
	static const struct {
		const char *name;
		int media_ppm, wall_ppm;      /* the RTP clock's rate and the camera's wall clock's, against ours */
		int64_t wall_off_us;
		int jitter_ms, delay_ms;      /* of arrival */
		bool reports;
		bool by_arrival;              /* what it is held against; else the camera's clock */
	} cases[] = {
		{"media clock fast", 200, 0, 0, 0, 20, true, false},
		{"media clock slow", -200, 0, 0, 0, 20, true, false},
		{"both clocks fast", 200, 200, 0, 0, 20, true, false},
		{"wall clock slow", 0, -200, 0, 0, 20, true, false},
		{"wall clock off, jitter", 200, 0, 1500000, 30, 40, true, false},
		{"no reports, fast", 200, 0, 0, 0, 0, false, true},
		{"no reports, slow", -200, 0, 0, 0, 0, false, true},
		{"no reports, jitter", 200, 0, 0, 30, 30, false, true},
		{"a clock hours off is not believed", 200, 0, 7200 * SECOND, 0, 0, true, true},
	};
	int64_t *taken_us = malloc(HOUR_PICTURES * sizeof *taken_us);
	unsigned rand = 1;

	cr_assert_not_null(taken_us);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ingest_health h;

		begin();
		seen.taken_us = taken_us;
		seen.settles = cases[i].reports && !cases[i].by_arrival ? 0 : SETTLE_PICTURES;
		for (uint32_t n = 0; n < HOUR_PICTURES && !over; n++) {
			/* True time of the picture, by a good clock. */
			int64_t at_us = n * 40000ll, media = at_us * 90 / 1000 + at_us * 90 / 1000 * cases[i].media_ppm / 1000000;
			int64_t camera_us = WALL + at_us + at_us * cases[i].wall_ppm / 1000000 + cases[i].wall_off_us, arrives_us;

			rand = rand * 1103515245 + 12345;
			arrives_us = at_us + cases[i].delay_ms * 1000;
			if (cases[i].jitter_ms)
				arrives_us += (int64_t)(rand >> 8) % (2 * cases[i].jitter_ms * 1000) - cases[i].jitter_ms * 1000;
			if (UP + arrives_us > now.mono_us)
				now = (struct ingest_now){UP + arrives_us, WALL + arrives_us};
			taken_us[n] = cases[i].by_arrival ? WALL + at_us + cases[i].delay_ms * 1000 : camera_us;
			if (cases[i].reports && n % 125 == 0)
				send_report(0, &video_out, camera_us, media);
			send_numbered(n, media, n % 50 == 0);
		}
		cr_assert_null(over, "%s: %s", cases[i].name, over);
		h = ingest_stream_health(s, now);
		ingest_stream_end(s, GAP_STOPPED, now);
		cr_expect_leq(seen.worst_us, 50000, "%s: %.1f ms", cases[i].name, (double)seen.worst_us / 1e3);
		cr_expect(seen.segments >= 1799 && seen.segments <= 1802, "%s: %u segments", cases[i].name, seen.segments);
		cr_expect_eq(seen.inits, 1, "%s", cases[i].name);
		cr_expect_eq(ingest_stream_counters(s).mended, 0, "%s", cases[i].name);
		cr_expect_eq(h.clock, cases[i].by_arrival ? CLOCK_ARRIVAL : CLOCK_RTCP, "%s", cases[i].name);
		if (cases[i].reports)
			cr_expect_lt(llabs(h.clock_offset_us - (cases[i].wall_off_us + 3600ll * cases[i].wall_ppm)), 200000, "%s: clock off by %.3f s",
				     cases[i].name, (double)h.clock_offset_us / 1e6);
		cr_log_info("%s: at most %.1f ms off", cases[i].name, (double)seen.worst_us / 1e3);
		if (i + 1 < sizeof cases / sizeof *cases)
			end();
	}
	free(taken_us);
}

static void send_frame(int64_t n)
{
	uint8_t bytes[4];
	struct wr w = wr_init(bytes, sizeof bytes);

	wr_u32(&w, (uint32_t)n);
	rtp_send_au(&audio_out, n * 1024, bytes, sizeof bytes, send_packet, &audio_out);
}

/* Pictures and sound have crystals of their own; both have sender reports. What was at once stays at once. */
Test(ingest_time, sound_stays_with_the_pictures_for_an_hour, .timeout = 120)
{
	static const struct { const char *name; int video_ppm, audio_ppm; bool reports; } cases[] = {
		{"both good", 0, 0, true}, {"apart", 200, -150, true}, {"apart the other way", -200, 150, true}, {"no reports", 100, -100, false}};
	static const struct sdp_media am = {.kind = SDP_AUDIO, .payload_type = RTP_SEND_AUDIO_TYPE, .codec = CODEC_AAC, .clock_rate = 48000,
		.config = {0x11, 0x90}, .config_len = 2};
	static const struct track a = {.codec = CODEC_AAC, .timescale = 48000, .rate = 48000};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t frames = 0;

		begin_with(&am);
		seen.video_ppm = cases[i].video_ppm;
		seen.audio_ppm = cases[i].audio_ppm;
		rtp_send_init(&audio_out, &a, (const uint8_t *)"bytes random");
		ingest_stream_start(s, 1, audio_out.first_timestamp);
		for (uint32_t n = 0; n < HOUR_PICTURES && !over; n++) {
			int64_t at_us = n * 40000ll, media = at_us * 90 / 1000 + at_us * 90 / 1000 * cases[i].video_ppm / 1000000;
			int64_t sound = at_us * 48 / 1000 + at_us * 48 / 1000 * cases[i].audio_ppm / 1000000;

			now = (struct ingest_now){UP + at_us, WALL + at_us};
			if (cases[i].reports && n % 125 == 0) {
				send_report(0, &video_out, WALL + at_us, media);
				send_report(1, &audio_out, WALL + at_us, sound);
			}
			send_numbered(n, media, n % 50 == 0);
			for (; frames * 1024 <= sound; frames++)
				send_frame(frames);
		}
		cr_assert_null(over, "%s: %s", cases[i].name, over);
		ingest_stream_end(s, GAP_STOPPED, now);
		cr_expect_geq(seen.sounds, 7000);
		cr_expect_leq(seen.worst_lips_us, 20000, "%s: %.1f ms apart", cases[i].name, (double)seen.worst_lips_us / 1e3);
		cr_log_info("%s: at most %.1f ms apart", cases[i].name, (double)seen.worst_lips_us / 1e3);
		if (i + 1 < sizeof cases / sizeof *cases)
			end();
	}
}

/* What clocks do that they should not: mended, or a cut and a gap entry; never a time that goes back in a file. */
Test(ingest_time, a_clock_that_is_not_one_is_mended)
{
	static const struct {
		const char *name;
		int64_t at[8];                /* media times of the pictures from the 100th on, relative to its own, 90 kHz */
		unsigned n;
		uint64_t mended;
	} cases[] = {
		{"a leap of 2^33", {0, 1ll << 33, (1ll << 33) + 3600}, 3, 0},
		{"a leap of half the range", {0, 1ll << 31, (1ll << 31) + 3600}, 3, 1},
		{"a leap of an hour", {0, 3600 * 90000ll, 3600 * 90000ll + 3600}, 3, 1},
		{"one of an hour back", {0, -3600 * 90000ll, -3600 * 90000ll + 3600}, 3, 1},
		{"standing still", {0, 0, 0, 0}, 4, 3},
		{"two that change places", {0, 7200, 3600, 10800}, 4, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t n = 0;

		begin();
		for (; n < 100; n++) {
			send_numbered(n, n * 3600ll, n % 50 == 0);
			now = (struct ingest_now){now.mono_us + 40000, now.wall_us + 40000};
		}
		for (unsigned k = 0; k < 200; k++, n++) {
			int64_t media = k < cases[i].n ? cases[i].at[k] : cases[i].at[cases[i].n - 1] + (k + 1 - cases[i].n) * 3600ll;

			send_numbered(n, 100 * 3600ll + media, n % 50 == 0);
			now = (struct ingest_now){now.mono_us + 40000, now.wall_us + 40000};
		}
		cr_assert_null(over, "%s: %s", cases[i].name, over);
		cr_expect_geq(ingest_stream_counters(s).mended, cases[i].mended, "%s", cases[i].name);
		cr_expect_leq(ingest_stream_counters(s).mended, cases[i].mended + 2, "%s: %lu", cases[i].name, (unsigned long)ingest_stream_counters(s).mended);
		ingest_stream_end(s, GAP_STOPPED, now);
		/* 300 pictures of 40 ms, and nothing that was invented: the last decode time tells. */
		cr_expect(llabs(seen.last_start - 90000 - 300 * 3600) < 90000, "%s: ends at %.2f s", cases[i].name, (double)(seen.last_start - 90000) / 90000);
		cr_expect_eq(seen.inits, 1, "%s", cases[i].name);
		if (i + 1 < sizeof cases / sizeof *cases)
			end();
	}
}

/* The segment that it was set in began by the clock before: its entry says how far that was off, and no other's does. */
Test(ingest_time, a_clock_that_is_set_is_in_the_entry_of_one_segment)
{
	static const uint32_t set_at[] = {310, 349, 350, 520};  /* within the seventh segment, before its last picture, before the eighth's first; in the last */

	for (size_t i = 0; i < sizeof set_at / sizeof *set_at; i++) {
		int64_t said = set_at[i] > 500 ? 10 : 6;

		begin();
		for (uint32_t n = 0; n < 530; n++) {
			now = (struct ingest_now){now.mono_us + 40000, now.wall_us + 40000 + (n == set_at[i] ? 86400 * SECOND : 0)};
			send_numbered(n, n * 3600ll, n % 50 == 0);
		}
		ingest_stream_end(s, GAP_STOPPED, now);
		cr_assert_eq(seen.ends, 11);
		for (int64_t k = 0; k < seen.ends; k++)
			cr_expect(k == said ? seen.error_ms[k] >= 86400000 && seen.error_ms[k] < 86401000 : seen.error_ms[k] < 1000, "set at %u: segment %d says %u ms",
				  set_at[i], (int)k, seen.error_ms[k]);
		if (i + 1 < sizeof set_at / sizeof *set_at)
			end();
	}
}

Test(ingest_time, a_stream_without_one_whole_picture_leaves_nothing_but_a_gap)
{
	begin();
	ingest_stream_end(s, GAP_SILENT, now);
	cr_expect_eq(seen.inits + seen.segments + seen.ends, 0);
	cr_expect_eq(seen.gaps, 1);
}

Test(ingest_time, one_picture_is_a_segment_with_a_duration)
{
	begin();
	send_numbered(0, 0, true);
	send_numbered(1, 3600, false);
	ingest_stream_end(s, GAP_SILENT, now);
	cr_expect(seen.inits == 1 && seen.segments == 1 && seen.ends == 1 && seen.gaps == 1);
	cr_expect_gt(seen.last_start, 90000);
}
