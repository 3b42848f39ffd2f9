/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "media/au.h"
#include "media/nal.h"
#include "net/rtp_video.h"

/* What came out, as text: "T100 K 65:5 | T200 41:3" (timestamp, key, each unit's first byte and size). */
static char seen[8192];
static uint16_t sequence;

static void note(void *ctx, const struct rtp_video_au *au)
{
	struct rd r = rd_init(au->data, au->len);
	const uint8_t *nal;
	size_t n, at = strlen(seen);

	at += (size_t)snprintf(seen + at, sizeof seen - at, "%sT%u%s", at ? " | " : "", au->timestamp, au->key ? " K" : "");
	while (nal_next(&r, &nal, &n) == 1 && at < sizeof seen - 32)
		at += (size_t)snprintf(seen + at, sizeof seen - at, " %02x:%zu", nal[0], n);
	cr_assert_eq(rd_left(&r), 0);
}

static void start(struct rtp_video *d)
{
	seen[0] = 0;
	rtp_video_init(d, CODEC_H264, note, NULL);
}

static void feed(struct rtp_video *d, uint32_t timestamp, bool marker, const void *payload, size_t n)
{
	struct rtp_packet p = {.marker = marker, .payload_type = 96, .sequence = sequence++, .timestamp = timestamp,
		.payload = payload, .len = n};

	rtp_video_feed(d, &p, false, timestamp);
}

#define FEED(d, t, m, bytes) feed(d, t, m, bytes, sizeof(bytes) - 1)

/* Slices that begin a picture (first bit after the header is 1), and one that goes on with it. */
#define IDR "\x65\x88\x84\0\x10"
#define P "\x41\x9a\x02"
#define P_MORE "\x41\x40\x02\x03"
#define SPS "\x67\x42\0\x1f\x95"
#define PPS "\x68\xce\x3c\x80"
#define SEI "\x06\5\1\0\x80"

/* Two whole pictures, so that the marker is believed from here on. */
static void prove(struct rtp_video *d)
{
	FEED(d, 10, true, IDR);
	FEED(d, 20, true, P);
	FEED(d, 30, true, P);
	cr_assert_str_eq(seen, "T10 K 65:5 | T20 41:3 | T30 41:3");
	seen[0] = 0;
}

static void expect(struct rtp_video *d, const char *text)
{
	cr_expect_str_eq(seen, text, "\"%s\" instead of \"%s\"", seen, text);
	rtp_video_free(d);
}

Test(rtp_video, ends_at_the_timestamp_until_the_marker_is_proved)
{
	struct rtp_video d;

	start(&d);
	FEED(&d, 10, true, IDR);
	cr_expect_str_eq(seen, "");
	FEED(&d, 20, true, P);
	cr_expect_str_eq(seen, "T10 K 65:5");
	FEED(&d, 30, true, P);
	cr_expect_str_eq(seen, "T10 K 65:5 | T20 41:3 | T30 41:3");
	FEED(&d, 40, true, P);
	expect(&d, "T10 K 65:5 | T20 41:3 | T30 41:3 | T40 41:3");
}

Test(rtp_video, does_without_markers)
{
	struct rtp_video d;

	start(&d);
	FEED(&d, 10, false, IDR);
	FEED(&d, 10, false, "\x65\x40\1");
	FEED(&d, 20, false, P);
	FEED(&d, 30, false, P);
	expect(&d, "T10 K 65:5 65:3 | T20 41:3");
}

Test(rtp_video, survives_a_marker_on_every_slice)
{
	struct rtp_video d;

	start(&d);
	for (uint32_t t = 10; t < 50; t += 10) {
		FEED(&d, t, true, P);
		FEED(&d, t, true, P_MORE);
	}
	cr_expect(d.marker_lies);
	expect(&d, "T10 41:3 41:4 | T20 41:3 41:4 | T30 41:3 41:4");
}

Test(rtp_video, stops_believing_a_marker_that_turns_wrong)
{
	struct rtp_video d;

	start(&d);
	prove(&d);
	FEED(&d, 40, true, P);
	FEED(&d, 40, true, P_MORE);
	FEED(&d, 50, true, P);
	FEED(&d, 50, true, P_MORE);
	FEED(&d, 60, true, P);
	cr_expect(d.marker_lies && d.damaged_broken == 1 && d.damaged_lost == 0);
	expect(&d, "T40 41:3 | T50 41:3 41:4");
}

Test(rtp_video, ignores_a_marker_before_the_picture)
{
	struct rtp_video d;

	start(&d);
	prove(&d);
	FEED(&d, 40, true, SPS);
	FEED(&d, 40, true, PPS);
	FEED(&d, 40, true, SEI);
	FEED(&d, 40, true, IDR);
	cr_expect(!d.marker_lies && d.set[RTP_SET_SPS].len == 5 && d.set[RTP_SET_PPS].len == 4 && d.sets == 2);
	expect(&d, "T40 K 06:5 65:5");
}

Test(rtp_video, keeps_sei_of_an_earlier_timestamp)
{
	struct rtp_video d;

	start(&d);
	prove(&d);
	FEED(&d, 39, true, SEI);
	FEED(&d, 40, true, P);
	expect(&d, "T40 06:5 41:3");
}

Test(rtp_video, tells_pictures_of_one_timestamp_apart_by_the_marker)
{
	struct rtp_video d;

	start(&d);
	FEED(&d, 10, true, P);
	FEED(&d, 10, true, P);
	FEED(&d, 10, true, P);
	FEED(&d, 10, true, P);
	expect(&d, "T10 41:3 | T10 41:3 | T10 41:3 | T10 41:3");
}

Test(rtp_video, opens_stap_a)
{
	struct rtp_video d;

	start(&d);
	prove(&d);
	FEED(&d, 40, false, "\x18\0\5" SPS "\0\4" PPS);
	FEED(&d, 40, true, "\x18\0\5" SEI "\0\5" IDR);
	cr_expect(d.sets == 2 && d.dropped_nals == 0);
	expect(&d, "T40 K 06:5 65:5");
}

Test(rtp_video, stap_a_never_reads_over_its_end)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *out;
	} cases[] = {
#define CASE(b, out) {b, sizeof(b) - 1, out}
		CASE("\x18\0\3" P "\0", "T40 41:3"),
		CASE("\x18\0\3" P "\0\5\x41", "T40 41:3"),
		CASE("\x18\0\3" P "\xff\xff", "T40 41:3"),
		CASE("\x18\0\3" P "\0\0\0\3" P, "T40 41:3"),
		CASE("\x18\0\3" P "\0\1\x18", "T40 41:3"),
		CASE("\x18", ""),
		CASE("\x18\0", ""),
#undef CASE
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtp_video d;
		uint8_t *exact = malloc(cases[i].n);

		memcpy(exact, cases[i].bytes, cases[i].n);
		start(&d);
		prove(&d);
		feed(&d, 40, true, exact, cases[i].n);
		cr_expect_eq(d.dropped_nals, i == 5 ? 0 : 1, "case %zu", i);
		expect(&d, cases[i].out);
		free(exact);
	}
}

Test(rtp_video, joins_fragments)
{
	struct rtp_video d;

	start(&d);
	prove(&d);
	FEED(&d, 40, false, "\x7c\x85\x88\1\2");
	FEED(&d, 40, false, "\x7c\x05\3\4");
	FEED(&d, 40, false, "\x7c\x05");
	FEED(&d, 40, true, "\x7c\x45\5");
	expect(&d, "T40 K 65:7");
}

Test(rtp_video, fragments_that_only_annoy_are_taken)
{
	struct rtp_video d;

	start(&d);
	prove(&d);
	FEED(&d, 40, true, "\x5c\xc1\x9a\1");     /* start and end in one */
	FEED(&d, 50, false, "\x5c\x81\x9a\1");    /* the type changes midway, and at the end */
	FEED(&d, 50, false, "\x7c\x05\2");
	FEED(&d, 50, true, "\x5c\x42\3");
	cr_expect(d.damaged_broken == 0 && d.dropped_nals == 0);
	expect(&d, "T40 41:3 | T50 41:5");
}

Test(rtp_video, fragments_that_are_wrong_cost_their_picture_only)
{
	static const struct {
		const char *what;
		struct { const char *bytes; size_t n; } packet[3];
	} cases[] = {
#define B(b) {b, sizeof(b) - 1}
		{"start and end both set, then more", {B("\x5c\xc1\x9a\1"), B("\x5c\x41\2")}},
		{"no start", {B("\x5c\x01\x9a\1"), B("\x5c\x41\2")}},
		{"only an end", {B("\x5c\x41\x9a\1")}},
		{"never an end", {B("\x5c\x81\x9a\1"), B("\x5c\x01\2"), B("\x5c\x01\2")}},
		{"a second start", {B("\x5c\x81\x9a\1"), B("\x5c\x81\x9a\2"), B("\x5c\x41\2")}},
		{"a whole unit in between", {B("\x5c\x81\x9a\1"), B(P), B("\x5c\x41\2")}},
		{"no header", {B("\x5c")}},
#undef B
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtp_video d;

		start(&d);
		prove(&d);
		for (int k = 0; k < 3 && cases[i].packet[k].n; k++)
			feed(&d, 40, k == 2 || !cases[i].packet[k + 1].n, cases[i].packet[k].bytes, cases[i].packet[k].n);
		FEED(&d, 50, true, P);
		FEED(&d, 60, true, P);
		cr_expect(d.damaged_broken == 1 && d.damaged_lost == 0, "%s", cases[i].what);
		cr_expect(strstr(seen, "T50 41:3 | T60 41:3") == seen, "%s: %s", cases[i].what, seen);
		rtp_video_free(&d);
	}
}

Test(rtp_video, a_lost_packet_costs_its_picture_only)
{
	struct rtp_packet middle = {.timestamp = 40, .payload = (const uint8_t *)P_MORE, .len = 4, .marker = true};
	struct rtp_packet whole = {.timestamp = 50, .payload = (const uint8_t *)P, .len = 3, .marker = true};
	struct rtp_video d;

	start(&d);
	prove(&d);
	FEED(&d, 40, false, P);
	rtp_video_feed(&d, &middle, true, 0);
	rtp_video_feed(&d, &whole, true, 0);
	middle.timestamp = 60;
	rtp_video_feed(&d, &middle, true, 0);
	FEED(&d, 70, true, P);
	cr_expect(d.damaged_lost == 2 && d.damaged_broken == 0);
	expect(&d, "T50 41:3 | T70 41:3");
}

Test(rtp_video, loss_behind_a_marker_that_lies_is_loss_all_the_same)
{
	struct rtp_packet more = {.timestamp = 30, .payload = (const uint8_t *)P_MORE, .len = 4, .marker = true};
	struct rtp_video d;

	start(&d);
	for (uint32_t t = 10; t < 30; t += 10) {
		FEED(&d, t, true, P);
		FEED(&d, t, true, P_MORE);
	}
	FEED(&d, 30, true, P);
	rtp_video_feed(&d, &more, true, 0);
	FEED(&d, 40, true, P);
	FEED(&d, 50, true, P);
	cr_expect(d.damaged_lost == 1 && d.damaged_broken == 0);
	expect(&d, "T10 41:3 41:4 | T20 41:3 41:4 | T40 41:3");
}

Test(rtp_video, a_picture_behind_an_aggregate_with_its_timestamp)
{
	struct rtp_video d;

	start(&d);
	FEED(&d, 10, true, IDR);
	FEED(&d, 10, true, "\x18\0\5" SPS "\0\4" PPS "\0\5" IDR);
	FEED(&d, 10, true, "\x5c\xc1\x9a\1");
	FEED(&d, 10, true, P);
	cr_expect(!d.marker_lies);
	expect(&d, "T10 K 65:5 | T10 K 65:5 | T10 41:3 | T10 41:3");
}

Test(rtp_video, drops_what_does_not_belong)
{
	struct rtp_video d;

	start(&d);
	prove(&d);
	FEED(&d, 40, false, "\x19\0\0\0\3" P);  /* STAP-B */
	FEED(&d, 40, false, "\x1a\0\0");        /* MTAP16 */
	FEED(&d, 40, false, "\x1d\x81\x9a");    /* FU-B */
	FEED(&d, 40, false, "\x00\1");
	FEED(&d, 40, false, "\xc1\x9a");        /* forbidden_zero_bit */
	FEED(&d, 40, false, "");
	FEED(&d, 40, true, P);
	cr_expect_eq(d.dropped_nals, 6);
	expect(&d, "T40 41:3");
}

Test(rtp_video, takes_annexb_apart)
{
	struct rtp_video d;

	start(&d);
	prove(&d);
	FEED(&d, 40, true, SPS "\0\0\0\1" PPS "\0\0\1" IDR);
	cr_expect(d.set[RTP_SET_SPS].len == 5 && d.set[RTP_SET_PPS].len == 4);
	FEED(&d, 50, false, "\x7c\x87\x42\0\x1f\x95\0\0");
	FEED(&d, 50, false, "\x7c\x07\0\1" PPS "\0\0\0");
	FEED(&d, 50, true, "\x7c\x47\1" IDR);
	cr_expect_eq(d.sets, 2);
	/* Its own start codes at the front, and all in one fragment. */
	FEED(&d, 60, false, "\0\0\0\1" SPS "\0\0\0\1" PPS);
	FEED(&d, 60, true, "\x7c\xc7\x42\0\x1f\x95\0\0\0\1" PPS "\0\0\1" IDR "\0\0\1" "\x65\x40\1");
	cr_expect_eq(d.sets, 2);
	expect(&d, "T40 K 65:5 | T50 K 65:5 | T60 K 65:5 65:3");
}

Test(rtp_video, knows_a_pps_by_its_id)
{
	struct rtp_video d;

	start(&d);
	prove(&d);
	rtp_video_sets(&d, &(struct sdp_media){.sps = SPS, .sps_len = 5, .pps = PPS, .pps_len = 4});
	cr_expect_eq(d.sets, 2);
	FEED(&d, 40, false, PPS);
	FEED(&d, 40, false, "\x68\x5b\xcf\x20"); /* id 1: stays */
	FEED(&d, 40, true, IDR);
	cr_expect_eq(d.sets, 2);
	FEED(&d, 50, false, "\x68\xcf\x3c\x80"); /* id 0 anew */
	FEED(&d, 50, true, IDR);
	cr_expect_eq(d.sets, 3);
	expect(&d, "T40 K 68:4 65:5 | T50 K 65:5");
}

Test(rtp_video, memory_is_bounded)
{
	static uint8_t big[60000] = "\x5c\x01\xff";
	struct rtp_video d;

	memset(big + 2, 0xff, sizeof big - 2);
	start(&d);
	prove(&d);
	FEED(&d, 40, false, "\x5c\x81\x9a\1");
	for (int i = 0; i < 1000; i++)
		feed(&d, 40, false, big, sizeof big);
	cr_expect(d.damaged && d.own.buf.cap <= AU_MAX_BYTES);
	FEED(&d, 50, false, P);
	for (int i = 0; i < 5000; i++)
		FEED(&d, 50, false, SEI);
	cr_expect(d.damaged);
	FEED(&d, 60, true, P);
	FEED(&d, 70, true, P);
	cr_expect_eq(d.damaged_broken, 2);
	expect(&d, "T60 41:3 | T70 41:3");
}

Test(rtp_video, sets_of_the_stream_win_and_padding_changes_nothing)
{
	struct rtp_video d;

	start(&d);
	rtp_video_sets(&d, &(struct sdp_media){.sps = "\x67\x42\0\x1e\x95", .sps_len = 5, .pps = PPS, .pps_len = 4});
	cr_assert_eq(d.sets, 2);
	FEED(&d, 10, false, SPS "\0\0");
	FEED(&d, 10, false, PPS "\0");
	FEED(&d, 10, true, IDR);
	FEED(&d, 20, false, SPS "\0\0\0\0");
	FEED(&d, 20, true, IDR);
	FEED(&d, 30, true, P);
	cr_expect(d.sets == 3 && d.set[RTP_SET_SPS].len == 5 && d.set[RTP_SET_SPS].nal[3] == 0x1f);
	FEED(&d, 40, false, "\x67");
	FEED(&d, 40, true, P);
	cr_expect(d.sets == 3 && d.dropped_nals == 1);
	expect(&d, "T10 K 65:5 | T20 K 65:5 | T30 41:3 | T40 41:3");
}

Test(rtp_video, parameter_sets_too_large_are_dropped)
{
	static uint8_t big[SDP_SET_MAX + 1] = "\x67\x42";
	struct rtp_video d;

	memset(big + 2, 0xff, sizeof big - 2);
	start(&d);
	prove(&d);
	feed(&d, 40, false, big, sizeof big);
	FEED(&d, 40, true, P);
	cr_expect(d.set[RTP_SET_SPS].len == 0 && d.sets == 0 && d.dropped_nals == 1);
	expect(&d, "T40 41:3");
}

Test(rtp_video, the_end_gives_out_a_marked_picture)
{
	struct rtp_video d;

	start(&d);
	FEED(&d, 10, true, IDR);
	rtp_video_end(&d);
	FEED(&d, 20, false, P);
	rtp_video_end(&d);
	expect(&d, "T10 K 65:5");
}

/* H.265: TRAIL_R 02, IDR_W_RADL 26, CRA 2a, VPS 40, SPS 42, PPS 44, prefix SEI 4e; AP 60, FU 62. */
#define VPS5 "\x40\1\x0c\1"
#define SPS5 "\x42\1\1\1\x60"
#define PPS5 "\x44\1\xc1\x72\xb4"
#define IDR5 "\x26\1\xaf\x09"
#define P5 "\2\1\xd0\x09\x7e"
#define SEI5 "\x4e\1\5\x80"

static void start_h265(struct rtp_video *d)
{
	seen[0] = 0;
	rtp_video_init(d, CODEC_H265, note, NULL);
	FEED(d, 10, true, IDR5);
	FEED(d, 20, true, P5);
	FEED(d, 30, true, P5);
	cr_assert_str_eq(seen, "T10 K 26:4 | T20 02:5 | T30 02:5");
	seen[0] = 0;
}

Test(rtp_video, h265_comes_single_together_and_in_pieces)
{
	struct rtp_video d;

	start_h265(&d);
	FEED(&d, 40, false, "\x60\1\0\4" VPS5 "\0\5" SPS5 "\0\5" PPS5);
	FEED(&d, 40, true, "\x60\1\0\4" SEI5 "\0\4" IDR5);
	FEED(&d, 50, false, "\x62\1\x81\xd0\1");
	FEED(&d, 50, false, "\x62\1\1\2\3");
	FEED(&d, 50, true, "\x62\1\x41\4");
	FEED(&d, 60, false, P5);
	FEED(&d, 60, true, "\2\1\x20\x09");
	FEED(&d, 70, true, "\x2a\1\x80\1");
	FEED(&d, 80, true, "\x62\1\xd5\xaf\1");
	cr_expect(d.sets == 3 && d.dropped_nals == 0 && d.damaged_broken == 0);
	cr_expect(d.set[RTP_SET_VPS].len == 4 && d.set[RTP_SET_SPS].len == 5 && d.set[RTP_SET_PPS].len == 5);
	expect(&d, "T40 K 4e:4 26:4 | T50 02:7 | T60 02:5 02:4 | T70 K 2a:4 | T80 K 2a:4");
}

Test(rtp_video, h265_drops_what_does_not_belong)
{
	static const struct {
		const char *what, *bytes;
		size_t n;
	} cases[] = {
#define CASE(what, b) {what, b, sizeof(b) - 1}
		CASE("half a header", "\2"),
		CASE("forbidden bit", "\x82\1\x80"),
		CASE("temporal id 0", "\2\0\x80"),
		CASE("another layer", "\2\x09\x80"),
		CASE("another layer", "\3\1\x80"),
		CASE("PACI", "\x64\1\0\0\0"),
		CASE("unspecified", "\x7e\1\0\0\0"),
		CASE("an aggregate's half length", "\x60\1\0"),
		CASE("an aggregate's length past the end", "\x60\1\0\4\2\1\x80"),
		CASE("an aggregate's empty unit", "\x60\1\0\0"),
		CASE("an aggregate inside an aggregate", "\x60\1\0\4" "\x60\1\0\1"),
		CASE("a fragment inside an aggregate", "\x60\1\0\4" "\x62\1\x81\1"),
#undef CASE
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtp_video d;
		uint8_t *exact = malloc(cases[i].n);

		memcpy(exact, cases[i].bytes, cases[i].n);
		start_h265(&d);
		feed(&d, 40, false, exact, cases[i].n);
		FEED(&d, 40, true, P5);
		cr_expect(d.dropped_nals == 1 && d.damaged_broken == 0, "%s", cases[i].what);
		expect(&d, "T40 02:5");
		free(exact);
	}
}

Test(rtp_video, h265_fragments_that_are_wrong_cost_their_picture_only)
{
	static const struct {
		const char *what;
		struct { const char *bytes; size_t n; } packet[3];
	} cases[] = {
#define B(b) {b, sizeof(b) - 1}
		{"no start", {B("\x62\1\1\xd0"), B("\x62\1\x41\2")}},
		{"never an end", {B("\x62\1\x81\xd0"), B("\x62\1\1\2")}},
		{"a second start", {B("\x62\1\x81\xd0"), B("\x62\1\x81\xd0"), B("\x62\1\x41\2")}},
		{"a whole unit in between", {B("\x62\1\x81\xd0"), B(P5), B("\x62\1\x41\2")}},
		{"no header", {B("\x62\1")}},
#undef B
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtp_video d;

		start_h265(&d);
		for (int k = 0; k < 3 && cases[i].packet[k].n; k++)
			feed(&d, 40, k == 2 || !cases[i].packet[k + 1].n, cases[i].packet[k].bytes, cases[i].packet[k].n);
		FEED(&d, 50, true, P5);
		FEED(&d, 60, true, P5);
		cr_expect_eq(d.damaged_broken, 1, "%s", cases[i].what);
		cr_expect(strstr(seen, "T50 02:5 | T60 02:5") == seen, "%s: %s", cases[i].what, seen);
		rtp_video_free(&d);
	}
}

Test(rtp_video, h265_ends_pictures_by_what_begins)
{
	struct rtp_video d;

	start_h265(&d);
	FEED(&d, 40, true, P5);
	FEED(&d, 40, true, "\2\1\x20\x09");      /* its second slice: the marker came too early */
	FEED(&d, 50, true, P5);
	FEED(&d, 50, true, "\2\1\x20\x09");
	FEED(&d, 60, true, P5);
	cr_expect(d.marker_lies && d.damaged_broken == 1);
	expect(&d, "T40 02:5 | T50 02:5 02:4");
}
