/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's engine as a program of its own, so that a whole process of it can stand beside one of ffmpeg:
 * a file in, one file a rendition out, as fast as it goes. What a camera's ingest does before (cutting)
 * and store after (writing down) is done as plainly as can be. Not installed.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "camera/param_sets.h"
#include "codec/transcoder.h"
#include "media/cutter.h"
#include "media/h264.h"
#include "media/nal.h"
#include "media/packager.h"

#define EPOCH_US 1767225600000000  /* 2026-01-01 */
#define PATH_BYTES 4096
#define READ_BYTES (64 << 10)

static const char usage[] =
	"usage: transcode [OPTIONS] FILE.h264 FOLDER RENDITION ...\n"
	"Transcodes FILE (Annex B, no B-frames) as a camera's worker would, into FOLDER/1.mp4, 2.mp4 ...\n"
	"\n"
	"  RENDITION           copy, or WIDTHxHEIGHT:BITS-A-SECOND:CRF as in 1280x720:3000000:24\n"
	"  --cpu LEVEL         kernels: c, avx2 or avx512 (the best there is)\n"
	"  --denoise STRENGTH  off, low, medium or high (off)\n"
	"  --latency KIND      low or normal (low)\n"
	"  --fps N             of FILE, 1 to 120 (25)\n"
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
	unsigned fps;
	FILE *file;
	struct buf ahead;                  /* read, and not looked at yet */
	struct record_track track;
	struct buf sets;
	struct buf unit;                   /* the access unit under way */
	bool key;
	unsigned units;                    /* so many came before it */
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
		{"fps", required_argument, NULL, 'f'}, {"overlay", no_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {0},
	};
	enum encoder_latency latency = ENCODER_LOW;
	int c;

	b->settings.cpu = cpu_best();
	b->fps = 25;
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
		else if (c == 'f')
			b->fps = number("--fps", optarg, strlen(optarg), 120);
		else if (c == 'o')
			b->settings.overlay = true;
		else if (c == '?')
			exit(2);
	}
	if (!b->fps || argc - optind < 3 || argc - optind > RENDITIONS_MAX) {
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
	b->file = fopen(b->input, "rb");
	if (!b->file)
		fail("%s: %s", b->input, strerror(errno));
	buf_init(&b->ahead, AU_MAX_BYTES);
	buf_init(&b->sets, PARAM_SETS_MAX);
	buf_init(&b->unit, AU_MAX_BYTES);
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

	cutter_init(&b->cutter, CUTTER_TARGET_MS, 0, true);
	packager_init(&b->packager, &hooks, PACKAGER_PART_MS);
	if (b->copy)
		check("copy", packager_begin(&b->packager, 0, RENDITION_COPY, EPOCH_US, &b->track.track));
	if (b->settings.nrenditions) {
		check("settings", transcoder_new(&b->transcoder, &b->settings, emit, b));
		check("track", transcoder_feed(b->transcoder, &r, false, &why));
	}
}

/* The access unit under way is whole. */
static void send(struct bench *b)
{
	struct record r = {.kind = RECORD_AU, .au = {.epoch = EPOCH_US}};
	int64_t pts = (int64_t)b->units * TIMESCALE_VIDEO / b->fps;
	struct au *au = &r.au.au;
	const char *why;

	*au = (struct au){.dts = pts, .pts = pts, .key = b->key, .data = buf_data(&b->unit), .len = b->unit.len};
	au->capture_us = EPOCH_US + pts * 100 / 9;
	cutter_cut(&b->cutter, au);
	r.au.segment = b->cutter.segment;
	if (b->copy)
		check("copy", packager_add(&b->packager, au, r.au.segment));
	if (b->transcoder)
		check("transcoder", transcoder_feed(b->transcoder, &r, false, &why));
	buf_clear(&b->unit);
	b->units++;
}

static void take(struct bench *b, const uint8_t *nal, size_t n)
{
	bool set = nal_type(nal) == NAL_SPS || nal_type(nal) == NAL_PPS;

	if (set && b->track.track.codec == CODEC_NONE) {
		check("parameter sets", param_sets_add(&b->sets, nal, n));
		if (!param_sets_track(&b->sets, &b->track.track))
			begin(b);
	}
	if (!h264_is_slice(nal, n) || b->track.track.codec == CODEC_NONE)
		return;
	if (b->unit.len && h264_begins_picture(nal, n))
		send(b);
	b->key = nal_type(nal) == NAL_IDR;
	check("access unit", param_sets_add(&b->unit, nal, n));
}

/* All NAL units that are whole: the last one is when another follows, or at the end. */
static void take_whole(struct bench *b, bool end)
{
	struct rd r = rd_init(buf_data(&b->ahead), b->ahead.len);
	const uint8_t *nal;
	size_t n, taken = 0;

	while (nal_next_annexb(&r, &nal, &n) == 1 && (rd_left(&r) || end)) {
		take(b, nal, n);
		taken = b->ahead.len - rd_left(&r);
	}
	buf_consume(&b->ahead, taken);
}

static void take_all(struct bench *b)
{
	size_t n;

	do {
		uint8_t *p = buf_reserve(&b->ahead, READ_BYTES);

		if (!p)
			fail("%s: a NAL unit is larger than %u bytes", b->input, AU_MAX_BYTES);
		n = fread(p, 1, READ_BYTES, b->file);
		buf_commit(&b->ahead, n);
		take_whole(b, n == 0);
	} while (n);
	if (!b->unit.len)
		fail("%s: no H.264", b->input);
	send(b);
}

/* As a worker's, which may not ask the kernel for memory in another way (server/role.c). */
static void tame_malloc(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	mallopt(M_TOP_PAD, 1 << 20);
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

	tame_malloc();
	parse(&b, argc, argv);
	open_input(&b);
	open_outputs(&b);
	take_all(&b);
	finish(&b);
	fclose(b.file);
	packager_free(&b.packager);
	transcoder_free(&b.transcoder);
	buf_free(&b.ahead);
	buf_free(&b.sets);
	buf_free(&b.unit);
	return 0;
}
