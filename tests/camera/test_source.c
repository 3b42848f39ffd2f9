/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libavformat/avformat.h>
#include <libavutil/mem.h>

#include "base/buf.h"
#include "base/rd.h"
#include "camera/param_sets.h"
#include "camera/scene.h"
#include "camera/source.h"
#include "camera/tone.h"
#include "codec/decoder.h"
#include "media/h264.h"
#include "media/nal.h"

#define WALL INT64_C(1700000000000000)

static void quiet(void)
{
	av_log_set_level(AV_LOG_FATAL);
}

TestSuite(source_scene, .init = quiet);
TestSuite(source_file, .init = quiet);
TestSuite(tone, .init = quiet);

static struct source *open_scene(unsigned fps, bool sound)
{
	struct source_scene_settings settings = {.width = 640, .height = 360, .fps = fps, .sound = sound, .name = "cam"};
	struct source *s = NULL;

	cr_assert_eq(source_open_scene(&s, &settings), 0);
	return s;
}

/* The unit that comes next, at the moment when it is due. */
static struct source_unit next(struct source *s)
{
	int64_t due = s->ops->due_us(s);
	struct source_unit u;

	cr_assert_eq(s->ops->next(s, due, WALL + due, &u), 0);
	cr_assert_eq(u.due_us, due);
	return u;
}

/* How many SPS stand in a unit. */
static unsigned sps_count(const struct au *au)
{
	struct rd r = rd_init(au->data, au->len);
	const uint8_t *nal;
	unsigned count = 0;
	size_t n;
	int more;

	while ((more = nal_next(&r, &nal, &n)) == 1)
		count += nal_type(nal) == NAL_SPS;
	cr_assert_eq(more, 0);
	return count;
}

Test(source_scene, numbers_survive_the_codec)
{
	struct source *s = open_scene(25, false);
	struct decoder *d;
	unsigned seen = 0;

	cr_assert_eq(s->ntracks, 1);
	cr_assert_eq(decoder_open(&d, &s->track[0], 0), 0);
	s->ops->start(s, 4000000);
	for (unsigned i = 0; i < 60; i++) {
		struct source_unit u = next(s);
		struct picture p;
		uint32_t n;

		cr_expect_eq(u.au.pts, (int64_t)(100 + i) * 3600);
		cr_expect_eq(u.au.capture_us, WALL + u.due_us);
		cr_expect_eq(u.au.key, (100 + i) % 25 == 0, "a key frame each second");
		cr_expect_eq(sps_count(&u.au), u.au.key ? 1 : 0);
		cr_assert_eq(decoder_feed(d, &u.au), 0);
		while (decoder_picture(d, &p)) {
			cr_assert_eq(scene_read_number(p.plane[0], p.stride[0], p.width, p.height, &n), 0);
			cr_expect_eq(n, 100 + seen++);
		}
	}
	cr_expect_eq(seen, 60);
	cr_expect_eq(decoder_counts(d)->errors, 0);
	decoder_free(&d);
	source_free(&s);
	cr_assert_null(s);
}

Test(source_scene, tracks_keep_step_and_time_only_grows)
{
	struct source *s = open_scene(30, true);
	int64_t last[2] = {-1, -1}, units[2] = {0};

	cr_assert(s->ntracks == 2 && s->track[1].codec == CODEC_AAC && s->track[1].timescale == TONE_RATE && s->track[1].config_len == 2);
	s->ops->start(s, 12345678);
	for (int i = 0; i < 231; i++) {
		struct source_unit u = next(s);

		cr_assert_geq(u.due_us, 12345678);
		cr_assert_gt(u.au.pts, last[u.track]);
		cr_assert_leq(llabs(u.au.pts * 1000000 / s->track[u.track].timescale - u.due_us), 1);
		last[u.track] = u.au.pts;
		units[u.track]++;
	}
	/* Three seconds: 90 pictures, 140.6 frames of sound. */
	cr_expect(llabs(units[0] - 90) <= 1 && llabs(units[1] - 141) <= 1);
	source_free(&s);
}

Test(source_scene, key_on_demand_and_skips_what_is_late)
{
	struct source *s = open_scene(25, false);
	struct source_unit u;

	s->ops->start(s, 200000);
	cr_expect(next(s).au.key);
	cr_expect(!next(s).au.key);
	s->ops->ask_key(s);
	cr_expect(next(s).au.key);
	cr_expect(!next(s).au.key);
	/* Half a minute late, as after a suspended machine: on with what is due now, as a key frame. */
	cr_assert_eq(s->ops->next(s, 30000000, WALL, &u), 0);
	cr_expect_eq(u.due_us, 30000000);
	cr_expect(u.au.key);
	source_free(&s);
}

Test(source_scene, refuses_absurd_settings)
{
	struct source_scene_settings c[] = {
		{640, 360, 0, false, "cam"}, {640, 360, 61, false, "cam"}, {64, 36, 25, false, "cam"}, {640, 360, 25, false, "CAM"},
	};
	struct source *s = NULL;

	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		cr_expect_eq(source_open_scene(&s, &c[i]), -EINVAL);
	cr_expect_null(s);
}

Test(tone, jumps_cost_no_frame)
{
	static const int64_t index[] = {0, 1, 2, 1000, 1001, 5, 6, 7};
	struct track track;
	struct tone *t;

	cr_assert_eq(tone_new(&t, &track), 0);
	for (size_t i = 0; i < sizeof index / sizeof *index; i++) {
		const uint8_t *p;
		size_t n;

		cr_assert_eq(tone_frame(t, index[i], WALL, &p, &n), 0);
		cr_expect(n > 0 && n < 2048);
	}
	tone_free(&t);
}

/* A folder and a file name in it. */
static char folder[64], path[96];

static void make_folder(const char *name)
{
	snprintf(folder, sizeof folder, "/tmp/casemate-test-XXXXXX");
	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/%s", folder, name);
}

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void add_stream(AVFormatContext *f, const struct track *t)
{
	AVStream *st = avformat_new_stream(f, NULL);
	AVCodecParameters *c = st->codecpar;

	c->codec_type = t->codec == CODEC_H264 ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO;
	c->codec_id = t->codec == CODEC_H264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_AAC;
	c->width = t->width;
	c->height = t->height;
	c->sample_rate = (int)t->rate;
	c->frame_size = TONE_FRAME;
	av_channel_layout_default(&c->ch_layout, t->channels);
	c->extradata = av_mallocz(t->config_len + AV_INPUT_BUFFER_PADDING_SIZE);
	memcpy(c->extradata, t->config, t->config_len);
	c->extradata_size = t->config_len;
	st->time_base = (AVRational){1, (int)t->timescale};
}

static void write_unit(AVFormatContext *f, const struct source *s, const struct source_unit *u, int64_t shift)
{
	AVPacket *p = av_packet_alloc();
	const struct track *t = &s->track[u->track];

	cr_assert_eq(av_new_packet(p, (int)u->au.len), 0);
	memcpy(p->data, u->au.data, u->au.len);
	p->stream_index = (int)u->track;
	p->dts = u->au.dts;
	p->pts = u->au.pts + shift;
	p->duration = u->track ? TONE_FRAME : TIMESCALE_VIDEO / 25;
	p->flags = u->au.key ? AV_PKT_FLAG_KEY : 0;
	av_packet_rescale_ts(p, (AVRational){1, (int)t->timescale}, f->streams[u->track]->time_base);
	cr_assert_eq(av_interleaved_write_frame(f, p), 0);
	av_packet_free(&p);
}

/*
 * Two seconds of the scene as a file. With reorder the times are those of two B-frames between references
 * (shown one picture late): 0 3 1 2 6 4 5 …; what is coded doesn't matter here. Returns the number of video units.
 */
static unsigned write_file(const char *format, bool sound, bool reorder)
{
	static const int order[3] = {2, 0, 0};
	struct source *s = open_scene(25, sound);
	AVFormatContext *f = NULL;
	unsigned pictures = 0;

	cr_assert_geq(avformat_alloc_output_context2(&f, NULL, format, path), 0);
	for (unsigned i = 0; i < s->ntracks; i++)
		add_stream(f, &s->track[i]);
	cr_assert_geq(avio_open(&f->pb, path, AVIO_FLAG_WRITE), 0);
	cr_assert_geq(avformat_write_header(f, NULL), 0);
	s->ops->start(s, 0);
	while (s->ops->due_us(s) < 2000000) {
		struct source_unit u = next(s);
		int64_t shift = 0;

		/* Decode order 0 | 1 2 3 | …: the first of three is shown two later, the others one earlier. */
		if (reorder && !u.track)
			shift = 3600 * (pictures == 0 || pictures == 49 ? 1 : 1 + (order[(pictures - 1) % 3] ? 2 : -1));
		write_unit(f, s, &u, shift);
		pictures += !u.track;
	}
	cr_assert_eq(av_write_trailer(f), 0);
	avio_closep(&f->pb);
	avformat_free_context(f);
	source_free(&s);
	return pictures;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Plays three loops and looks at the times of all pictures: none twice, none missing, at the seam neither. */
static void check_loops(bool sound, unsigned pictures)
{
	const char *why = "", *note;
	int64_t pts[300], last_due[2] = {-1, -1}, last_sound = -1;
	unsigned n = 0, keys = 0;
	struct source *s;

	cr_assert_eq(source_open_file(&s, path, &why, &note), 0, "%s", why);
	cr_assert_null(note);
	cr_assert_eq(s->ntracks, sound ? 2 : 1);
	cr_assert(s->track[0].width == 640 && s->track[0].height == 360);
	cr_assert_eq(s->ops->start(s, 7000000), 0);
	while (n < 3 * pictures) {
		struct source_unit u = next(s);

		cr_assert_geq(u.due_us, 7000000);
		cr_assert_geq(u.due_us, last_due[u.track]);
		last_due[u.track] = u.due_us;
		if (u.track) {
			cr_assert_gt(u.au.pts, last_sound);
			last_sound = u.au.pts;
			continue;
		}
		cr_assert(n || u.au.key, "begins with a key frame");
		cr_assert_eq(u.au.key, h264_au_has_idr(u.au.data, u.au.len));
		cr_assert_eq(sps_count(&u.au), u.au.key ? 1 : 0);
		keys += u.au.key;
		pts[n++] = u.au.pts;
	}
	cr_expect_eq(keys, 6);
	qsort(pts, n, sizeof *pts, by_value);
	for (unsigned i = 1; i < n; i++) {
		int64_t step = pts[i] - pts[i - 1], slack = sound && i % pictures == 0 ? 90 * 22 : 90;

		cr_expect(step >= 3600 - 90 && step <= 3600 + slack, "%s: picture %u: %lld", path, i, (long long)step);
	}
	/* A second audience begins at the file's beginning, later on the same line. */
	cr_assert_eq(s->ops->start(s, 90000000), 0);
	cr_expect(s->ops->due_us(s) >= 90000000 && next(s).au.key);
	source_free(&s);
}

Test(source_file, loops_without_a_seam)
{
	static const struct { const char *name, *format; bool sound, reorder; } c[] = {
		{"a.mp4", "mp4", false, false}, {"b.mp4", "mp4", true, false}, {"c.mp4", "mp4", false, true}, {"d.mp4", "mp4", true, true},
		{"e.mkv", "matroska", true, false}, {"f.ts", "mpegts", true, true}, {"g.ts", "mpegts", false, false},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		make_folder(c[i].name);
		check_loops(c[i].sound, write_file(c[i].format, c[i].sound, c[i].reorder));
		remove_folder();
	}
}

Test(source_file, says_what_is_wrong)
{
	const char *why, *note;
	struct source *s = NULL;
	FILE *f;

	make_folder("x.mp4");
	cr_expect_eq(source_open_file(&s, path, &why, &note), -ENOENT);
	cr_expect_str_eq(why, "no such file");
	cr_expect_neq(source_open_file(&s, "http://127.0.0.1:9/x", &why, &note), 0, "a name is never a URL");
	cr_expect_str_eq(why, "no such file");
	f = fopen(path, "w");
	fputs("not a film\n", f);
	fclose(f);
	cr_expect_neq(source_open_file(&s, path, &why, &note), 0);
	cr_expect(strstr(why, "is it a media file"));
	cr_expect_null(s);
	remove_folder();
}

Test(param_sets, come_from_both_forms)
{
	static const uint8_t config[] = {1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 2, 0x67, 1, 1, 0, 3, 0x68, 2, 3};
	static const uint8_t annexb[] = {0, 0, 0, 1, 9, 0x10, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 3};
	static const uint8_t want[] = {0, 0, 0, 2, 0x67, 1, 0, 0, 0, 3, 0x68, 2, 3};
	struct buf b;

	buf_init(&b, PARAM_SETS_MAX);
	cr_assert_eq(param_sets_from_config(config, sizeof config, &b), 0);
	cr_expect(b.len == sizeof want && !memcmp(buf_data(&b), want, sizeof want));
	buf_clear(&b);
	cr_assert_eq(param_sets_from_annexb(annexb, sizeof annexb, &b), 0);
	cr_expect(b.len == sizeof want && !memcmp(buf_data(&b), want, sizeof want));
	for (size_t n = 0; n < sizeof config; n++)
		cr_expect_eq(param_sets_from_config(config, n, &b), -EBADMSG, "%zu bytes", n);
	cr_expect_eq(param_sets_from_annexb(annexb, 14, &b), -EBADMSG, "no PPS");
	buf_free(&b);
	buf_init(&b, 8);
	cr_expect_eq(param_sets_from_config(config, sizeof config, &b), -ENOBUFS);
	buf_free(&b);
}
