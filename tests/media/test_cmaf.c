/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "media/cmaf.h"
#include "media/cmaf_read.h"
#include "media/h265.h"
#include "media/opus.h"
#include "media/record.h"
#include "tests/media/stream265.h"

static struct track video_track(void)
{
	return (struct track){.codec = CODEC_H264, .timescale = 90000, .width = 640, .height = 360, .profile = 100, .config = {1, 100, 0, 30, 0xff, 0xe0, 0}, .config_len = 7};
}

static struct track audio_track(void)
{
	return (struct track){.codec = CODEC_AAC, .timescale = 48000, .rate = 48000, .channels = 2, .profile = 2, .config = {0x11, 0x90}, .config_len = 2};
}

/* Follows a path of boxes ("moov", "trak"); skip is the bytes of a full box or sample entry before its children. */
static struct rd find(struct rd r, const char *path)
{
	for (; *path; path += strcspn(path, "/"), path += *path == '/') {
		struct cmaf_box b = {0};
		unsigned skip;

		while (b.type != CMAF_TYPE((uint8_t)path[0], (uint8_t)path[1], (uint8_t)path[2], (uint8_t)path[3]))
			cr_assert_eq(cmaf_next_box(&r, &b), 1, "no box %s", path);
		r = b.body;
		skip = !strncmp(path, "stsd", 4) || !strncmp(path, "dref", 4) ? 8 : !strncmp(path, "avc1", 4) || !strncmp(path, "hvc1", 4) ? 78 :
			!strncmp(path, "mp4a", 4) || !strncmp(path, "Opus", 4) ? 28 : 0;
		cr_assert(rd_bytes(&r, skip));
	}
	return r;
}

Test(cmaf, init_of_video)
{
	static uint8_t mem[INIT_MAX_BYTES];
	struct wr w = wr_init(mem, sizeof mem);
	struct track t = video_track();
	struct rd r, all;

	cr_assert_eq(cmaf_write_init(&w, &t), 0);
	all = rd_init(mem, w.len);
	r = find(all, "ftyp");
	cr_assert_arr_eq(r.p, "cmfc", 4);
	r = find(all, "moov/trak/tkhd");
	rd_bytes(&r, 76);
	cr_assert_eq(rd_u32(&r), 640u << 16);
	cr_assert_eq(rd_u32(&r), 360u << 16);
	cr_assert(rd_left(&r) == 0 && !r.bad);
	r = find(all, "moov/trak/mdia/mdhd");
	rd_bytes(&r, 12);
	cr_assert_eq(rd_u32(&r), 90000);
	r = find(all, "moov/trak/mdia/minf/stbl/stsd/avc1/avcC");
	cr_assert(rd_left(&r) == 7 && !memcmp(r.p, t.config, 7));
	r = find(all, "moov/mvex/trex");
	rd_bytes(&r, 4);
	cr_assert_eq(rd_u32(&r), 1);
	find(all, "moov/trak/mdia/minf/dinf/dref/url ");
	find(all, "moov/trak/mdia/minf/vmhd");
}

Test(cmaf, init_of_audio)
{
	static uint8_t mem[INIT_MAX_BYTES];
	struct wr w = wr_init(mem, sizeof mem);
	struct track t = audio_track();
	const uint8_t esds[] = {0, 0, 0, 0, 3, 25, 0, 0, 0, 4, 17, 0x40, 0x15, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 0x11, 0x90, 6, 1, 2};
	struct rd all, r;

	cr_assert_eq(cmaf_write_init(&w, &t), 0);
	all = rd_init(mem, w.len);
	r = find(all, "moov/trak/mdia/minf/stbl/stsd/mp4a/esds");
	cr_assert_eq(rd_left(&r), sizeof esds);
	for (size_t i = 0; i < sizeof esds; i++)
		if (i < 13 || i > 15)      /* buffer size */
			cr_assert_eq(r.p[i], esds[i], "byte %zu", i);
	find(all, "moov/trak/mdia/minf/smhd");
}

static struct track h265_video(void)
{
	struct track t;

	cr_assert_eq(h265_track(stream265_vps, sizeof stream265_vps, stream265_sps, sizeof stream265_sps, stream265_pps, sizeof stream265_pps, &t), 0);
	return t;
}

static struct track opus_audio(void)
{
	struct track t;

	cr_assert_eq(opus_track(2, &t), 0);
	return t;
}

Test(cmaf, init_of_h265)
{
	static uint8_t mem[INIT_MAX_BYTES];
	struct wr w = wr_init(mem, sizeof mem);
	struct track t = h265_video();
	struct rd all, r;

	cr_assert_eq(cmaf_write_init(&w, &t), 0);
	all = rd_init(mem, w.len);
	r = find(all, "moov/trak/mdia/hdlr");
	cr_assert_arr_eq(r.p + 8, "vide", 4);
	r = find(all, "moov/trak/mdia/minf/stbl/stsd/hvc1/hvcC");
	cr_assert(rd_left(&r) == t.config_len && !memcmp(r.p, t.config, t.config_len));
	find(all, "moov/trak/mdia/minf/vmhd");
}

/* Encapsulation of Opus in ISO Base Media File Format 4.3. */
Test(cmaf, init_of_opus)
{
	static uint8_t mem[INIT_MAX_BYTES];
	static const uint8_t dops[] = {0, 2, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0};
	struct wr w = wr_init(mem, sizeof mem);
	struct track t = opus_audio();
	struct rd all, r;

	cr_assert_eq(cmaf_write_init(&w, &t), 0);
	all = rd_init(mem, w.len);
	r = find(all, "moov/trak/mdia/hdlr");
	cr_assert_arr_eq(r.p + 8, "soun", 4);
	r = find(all, "moov/trak/mdia/minf/stbl/stsd/Opus");
	cr_assert(r.p[-12] == 0 && r.p[-11] == 2 && r.p[-10] == 0 && r.p[-9] == 16, "channels, bits");
	cr_assert(r.p[-4] == 0xbb && r.p[-3] == 0x80 && r.p[-2] == 0 && r.p[-1] == 0, "48000 as 16.16");
	r = find(all, "moov/trak/mdia/minf/stbl/stsd/Opus/dOps");
	cr_assert(rd_left(&r) == sizeof dops && !memcmp(r.p, dops, sizeof dops));
	find(all, "moov/trak/mdia/minf/smhd");
}

Test(cmaf, init_refuses_what_is_no_track)
{
	static uint8_t mem[INIT_MAX_BYTES];
	struct track good[] = {video_track(), audio_track(), h265_video(), opus_audio()}, bad[15];
	size_t n = 0;

	for (int i = 0; i < 15; i++)
		bad[i] = good[i < 5 ? 0 : i < 9 ? 1 : i < 11 ? 2 : 3];
	bad[n++].codec = CODEC_NONE;
	bad[n++].timescale = 0;
	bad[n++].width = 0;
	bad[n++].config_len = 6;
	bad[n++].config_len = TRACK_CONFIG_MAX + 1;
	bad[n++].channels = 0;
	bad[n++].channels = 9;
	bad[n++].config_len = 1;
	bad[n++].config_len = 65;
	bad[n++].config_len = 22;
	bad[n++].height = 0;
	bad[n++].config_len = 10;
	bad[n++].config_len = 12;
	bad[n++].channels = 3;
	bad[n++].codec = CODEC_L16;
	for (size_t i = 0; i < n; i++) {
		struct wr w = wr_init(mem, sizeof mem);

		cr_assert_eq(cmaf_write_init(&w, &bad[i]), -EINVAL, "track %zu", i);
	}
	for (size_t room = 0; room < 4; room++)
		for (size_t cap = 0; cap < 500; cap += 7) {
			struct wr w = wr_init(mem, cap);

			cr_assert_eq(cmaf_write_init(&w, &good[room]), -ENOBUFS);
		}
	good[0].config_len = TRACK_CONFIG_MAX;
	struct wr w = wr_init(mem, sizeof mem);

	cr_assert_eq(cmaf_write_init(&w, &good[0]), 0, "the largest fits INIT_MAX_BYTES");
}

/* Appends a chunk of n samples of that size and duration. */
static size_t put_chunk(uint8_t *mem, size_t at, size_t cap, const struct cmaf_chunk *c)
{
	struct wr w = wr_init(mem + at, cap - at);

	cr_assert_eq(cmaf_write_chunk_header(&w, c), 0);
	cr_assert_leq(w.len, CMAF_CHUNK_HEADER_MAX(c->nsamples));
	for (size_t i = 0; i < c->nsamples; i++)
		memset(wr_room(&w, c->samples[i].size_bytes), (int)i, c->samples[i].size_bytes);
	cr_assert(!w.bad);
	return at + w.len;
}

Test(cmaf, says_once_what_samples_share)
{
	static uint8_t mem[4096];
	static const struct { const char *name; struct cmaf_sample s[3]; uint32_t tfhd, trun; size_t per_sample; } cases[] = {
		{"audio", {{1024, 5, 0, true}, {1024, 6, 0, true}, {1024, 7, 0, true}}, 0x20028, 0x201, 4},
		{"video, even", {{3600, 5, 0, true}, {3600, 6, 0, false}, {3600, 7, 0, false}}, 0x20008, 0x601, 8},
		{"video, uneven", {{3600, 5, 0, true}, {3601, 6, 0, false}, {3600, 7, 0, false}}, 0x20000, 0x701, 12},
		{"B-frames", {{3600, 5, 7200, true}, {3600, 6, 10800, false}, {3600, 7, -1, false}}, 0x20008, 0xe01, 12},
		{"all of it", {{3600, 5, 7200, false}, {3601, 6, 10800, true}, {3600, 7, 0, false}}, 0x20000, 0xf01, 16},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cmaf_chunk c = {.sequence = 9, .decode_time = 77, .samples = cases[i].s, .nsamples = 3};
		size_t n = put_chunk(mem, 0, sizeof mem, &c);
		struct rd all = rd_init(mem, n), r;
		struct cmaf_extent e;

		r = find(all, "moof/mfhd");
		rd_u32(&r);
		cr_assert_eq(rd_u32(&r), 9);
		r = find(all, "moof/traf/tfhd");
		cr_assert_eq(rd_u32(&r), cases[i].tfhd, "%s", cases[i].name);
		r = find(all, "moof/traf/trun");
		cr_assert_eq(rd_u32(&r), 0x01000000 | cases[i].trun, "%s", cases[i].name);
		cr_assert_eq(rd_u32(&r), 3);
		cr_assert_eq(mem + rd_u32(&r), find(all, "mdat").p, "the data offset leads to the first sample");
		cr_assert_eq(rd_left(&r), 3 * cases[i].per_sample, "%s", cases[i].name);
		cmaf_check_chunks(mem, n, &e);
		cr_assert(e.chunks == 1 && e.end == n && e.samples == 3 && e.decode_time == 77, "%s", cases[i].name);
		cr_assert_eq(e.duration, (uint64_t)cases[i].s[0].duration + cases[i].s[1].duration + cases[i].s[2].duration);
		cr_assert_eq(e.independent, cases[i].s[0].key, "%s", cases[i].name);
	}
}

Test(cmaf, chunk_has_bounds)
{
	static uint8_t mem[CMAF_CHUNK_HEADER_MAX(CMAF_SAMPLES_MAX)];
	static struct cmaf_sample s[CMAF_SAMPLES_MAX + 1];
	struct cmaf_chunk c = {.samples = s, .begins_segment = true};
	struct wr w = wr_init(mem, sizeof mem);

	for (size_t i = 0; i <= CMAF_SAMPLES_MAX; i++)
		s[i] = (struct cmaf_sample){(uint32_t)i, 1, (int32_t)i, i == 0};
	cr_assert_eq(cmaf_write_chunk_header(&w, &c), -EINVAL);
	c.nsamples = CMAF_SAMPLES_MAX + 1;
	cr_assert_eq(cmaf_write_chunk_header(&w, &c), -EINVAL);
	c.nsamples = CMAF_SAMPLES_MAX;
	cr_assert_eq(cmaf_write_chunk_header(&w, &c), 0, "the largest header fits");
	w = wr_init(mem, 100);
	cr_assert_eq(cmaf_write_chunk_header(&w, &c), -ENOBUFS);
	s[0].size_bytes = 0x80000000;
	w = wr_init(mem, sizeof mem);
	cr_assert_eq(cmaf_write_chunk_header(&w, &c), -EMSGSIZE);
}

/* A segment of four chunks; ends[i] is where chunk i ends. */
static size_t put_segment(uint8_t *mem, size_t cap, size_t ends[4])
{
	static const struct cmaf_sample s[2] = {{3600, 40, 0, true}, {3600, 60, 0, false}};
	size_t at = 0;

	for (uint32_t i = 0; i < 4; i++) {
		struct cmaf_chunk c = {.sequence = i + 1, .decode_time = 500 + i * 7200, .begins_segment = i == 0, .samples = s, .nsamples = 2};

		at = ends[i] = put_chunk(mem, at, cap, &c);
	}
	return at;
}

Test(cmaf_read, finds_the_last_whole_chunk_of_a_cut_segment)
{
	static uint8_t mem[4096];
	size_t ends[4], n = put_segment(mem, sizeof mem, ends);

	for (size_t cut = 0; cut <= n; cut++) {
		unsigned whole = (cut >= ends[0]) + (cut >= ends[1]) + (cut >= ends[2]) + (cut >= ends[3]);
		struct cmaf_extent e;

		cmaf_check_chunks(mem, cut, &e);
		cr_assert_eq(e.chunks, whole, "cut at %zu: %u", cut, e.chunks);
		cr_assert_eq(e.end, whole ? ends[whole - 1] : 0);
		cr_assert_eq(e.duration, whole * 7200);
		cr_assert_eq(e.decode_time, whole ? 500 : 0);
		cr_assert_eq(e.independent, whole > 0);
	}
}

Test(cmaf_read, stops_at_what_is_wrong)
{
	static uint8_t good[4096], mem[4096];
	size_t ends[4], n = put_segment(good, sizeof good, ends);
	struct rd all = rd_init(good + ends[0], n - ends[0]);
	/* Offsets inside the second chunk, and a value that must not stand there. */
	const struct { const char *what; size_t at; uint8_t value; } wrong[] = {
		{"box size 0", ends[0] + 3, 0},
		{"box size too large", ends[0], 0x7f},
		{"no moof", ends[0] + 4, 'x'},
		{"no traf", (size_t)(find(all, "moof/traf").p - good) - 1, 'g'},
		{"no tfhd", (size_t)(find(all, "moof/traf/tfhd").p - good) - 1, 'e'},
		{"base is not moof", (size_t)(find(all, "moof/traf/tfhd").p - good) + 1, 0},
		{"another track", (size_t)(find(all, "moof/traf/tfhd").p - good) + 7, 2},
		{"a decode time that does not follow", (size_t)(find(all, "moof/traf/tfdt").p - good) + 11, 0xee},
		{"a decode time beyond all time", (size_t)(find(all, "moof/traf/tfdt").p - good) + 4, 0xff},
		{"no samples", (size_t)(find(all, "moof/traf/trun").p - good) + 7, 0},
		{"too many samples", (size_t)(find(all, "moof/traf/trun").p - good) + 4, 0xff},
		{"data elsewhere", (size_t)(find(all, "moof/traf/trun").p - good) + 11, 1},
		{"a sample larger than told", (size_t)(find(all, "moof/traf/trun").p - good) + 15, 41},
		{"no mdat", (size_t)(find(all, "mdat").p - good) - 1, 'u'},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct cmaf_extent e;

		memcpy(mem, good, n);
		cr_assert_neq(mem[wrong[i].at], wrong[i].value, "%s", wrong[i].what);
		mem[wrong[i].at] = wrong[i].value;
		cmaf_check_chunks(mem, n, &e);
		cr_assert(e.chunks == 1 && e.end == ends[0], "%s: %u", wrong[i].what, e.chunks);
	}
}

Test(cmaf_read, boxes)
{
	static const struct { uint8_t p[12]; size_t n; int rc; } cases[] = {
		{{0}, 0, 0}, {{0, 0, 0, 8, 'f', 'r', 'e', 'e'}, 8, 1}, {{0, 0, 0, 8, 'f', 'r', 'e'}, 7, -EBADMSG}, {{0, 0, 0, 7, 'f', 'r', 'e', 'e'}, 8, -EBADMSG},
		{{0, 0, 0, 1, 'm', 'd', 'a', 't', 0, 0, 0, 0}, 12, -EBADMSG}, {{0, 0, 0, 0, 'm', 'd', 'a', 't'}, 8, -EBADMSG}, {{0xff, 0xff, 0xff, 0xff, 'm', 'd', 'a', 't'}, 8, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rd r = rd_init(cases[i].p, cases[i].n);
		struct cmaf_box b;

		cr_assert_eq(cmaf_next_box(&r, &b), cases[i].rc, "case %zu", i);
		cr_assert_eq(rd_left(&r), cases[i].rc == 1 ? 0 : cases[i].n, "case %zu", i);
	}
}

/* What cmaf_write_init wrote, of each codec, is read again; cut anywhere it is refused and nothing is touched. */
Test(cmaf, an_init_segment_gives_its_config_back)
{
	static const struct track of[] = {
		{.codec = CODEC_H264, .timescale = 90000, .width = 640, .height = 360, .config = {1, 100, 0, 30, 0xff, 0xe0, 0}, .config_len = 7},
		{.codec = CODEC_AAC, .timescale = 48000, .rate = 48000, .channels = 2, .profile = 2, .config = {0x11, 0x90}, .config_len = 2},
		{.codec = CODEC_OPUS, .timescale = 48000, .rate = 48000, .channels = 2, .config = {0, 2, 1, 56, 0, 0, 0xbb, 0x80, 0, 0, 0}, .config_len = 11},
	};

	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		static uint8_t mem[INIT_MAX_BYTES];
		struct wr w = wr_init(mem, sizeof mem);
		struct track t = {.codec = of[i].codec}, other = {.codec = of[i].codec == CODEC_AAC ? CODEC_H264 : CODEC_AAC};

		cr_assert_eq(cmaf_write_init(&w, &of[i]), 0, "case %zu", i);
		for (size_t n = 0; n < w.len / 2; n++)
			cr_expect(cmaf_read_init(mem, n, &t) == -EBADMSG && !t.config_len, "cut at %zu", n);
		cr_assert_eq(cmaf_read_init(mem, w.len, &t), 0, "case %zu", i);
		cr_expect(t.config_len == of[i].config_len && !memcmp(t.config, of[i].config, t.config_len));
		cr_expect_eq(cmaf_read_init(mem, w.len, &other), -EBADMSG, "of another codec");
	}
}

/* One byte at a place behind a box's name, as who made the segment may set it. */
Test(cmaf, an_init_segment_whose_config_lies_is_refused)
{
	static const struct track of[] = {
		{.codec = CODEC_AAC, .timescale = 48000, .rate = 48000, .channels = 2, .profile = 2, .config = {0x11, 0x90}, .config_len = 2},
		{.codec = CODEC_H264, .timescale = 90000, .width = 640, .height = 360, .config = {1, 100, 0, 30, 0xff, 0xe0, 0}, .config_len = 7},
	};
	static const struct { unsigned track; const char *box; size_t at; uint8_t byte; const char *what; } cases[] = {
		{0, "esds", 28, 6, "another descriptor"}, {0, "esds", 29, 0, "nothing in it"}, {0, "esds", 29, 0x7f, "longer than its box"},
		{0, "esds", 0, 'E', "no box of that name"}, {1, "avcC", 3, 'D', "no box of that name"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static uint8_t mem[INIT_MAX_BYTES];
		struct wr w = wr_init(mem, sizeof mem);
		struct track t = {.codec = of[cases[i].track].codec};
		uint8_t *box;

		cr_assert_eq(cmaf_write_init(&w, &of[cases[i].track]), 0);
		box = memmem(mem, w.len, cases[i].box, 4);
		cr_assert_not_null(box);
		cr_assert_neq(box[cases[i].at], cases[i].byte);
		box[cases[i].at] = cases[i].byte;
		cr_expect(cmaf_read_init(mem, w.len, &t) == -EBADMSG && !t.config_len, "case %zu: %s", i, cases[i].what);
	}
}

Test(cmaf, samples_are_read_as_they_were_written)
{
	static const struct cmaf_sample wrote[] = {{3000, 5, 3000, true}, {3100, 1, -1000, false}, {2900, 7, 0, false}};
	static const uint8_t bytes[13] = "abcdefghijklm";
	const struct cmaf_chunk chunk = {.sequence = 1, .decode_time = 90000, .begins_segment = true, .samples = wrote, .nsamples = 3};
	uint8_t mem[512];
	struct wr w = wr_init(mem, sizeof mem);
	struct cmaf_read_sample s;
	struct cmaf_reader c;
	int64_t dts = 90000;
	struct rd r;

	cr_assert_eq(cmaf_write_chunk_header(&w, &chunk), 0);
	wr_bytes(&w, bytes, sizeof bytes);
	r = rd_init(mem, w.len);
	cr_assert_eq(cmaf_next_chunk(&r, &c), 1);
	for (size_t i = 0, at = 0; i < 3; at += wrote[i].size_bytes, dts += wrote[i].duration, i++) {
		cr_assert(cmaf_next_sample(&c, &s));
		cr_expect(s.dts == dts && s.pts == dts + wrote[i].composition_offset && s.key == wrote[i].key, "sample %zu", i);
		cr_expect(s.n == wrote[i].size_bytes && !memcmp(s.data, bytes + at, s.n));
	}
	cr_expect(!cmaf_next_sample(&c, &s));
	cr_expect_eq(cmaf_next_chunk(&r, &c), 0);
	r = rd_init(mem, w.len - 1);
	cr_expect_eq(cmaf_next_chunk(&r, &c), -EBADMSG);
	cr_expect_eq(rd_left(&r), w.len - 1, "it did not move");
}
