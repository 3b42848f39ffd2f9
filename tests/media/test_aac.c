/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "media/aac.h"
#include "media/codec_string.h"

Test(aac, reads_configurations)
{
	static const struct { uint8_t asc[8]; size_t n; int rc; struct aac_config c; } cases[] = {
		{{0x12, 0x10}, 2, 0, {2, 2, 1024, 44100}},
		{{0x11, 0x88}, 2, 0, {2, 1, 1024, 48000}},
		{{0x14, 0x08}, 2, 0, {2, 1, 1024, 16000}},
		{{0x15, 0x88}, 2, 0, {2, 1, 1024, 8000}},
		{{0x11, 0x94}, 2, 0, {2, 2, 960, 48000}},
		{{0x11, 0xb8}, 2, 0, {2, 8, 1024, 48000}},
		{{0x11, 0x90, 0x56, 0xe5, 0x00}, 5, 0, {2, 2, 1024, 48000}},         /* SBR hint behind it */
		{{0x2b, 0x11, 0x88, 0x00}, 4, 0, {5, 2, 1024, 24000}},               /* SBR said first */
		{{0x17, 0x80, 0x1f, 0x40, 0x08}, 5, 0, {2, 1, 1024, 16000}},
		{{0x17, 0x80, 0x09, 0xc4, 0x08}, 5, -EBADMSG, {0}},                        /* 5000 Hz */
		{{0x12}, 1, -EBADMSG, {0}},
		{{0}, 0, -EBADMSG, {0}},
		{{0x16, 0x90}, 2, -EBADMSG, {0}},                                    /* reserved rate index */
		{{0x12, 0x00}, 2, -ENOTSUP, {0}},                                    /* channels by program config element */
		{{0x12, 0x40}, 2, -ENOTSUP, {0}},                                    /* reserved channels */
		{{0xf9, 0x46, 0x20}, 3, -ENOTSUP, {0}},                              /* escaped object type */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct aac_config c = {.rate = 1};
		int rc = aac_parse(cases[i].asc, cases[i].n, &c);

		cr_assert_eq(rc, cases[i].rc, "case %zu: %d", i, rc);
		if (rc) {
			cr_assert_eq(c.rate, 1, "untouched on failure");
			continue;
		}
		cr_assert(c.object_type == cases[i].c.object_type && c.channels == cases[i].c.channels, "case %zu", i);
		cr_assert(c.frame_samples == cases[i].c.frame_samples && c.rate == cases[i].c.rate, "case %zu: %u", i, c.rate);
	}
}

Test(aac, reads_what_it_built)
{
	static const uint32_t rates[] = {96000, 88200, 48000, 44100, 22050, 16000, 11025, 8000, 7350, 15999, 50000};

	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
		for (uint8_t channels = 0; channels <= 9; channels++) {
			uint8_t asc[5];
			struct aac_config c;
			int n = aac_build(rates[i], channels, asc);

			if (channels == 0 || channels == 7 || channels == 9) {
				cr_assert_eq(n, -EINVAL);
				continue;
			}
			cr_assert_eq(n, i < 9 ? 2 : 5);
			cr_assert_eq(aac_parse(asc, (size_t)n, &c), 0);
			cr_assert(c.object_type == AAC_LC && c.rate == rates[i] && c.channels == channels && c.frame_samples == 1024);
		}
	cr_assert_eq(aac_build(5000, 1, (uint8_t[5]){0}), -EINVAL);
	cr_assert_eq(aac_build(192000, 1, (uint8_t[5]){0}), -EINVAL);
}

Test(aac, builds_a_track)
{
	uint8_t asc[AAC_CONFIG_MAX + 1] = {0x11, 0x90};
	char name[CODEC_STRING_MAX];
	struct track t;

	cr_assert_eq(aac_track(asc, 2, &t), 0);
	cr_assert(t.codec == CODEC_AAC && t.timescale == 48000 && t.rate == 48000 && t.channels == 2 && t.config_len == 2);
	codec_string(&t, name);
	cr_assert_str_eq(name, "mp4a.40.2");
	cr_assert_eq(aac_track(asc, sizeof asc, &t), -EBADMSG);
	t.codec = CODEC_NONE;
	codec_string(&t, name);
	cr_assert_str_eq(name, "");
}
