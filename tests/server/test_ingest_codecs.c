/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other codecs and transports become, and that sound never stops the picture. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/nal.h"
#include "net/rtp_reorder.h"
#include "tests/media/stream265.h"
#include "tests/server/made_camera.h"

#define SOUND_TYPE 100

TestSuite(ingest_codecs, .init = setup_world, .fini = end_world);

/* One packet, as it is. */
static void rtp(unsigned track, uint8_t type, uint16_t sequence, uint32_t timestamp, bool marker, const void *payload, size_t n)
{
	uint8_t p[2048];
	struct wr w = wr_init(p, sizeof p);
	const char *said;

	wr_u8(&w, 0x80);
	wr_u8(&w, (uint8_t)(marker << 7 | type));
	wr_u16(&w, sequence);
	wr_u32(&w, timestamp);
	wr_u32(&w, 0x1000 + track);
	wr_bytes(&w, payload, n);
	cr_assert(!w.bad);
	said = ingest_stream_packet(s, track, false, p, w.len, now, &why);
	over = over ? over : said;
}

static void pass(int64_t us)
{
	now.mono_us += us;
	now.wall_us += us;
}

/* The stream of 1.2 s, over and over: each NAL unit a packet. */
static void send_h265(unsigned times)
{
	uint16_t sequence = 0;

	for (unsigned t = 0; t < times; t++) {
		struct rd all = rd_init(stream265_data, sizeof stream265_data);

		for (size_t i = 0; i < sizeof stream265_au / sizeof *stream265_au; i++) {
			struct rd one = rd_sub(&all, stream265_au[i].len);
			const uint8_t *nal;
			size_t n;

			while (nal_next(&one, &nal, &n) == 1)
				rtp(0, RTP_SEND_VIDEO_TYPE, sequence++, (t * 12 + (unsigned)stream265_au[i].pts) * 9000, !rd_left(&one), nal, n);
			pass(100000);
		}
	}
}

Test(ingest_codecs, h265_is_recorded_as_h264_is)
{
	struct sdp_media vm = {.kind = SDP_VIDEO, .payload_type = RTP_SEND_VIDEO_TYPE, .codec = CODEC_H265, .clock_rate = 90000,
		.vps_len = sizeof stream265_vps, .sps_len = sizeof stream265_sps, .pps_len = sizeof stream265_pps};
	struct ingest_counters c;

	memcpy(vm.vps, stream265_vps, sizeof stream265_vps);
	memcpy(vm.sps, stream265_sps, sizeof stream265_sps);
	memcpy(vm.pps, stream265_pps, sizeof stream265_pps);
	ingest_stream_begin(s, &vm, NULL, false, now);
	send_h265(6);
	cr_assert_null(over, "%s", over);
	cr_assert_not_null(ingest_stream_track(s, 0));
	cr_expect_eq(ingest_stream_track(s, 0)->codec, CODEC_H265);
	cr_expect_eq(ingest_stream_track(s, 0)->width, 64);
	ingest_stream_end(s, GAP_STOPPED, now);
	c = ingest_stream_counters(s);
	EXPECT_ORDER(store.log, "init0", "part0.0.0k", "end0.0", "part0.1.0k", "end0.1", "part0.2.0k", "gap-stopped");
	EXPECT_ORDER(transcode.log, "track64x64 key0 au0 au0 au0", "key1", "key2");
	cr_expect_eq(c.access_units, 72);
	cr_expect_eq(c.dropped_camera + c.dropped_network + c.dropped_ring, 0, "%lu", (unsigned long)c.dropped_camera);
}

/* Packets of 20 ms beside pictures; sizes are made so that each is whole. */
static void run_with_sound(const struct sdp_media *am, unsigned n, size_t bytes, const uint8_t *first, size_t nfirst)
{
	uint8_t payload[2000];

	memset(payload, 0x55, sizeof payload);
	memcpy(payload, first, nfirst);
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < 2; k++)
			rtp(1, am->payload_type, (uint16_t)(i * 2 + k), (i * 2 + k) * am->clock_rate / 50, false, payload, bytes);
		picture();
	}
}

Test(ingest_codecs, sound_goes_where_it_is_made_playable)
{
	static const struct sdp_media vm = {.kind = SDP_VIDEO, .payload_type = RTP_SEND_VIDEO_TYPE, .codec = CODEC_H264, .clock_rate = 90000};
	static const struct track v = {.codec = CODEC_H264, .timescale = 90000};
	static const struct {
		struct sdp_media m;
		size_t bytes;
		const char *track;        /* what transcode hears; NULL: packaged here */
	} cases[] = {
		{{.codec = CODEC_PCMA, .payload_type = 8, .clock_rate = 8000, .channels = 1}, 160, "track-pcma/8000/1"},
		{{.codec = CODEC_PCMU, .payload_type = 0, .clock_rate = 8000, .channels = 1}, 160, "track-pcmu/8000/1"},
		{{.codec = CODEC_G726, .payload_type = SOUND_TYPE, .clock_rate = 8000, .channels = 1, .g726_bits = 4}, 80, "track-g726/8000/1"},
		{{.codec = CODEC_L16, .payload_type = SOUND_TYPE, .clock_rate = 16000, .channels = 2}, 1280, "track-l16/16000/2"},
		{{.codec = CODEC_OPUS, .payload_type = SOUND_TYPE, .clock_rate = 48000, .channels = 2}, 4, NULL},
	};
	static const uint8_t toc[] = {0x08};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *name = cases[i].track ? cases[i].track : "opus";
		bool packaged = !cases[i].track;

		rtp_send_init(&video_out, &v, (const uint8_t *)"random bytes");
		pictures = 0;
		store.log[0] = transcode.log[0] = 0;
		for (int k = 0; k < 2; k++)
			EVP_DigestInit_ex(store.hash[k], EVP_sha256(), NULL);
		ingest_stream_begin(s, &vm, &cases[i].m, false, now);
		run_with_sound(&cases[i].m, 80, cases[i].bytes, toc, packaged);
		cr_assert_null(over, "%s: %s", name, over);
		cr_assert_not_null(ingest_stream_track(s, 1), "%s", name);
		cr_expect_eq(ingest_stream_track(s, 1)->codec, cases[i].m.codec);
		if (!packaged) {
			EXPECT_ORDER(transcode.log, cases[i].track, "sound0", "sound1", "sound2");
			cr_expect(!strstr(store.log, "init1"), "%s", name);
		}
		ingest_stream_end(s, GAP_STOPPED, now);
		if (packaged) {
			cr_expect(!strstr(transcode.log, "sound"), "%s", name);
			EXPECT_ORDER(store.log, "part1.0.0k", "end1.0", "part1.1.0k", "end1.1");
		}
		EXPECT_ORDER(store.log, "init0", "part0.0.0k", "end0.0", "part0.1.0k", "end0.1");
		pass(SECOND);
	}
	cr_expect_eq(ingest_stream_counters(s).dropped_ring, 0);
}

/* A worker, or store, that is sent such a track ends, or has ingest ended. */
Test(ingest_codecs, sound_that_no_record_may_hold_is_left_out)
{
	static const struct sdp_media vm = {.kind = SDP_VIDEO, .payload_type = RTP_SEND_VIDEO_TYPE, .codec = CODEC_H264, .clock_rate = 90000};
	static const struct sdp_media am = {.kind = SDP_AUDIO, .codec = CODEC_L16, .payload_type = SOUND_TYPE, .clock_rate = 192000, .channels = 2};

	ingest_stream_begin(s, &vm, &am, false, now);
	cr_expect_not_null(ingest_stream_health(s, now).sound);
	ingest_stream_end(s, GAP_STOPPED, now);
}

Test(ingest_codecs, no_worker_for_sound_is_no_fault)
{
	static const struct sdp_media am = {.kind = SDP_AUDIO, .codec = CODEC_PCMA, .payload_type = 8, .clock_rate = 8000, .channels = 1};
	uint8_t payload[160] = {0};
	uint16_t sequence = 0;

	transcode.none = true;
	ingest_stream_begin(s, NULL, &am, false, now);
	for (; sequence < 50; sequence++, pass(20000))
		rtp(1, 8, sequence, sequence * 160u, false, payload, sizeof payload);
	cr_expect_eq(ingest_stream_counters(s).dropped_ring, 0);
	transcode.none = false;
	ingest_stream_transcode_anew(s, true);
	for (; sequence < 250; sequence++, pass(20000))
		rtp(1, 8, sequence, sequence * 160u, false, payload, sizeof payload);
	EXPECT_ORDER(transcode.log, "track-pcma/8000/1", "sound0", "sound1", "sound2");
	transcode.full = true;
	for (; sequence < 260; sequence++, pass(20000))
		rtp(1, 8, sequence, sequence * 160u, false, payload, sizeof payload);
	cr_expect_eq(ingest_stream_counters(s).dropped_ring, 10);
}

Test(ingest_codecs, sound_that_breaks_never_stops_the_picture)
{
	static const struct {
		const char *name;
		uint32_t step, jump_every;
		size_t bytes;
	} cases[] = {
		{"nonsense instead of frames", 1024, 0, 3},
		{"a clock that stands still", 0, 0, 8},
		{"one that leaps all the time", 1024, 3, 8},
		{"one a thousand times too fast", 1024000, 0, 8},
		{"one that runs backwards", -1024u, 0, 8},
	};
	uint8_t payload[] = {0, 16, 0, 32, 0xde, 0xad, 0xbe, 0xef};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t time = 0;
		uint64_t before = ingest_stream_counters(s).access_units;

		pictures = 0;
		store.log[0] = 0;
		for (int k = 0; k < 2; k++)
			EVP_DigestInit_ex(store.hash[k], EVP_sha256(), NULL);
		begin_session(true, true);
		for (unsigned n = 0; n < 500; n++) {
			for (unsigned k = 0; k < 2; k++, time += cases[i].step) {
				time += cases[i].jump_every && n % cases[i].jump_every == 0 ? 0x40000000u : 0;
				rtp(1, RTP_SEND_AUDIO_TYPE, (uint16_t)(n * 2 + k), time, true, payload, cases[i].bytes);
			}
			picture();
		}
		cr_expect_null(over, "%s: %s", cases[i].name, over);
		ingest_stream_end(s, GAP_STOPPED, now);
		cr_expect_eq(ingest_stream_counters(s).access_units - before, 500, "%s", cases[i].name);
		EXPECT_ORDER(store.log, "init0", "part0.0.0k", "end0.0", "part0.8.0k", "gap-stopped");
		cr_expect(!strstr(store.log, "part0.11."), "%s: the sound makes no cuts", cases[i].name);
		pass(60 * SECOND);
	}
}

/* What goes out of the test camera is held, so that it can be sent in another order. */
static struct {
	uint8_t p[2000];
	size_t n;
} held[4096];
static unsigned nheld;

static void hold(void *ctx, const uint8_t *p, size_t n)
{
	cr_assert(nheld < sizeof held / sizeof *held && n <= sizeof held->p);
	memcpy(held[nheld].p, p, n);
	held[nheld++].n = n;
}

static void make_stream(void)
{
	static const struct track v = {.codec = CODEC_H264, .timescale = 90000};

	rtp_send_init(&video_out, &v, (const uint8_t *)"random bytes");
	nheld = 0;
	for (pictures = 0; pictures < 250; pictures++) {
		uint8_t data[4096], slice[3000] = {pictures % 25 ? 0x41 : 0x65, 0x9a};
		struct wr w = wr_init(data, sizeof data);

		memset(slice + 2, (int)(pictures % 251) + 1, sizeof slice - 2);
		if (pictures % 25 == 0) {
			send_nal(&w, sps, nsps);
			send_nal(&w, pps, npps);
		}
		send_nal(&w, slice, sizeof slice);
		rtp_send_au(&video_out, 3600ll * pictures, data, w.len, hold, NULL);
	}
}

Test(ingest_codecs, datagrams_are_put_in_order_and_faults_told_apart)
{
	static const struct sdp_media vm = {.kind = SDP_VIDEO, .payload_type = RTP_SEND_VIDEO_TYPE, .codec = CODEC_H264, .clock_rate = 90000};
	static const struct {
		const char *name;
		bool datagrams, swap, twice, lose;
	} cases[] = {
		{"TCP", false, false, false, false},
		{"UDP", true, false, false, false},
		{"neighbours change places", true, true, false, false},
		{"each comes twice", true, false, true, false},
		{"all of it", true, true, true, false},
		{"2 % lost", true, true, true, true},
		{"2 % left out by the camera", false, false, false, true},
	};
	uint64_t bytes = 0;

	make_stream();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ingest_counters c;
		unsigned lost = 0;

		end_world();
		setup_world();
		ingest_stream_begin(s, &vm, NULL, cases[i].datagrams, now);
		for (unsigned k = 0; k < nheld; k++) {
			unsigned which = cases[i].swap && k > 1 && (k ^ 1) < nheld ? k ^ 1 : k;

			pass(10000 * 1000 / nheld);
			if (cases[i].lose && which % 50 == 20) {
				lost++;
				continue;
			}
			for (unsigned times = 0; times < 1u + cases[i].twice; times++)
				cr_assert_null(ingest_stream_packet(s, 0, false, held[which].p, held[which].n, now, &why));
			cr_assert_null(ingest_stream_tick(s, now, &why));
		}
		ingest_stream_end(s, GAP_STOPPED, now);
		c = ingest_stream_counters(s);
		bytes = bytes ? bytes : store.bytes;
		cr_expect_eq(c.lost, lost, "%s: %lu lost", cases[i].name, (unsigned long)c.lost);
		cr_expect_eq(c.packets, nheld - lost, "%s", cases[i].name);
		cr_expect_eq(c.reordered != 0, cases[i].swap, "%s", cases[i].name);
		cr_expect_eq(c.duplicates, cases[i].twice ? nheld - lost : 0, "%s: %lu", cases[i].name, (unsigned long)c.duplicates);
		if (!lost) {
			cr_expect_eq(store.bytes, bytes, "%s", cases[i].name);
			cr_expect_eq(c.access_units, 250, "%s", cases[i].name);
			cr_expect_eq(c.dropped_camera + c.dropped_network + c.dropped_ring, 0, "%s", cases[i].name);
		} else {
			cr_expect(cases[i].datagrams ? c.dropped_network >= lost / 2 && !c.dropped_camera : c.dropped_camera >= lost / 2 && !c.dropped_network,
				  "%s: camera %lu network %lu", cases[i].name, (unsigned long)c.dropped_camera, (unsigned long)c.dropped_network);
			cr_expect_geq(c.access_units + lost, 250, "%s", cases[i].name);
		}
	}
}

Test(ingest_codecs, what_is_missing_is_not_waited_for_long)
{
	static const struct sdp_media vm = {.kind = SDP_VIDEO, .payload_type = RTP_SEND_VIDEO_TYPE, .codec = CODEC_H264, .clock_rate = 90000};

	make_stream();
	ingest_stream_begin(s, &vm, NULL, true, now);
	for (unsigned k = 0; k < 40; k++)
		if (k != 20)
			ingest_stream_packet(s, 0, false, held[k].p, held[k].n, now, &why);
	cr_expect_eq(ingest_stream_counters(s).lost, 0);
	pass(RTP_REORDER_WAIT_MS * 1000 + 1000);
	cr_expect_null(ingest_stream_tick(s, now, &why));
	cr_expect_eq(ingest_stream_counters(s).lost, 1);
	ingest_stream_packet(s, 0, false, held[20].p, held[20].n, now, &why);
	cr_expect_eq(ingest_stream_counters(s).dropped_network, 2, "the picture, and the packet that came too late");
}

Test(ingest_codecs, health_is_measured)
{
	struct ingest_health h;

	begin_session(true, true);
	for (int i = 0; i < 10; i++) {
		run(25, true);
		h = ingest_stream_health(s, now);
	}
	cr_expect(h.fps_milli > 24000 && h.fps_milli < 26000, "%u", h.fps_milli);
	cr_expect(h.rate_bps > 70000 && h.rate_bps < 90000, "%u", h.rate_bps);
	cr_expect_eq(h.key_interval_ms, 1000);
	cr_expect(h.key_us <= now.wall_us && h.key_us > now.wall_us - SECOND - 100000);
	cr_expect_eq(h.clock, CLOCK_ARRIVAL);
	cr_expect_null(h.sound);
	ingest_stream_end(s, GAP_STOPPED, now);
	cr_expect_eq(ingest_stream_health(s, now).key_us, 0);
}
