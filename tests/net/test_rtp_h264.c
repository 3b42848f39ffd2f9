/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "media/au.h"
#include "media/nal.h"
#include "net/rtp_h264.h"

/* What came out, as text: "T100 K 65:5 | T200 41:3" (timestamp, key, each unit's first byte and size). */
static char seen[8192];
static uint16_t sequence;

static void note(void *ctx, const struct rtp_h264_au *au)
{
	struct rd r = rd_init(au->data, au->len);
	const uint8_t *nal;
	size_t n, at = strlen(seen);

	at += (size_t)snprintf(seen + at, sizeof seen - at, "%sT%u%s", at ? " | " : "", au->timestamp, au->idr ? " K" : "");
	while (nal_next(&r, &nal, &n) == 1 && at < sizeof seen - 32)
		at += (size_t)snprintf(seen + at, sizeof seen - at, " %02x:%zu", nal[0], n);
	cr_assert_eq(rd_left(&r), 0);
}

static void start(struct rtp_h264 *d)
{
	seen[0] = 0;
	rtp_h264_init(d, note, NULL);
}

static void feed(struct rtp_h264 *d, uint32_t timestamp, bool marker, const void *payload, size_t n)
{
	struct rtp_packet p = {.marker = marker, .payload_type = 96, .sequence = sequence++, .timestamp = timestamp,
		.payload = payload, .len = n};

	rtp_h264_feed(d, &p, false, timestamp);
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
static void prove(struct rtp_h264 *d)
{
	FEED(d, 10, true, IDR);
	FEED(d, 20, true, P);
	FEED(d, 30, true, P);
	cr_assert_str_eq(seen, "T10 K 65:5 | T20 41:3 | T30 41:3");
	seen[0] = 0;
}

static void expect(struct rtp_h264 *d, const char *text)
{
	cr_expect_str_eq(seen, text, "\"%s\" instead of \"%s\"", seen, text);
	rtp_h264_free(d);
}

Test(rtp_h264, ends_at_the_timestamp_until_the_marker_is_proved)
{
	struct rtp_h264 d;

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

Test(rtp_h264, does_without_markers)
{
	struct rtp_h264 d;

	start(&d);
	FEED(&d, 10, false, IDR);
	FEED(&d, 10, false, "\x65\x40\1");
	FEED(&d, 20, false, P);
	FEED(&d, 30, false, P);
	expect(&d, "T10 K 65:5 65:3 | T20 41:3");
}

Test(rtp_h264, survives_a_marker_on_every_slice)
{
	struct rtp_h264 d;

	start(&d);
	for (uint32_t t = 10; t < 50; t += 10) {
		FEED(&d, t, true, P);
		FEED(&d, t, true, P_MORE);
	}
	cr_expect(d.marker_lies);
	expect(&d, "T10 41:3 41:4 | T20 41:3 41:4 | T30 41:3 41:4");
}

Test(rtp_h264, stops_believing_a_marker_that_turns_wrong)
{
	struct rtp_h264 d;

	start(&d);
	prove(&d);
	FEED(&d, 40, true, P);
	FEED(&d, 40, true, P_MORE);
	FEED(&d, 50, true, P);
	FEED(&d, 50, true, P_MORE);
	FEED(&d, 60, true, P);
	cr_expect(d.marker_lies && d.damaged_aus == 1);
	expect(&d, "T40 41:3 | T50 41:3 41:4");
}

Test(rtp_h264, ignores_a_marker_before_the_picture)
{
	struct rtp_h264 d;

	start(&d);
	prove(&d);
	FEED(&d, 40, true, SPS);
	FEED(&d, 40, true, PPS);
	FEED(&d, 40, true, SEI);
	FEED(&d, 40, true, IDR);
	cr_expect(!d.marker_lies && d.sps_len == 5 && d.pps_len == 4 && d.sets == 2);
	expect(&d, "T40 K 06:5 65:5");
}

Test(rtp_h264, keeps_sei_of_an_earlier_timestamp)
{
	struct rtp_h264 d;

	start(&d);
	prove(&d);
	FEED(&d, 39, true, SEI);
	FEED(&d, 40, true, P);
	expect(&d, "T40 06:5 41:3");
}

Test(rtp_h264, tells_pictures_of_one_timestamp_apart_by_the_marker)
{
	struct rtp_h264 d;

	start(&d);
	FEED(&d, 10, true, P);
	FEED(&d, 10, true, P);
	FEED(&d, 10, true, P);
	FEED(&d, 10, true, P);
	expect(&d, "T10 41:3 | T10 41:3 | T10 41:3 | T10 41:3");
}

Test(rtp_h264, opens_stap_a)
{
	struct rtp_h264 d;

	start(&d);
	prove(&d);
	FEED(&d, 40, false, "\x18\0\5" SPS "\0\4" PPS);
	FEED(&d, 40, true, "\x18\0\5" SEI "\0\5" IDR);
	cr_expect(d.sets == 2 && d.dropped_nals == 0);
	expect(&d, "T40 K 06:5 65:5");
}

Test(rtp_h264, stap_a_never_reads_over_its_end)
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
		struct rtp_h264 d;
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

Test(rtp_h264, joins_fragments)
{
	struct rtp_h264 d;

	start(&d);
	prove(&d);
	FEED(&d, 40, false, "\x7c\x85\x88\1\2");
	FEED(&d, 40, false, "\x7c\x05\3\4");
	FEED(&d, 40, false, "\x7c\x05");
	FEED(&d, 40, true, "\x7c\x45\5");
	expect(&d, "T40 K 65:7");
}

Test(rtp_h264, fragments_that_are_wrong_cost_their_picture_only)
{
	static const struct {
		const char *what;
		struct { const char *bytes; size_t n; } packet[3];
	} cases[] = {
#define B(b) {b, sizeof(b) - 1}
		{"start and end both set", {B("\x5c\xc1\x9a\1"), B("\x5c\x41\2")}},
		{"no start", {B("\x5c\x01\x9a\1"), B("\x5c\x41\2")}},
		{"only an end", {B("\x5c\x41\x9a\1")}},
		{"type changes midway", {B("\x5c\x81\x9a\1"), B("\x7c\x05\2"), B("\x5c\x41\3")}},
		{"type changes at the end", {B("\x5c\x81\x9a\1"), B("\x5c\x01\2"), B("\x5c\x42\3")}},
		{"never an end", {B("\x5c\x81\x9a\1"), B("\x5c\x01\2"), B("\x5c\x01\2")}},
		{"a second start", {B("\x5c\x81\x9a\1"), B("\x5c\x81\x9a\2"), B("\x5c\x41\2")}},
		{"a whole unit in between", {B("\x5c\x81\x9a\1"), B(P), B("\x5c\x41\2")}},
		{"no header", {B("\x5c")}},
#undef B
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtp_h264 d;

		start(&d);
		prove(&d);
		for (int k = 0; k < 3 && cases[i].packet[k].n; k++)
			feed(&d, 40, k == 2 || !cases[i].packet[k + 1].n, cases[i].packet[k].bytes, cases[i].packet[k].n);
		FEED(&d, 50, true, P);
		FEED(&d, 60, true, P);
		cr_expect_eq(d.damaged_aus, 1, "%s", cases[i].what);
		cr_expect(strstr(seen, "T50 41:3 | T60 41:3") == seen, "%s: %s", cases[i].what, seen);
		rtp_h264_free(&d);
	}
}

Test(rtp_h264, a_lost_packet_costs_its_picture_only)
{
	struct rtp_packet middle = {.timestamp = 40, .payload = (const uint8_t *)P_MORE, .len = 4, .marker = true};
	struct rtp_packet whole = {.timestamp = 50, .payload = (const uint8_t *)P, .len = 3, .marker = true};
	struct rtp_h264 d;

	start(&d);
	prove(&d);
	FEED(&d, 40, false, P);
	rtp_h264_feed(&d, &middle, true, 0);
	rtp_h264_feed(&d, &whole, true, 0);
	middle.timestamp = 60;
	rtp_h264_feed(&d, &middle, true, 0);
	FEED(&d, 70, true, P);
	cr_expect_eq(d.damaged_aus, 2);
	expect(&d, "T50 41:3 | T70 41:3");
}

Test(rtp_h264, drops_what_does_not_belong)
{
	struct rtp_h264 d;

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

Test(rtp_h264, takes_annexb_apart)
{
	struct rtp_h264 d;

	start(&d);
	prove(&d);
	FEED(&d, 40, true, SPS "\0\0\0\1" PPS "\0\0\1" IDR);
	cr_expect(d.sps_len == 5 && d.pps_len == 4);
	FEED(&d, 50, false, "\x7c\x87\x42\0\x1f\x95\0\0");
	FEED(&d, 50, false, "\x7c\x07\0\1" PPS "\0\0\0");
	FEED(&d, 50, true, "\x7c\x47\1" IDR);
	cr_expect_eq(d.sets, 2);
	expect(&d, "T40 K 65:5 | T50 K 65:5");
}

Test(rtp_h264, knows_a_pps_by_its_id)
{
	struct rtp_h264 d;

	start(&d);
	prove(&d);
	rtp_h264_sets(&d, (const uint8_t *)SPS, 5, (const uint8_t *)PPS, 4);
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

Test(rtp_h264, memory_is_bounded)
{
	static uint8_t big[60000] = "\x5c\x01\xff";
	struct rtp_h264 d;

	memset(big + 2, 0xff, sizeof big - 2);
	start(&d);
	prove(&d);
	FEED(&d, 40, false, "\x5c\x81\x9a\1");
	for (int i = 0; i < 1000; i++)
		feed(&d, 40, false, big, sizeof big);
	cr_expect(d.damaged && d.au.cap <= AU_MAX_BYTES);
	FEED(&d, 50, false, P);
	for (int i = 0; i < 5000; i++)
		FEED(&d, 50, false, SEI);
	cr_expect(d.damaged);
	FEED(&d, 60, true, P);
	FEED(&d, 70, true, P);
	cr_expect_eq(d.damaged_aus, 2);
	expect(&d, "T60 41:3 | T70 41:3");
}

Test(rtp_h264, parameter_sets_too_large_are_dropped)
{
	static uint8_t big[SDP_SET_MAX + 1] = "\x67\x42";
	struct rtp_h264 d;

	memset(big + 2, 0xff, sizeof big - 2);
	start(&d);
	prove(&d);
	feed(&d, 40, false, big, sizeof big);
	FEED(&d, 40, true, P);
	cr_expect(d.sps_len == 0 && d.sets == 0 && d.dropped_nals == 1);
	expect(&d, "T40 41:3");
}

Test(rtp_h264, the_end_gives_out_a_marked_picture)
{
	struct rtp_h264 d;

	start(&d);
	FEED(&d, 10, true, IDR);
	rtp_h264_end(&d);
	FEED(&d, 20, false, P);
	rtp_h264_end(&d);
	expect(&d, "T10 K 65:5");
}
