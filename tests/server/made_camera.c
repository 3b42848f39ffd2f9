/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/made_camera.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "media/cmaf_read.h"
#include "media/codec_string.h"

static const uint8_t sps_a[] = {0x67, 0x4d, 0x00, 0x1f, 0x95, 0xa8, 0x14, 0x01, 0x6e, 0x40}, pps_a[] = {0x68, 0xee, 0x3c, 0x80};
const uint8_t sps_b[SPS_B_BYTES] = {0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x03, 0xc5, 0x68, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0c, 0x03, 0xc5, 0x8b, 0x92};
static const uint8_t pps_b[] = {0x68, 0xcb, 0x8c, 0xb2};
const uint8_t frame[4] = {0xde, 0xad, 0xbe, 0xef};

struct side store, transcode;
struct ingest_stream *s;
struct rtp_send video_out, audio_out;
struct ingest_now now;
enum gap_why why;
const char *over;
const uint8_t *sps, *pps;
size_t nsps, npps;
unsigned pictures;

static void add(struct side *to, const char *text)
{
	size_t n = strlen(to->log);

	snprintf(to->log + n, sizeof to->log - n, "%s%s", n ? " " : "", text);
}

/* The source hash again, from what is in the files: pictures lie there as store hashes them, frames lack their length. */
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
		cr_expect_eq(p->data + p->head_bytes, box.body.p);
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
	if (e->rendition == RENDITION_COPY)
		memset(sum, 0, sizeof sum);        /* store's to fill in */
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
		store.bytes += r->part.len;
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

	if (transcode.full || transcode.none)
		return transcode.full ? -ENOBUFS : -ENOTCONN;
	if (r->kind == RECORD_TRACK && codec_is_video(r->track.track.codec))
		snprintf(text, sizeof text, "track%ux%u", r->track.track.width, r->track.track.height);
	else if (r->kind == RECORD_TRACK)
		snprintf(text, sizeof text, "track-%s/%u/%u", codec_name(r->track.track.codec), r->track.track.rate, r->track.track.channels);
	else if (r->kind == RECORD_GAP)
		snprintf(text, sizeof text, "over");
	else
		snprintf(text, sizeof text, "%s%u", r->au.audio ? "sound" : r->au.au.key ? "key" : "au", r->au.segment);
	if (r->kind == RECORD_AU)
		memcpy(transcode.last, r->au.au.data, r->au.au.len < sizeof transcode.last ? r->au.au.len : sizeof transcode.last);
	add(&transcode, text);
	return 0;
}

void send_packet(void *ctx, const uint8_t *p, size_t n)
{
	const char *said = ingest_stream_packet(s, ctx ? 1 : 0, false, p, n, now, &why);

	over = over ? over : said;
}

void send_nal(struct wr *w, const uint8_t *p, size_t n)
{
	wr_u32(w, (uint32_t)n);
	wr_bytes(w, p, n);
}

void picture(void)
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
	cr_assert_eq(rtp_send_au(&video_out, 3600ll * pictures, data, w.len, send_packet, NULL), 0);
	pictures++;
	now.mono_us += 40000;
	now.wall_us += 40000;
}

void run(unsigned n, bool sound)
{
	while (n--) {
		for (int64_t t = 1920ll * pictures / 1024 + 1; sound && t <= 1920ll * (pictures + 1) / 1024; t++)
			rtp_send_au(&audio_out, t * 1024, frame, sizeof frame, send_packet, &audio_out);
		picture();
	}
}

void use_sets(bool b)
{
	sps = b ? sps_b : sps_a;
	pps = b ? pps_b : pps_a;
	nsps = b ? sizeof sps_b : sizeof sps_a;
	npps = b ? sizeof pps_b : sizeof pps_a;
}

void begin_session(bool video, bool sound)
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

void setup_world(void)
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

void end_world(void)
{
	ingest_stream_free(&s);
	for (int i = 0; i < 2; i++)
		EVP_MD_CTX_free(store.hash[i]);
}

bool in_order(const char *log, const char *const *words)
{
	for (; *words; words++) {
		log = strstr(log, *words);
		if (!log)
			return false;
		log += strlen(*words);
	}
	return true;
}

void run_without_keys(unsigned n)
{
	while (n--) {
		pictures += pictures % 25 == 0;
		picture();
	}
}

void begin_with_sets_told(void)
{
	static const struct sdp_media vm = {.kind = SDP_VIDEO, .payload_type = RTP_SEND_VIDEO_TYPE, .codec = CODEC_H264, .clock_rate = 90000,
		.sps = {0x67, 0x4d, 0x00, 0x1f, 0x95, 0xa8, 0x14, 0x01, 0x6e, 0x40}, .sps_len = 10, .pps = {0x68, 0xee, 0x3c, 0x80}, .pps_len = 4};
	static const struct track v = {.codec = CODEC_H264, .timescale = 90000};

	rtp_send_init(&video_out, &v, (const uint8_t *)"random bytes");
	ingest_stream_begin(s, &vm, NULL, false, now);
}

void send_au(const uint8_t *const *nal, const size_t *n, unsigned count)
{
	uint8_t data[256];
	struct wr w = wr_init(data, sizeof data);

	for (unsigned i = 0; i < count; i++)
		send_nal(&w, nal[i], n[i]);
	cr_assert_eq(rtp_send_au(&video_out, 3600ll * pictures++, data, w.len, send_packet, NULL), 0);
	now.mono_us += 40000;
	now.wall_us += 40000;
}

void send_beside(const uint8_t *nal, size_t n)
{
	static const uint8_t slice[] = {0x41, 0x9a, 1, 2, 3};

	send_au((const uint8_t *const[]){nal, slice}, (const size_t[]){n, sizeof slice}, 2);
}
