/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include "media/record.h"

static uint8_t payload[64] = "payload bytes";

/* The record as the ring carries it; the length. */
static size_t encode(const struct record *r, uint8_t *mem, size_t cap)
{
	struct wr w = wr_init(mem, RECORD_HEADER_MAX + TRACK_CONFIG_MAX);

	record_encode_header(&w, r);
	cr_assert(!w.bad);
	if (r->kind != RECORD_TRACK)
		cr_assert_leq(w.len, RECORD_HEADER_MAX);
	w.cap = cap;
	if (r->kind == RECORD_AU)
		wr_bytes(&w, r->au.au.data, r->au.au.len);
	else if (r->kind == RECORD_INIT)
		wr_bytes(&w, r->init.init, r->init.len);
	else if (r->kind == RECORD_PART)
		wr_bytes(&w, r->part.data, r->part.len);
	return w.len;
}

static const struct track video = {.codec = CODEC_H264, .timescale = 90000, .width = 1920, .height = 1080, .profile = 100, .compat = 1, .level = 40, .config = {1, 2, 3, 4, 5, 6, 7}, .config_len = 7};
static const struct track audio = {.codec = CODEC_AAC, .timescale = 16000, .rate = 16000, .channels = 1, .profile = 2, .config = {0x14, 0x08}, .config_len = 2};
static const struct track h265 = {.codec = CODEC_H265, .timescale = 90000, .width = 16384, .height = 16384, .profile = 0x82, .compat = 0xe0000001, .constraints = 0xb0123456789a, .level = 93, .config = {[22] = 3}, .config_len = 23};
static const struct track pcma = {.codec = CODEC_PCMA, .timescale = 8000, .rate = 8000, .channels = 1};
static const struct track he_aac = {.codec = CODEC_AAC, .timescale = 48000, .rate = 24000, .channels = 1, .profile = 5, .config = {0x2b, 0x09, 0x88}, .config_len = 3};
#define SAMPLES 11

static struct record sample(int i)
{
	switch (i) {
	case 0:
		return (struct record){.kind = RECORD_TRACK, .track = {1795361400040000, video}};
	case 1:
		return (struct record){.kind = RECORD_TRACK, .track = {7, audio}};
	case 2:
		return (struct record){.kind = RECORD_AU, .au = {8, UINT32_MAX, false, {-1, AU_TIME_MAX, 1795361400040000, true, payload, 13}}};
	case 3:
		return (struct record){.kind = RECORD_INIT, .init = {UINT16_MAX, 9, 1, video, payload, sizeof payload}};
	case 4:
		return (struct record){.kind = RECORD_PART, .part = {3, RENDITION_ENCODED, 5, 6, 7, true, true, false, 123456789012, 45000, 99, payload, 20, 5}};
	case 5:
		return (struct record){.kind = RECORD_SEGMENT_END, .end = {4, RENDITION_AUDIO, 6, 5, {1, 2, 3, [31] = 9}, CLOCK_RTCP, 250, SEI_SIGNATURE_NONE}};
	case 6:
		return (struct record){.kind = RECORD_TRACK, .track = {8, h265}};
	case 7:
		return (struct record){.kind = RECORD_TRACK, .track = {8, pcma}};
	case 8:
		return (struct record){.kind = RECORD_AU, .au = {8, 3, true, {160, 160, 1795361400040000, true, payload, 1}}};
	case 9:
		return (struct record){.kind = RECORD_SEGMENT_END, .end = {4, RENDITION_COPY, 6, 5, {0}, CLOCK_ARRIVAL, 0, SEI_SIGNATURE_ONVIF}};
	default:
		return (struct record){.kind = RECORD_GAP, .gap = {5, 0, GAP_SILENT, 1795361400040000}};
	}
}

Test(record, goes_through_a_ring_with_its_payload)
{
	struct ring in, out;
	struct buf got;
	uint8_t want[4096];
	int fd;

	cr_assert_eq(ring_create(RING_MIN, &fd), 0);
	cr_assert(ring_open(&in, fd, -1) == 0 && ring_open(&out, fd, -1) == 0);
	buf_init(&got, RING_MIN);
	for (int i = 0; i < SAMPLES; i++) {
		struct record r = sample(i);

		cr_assert_eq(record_put(&in, &r), 0);
		cr_assert_eq(ring_get(&out, &got), 1);
		cr_expect_eq(got.len, encode(&r, want, sizeof want), "record %d", i);
		cr_expect_arr_eq(buf_data(&got), want, got.len, "record %d", i);
	}
	buf_free(&got);
	ring_close(&in);
	ring_close(&out);
	close(fd);
}

Test(record, comes_back_as_it_was)
{
	static uint8_t mem[4096], again[4096];

	for (int i = 0; i < SAMPLES; i++) {
		struct record r = sample(i), got;
		size_t n = encode(&r, mem, sizeof mem);

		cr_assert_eq(record_decode(mem, n, &got), 0, "record %d", i);
		cr_assert_eq(encode(&got, again, sizeof again), n, "record %d", i);
		cr_assert_arr_eq(mem, again, n);
	}
}

Test(record, a_cameras_signature_is_in_its_copy_and_of_a_known_kind)
{
	uint8_t mem[256];
	struct record r = sample(9), got;
	size_t n = encode(&r, mem, sizeof mem);

	cr_assert(record_decode(mem, n, &got) == 0 && got.end.signature == SEI_SIGNATURE_ONVIF);
	mem[n - 1] = SEI_SIGNATURE_COUNT;
	cr_assert_eq(record_decode(mem, n, &got), -EBADMSG);
	r.end.rendition = RENDITION_ENCODED;
	cr_assert_eq(record_decode(mem, encode(&r, mem, sizeof mem), &got), -EBADMSG);
}

Test(record, fields_are_where_they_belong)
{
	static uint8_t mem[4096];
	struct record r = sample(4), got;

	cr_assert_eq(record_decode(mem, encode(&r, mem, sizeof mem), &got), 0);
	cr_assert(got.part.camera == 3 && got.part.rendition == 2 && got.part.epoch == 5 && got.part.segment == 6 && got.part.part == 7);
	cr_assert(got.part.independent && got.part.last && got.part.start == 123456789012 && got.part.duration == 45000 && got.part.capture_us == 99);
	cr_assert_not(got.part.final);
	r.part.final = true;
	cr_assert_eq(record_decode(mem, encode(&r, mem, sizeof mem), &got), 0);
	cr_assert(got.part.last && got.part.final);
	r.part.last = r.part.final = false;
	cr_assert_eq(record_decode(mem, encode(&r, mem, sizeof mem), &got), 0);
	cr_assert(!got.part.last && !got.part.final);
	cr_assert(got.part.len == 20 && got.part.head_bytes == 5 && got.part.data > mem && !memcmp(got.part.data, payload, 20));
	r = sample(3);
	cr_assert_eq(record_decode(mem, encode(&r, mem, sizeof mem), &got), 0);
	cr_assert(got.init.track.width == 1920 && got.init.track.config_len == 0 && got.init.len == sizeof payload);
	r = sample(2);
	cr_assert_eq(record_decode(mem, encode(&r, mem, sizeof mem), &got), 0);
	cr_assert(got.au.au.dts == -1 && got.au.au.pts == AU_TIME_MAX && got.au.au.key && got.au.segment == UINT32_MAX);
	cr_assert(!got.au.audio);
	r = sample(8);
	cr_assert(record_decode(mem, encode(&r, mem, sizeof mem), &got) == 0 && got.au.audio);
	r = sample(6);
	cr_assert_eq(record_decode(mem, encode(&r, mem, sizeof mem), &got), 0);
	cr_assert(got.track.track.profile == 0x82 && got.track.track.compat == 0xe0000001 && got.track.track.constraints == 0xb0123456789a && got.track.track.level == 93);
	r = sample(5);
	cr_assert_eq(record_decode(mem, encode(&r, mem, sizeof mem), &got), 0);
	cr_assert(got.end.source[31] == 9 && got.end.clock == CLOCK_RTCP && got.end.clock_error_ms == 250);
}

Test(record, header_of_a_part_is_read_without_its_bytes)
{
	static uint8_t mem[4096];

	for (int i = 0; i < SAMPLES; i++) {
		struct record r = sample(i), got = {.kind = RECORD_GAP}, whole;
		size_t n = encode(&r, mem, sizeof mem);

		if (mem[0] != RECORD_PART) {
			cr_assert_eq(record_decode_part(mem, n, &got), -ENOMSG, "record %d", i);
			cr_assert_eq(got.kind, RECORD_GAP);
			continue;
		}
		cr_assert_eq(record_decode_part(mem, RECORD_PART_HEADER, &got), -EBADMSG);
		cr_assert_eq(record_decode_part(mem, RECORD_PART_HEADER + PART_MAX_BYTES + 1, &got), -EBADMSG);
		cr_assert_eq(record_decode_part(mem, n, &got), 0);
		cr_assert_eq(record_decode(mem, n, &whole), 0);
		cr_assert_eq(whole.part.data, mem + RECORD_PART_HEADER);
		cr_assert_eq(got.part.data, NULL);
		got.part.data = whole.part.data;
		cr_assert_eq(memcmp(&got.part, &whole.part, sizeof got.part), 0);
		mem[44] = 20;
		cr_assert_eq(record_decode_part(mem, n, &got), -EBADMSG, "all of it before its samples");
		mem[44] = 5;
		mem[20] = 2;
		cr_assert_eq(record_decode_part(mem, n, &got), -EBADMSG, "a bool of 2");
	}
}

Test(record, cut_or_longer_is_refused)
{
	static uint8_t mem[4096];

	for (int i = 0; i < SAMPLES; i++) {
		struct record r = sample(i), got = {.kind = RECORD_GAP};
		size_t n = encode(&r, mem, sizeof mem);
		size_t header = n - (i == 2 ? 13 : i == 3 ? sizeof payload : i == 4 ? 20 : i == 8 ? 1 : 0);

		for (size_t k = 0; k < header + (header < n); k++)
			cr_assert_eq(record_decode(mem, k, &got), -EBADMSG, "record %d cut at %zu", i, k);
		if (header == n)
			cr_assert_eq(record_decode(mem, n + 1, &got), -EBADMSG, "record %d, a byte more", i);
		cr_assert_eq(got.kind, RECORD_GAP, "untouched on failure");
	}
}

Test(record, values_out_of_bounds_are_refused)
{
	static uint8_t mem[8192];
	static const struct { int record; size_t at; uint8_t value; const char *what; } cases[] = {
		{0, 0, 0, "kind 0"}, {0, 0, 7, "kind 7"},
		{0, 1, 0x80, "epoch"}, {0, 9, CODEC_COUNT, "codec"}, {0, 9, 0, "no codec"}, {0, 9, CODEC_JPEG, "a track of stills"}, {1, 9, CODEC_JPEG, "stills for sound"}, {0, 9, CODEC_PCMA, "sound with a size"}, {0, 13, 0, "video timescale"}, {0, 14, 0xff, "width"}, {0, 38, 8, "config longer than the record"},
		{1, 13, 1, "audio timescale is not the rate"}, {1, 22, 0, "no channels"}, {1, 22, 9, "nine channels"}, {1, 38, 0, "no config"},
		{2, 13, 2, "neither sound nor picture"}, {2, 14, 0x7f, "dts"}, {2, 14, 0x80, "dts far below"}, {2, 22, 0x40, "pts"}, {2, 30, 0x80, "capture time"}, {2, 38, 2, "a bool of 2"},
		{3, 3, RENDITIONS_MAX, "rendition"}, {3, 41, 1, "config in init"}, {6, 14, 0x41, "16640 wide"}, {7, 9, CODEC_OPUS, "no dOps"},
		{4, 3, 255, "rendition"}, {4, 20, 2, "a bool of 2"}, {4, 21, 3, "more ends than there is"}, {4, 22, 0x80, "start before 0"}, {4, 34, 0x80, "capture time"}, {4, 45, 20, "all of it before its samples"},
		{5, 48, 2, "clock"}, {10, 11, GAP_WHY_COUNT, "reason"}, {10, 12, 0x80, "time"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct record r = sample(cases[i].record), got;
		size_t n = encode(&r, mem, sizeof mem);

		cr_assert(cases[i].at < n && mem[cases[i].at] != cases[i].value, "%s", cases[i].what);
		mem[cases[i].at] = cases[i].value;
		cr_assert_eq(record_decode(mem, n, &got), -EBADMSG, "record %d: %s", cases[i].record, cases[i].what);
	}
}

Test(record, only_what_segments_hold_has_an_init_segment)
{
	static uint8_t mem[4096];
	static const struct { const struct track *track; uint8_t rendition; int rc; } cases[] = {
		{&video, RENDITION_COPY, 0}, {&h265, RENDITION_COPY, 0}, {&video, RENDITION_ENCODED, 0}, {&audio, RENDITION_AUDIO, 0}, {&he_aac, RENDITION_AUDIO, 0}, {&pcma, RENDITION_AUDIO, -EBADMSG},
		{&video, RENDITION_AUDIO, -EBADMSG}, {&audio, RENDITION_COPY, -EBADMSG}, {&audio, RENDITION_ENCODED, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct record r = {.kind = RECORD_INIT, .init = {1, cases[i].rendition, 1, *cases[i].track, payload, 8}}, got;

		cr_expect_eq(record_decode(mem, encode(&r, mem, sizeof mem), &got), cases[i].rc, "case %zu", i);
	}
}

Test(record, snapshots_alone_have_an_init_of_no_bytes)
{
	static uint8_t mem[4096];
	static const struct track jpeg = {.codec = CODEC_JPEG, .timescale = 90000, .width = 1280, .height = 720};
	static const struct track slow = {.codec = CODEC_JPEG, .timescale = 1000, .width = 1280, .height = 720}, flat = {.codec = CODEC_JPEG, .timescale = 90000, .width = 1280};
	static const struct { const struct track *track; uint8_t rendition; size_t len; int rc; } cases[] = {
		{&jpeg, RENDITION_SNAPSHOT, 0, 0}, {&jpeg, RENDITION_SNAPSHOT, 8, -EBADMSG}, {&jpeg, RENDITION_ENCODED, 0, -EBADMSG}, {&jpeg, RENDITION_COPY, 8, -EBADMSG},
		{&jpeg, RENDITION_AUDIO, 8, -EBADMSG}, {&video, RENDITION_SNAPSHOT, 0, -EBADMSG}, {&video, RENDITION_SNAPSHOT, 8, -EBADMSG}, {&video, RENDITION_COPY, 0, -EBADMSG},
		{&slow, RENDITION_SNAPSHOT, 0, -EBADMSG}, {&flat, RENDITION_SNAPSHOT, 0, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct record r = {.kind = RECORD_INIT, .init = {1, cases[i].rendition, 1, *cases[i].track, payload, cases[i].len}}, got = {.kind = RECORD_GAP};

		cr_expect_eq(record_decode(mem, encode(&r, mem, sizeof mem), &got), cases[i].rc, "case %zu", i);
		cr_expect(cases[i].rc ? got.kind == RECORD_GAP : got.init.len == 0 && got.init.track.width == 1280, "case %zu", i);
	}
}

Test(record, payloads_have_a_maximum)
{
	static const struct { int record; size_t max; } cases[] = {{2, AU_MAX_BYTES}, {3, INIT_MAX_BYTES}, {4, PART_MAX_BYTES}};

	for (size_t i = 0; i < 3; i++) {
		uint8_t *mem = calloc(1, cases[i].max + 4096);
		struct record r = sample(cases[i].record), got;
		struct wr w = wr_init(mem, 4096);

		cr_assert_not_null(mem);
		record_encode_header(&w, &r);
		cr_assert_eq(record_decode(mem, w.len + cases[i].max, &got), 0);
		cr_assert_eq(record_decode(mem, w.len + cases[i].max + 1, &got), -EBADMSG);
		free(mem);
	}
}

Test(record, every_reason_has_a_name_of_its_own)
{
	for (int i = 0; i < GAP_WHY_COUNT; i++) {
		const char *name = gap_why_name((enum gap_why)i);

		cr_assert(name && *name && strspn(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name));
		for (int k = 0; k < i; k++)
			cr_assert_str_neq(name, gap_why_name((enum gap_why)k));
	}
	cr_assert_str_eq(gap_why_name(GAP_AUTHENTICATION), "wrong-password");
	cr_assert_str_eq(gap_why_name(GAP_WHY_COUNT), "unknown");
	cr_assert_str_eq(gap_why_name((enum gap_why)-1), "unknown");
}
