/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What we write, seen by others: ffprobe reads a whole stream with B-frames back, from the file and through HLS. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/cutter.h"
#include "media/dts.h"
#include "media/h264.h"
#include "media/packager.h"
#include "media/playlist.h"
#include "tests/media/stream.h"

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

static void write_stream(struct folder *f)
{
	struct packager_hooks h = {.emit = keep, .ctx = f};
	struct packager p;
	struct dts_clock dts;
	struct cutter c;
	struct h264_sps sps;
	size_t at = 0;

	cr_assert_eq(h264_parse_sps(stream_sps, sizeof stream_sps, &sps), 0);
	cr_assert_eq(h264_track(stream_sps, sizeof stream_sps, stream_pps, sizeof stream_pps, &f->track), 0);
	dts_init(&dts, sps.reorder, (uint32_t)(90000ull * sps.fps_den / sps.fps_num));
	cutter_init(&c, 1000, true);
	packager_init(&p, &h, 300);
	cr_assert_eq(packager_begin(&p, 0, RENDITION_COPY, 1, &f->track), 0);
	for (size_t i = 0; i < sizeof stream_au / sizeof *stream_au; at += stream_au[i++].len) {
		struct au au = {.pts = stream_au[i].pts * 9000, .capture_us = 1795361400000000 + stream_au[i].pts * 100000,
			.key = h264_au_has_idr(stream_data + at, stream_au[i].len), .data = stream_data + at, .len = stream_au[i].len};

		au.dts = dts_next(&dts, au.pts);
		cutter_cut(&c, &au);
		cr_assert_eq(packager_add(&p, &au, c.segment), 0);
	}
	cr_assert_eq(packager_flush(&p), 0);
	packager_free(&p);
	cr_assert_eq(f->nsegments, 3);
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

static void begin(struct folder *f)
{
	strcpy(f->path, "/tmp/test-media-XXXXXX");
	cr_assert_not_null(mkdtemp(f->path));
	write_stream(f);
	write_playlist(f);
}

static void end(const struct folder *f)
{
	output_of(f, "rm -f -- *.m4s *.mp4 *.m3u8");
	cr_assert_eq(rmdir(f->path), 0);
}

/* Every line "packet,PTS,DTS,SIZE,FLAGS" must be the picture that went in. */
static void expect_packets(const char *text)
{
	static const size_t n = sizeof stream_au / sizeof *stream_au;
	size_t i = 0;

	for (; *text; text += strcspn(text, "\n") + 1, i++) {
		char want[64];

		cr_assert_lt(i, n);
		snprintf(want, sizeof want, "packet,%d,%d,%u,%c", 90000 + stream_au[i].pts * 9000, 90000 + ((int)i - 2) * 9000, stream_au[i].len, stream_au[i].key ? 'K' : '_');
		cr_assert(strncmp(text, want, strlen(want)) == 0, "packet %zu: %.60s, want %s", i, text, want);
	}
	cr_assert_eq(i, n);
}

Test(players, ffprobe_reads_every_packet_back)
{
	struct folder f = {0};

	need("ffprobe", "command -v ffprobe >/dev/null");
	begin(&f);
	expect_packets(output_of(&f, "ffprobe -v warning -of csv -show_entries packet=pts,dts,size,flags all.mp4"));
	expect_packets(output_of(&f, "ffprobe -v warning -of csv -show_entries packet=pts,dts,size,flags index.m3u8"));
	end(&f);
}

Test(players, ffmpeg_decodes_it_without_a_word)
{
	struct folder f = {0};
	const char *said;

	need("ffmpeg", "command -v ffmpeg >/dev/null");
	begin(&f);
	said = output_of(&f, "ffmpeg -nostdin -v warning -xerror -i index.m3u8 -f null -");
	cr_assert_str_eq(said, "", "%s", said);
	said = output_of(&f, "ffmpeg -nostdin -v warning -xerror -i index.m3u8 -c copy copied.mp4");
	cr_assert_str_eq(said, "", "%s", said);
	end(&f);
}

Test(players, gstreamer_decodes_it)
{
	struct folder f = {0};
	const char *said;

	need("GStreamer with its good and libav plugins",
	     "command -v gst-launch-1.0 gst-inspect-1.0 >/dev/null && gst-inspect-1.0 --exists avdec_h264 && gst-inspect-1.0 --exists qtdemux");
	begin(&f);
	said = output_of(&f, "gst-launch-1.0 -q filesrc location=all.mp4 ! qtdemux ! h264parse ! avdec_h264 ! fakesink; echo $?");
	cr_assert(strlen(said) >= 2 && !strcmp(said + strlen(said) - 2, "0\n") && !strstr(said, "ERROR"), "%s", said);
	end(&f);
}
