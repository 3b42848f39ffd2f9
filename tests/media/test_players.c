/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What we write, seen by others: whole streams with B-frames, and sound, from the file and through HLS. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/cutter.h"
#include "media/dts.h"
#include "media/h264.h"
#include "media/h265.h"
#include "media/opus.h"
#include "media/packager.h"
#include "media/playlist.h"
#include "tests/media/stream.h"
#include "tests/media/stream265.h"
#include "tests/media/stream_opus.h"

#define INIT "00112233445566aa"

/* A folder that plays the store: NUMBER.m4s, the init segment, and all of it in one file. */
struct folder {
	char path[64];
	struct track track;
	struct playlist_segment segment[8];
	size_t nsegments;
	uint64_t ticks;
};

static void append(const struct folder *f, const char *name, const void *p, size_t n)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", f->path, name);
	out = fopen(path, "ab");
	cr_assert(out && fwrite(p, 1, n, out) == n && fclose(out) == 0, "%s", path);
}

static int keep(void *ctx, const struct record *r)
{
	struct folder *f = ctx;
	struct playlist_segment *s = &f->segment[f->nsegments];
	char name[32];

	if (r->kind == RECORD_INIT) {
		append(f, "init-" INIT ".mp4", r->init.init, r->init.len);
		append(f, "all.mp4", r->init.init, r->init.len);
	} else if (r->kind == RECORD_PART) {
		snprintf(name, sizeof name, "%u.m4s", r->part.segment);
		append(f, name, r->part.data, r->part.len);
		append(f, "all.mp4", r->part.data, r->part.len);
		if (r->part.part == 0)
			*s = (struct playlist_segment){.number = r->part.segment, .capture_us = r->part.capture_us, .init = INIT, .independent = r->part.independent};
		f->ticks += r->part.duration;
	} else {
		s->duration_us = f->ticks * 1000000 / f->track.timescale;
		f->ticks = 0;
		cr_assert_lt(++f->nsegments, 8);
	}
	return 0;
}

/* A stream, and what is known of it. */
struct source {
	const struct stream_au *au;
	size_t n;
	const uint8_t *data;
	bool (*is_key)(const uint8_t *data, size_t n);
	int reorder;
};

static struct source h264_source(struct track *ret)
{
	struct h264_sps sps;

	cr_assert_eq(h264_parse_sps(stream_sps, sizeof stream_sps, &sps), 0);
	cr_assert(sps.fps_num == 10 * sps.fps_den);
	cr_assert_eq(h264_track(stream_sps, sizeof stream_sps, stream_pps, sizeof stream_pps, ret), 0);
	return (struct source){stream_au, sizeof stream_au / sizeof *stream_au, stream_data, h264_au_has_idr, sps.reorder};
}

static struct source h265_source(struct track *ret)
{
	struct h265_sps sps;

	cr_assert_eq(h265_parse_sps(stream265_sps, sizeof stream265_sps, &sps), 0);
	cr_assert(sps.fps_num == 10 * sps.fps_den);
	cr_assert_eq(h265_track(stream265_vps, sizeof stream265_vps, stream265_sps, sizeof stream265_sps, stream265_pps, sizeof stream265_pps, ret), 0);
	return (struct source){stream265_au, sizeof stream265_au / sizeof *stream265_au, stream265_data, h265_au_has_irap, sps.reorder};
}

static void write_pictures(struct folder *f, const struct source *s)
{
	struct packager_hooks h = {.emit = keep, .ctx = f};
	const uint8_t *data = s->data;
	struct packager p;
	struct dts_clock dts;
	struct cutter c;

	dts_init(&dts, s->reorder, 9000);
	cutter_init(&c, 1000, 0, true);
	packager_init(&p, &h, 300);
	cr_assert_eq(packager_begin(&p, 0, RENDITION_COPY, 1, &f->track), 0);
	for (size_t i = 0; i < s->n; data += s->au[i++].len) {
		struct au au = {.pts = s->au[i].pts * 9000, .capture_us = 1795361400000000 + s->au[i].pts * 100000,
			.key = s->is_key(data, s->au[i].len), .data = data, .len = s->au[i].len};

		au.dts = dts_next(&dts, au.pts);
		cutter_cut(&c, &au);
		cr_assert_eq(packager_add(&p, &au, c.segment), 0);
	}
	cr_assert_eq(packager_flush(&p), 0);
	packager_free(&p);
}

static void write_sound(struct folder *f)
{
	struct packager_hooks h = {.emit = keep, .ctx = f};
	const uint8_t *data = stream_opus_data;
	struct packager p;

	cr_assert_eq(opus_track(1, &f->track), 0);
	packager_init(&p, &h, 100);
	cr_assert_eq(packager_begin(&p, 0, RENDITION_AUDIO, 1, &f->track), 0);
	for (size_t i = 0; i < sizeof stream_opus_len / sizeof *stream_opus_len; data += stream_opus_len[i++]) {
		struct au au = {.pts = (int64_t)i * OPUS_FRAME_SAMPLES, .capture_us = 1795361400000000, .key = true, .data = data, .len = stream_opus_len[i]};

		au.dts = au.pts;
		cr_assert_eq(packager_add(&p, &au, i / 6), 0);
	}
	cr_assert_eq(packager_flush(&p), 0);
	packager_free(&p);
}

static void write_playlist(struct folder *f)
{
	struct playlist_media m = {.segment = f->segment, .nsegments = f->nsegments, .target_s = 1, .ended = true};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(playlist_media(&b, &m), 0);
	append(f, "index.m3u8", buf_data(&b), b.len);
	buf_free(&b);
}

/* Runs a shell command in the folder; its whole output, warnings too. */
static char *output_of(const struct folder *f, const char *command)
{
	static char out[16384];
	char line[512];
	size_t n;
	FILE *p;

	snprintf(line, sizeof line, "cd %s && { %s; } 2>&1", f->path, command);
	p = popen(line, "r");
	cr_assert_not_null(p);
	n = fread(out, 1, sizeof out - 1, p);
	out[n] = 0;
	pclose(p);
	return out;
}

static void need(const char *what, const char *command)
{
	if (system(command) == 0)
		return;
	fprintf(stderr, "skipped: %s is not installed\n", what);
	cr_skip_test("%s is not installed", what);
}

static void make(struct folder *f)
{
	strcpy(f->path, "/tmp/test-media-XXXXXX");
	cr_assert_not_null(mkdtemp(f->path));
}

static struct source begin(struct folder *f, struct source (*of)(struct track *))
{
	struct source s = of(&f->track);

	make(f);
	write_pictures(f, &s);
	write_playlist(f);
	return s;
}

static void end(const struct folder *f)
{
	output_of(f, "rm -f -- *.m4s *.mp4 *.m3u8");
	cr_assert_eq(rmdir(f->path), 0);
}

/* Every line "packet,PTS,DTS,SIZE,FLAGS" must be the picture that went in. */
static void expect_packets(const struct source *s, const char *text)
{
	size_t i = 0;

	for (; *text; text += strcspn(text, "\n") + 1, i++) {
		char want[64];

		cr_assert_lt(i, s->n, "%.200s", text);
		snprintf(want, sizeof want, "packet,%d,%d,%u,%c", 90000 + s->au[i].pts * 9000, 90000 + ((int)i - 2) * 9000, s->au[i].len, s->au[i].key ? 'K' : '_');
		cr_assert(strncmp(text, want, strlen(want)) == 0, "packet %zu: %.60s, want %s", i, text, want);
	}
	cr_assert_eq(i, s->n);
}

static void expect_read_back(struct source (*of)(struct track *))
{
	struct folder f = {0};
	struct source s;

	need("ffprobe", "command -v ffprobe >/dev/null");
	s = begin(&f, of);
	expect_packets(&s, output_of(&f, "ffprobe -v warning -of csv -show_entries packet=pts,dts,size,flags all.mp4"));
	expect_packets(&s, output_of(&f, "ffprobe -v warning -of csv -show_entries packet=pts,dts,size,flags index.m3u8"));
	end(&f);
}

Test(players, ffprobe_reads_every_packet_of_h264_back)
{
	expect_read_back(h264_source);
}

Test(players, ffprobe_reads_every_packet_of_h265_back)
{
	expect_read_back(h265_source);
}

static void expect_silence(const struct folder *f, const char *command)
{
	const char *said = output_of(f, command);

	cr_assert_str_eq(said, "", "%s", said);
}

static void expect_decoded(struct source (*of)(struct track *))
{
	struct folder f = {0};

	need("ffmpeg", "command -v ffmpeg >/dev/null");
	begin(&f, of);
	expect_silence(&f, "ffmpeg -nostdin -v warning -xerror -i index.m3u8 -f null -");
	expect_silence(&f, "ffmpeg -nostdin -v warning -xerror -i index.m3u8 -c copy copied.mp4");
	end(&f);
}

Test(players, ffmpeg_decodes_h264_without_a_word)
{
	expect_decoded(h264_source);
}

Test(players, ffmpeg_decodes_h265_without_a_word)
{
	expect_decoded(h265_source);
}

static void expect_gstreamer_decodes(struct source (*of)(struct track *), const char *line)
{
	struct folder f = {0};
	const char *said;

	begin(&f, of);
	said = output_of(&f, line);
	cr_assert(strlen(said) >= 2 && !strcmp(said + strlen(said) - 2, "0\n") && !strstr(said, "ERROR"), "%s", said);
	end(&f);
}

Test(players, gstreamer_decodes_h264)
{
	need("GStreamer with its good, bad and libav plugins",
	     "command -v gst-launch-1.0 gst-inspect-1.0 >/dev/null && gst-inspect-1.0 --exists avdec_h264 && gst-inspect-1.0 --exists h264parse && gst-inspect-1.0 --exists qtdemux");
	expect_gstreamer_decodes(h264_source, "gst-launch-1.0 -q filesrc location=all.mp4 ! qtdemux ! h264parse ! avdec_h264 ! fakesink; echo $?");
}

Test(players, gstreamer_decodes_h265)
{
	need("GStreamer with its good, bad and libav plugins",
	     "command -v gst-launch-1.0 gst-inspect-1.0 >/dev/null && gst-inspect-1.0 --exists avdec_h265 && gst-inspect-1.0 --exists h265parse && gst-inspect-1.0 --exists qtdemux");
	expect_gstreamer_decodes(h265_source, "gst-launch-1.0 -q filesrc location=all.mp4 ! qtdemux ! h265parse ! avdec_h265 ! fakesink; echo $?");
}

Test(players, ffmpeg_decodes_opus_without_a_word)
{
	struct folder f = {0};
	const char *said;

	need("ffmpeg", "command -v ffmpeg ffprobe >/dev/null");
	make(&f);
	write_sound(&f);
	write_playlist(&f);
	said = output_of(&f, "ffprobe -v warning -of csv -show_entries stream=codec_name,sample_rate,channels all.mp4");
	cr_assert_str_eq(said, "stream,opus,48000,1\n", "%s", said);
	said = output_of(&f, "ffprobe -v warning -of csv -show_entries packet=pts,size all.mp4 | tail -1");
	cr_assert_str_eq(said, "packet,58560,17\n", "%s", said);
	expect_silence(&f, "ffmpeg -nostdin -v warning -xerror -i index.m3u8 -f null -");
	end(&f);
}
