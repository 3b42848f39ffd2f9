/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up camera: 25 pictures a second, a key frame each second, sound beside it; what store and transcode get is looked at. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/rd.h"
#include "base/wr.h"
#include "media/cmaf_read.h"
#include "net/rtp_send.h"
#include "server/ingest_stream.h"

#define SECOND 1000000ll
#define WALL 1795000000000000ll

static const uint8_t sps_a[] = {0x67, 0x4d, 0x00, 0x1f, 0x95, 0xa8, 0x14, 0x01, 0x6e, 0x40}, pps_a[] = {0x68, 0xee, 0x3c, 0x80};
static const uint8_t sps_b[] = {0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x03, 0xc5, 0x68, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0c, 0x03, 0xc5, 0x8b, 0x92};
static const uint8_t pps_b[] = {0x68, 0xcb, 0x8c, 0xb2};
static const uint8_t frame[] = {0xde, 0xad, 0xbe, 0xef};

/* One side's records: "init0 part0.0.0k end0.0 gap-silent", with rendition, segment and part. */
struct side {
	char log[32768];
	uint64_t epoch, first_epoch;
	bool full;
	EVP_MD_CTX *hash[2];
	unsigned ends, in_band;           /* in_band: pps_other, in parts */
	uint8_t last[64];                 /* of the last access unit */
};

static struct side store, transcode;
static struct ingest_stream *s;
static struct rtp_send video_out, audio_out;
static struct ingest_now now;
static enum gap_why why;
static const char *over;
static const uint8_t *sps, *pps;
static size_t nsps, npps;
static unsigned pictures;

static void add(struct side *to, const char *text)
{
	size_t n = strlen(to->log);

	snprintf(to->log + n, sizeof to->log - n, "%s%s", n ? " " : "", text);
}

/* The source hash again, from what is in the files: pictures lie there as they were hashed, frames lack their length. */
static void hash_part(struct side *to, const struct record_part *p)
{
	struct rd r = rd_init(p->data, p->len);
	EVP_MD_CTX *h = to->hash[p->rendition];
	struct cmaf_extent extent;
	struct cmaf_box box;

	cmaf_check_chunks(p->data, p->len, &extent);
	cr_assert(extent.chunks == 1 && extent.end == p->len);
	while (cmaf_next_box(&r, &box) == 1) {
		if (box.type != CMAF_TYPE('m', 'd', 'a', 't'))
			continue;
		for (uint64_t i = 0; p->rendition == RENDITION_AUDIO && i < extent.samples; i++) {
			EVP_DigestUpdate(h, "\0\0\0\4", 4);
			EVP_DigestUpdate(h, rd_bytes(&box.body, 4), 4);
		}
		for (const uint8_t *at = box.body.p; (at = memmem(at, rd_left(&box.body) - (size_t)(at - box.body.p), "\x68\xee\x3c\x81", 4)); at++)
			to->in_band++;
		EVP_DigestUpdate(h, box.body.p, rd_left(&box.body));
	}
}

static void check_end(struct side *to, const struct record_segment_end *e)
{
	uint8_t sum[32];

	EVP_DigestFinal_ex(to->hash[e->rendition], sum, NULL);
	EVP_DigestInit_ex(to->hash[e->rendition], EVP_sha256(), NULL);
	cr_expect_arr_eq(sum, e->source, 32, "source of rendition %u segment %u", e->rendition, e->segment);
	to->ends++;
}

static int to_store(void *ctx, const struct record *r)
{
	char text[64] = "?";

	if (store.full)
		return -ENOBUFS;
	if (r->kind == RECORD_INIT) {
		snprintf(text, sizeof text, "init%u", r->init.rendition);
		cr_expect(r->init.epoch >= store.epoch);
		store.first_epoch = store.first_epoch ? store.first_epoch : r->init.epoch;
		store.epoch = r->init.epoch;
	} else if (r->kind == RECORD_PART) {
		snprintf(text, sizeof text, "part%u.%u.%u%s", r->part.rendition, r->part.segment, r->part.part, r->part.independent ? "k" : "");
		cr_expect_eq(r->part.epoch, store.epoch);
		hash_part(&store, &r->part);
	} else if (r->kind == RECORD_SEGMENT_END) {
		snprintf(text, sizeof text, "end%u.%u", r->end.rendition, r->end.segment);
		check_end(&store, &r->end);
	} else if (r->kind == RECORD_GAP) {
		snprintf(text, sizeof text, "gap-%s%s", gap_why_name(r->gap.why), r->gap.epoch ? "" : "-nothing");
	}
	add(&store, text);
	return 0;
}

static int to_transcode(void *ctx, const struct record *r)
{
	char text[64];

	if (transcode.full)
		return -ENOBUFS;
	if (r->kind == RECORD_TRACK)
		snprintf(text, sizeof text, "track%ux%u", r->track.track.width, r->track.track.height);
	else
		snprintf(text, sizeof text, "%s%u", r->au.au.key ? "key" : "au", r->au.segment);
	if (r->kind == RECORD_AU)
		memcpy(transcode.last, r->au.au.data, r->au.au.len < sizeof transcode.last ? r->au.au.len : sizeof transcode.last);
	add(&transcode, text);
	return 0;
}

static void send_packet(void *ctx, const uint8_t *p, size_t n)
{
	const char *said = ingest_stream_packet(s, ctx ? 1 : 0, false, p, n, now, &why);

	over = over ? over : said;
}

static void send_nal(struct wr *w, const uint8_t *p, size_t n)
{
	wr_u32(w, (uint32_t)n);
	wr_bytes(w, p, n);
}

/* The next picture; parameter sets go before each key frame. */
static void picture(void)
{
	uint8_t data[4096], slice[3000] = {0x41, 0x9a};
	struct wr w = wr_init(data, sizeof data);
	bool key = pictures % 25 == 0;

	memset(slice + 2, (int)(pictures % 251) + 1, sizeof slice - 2);
	slice[0] = key ? 0x65 : 0x41;
	if (key) {
		send_nal(&w, sps, nsps);
		send_nal(&w, pps, npps);
	}
	send_nal(&w, slice, key ? 2500 : 300);
	cr_assert_eq(rtp_send_h264(&video_out, 3600ll * pictures, data, w.len, send_packet, NULL), 0);
	pictures++;
	now.mono_us += 40000;
	now.wall_us += 40000;
}

/* Pictures, with the sound that belongs to them. */
static void run(unsigned n, bool sound)
{
	while (n--) {
		for (int64_t t = 1920ll * pictures / 1024 + 1; sound && t <= 1920ll * (pictures + 1) / 1024; t++)
			rtp_send_aac(&audio_out, t * 1024, frame, sizeof frame, send_packet, &audio_out);
		picture();
	}
}

static void use_sets(bool b)
{
	sps = b ? sps_b : sps_a;
	pps = b ? pps_b : pps_a;
	nsps = b ? sizeof sps_b : sizeof sps_a;
	npps = b ? sizeof pps_b : sizeof pps_a;
}

static void begin_session(bool video, bool sound)
{
	static const struct track v = {.codec = CODEC_H264, .timescale = 90000}, a = {.codec = CODEC_AAC, .timescale = 48000, .rate = 48000};
	static struct sdp_media vm = {.kind = SDP_VIDEO, .payload_type = RTP_SEND_VIDEO_TYPE, .codec = CODEC_H264, .clock_rate = 90000};
	static struct sdp_media am = {.kind = SDP_AUDIO, .payload_type = RTP_SEND_AUDIO_TYPE, .codec = CODEC_AAC, .clock_rate = 48000,
		.config = {0x11, 0x90}, .config_len = 2};

	rtp_send_init(&video_out, &v, (const uint8_t *)"random bytes");
	rtp_send_init(&audio_out, &a, (const uint8_t *)"bytes random");
	over = NULL;
	ingest_stream_begin(s, video ? &vm : NULL, sound ? &am : NULL, false, now);
	ingest_stream_start(s, 0, video_out.first_timestamp);
	ingest_stream_start(s, 1, audio_out.first_timestamp);
}

static void setup_world(void)
{
	struct ingest_hooks hooks = {.store = to_store, .transcode = to_transcode, .pictures = true};

	memset(&store, 0, sizeof store);
	memset(&transcode, 0, sizeof transcode);
	for (int i = 0; i < 2; i++) {
		store.hash[i] = EVP_MD_CTX_new();
		EVP_DigestInit_ex(store.hash[i], EVP_sha256(), NULL);
	}
	now = (struct ingest_now){SECOND, WALL};
	pictures = 0;
	use_sets(false);
	cr_assert_eq(ingest_stream_new(3, 2000, &hooks, &s), 0);
}

static void end_world(void)
{
	ingest_stream_free(&s);
	for (int i = 0; i < 2; i++)
		EVP_MD_CTX_free(store.hash[i]);
}

TestSuite(ingest_stream, .init = setup_world, .fini = end_world);

static bool in_order(const char *log, const char *const *words)
{
	for (; *words; words++) {
		log = strstr(log, *words);
		if (!log)
			return false;
		log += strlen(*words);
	}
	return true;
}

#define EXPECT_ORDER(log, ...) cr_expect(in_order(log, (const char *const[]){__VA_ARGS__, NULL}), "%s", log)

Test(ingest_stream, makes_segments_of_both_renditions)
{
	struct ingest_counters c;

	begin_session(true, true);
	run(25 * 7, true);
	ingest_stream_end(s, GAP_STOPPED, now);
	cr_assert_null(over);
	EXPECT_ORDER(store.log, "init0 init1", "part0.0.0k", "end0.0", "part0.1.0k", "end0.1", "part0.2.0k", "end0.2", "gap-stopped");
	EXPECT_ORDER(store.log, "part1.0.0k", "end1.0", "part1.1.0k", "end1.1", "end1.2");
	cr_expect_geq(store.ends, 8);
	EXPECT_ORDER(transcode.log, "track1280x720 key0 au0", "key1 au1", "key2");
	c = ingest_stream_counters(s);
	cr_expect(c.access_units == 175 && c.lost == 0 && c.mended == 0);
	cr_expect(c.packets > 175 * 2);
	cr_expect_leq(c.dropped_camera, 4);  /* sound that came before the first picture was known to be whole */
}

Test(ingest_stream, begins_at_a_key_frame)
{
	pictures = 5;
	begin_session(true, true);
	run(20, true);
	cr_expect_str_eq(store.log, "");
	cr_expect(!ingest_stream_running(s));
	run(25, true);
	cr_expect(ingest_stream_running(s));
	EXPECT_ORDER(store.log, "init0 init1", "part0.0.0k");
	cr_expect_eq(ingest_stream_track(s, 0)->width, 1280);
	cr_expect_eq(ingest_stream_track(s, 1)->rate, 48000);
}

/* A camera that sends a key frame once in minutes. */
static void run_without_keys(unsigned n)
{
	while (n--) {
		pictures += pictures % 25 == 0;
		picture();
	}
}

static void begin_with_sets_told(void)
{
	static const struct sdp_media vm = {.kind = SDP_VIDEO, .payload_type = RTP_SEND_VIDEO_TYPE, .codec = CODEC_H264, .clock_rate = 90000,
		.sps = {0x67, 0x4d, 0x00, 0x1f, 0x95, 0xa8, 0x14, 0x01, 0x6e, 0x40}, .sps_len = 10, .pps = {0x68, 0xee, 0x3c, 0x80}, .pps_len = 4};
	static const struct track v = {.codec = CODEC_H264, .timescale = 90000};

	rtp_send_init(&video_out, &v, (const uint8_t *)"random bytes");
	ingest_stream_begin(s, &vm, NULL, false, now);
}

Test(ingest_stream, waits_for_a_key_frame_only_so_long)
{
	begin_with_sets_told();
	run_without_keys(25 * INGEST_NO_KEY_S - 4);
	cr_expect(!ingest_stream_running(s));
	run_without_keys(400);
	cr_expect(ingest_stream_running(s));
	EXPECT_ORDER(store.log, "init0", "part0.0.0 ", "end0.0", "part0.1.0 ", "end0.1", "part0.2.0 ", "end0.2");
	cr_expect(strstr(transcode.log, "track1280x720 au0 ") == transcode.log, "the worker makes key frames of its own");
}

Test(ingest_stream, a_new_store_waits_for_a_key_frame_only_so_long)
{
	begin_session(true, false);
	run(30, false);
	ingest_stream_store_anew(s);
	EVP_DigestInit_ex(store.hash[0], EVP_sha256(), NULL);
	run_without_keys(25 * INGEST_NO_KEY_S - 4);
	cr_expect(!ingest_stream_running(s));
	run_without_keys(8);
	cr_expect(ingest_stream_running(s));
}

static void send_au(const uint8_t *const *nal, const size_t *n, unsigned count)
{
	uint8_t data[256];
	struct wr w = wr_init(data, sizeof data);

	for (unsigned i = 0; i < count; i++)
		send_nal(&w, nal[i], n[i]);
	cr_assert_eq(rtp_send_h264(&video_out, 3600ll * pictures++, data, w.len, send_packet, NULL), 0);
	now.mono_us += 40000;
	now.wall_us += 40000;
}

/* A slice that depends on others, with a NAL unit before it. */
static void send_beside(const uint8_t *nal, size_t n)
{
	static const uint8_t slice[] = {0x41, 0x9a, 1, 2, 3};

	send_au((const uint8_t *const[]){nal, slice}, (const size_t[]){n, sizeof slice}, 2);
}

Test(ingest_stream, a_recovery_point_or_an_intra_picture_begins_as_well)
{
	static const uint8_t sei[] = {0x06, 0x05, 0x01, 0xaa, 0x06, 0x01, 0xc4, 0x80}, other_sei[] = {0x06, 0x01, 0x01, 0xc4, 0x80};
	static const uint8_t intra[] = {0x41, 0x88, 0x84, 5};  /* first_mb 0, slice_type 7 */

	begin_with_sets_told();
	run_without_keys(10);
	send_beside(other_sei, sizeof other_sei);
	run_without_keys(2);
	cr_expect(!ingest_stream_running(s));
	send_beside(sei, sizeof sei);
	run_without_keys(2);
	cr_expect(ingest_stream_running(s));
	ingest_stream_end(s, GAP_STOPPED, now);
	begin_with_sets_told();
	run_without_keys(10);
	send_au((const uint8_t *const[]){intra}, (const size_t[]){sizeof intra}, 1);
	run_without_keys(2);
	cr_expect(ingest_stream_running(s));
}

/* What is lost by waiting for the key frame that belongs to new sets is lost for good. */
Test(ingest_stream, goes_on_with_the_old_sets_until_a_key_frame_comes)
{
	uint64_t dropped;

	begin_session(true, false);
	run(30, false);
	dropped = ingest_stream_counters(s).dropped_camera;
	send_beside(sps_b, sizeof sps_b);
	run_without_keys(60);
	cr_expect_eq(store.epoch, store.first_epoch);
	cr_expect_eq(ingest_stream_counters(s).dropped_camera, dropped);
	use_sets(true);
	while (pictures % 25)
		pictures++;
	run(30, false);
	cr_expect_gt(store.epoch, store.first_epoch);
	EXPECT_ORDER(store.log, "init0", "end0.0", "init0", "part0.0.0k");
	cr_expect_null(over);
}

Test(ingest_stream, new_sets_without_a_key_frame_begin_an_epoch_after_a_while)
{
	begin_session(true, false);
	run(30, false);
	send_beside(sps_b, sizeof sps_b);
	run_without_keys(25 * INGEST_NO_KEY_S + 40);
	cr_expect_gt(store.epoch, store.first_epoch);
	EXPECT_ORDER(store.log, "init0", "end0.0", "init0", "part0.0.0 ");
}

Test(ingest_stream, a_picture_parameter_set_alone_travels_with_the_pictures)
{
	static const uint8_t pps_other[] = {0x68, 0xee, 0x3c, 0x81};
	static const uint8_t first[] = {0, 0, 0, 4, 0x68, 0xee, 0x3c, 0x81, 0, 0, 0, 5, 0x41};

	begin_session(true, false);
	run(30, false);
	cr_expect_eq(store.in_band, 0);
	send_beside(pps_other, sizeof pps_other);
	cr_expect_eq(memcmp(transcode.last, first, sizeof first), 0);
	pps = pps_other;
	run(49, false);
	cr_expect_eq(store.epoch, store.first_epoch);
	cr_expect_null(over);
	run(30, false);
	ingest_stream_end(s, GAP_STOPPED, now);
	cr_expect_eq(store.in_band, 1 + 3, "it came once, and three key frames after it");
	cr_expect_eq(store.epoch, store.first_epoch);
}

Test(ingest_stream, packets_without_pictures_end_the_stream)
{
	begin_session(true, true);
	run(100, true);
	for (int64_t t = 4 * 48000 / 1024; !over && t < 60 * 48000 / 1024; t++) {
		cr_assert_leq(now.mono_us, 36 * SECOND);
		rtp_send_aac(&audio_out, t * 1024, frame, sizeof frame, send_packet, &audio_out);
		now.mono_us += 21333;
		now.wall_us += 21333;
	}
	cr_assert_not_null(over);
	cr_expect_eq(why, GAP_SILENT);
	cr_expect_geq(now.mono_us, 34 * SECOND);
}

/* One key frame with its sets. */
static void key_at(int64_t pts)
{
	uint8_t data[256], slice[8] = {0x65, 0x9a, 1, 2, 3, 4, 5, 6};
	struct wr w = wr_init(data, sizeof data);

	send_nal(&w, sps, nsps);
	send_nal(&w, pps, npps);
	send_nal(&w, slice, sizeof slice);
	rtp_send_h264(&video_out, pts, data, w.len, send_packet, NULL);
}

Test(ingest_stream, segments_that_come_too_fast_end_the_stream)
{
	static const struct {
		const char *name;
		int64_t step_90k, arrival_us;
		bool flips;
		unsigned n;
		bool ends;
	} cases[] = {
		{"sets that flip at each picture", 900, 10000, true, 200, true},
		{"a clock that leaps all the time", 170000, 10000, false, 200, true},
		{"sets that flip each half second", 45000, 500000, true, 200, false},
		{"the burst of what a camera had stored", 90000, 0, false, 40, false},
		{"a fast clock", 180000, 1000000, false, 200, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin_session(true, false);
		for (unsigned k = 0; k < cases[i].n && !over; k++) {
			use_sets(cases[i].flips && k % 2);
			key_at(k * cases[i].step_90k);
			now.mono_us += cases[i].arrival_us;
			now.wall_us += cases[i].arrival_us;
		}
		cr_expect_eq(over != NULL, cases[i].ends, "%s", cases[i].name);
		cr_expect(!over || why == GAP_BAD_STREAM, "%s", cases[i].name);
		ingest_stream_end(s, GAP_STOPPED, now);
		now.mono_us += 60 * SECOND;
		now.wall_us += 60 * SECOND;
	}
}

Test(ingest_stream, new_parameter_sets_begin_an_epoch)
{
	begin_session(true, false);
	run(50, false);
	use_sets(true);
	run(50, false);
	ingest_stream_end(s, GAP_SILENT, now);
	EXPECT_ORDER(store.log, "init0", "part0.0.0k", "end0.0", "init0", "part0.0.0k", "end0.0", "gap-silent");
	cr_expect_gt(store.epoch, store.first_epoch);
	EXPECT_ORDER(transcode.log, "track1280x720 key0", "track240x160 key0");
	cr_expect(!strstr(store.log, "gap-silent-nothing"));
}

Test(ingest_stream, a_new_store_hears_an_init_first)
{
	begin_session(true, true);
	run(40, true);
	ingest_stream_store_anew(s);
	memset(store.log, 0, sizeof store.log);
	for (int i = 0; i < 2; i++)
		EVP_DigestInit_ex(store.hash[i], EVP_sha256(), NULL);
	cr_expect(!ingest_stream_running(s));
	run(9, true);
	cr_expect_str_eq(store.log, "");
	run(60, true);
	cr_expect(strstr(store.log, "init0 init1 ") == store.log, "%s", store.log);
	EXPECT_ORDER(store.log, "part0.0.0k", "end0.0", "part0.1.0k");
	cr_expect_gt(store.epoch, store.first_epoch);
	EXPECT_ORDER(transcode.log, "track", "key0", "track", "key0");
}

Test(ingest_stream, a_new_transcode_hears_the_track_and_a_whole_segment)
{
	begin_session(true, false);
	run(60, false);
	ingest_stream_transcode_anew(s);
	memset(transcode.log, 0, sizeof transcode.log);
	run(100, false);
	cr_expect(strstr(transcode.log, "track1280x720 key2 au2 ") == transcode.log, "%s", transcode.log);
	cr_expect_eq(store.epoch, store.first_epoch);
}

Test(ingest_stream, a_full_ring_to_transcode_costs_whole_segments_there_only)
{
	begin_session(true, false);
	run(30, false);
	transcode.full = true;
	run(10, false);
	transcode.full = false;
	memset(transcode.log, 0, sizeof transcode.log);
	run(80, false);
	cr_expect(strstr(transcode.log, "key2 au2 ") == transcode.log || strstr(transcode.log, "key1 au1 ") == transcode.log, "%s", transcode.log);
	cr_expect(!strstr(transcode.log, "track"));
	EXPECT_ORDER(store.log, "part0.0.0k", "end0.0", "part0.1.0k", "end0.1");
}

Test(ingest_stream, a_full_ring_to_store_never_waits)
{
	begin_session(true, false);
	run(60, false);
	store.full = true;
	run(60, false);
	store.full = false;
	run(100, false);
	ingest_stream_end(s, GAP_STOPPED, now);
	cr_expect_gt(ingest_stream_counters(s).dropped_ring, 0);
	cr_expect_eq(ingest_stream_counters(s).access_units, 220);
	EXPECT_ORDER(store.log, "part0.0.0k", "end0.0", "part0.1.0k", "k", "end0.", "gap-stopped");
}

Test(ingest_stream, foreign_packets_and_reports_change_nothing)
{
	static const uint8_t bye[] = {0x81, 0xcb, 0, 1, 9, 9, 9, 9}, short_bye[] = {0x9f, 0xcb, 0, 2, 'r', 'a', 'n', 'd', 0xff, 0, 0, 0};
	uint8_t foreign[] = {0x80, 0xe0, 0, 1, 0, 0, 0, 0, 9, 9, 9, 9, 0x65, 0x88, 1, 2};
	char clean[sizeof store.log];

	begin_session(true, false);
	run(75, false);
	ingest_stream_end(s, GAP_STOPPED, now);
	memcpy(clean, store.log, sizeof clean);
	end_world();
	setup_world();
	begin_session(true, false);
	for (int i = 0; i < 75; i++) {
		run(1, false);
		cr_assert_null(ingest_stream_packet(s, 0, false, foreign, sizeof foreign, now, &why));
		cr_assert_null(ingest_stream_packet(s, 0, false, foreign, 7, now, &why));
		cr_assert_null(ingest_stream_packet(s, 0, true, bye, sizeof bye, now, &why));
		cr_assert_null(ingest_stream_packet(s, 0, true, short_bye, sizeof short_bye, now, &why));
		cr_assert_null(ingest_stream_packet(s, 1, false, foreign, sizeof foreign, now, &why));
	}
	ingest_stream_end(s, GAP_STOPPED, now);
	cr_expect_str_eq(store.log, clean);
	cr_expect_geq(ingest_stream_counters(s).dropped_camera, 225);
}

Test(ingest_stream, a_goodbye_of_its_own_ends_the_stream)
{
	uint8_t bye[8] = {0x81, 0xcb, 0, 1};
	struct wr w = wr_init(bye + 4, 4);

	begin_session(true, false);
	run(30, false);
	wr_u32(&w, video_out.ssrc);
	cr_assert_not_null(ingest_stream_packet(s, 0, true, bye, sizeof bye, now, &why));
	cr_assert_eq(why, GAP_CAMERA_CLOSED);
	ingest_stream_end(s, why, now);
	EXPECT_ORDER(store.log, "end0.", "gap-camera-closed");
}

Test(ingest_stream, broken_parameter_sets_end_the_stream)
{
	static const uint8_t broken[] = {0x67, 0x4d, 0x00};

	sps = broken;
	nsps = sizeof broken;
	begin_session(true, false);
	run(10, false);
	cr_assert_not_null(over);
	cr_assert_eq(why, GAP_BAD_STREAM);
	ingest_stream_end(s, why, now);
	cr_expect_str_eq(store.log, "gap-bad-stream-nothing");
}

Test(ingest_stream, a_gap_is_told_once_for_each_reason)
{
	ingest_stream_end(s, GAP_REFUSED, now);
	ingest_stream_end(s, GAP_REFUSED, now);
	ingest_stream_end(s, GAP_UNREACHABLE, now);
	begin_session(true, false);
	run(30, false);
	store.full = true;
	ingest_stream_end(s, GAP_UNREACHABLE, now);
	store.full = false;
	ingest_stream_end(s, GAP_REFUSED, now);
	EXPECT_ORDER(store.log, "gap-refused-nothing gap-unreachable-nothing init0", "gap-unreachable");
	cr_expect(strstr(store.log, "gap-unreachable") && !strstr(strstr(store.log, "init0"), "nothing"), "%s", store.log);
}

Test(ingest_stream, sound_alone_is_cut_by_time)
{
	begin_session(false, true);
	for (int64_t t = 0; t < 47 * 7; t++) {
		rtp_send_aac(&audio_out, t * 1024, frame, sizeof frame, send_packet, &audio_out);
		now.mono_us += 21333;
		now.wall_us += 21333;
	}
	ingest_stream_end(s, GAP_STOPPED, now);
	EXPECT_ORDER(store.log, "init1", "part1.0.0k", "end1.0", "part1.1.0k", "end1.1", "gap-stopped");
	cr_expect_str_eq(transcode.log, "");
}

Test(ingest_stream, sound_that_cannot_be_carried_is_left_out)
{
	static const struct sdp_media vm = {.kind = SDP_VIDEO, .payload_type = RTP_SEND_VIDEO_TYPE, .codec = CODEC_H264, .clock_rate = 90000};
	static const struct sdp_media am = {.kind = SDP_AUDIO, .payload_type = RTP_SEND_AUDIO_TYPE, .codec = CODEC_AAC, .clock_rate = 48000,
		.config = {0xff, 0xff}, .config_len = 2};

	begin_session(true, false);
	ingest_stream_end(s, GAP_STOPPED, now);
	ingest_stream_begin(s, &vm, &am, false, now);
	run(30, true);
	cr_expect(ingest_stream_running(s) && !ingest_stream_track(s, 1));
	ingest_stream_end(s, GAP_STOPPED, now);
	ingest_stream_begin(s, NULL, &am, false, now);
	cr_assert_not_null(ingest_stream_packet(s, 1, false, frame, sizeof frame, now, &why));
	cr_assert_eq(why, GAP_UNSUPPORTED);
}

/* Asks as the loop does, and tells when and how: "4.0P 6.0F 10.0P+", with + where other ways are due. */
static void ask(char *log, size_t cap, int64_t since_us)
{
	uint8_t p[INGEST_FEEDBACK_MAX];
	struct wr w = wr_init(p, sizeof p);
	bool more = ingest_stream_feedback(s, now, &w);
	size_t n = strlen(log);

	cr_assert(!w.bad);
	if (w.len == 0)
		return;
	cr_assert_eq(p[1], 201, "a compound packet begins with a report");
	/* The last packet of it: PSFB, with the media's source. */
	for (struct rd r = rd_init(p, w.len); rd_left(&r);) {
		uint8_t first = rd_u8(&r), type = rd_u8(&r);
		struct rd one = rd_sub(&r, 4u * rd_u16(&r));

		cr_assert(!r.bad);
		if (type != 206)
			continue;
		rd_u32(&one);
		cr_expect_eq(rd_u32(&one), (first & 31) == 1 ? video_out.ssrc : 0);
		cr_expect((first & 31) == 1 || rd_u32(&one) == video_out.ssrc);
		snprintf(log + n, cap - n, "%s%.1f%c%s", n ? " " : "", (double)(now.mono_us - since_us) / 1e6, (first & 31) == 1 ? 'P' : (first & 31) == 4 ? 'F' : '?',
			more ? "+" : "");
	}
}

Test(ingest_stream, asks_for_a_key_frame_when_one_is_wanted)
{
	static const struct {
		const char *name;
		unsigned begins;          /* the first picture's place among the 25 from one key frame to the next */
		unsigned pictures;
		bool keys, answers;       /* sends them by itself; when it is asked */
		unsigned loss_every;      /* pictures */
		const char *asked;
	} cases[] = {
		{"a camera as it should be", 0, 1000, true, false, 0, ""},
		{"one that is joined in the middle", 5, 1000, true, false, 0, "0.0P"},
		{"a bad network, but a key frame is near", 0, 1000, true, false, 40, ""},
		{"one that never sends any", 5, 1800, false, false, 0, "0.0P 2.0F+ 6.0P+ 14.0F+ 30.0P+ 60.0F+"},
		{"one that sends them only when asked", 5, 2500, false, true, 0, "0.0P 4.1P 8.1P 16.1P 32.1P 62.1P 92.1P"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char log[256] = "";
		uint64_t before = ingest_stream_counters(s).key_requests;

		int64_t begun_us = now.mono_us;

		pictures = cases[i].begins;
		begin_with_sets_told();
		for (unsigned k = 0; k < cases[i].pictures; k++) {
			size_t asked = strlen(log);

			pictures += !cases[i].keys && pictures % 25 == 0;
			if (cases[i].loss_every && k % cases[i].loss_every == cases[i].loss_every - 1)
				video_out.sequence++;
			picture();
			now.mono_us -= 40000;
			ask(log, sizeof log, begun_us);
			now.mono_us += 40000;
			if (strlen(log) != asked && cases[i].answers)
				pictures += 25 - pictures % 25, picture();
		}
		cr_expect_str_eq(log, cases[i].asked, "%s: %s", cases[i].name, log);
		cr_expect_null(over, "%s", over);
		for (const char *at = log; *at; at++)
			before += *at == 'P' || *at == 'F';
		cr_expect_eq(ingest_stream_counters(s).key_requests, before, "%s", cases[i].name);
		ingest_stream_end(s, GAP_STOPPED, now);
	}
}
