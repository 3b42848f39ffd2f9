/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtp_audio.h"

/* "100:3/24": timestamp, bytes and duration of each frame. */
static char seen[1024];
static const char *why;

static void note(void *ctx, const struct rtp_audio_frame *f)
{
	size_t at = strlen(seen);

	snprintf(seen + at, sizeof seen - at, "%s%u:%zu/%u", at ? " " : "", f->timestamp, f->len, f->duration);
}

static void start(struct rtp_audio *d, struct sdp_media m)
{
	struct track t;

	seen[0] = 0;
	m.kind = SDP_AUDIO;
	cr_assert_eq(rtp_audio_track(&m, &t, &why), 0);
	rtp_audio_init(d, &t, note, NULL);
}

static void feed(struct rtp_audio *d, uint32_t timestamp, const void *payload, size_t n)
{
	uint8_t *exact = malloc(n);
	struct rtp_packet p = {.timestamp = timestamp, .payload = exact, .len = n};

	if (n)
		memcpy(exact, payload, n);
	rtp_audio_feed(d, &p, false, 0);
	free(exact);
}

static void expect(struct rtp_audio *d, const char *text, uint64_t dropped)
{
	cr_expect_str_eq(seen, text, "\"%s\" instead of \"%s\"", seen, text);
	cr_expect_eq(rtp_audio_dropped(d), dropped);
	rtp_audio_free(d);
}

Test(rtp_audio, samples_are_frames_by_the_packet)
{
	static const uint8_t bytes[65536];
	static const struct {
		struct sdp_media media;
		size_t n;
		const char *out;
	} cases[] = {
		{{.codec = CODEC_PCMU, .clock_rate = 8000, .channels = 1}, 160, "7:160/160"},
		{{.codec = CODEC_PCMA, .clock_rate = 16000, .channels = 2}, 641, "7:640/320"},
		{{.codec = CODEC_PCMA, .clock_rate = 8000, .channels = 1}, 8000, "7:8000/8000"},
		{{.codec = CODEC_PCMA, .clock_rate = 8000, .channels = 1}, 8001, ""},
		{{.codec = CODEC_PCMA, .clock_rate = 8000, .channels = 2}, 1, ""},
		{{.codec = CODEC_PCMA, .clock_rate = 8000, .channels = 1}, 0, ""},
		{{.codec = CODEC_L16, .clock_rate = 44100, .channels = 2}, 1764, "7:1764/441"},
		{{.codec = CODEC_L16, .clock_rate = 44100, .channels = 2}, 1767, "7:1764/441"},
		{{.codec = CODEC_L16, .clock_rate = 8000, .channels = 1}, 1, ""},
		{{.codec = CODEC_L16, .clock_rate = 8000, .channels = 2}, 65535, ""},
		{{.codec = CODEC_G726, .clock_rate = 8000, .channels = 1, .g726_bits = 2}, 40, "7:40/160"},
		{{.codec = CODEC_G726, .clock_rate = 8000, .channels = 1, .g726_bits = 3}, 60, "7:60/160"},
		{{.codec = CODEC_G726, .clock_rate = 8000, .channels = 1, .g726_bits = 4}, 80, "7:80/160"},
		{{.codec = CODEC_G726, .clock_rate = 8000, .channels = 1, .g726_bits = 5}, 100, "7:100/160"},
		{{.codec = CODEC_G726, .clock_rate = 8000, .channels = 1, .g726_bits = 2}, 65535, ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtp_audio d;

		start(&d, cases[i].media);
		feed(&d, 7, bytes, cases[i].n);
		expect(&d, cases[i].out, cases[i].out[0] == 0);
	}
}

Test(rtp_audio, opus_is_held_against_its_framing)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *out;
	} cases[] = {
#define CASE(b, out) {b, sizeof(b) - 1, out}
		CASE("\xfc" "abc", "7:4/960"),            /* CELT, 20 ms */
		CASE("\xfc", "7:1/960"),                  /* nothing to say */
		CASE("\x1b\3" "abc", ""),                 /* SILK, three times 60 ms: more than 120 */
		CASE("\x19" "abcd", "7:5/5760"),          /* twice 60 ms */
		CASE("\x19" "abc", ""),                   /* two halves of three bytes */
		CASE("\xfe\5" "abc", ""),                 /* the first frame past the end */
		CASE("\xff", ""),
		CASE("\xff\0", ""),
		CASE("\xff\x3f" "abc", ""),
		CASE("", ""),
#undef CASE
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtp_audio d;

		start(&d, (struct sdp_media){.codec = CODEC_OPUS, .clock_rate = 48000, .channels = 2});
		feed(&d, 7, cases[i].bytes, cases[i].n);
		expect(&d, cases[i].out, cases[i].out[0] == 0);
	}
}

Test(rtp_audio, aac_goes_its_own_way)
{
	struct rtp_audio d;

	start(&d, (struct sdp_media){.codec = CODEC_AAC, .clock_rate = 48000, .channels = 2});
	feed(&d, 100, "\0\x20\0\x18\0\x10" "abcde", 11);
	feed(&d, 5000, "\0\x20", 2);
	cr_expect(d.track.config_len == 2 && d.track.timescale == 48000);
	expect(&d, "100:3/1024 1124:2/1024", 1);
	/* HE-AAC: the config's rate is the core's, the clock twice that (AOT 5, 24000, mono, 48000, AOT 2). */
	start(&d, (struct sdp_media){.codec = CODEC_AAC, .clock_rate = 48000, .channels = 1, .config = "\x2b\x09\x88", .config_len = 3});
	feed(&d, 100, "\0\x20\0\x18\0\x10" "abcde", 11);
	cr_expect(d.track.timescale == 48000 && d.track.rate == 24000);
	expect(&d, "100:3/2048 2148:2/2048", 0);
}

Test(rtp_audio, tracks_are_what_the_description_says)
{
	static const struct {
		struct sdp_media media;
		int rc;
	} cases[] = {
		{{.codec = CODEC_AAC, .clock_rate = 16000, .config = "\x14\x08", .config_len = 2}, 0},
		{{.codec = CODEC_AAC, .clock_rate = 16000, .config = "\x11\x90", .config_len = 2}, -EBADMSG},
		{{.codec = CODEC_AAC, .clock_rate = 1000}, -ENOTSUP},
		{{.codec = CODEC_AAC, .clock_rate = 16000, .config = "\xff\xff", .config_len = 2}, -ENOTSUP},
		{{.codec = CODEC_OPUS, .clock_rate = 48000, .channels = 3}, -ENOTSUP},
		{{.codec = CODEC_G726, .clock_rate = 8000, .channels = 1}, -EBADMSG},
		{{.codec = CODEC_PCMA, .clock_rate = 8000}, -EBADMSG},
		{{.codec = CODEC_NONE}, -ENOTSUP},
		{{.codec = CODEC_H264, .clock_rate = 90000}, -ENOTSUP},
		{{.codec = CODEC_G726, .clock_rate = 8000, .channels = 1, .g726_bits = 4, .g726_aal2 = true}, 0},
	};
	struct track t;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		t.codec = CODEC_COUNT;
		why = NULL;
		cr_expect_eq(rtp_audio_track(&cases[i].media, &t, &why), cases[i].rc, "case %zu", i);
		cr_expect_eq(t.codec, cases[i].rc ? CODEC_COUNT : cases[i].media.codec, "case %zu", i);
		cr_expect_eq(!!why, !!cases[i].rc, "case %zu", i);
	}
	cr_expect(t.profile == 4 && t.compat == 1 && t.rate == 8000 && t.channels == 1 && t.timescale == 8000);
}
