/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "net/rtp_aac.h"

/* "100:3 1124:2": timestamp and size of each frame. */
static char seen[1024];

static void note(void *ctx, const struct rtp_audio_frame *f)
{
	size_t at = strlen(seen);

	snprintf(seen + at, sizeof seen - at, "%s%u:%zu", at ? " " : "", f->timestamp, f->len);
}

static void feed(struct rtp_aac *d, uint32_t timestamp, const void *payload, size_t n, bool lost)
{
	struct rtp_packet p = {.payload_type = 97, .timestamp = timestamp, .payload = payload, .len = n};

	rtp_aac_feed(d, &p, lost, 0);
}

#define FEED(d, t, bytes) feed(d, t, bytes, sizeof(bytes) - 1, false)

static void start(struct rtp_aac *d)
{
	seen[0] = 0;
	rtp_aac_init(d, 1024, note, NULL);
}

static void expect(struct rtp_aac *d, const char *text, uint64_t dropped)
{
	cr_expect_str_eq(seen, text, "\"%s\" instead of \"%s\"", seen, text);
	cr_expect_eq(d->dropped, dropped);
	rtp_aac_free(d);
}

Test(rtp_aac, gives_out_one_or_several_frames)
{
	struct rtp_aac d;

	start(&d);
	FEED(&d, 100, "\0\x10\0\x18" "abc");
	FEED(&d, 5000, "\0\x30\0\x18\0\x10\0\x08" "abcdef");
	expect(&d, "100:3 5000:3 6024:2 7048:1", 0);
}

Test(rtp_aac, joins_fragments)
{
	struct rtp_aac d;

	start(&d);
	FEED(&d, 100, "\0\x10\0\x40" "abc");
	FEED(&d, 100, "\0\x10\0\x40" "def");
	FEED(&d, 100, "\0\x10\0\x40" "gh");
	FEED(&d, 1124, "\0\x10\0\x08" "z");
	expect(&d, "100:8 1124:1", 0);
}

Test(rtp_aac, incomplete_frames_are_dropped)
{
	struct rtp_aac d;

	start(&d);
	FEED(&d, 100, "\0\x10\0\x40" "abc");
	FEED(&d, 1124, "\0\x10\0\x08" "z");      /* the rest never came */
	FEED(&d, 2148, "\0\x10\0\x40" "abc");
	feed(&d, 2148, "\0\x10\0\x40" "defgh", 9, true);
	FEED(&d, 3172, "\0\x10\0\x40" "abc");
	FEED(&d, 3172, "\0\x10\0\x40" "defghijkl"); /* more than it said */
	FEED(&d, 4196, "\0\x10\0\x08" "z");
	expect(&d, "1124:1 4196:1", 4);
}

Test(rtp_aac, what_is_wrong_is_dropped_whole)
{
	static const struct {
		const char *what, *bytes;
		size_t n;
	} cases[] = {
#define CASE(what, b) {what, b, sizeof(b) - 1}
		CASE("empty", ""),
		CASE("one byte", "\0"),
		CASE("no headers", "\0\0" "abc"),
		CASE("headers past the end", "\0\x20\0\x18" "a"),
		CASE("not 16 bits a header", "\0\x0f\0\x18" "abc"),
		CASE("65 headers", "\4\x10" "abcdefgh"),
		CASE("size 0", "\0\x10\0\0" "abc"),
		CASE("second size past the end", "\0\x20\0\x18\0\x18" "abcd"),
		CASE("interleaved", "\0\x20\0\x08\0\x09" "ab"),
		CASE("first index set", "\0\x10\0\x0f" "a"),
#undef CASE
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtp_aac d;

		start(&d);
		feed(&d, 100, cases[i].bytes, cases[i].n, false);
		cr_expect_eq(d.dropped, 1, "%s", cases[i].what);
		FEED(&d, 1124, "\0\x10\0\x08" "z");
		expect(&d, "1124:1", 1);
	}
}
