/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's engine as a program of its own, so that a whole process of it can stand beside one of ffmpeg:
 * a file in, one file a rendition out, as fast as it goes. What a camera's ingest does before (cutting)
 * and store after (writing down) is done as plainly as can be. Not installed.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>

#include "base/buf.h"
#include "base/text.h"
#include "camera/param_sets.h"
#include "codec/transcoder.h"
#include "media/cutter.h"
#include "media/packager.h"

#define EPOCH_US 1767225600000000  /* 2026-01-01 */
#define PATH_BYTES 4096

static const char usage[] =
	"usage: transcode [OPTIONS] FILE.mp4 FOLDER RENDITION ...\n"
	"Transcodes the H.264 of FILE as a camera's worker would, into FOLDER/1.mp4, 2.mp4 ...\n"
	"\n"
	"  RENDITION           copy, or WIDTHxHEIGHT:BITS-A-SECOND:CRF as in 1280x720:3000000:24\n"
	"  --cpu LEVEL         kernels: c, avx2 or avx512 (the best there is)\n"
	"  --denoise STRENGTH  off, low, medium or high (off)\n"
	"  --latency KIND      low or normal (low)\n"
	"  --overlay           with name and time in the picture\n"
	"\n"
	"Prints what was done as one line of JSON.\n";

struct bench {
	struct transcoder_settings settings;
	struct transcoder *transcoder;     /* NULL: only copied */
	const char *input, *folder;
	unsigned copy;                     /* number of the copy's file; 0: none */
	unsigned file_of[RENDITIONS_MAX];  /* by rendition */
	FILE *out[RENDITIONS_MAX];
	struct packager packager;          /* the copy's */
	struct cutter cutter;
	AVFormatContext *file;
	int stream;
	struct record_track track;
	struct buf sets;
};

__attribute__((noreturn, format(printf, 1, 2)))
static void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("transcode: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

static unsigned number(const char *what, const char *text, size_t n, uint64_t max)
{
	uint64_t v;

	if (text_u64(text, n, max, &v))
		fail("%s: not a number up to %ju: %.*s", what, (uintmax_t)max, (int)n, text);
	return (unsigned)v;
}

/* The number up to one of the characters in ends; *text moves behind it. */
static unsigned field(const char *what, const char **text, const char *end, uint64_t max)
{
	size_t n = strcspn(*text, end);
	unsigned v = number(what, *text, n, max);

	*text += n + ((*text)[n] != 0);
	return v;
}

static void add_rendition(struct bench *b, const char *text, unsigned file, enum encoder_latency latency)
{
	struct transcoder_rendition *r = &b->settings.rendition[b->settings.nrenditions];

	if (strcmp(text, "copy") == 0) {
		b->copy = file;
		b->file_of[RENDITION_COPY] = file;
		return;
	}
	if (b->settings.nrenditions == TRANSCODER_RENDITIONS_MAX)
		fail("%d renditions are the most", TRANSCODER_RENDITIONS_MAX);
	*r = (struct transcoder_rendition){.number = (uint8_t)(RENDITION_ENCODED + b->settings.nrenditions), .latency = latency};
	r->width = field("width", &text, "x", 4096);
	r->height = field("height", &text, ":", 4096);
	r->bitrate_bps = field("bit rate", &text, ":", 1000000000);
	r->crf = field("CRF", &text, "", 51);
	b->file_of[r->number] = file;
	b->settings.nrenditions++;
}

static enum denoise_strength strength(const char *text)
{
	static const char *const name[] = {"off", "low", "medium", "high"};

	for (unsigned i = 0; i < sizeof name / sizeof name[0]; i++)
		if (strcmp(text, name[i]) == 0)
			return (enum denoise_strength)i;
	fail("--denoise: off, low, medium or high");
}

static void parse(struct bench *b, int argc, char **argv)
{
	static const struct option options[] = {
		{"cpu", required_argument, NULL, 'c'}, {"denoise", required_argument, NULL, 'd'}, {"latency", required_argument, NULL, 'l'},
		{"overlay", no_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {0},
	};
	enum encoder_latency latency = ENCODER_LOW;
	int c;

	b->settings.cpu = cpu_best();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			exit(0);
		}
		if (c == 'c' && (!cpu_parse(optarg, &b->settings.cpu) || b->settings.cpu > cpu_best()))
			fail("--cpu: c, avx2 or avx512, and %s is the best here", cpu_name(cpu_best()));
		else if (c == 'd')
			b->settings.denoise = strength(optarg);
		else if (c == 'l')
			latency = strcmp(optarg, "normal") == 0 ? ENCODER_NORMAL : ENCODER_LOW;
		else if (c == 'o')
			b->settings.overlay = true;
		else if (c == '?')
			exit(2);
	}
	if (argc - optind < 3 || argc - optind > RENDITIONS_MAX) {
		fputs(usage, stderr);
		exit(2);
	}
	b->input = argv[optind];
	b->folder = argv[optind + 1];
	for (int i = optind + 2; i < argc; i++)
		add_rendition(b, argv[i], (unsigned)(i - optind - 1), latency);
	snprintf(b->settings.site, sizeof b->settings.site, "bench");
	snprintf(b->settings.name, sizeof b->settings.name, "bench");
}

static void open_outputs(struct bench *b)
{
	char path[PATH_BYTES];

	for (unsigned i = 0; i < RENDITIONS_MAX; i++) {
		if (!b->file_of[i])
			continue;
		if ((size_t)snprintf(path, sizeof path, "%s/%u.mp4", b->folder, b->file_of[i]) >= sizeof path)
			fail("%s: too long", b->folder);
		b->out[i] = fopen(path, "wb");
		if (!b->out[i])
			fail("%s: %s", path, strerror(errno));
	}
}

static void open_input(struct bench *b)
{
	AVCodecParameters *c;
	int rc;

	av_log_set_level(AV_LOG_ERROR);
	rc = avformat_open_input(&b->file, b->input, NULL, NULL);
	if (rc < 0)
		fail("%s: cannot be opened as video", b->input);
	b->stream = av_find_best_stream(b->file, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
	if (b->stream < 0)
		fail("%s: no video", b->input);
	c = b->file->streams[b->stream]->codecpar;
	buf_init(&b->sets, PARAM_SETS_MAX);
	if (c->codec_id != AV_CODEC_ID_H264 || c->extradata_size < 7 || (c->extradata[4] & 3) != 3 ||
	    param_sets_from_config(c->extradata, (size_t)c->extradata_size, &b->sets) || param_sets_track(&b->sets, &b->track.track))
		fail("%s: wants H.264 in MP4, with lengths of four bytes", b->input);
	b->track.epoch = EPOCH_US;
}

/* What store would be told: into the files. */
static int emit(void *ctx, const struct record *r)
{
	struct bench *b = ctx;
	const uint8_t *p = r->kind == RECORD_INIT ? r->init.init : r->part.data;
	size_t n = r->kind == RECORD_INIT ? r->init.len : r->part.len;
	unsigned rendition = r->kind == RECORD_INIT ? r->init.rendition : r->part.rendition;

	if (r->kind != RECORD_INIT && r->kind != RECORD_PART)
		return 0;
	if (!b->out[rendition] || fwrite(p, 1, n, b->out[rendition]) != n)
		return -EIO;
	return 0;
}

static void check(const char *what, int rc)
{
	if (rc)
		fail("%s: %s", what, strerror(-rc));
}

static void begin(struct bench *b)
{
	struct packager_hooks hooks = {.emit = emit, .ctx = b};
	struct record r = {.kind = RECORD_TRACK, .track = b->track};
	const char *why = "";

	cutter_init(&b->cutter, CUTTER_TARGET_MS, true);
	packager_init(&b->packager, &hooks, PACKAGER_PART_MS);
	if (b->copy)
		check("copy", packager_begin(&b->packager, 0, RENDITION_COPY, EPOCH_US, &b->track.track));
	if (b->settings.nrenditions) {
		check("settings", transcoder_new(&b->transcoder, &b->settings, emit, b));
		check("track", transcoder_feed(b->transcoder, &r, false, &why));
	}
}

static void take(struct bench *b, const AVPacket *p)
{
	const AVRational to = {1, TIMESCALE_VIDEO}, from = b->file->streams[b->stream]->time_base;
	struct record r = {.kind = RECORD_AU, .au = {.epoch = EPOCH_US}};
	struct au *au = &r.au.au;
	const char *why;

	*au = (struct au){.dts = av_rescale_q(p->dts, from, to), .pts = av_rescale_q(p->pts, from, to), .key = p->flags & AV_PKT_FLAG_KEY,
		.data = p->data, .len = (size_t)p->size};
	au->capture_us = EPOCH_US + av_rescale_q(p->pts, from, (AVRational){1, 1000000});
	cutter_cut(&b->cutter, au);
	r.au.segment = b->cutter.segment;
	if (b->copy)
		check("copy", packager_add(&b->packager, au, r.au.segment));
	if (b->transcoder)
		check("transcoder", transcoder_feed(b->transcoder, &r, false, &why));
}

static void finish(struct bench *b)
{
	struct transcoder_state state = {0};
	struct transcoder_counts counts = {0};

	if (b->copy)
		check("copy", packager_flush(&b->packager));
	if (b->transcoder) {
		check("transcoder", transcoder_finish(b->transcoder));
		transcoder_state(b->transcoder, &state);
		counts = transcoder_counts(b->transcoder);
	}
	for (unsigned i = 0; i < RENDITIONS_MAX; i++)
		if (b->out[i] && fclose(b->out[i]))
			fail("writing: %s", strerror(errno));
	printf("{\"cpu\": \"%s\", \"pictures\": %ju, \"errors\": %ju, \"encoded\": %ju, \"same\": [", cpu_name(b->settings.cpu), (uintmax_t)counts.pictures,
		(uintmax_t)counts.errors, (uintmax_t)counts.encoded);
	for (unsigned i = 0; i < state.nrenditions; i++)
		printf("%s%ju", i ? ", " : "", (uintmax_t)state.rendition[i].same);
	printf("]}\n");
}

int main(int argc, char **argv)
{
	static struct bench b;
	AVPacket *p = av_packet_alloc();

	if (!p)
		fail("no memory");
	parse(&b, argc, argv);
	open_input(&b);
	open_outputs(&b);
	begin(&b);
	while (av_read_frame(b.file, p) >= 0) {
		if (p->stream_index == b.stream)
			take(&b, p);
		av_packet_unref(p);
	}
	finish(&b);
	av_packet_free(&p);
	avformat_close_input(&b.file);
	packager_free(&b.packager);
	transcoder_free(&b.transcoder);
	buf_free(&b.sets);
	return 0;
}
