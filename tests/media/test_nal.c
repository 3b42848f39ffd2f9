/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "media/bits.h"
#include "media/nal.h"

Test(bits, exp_golomb_codes)
{
	/* 1 010 011 00100 0001000 then 00000 */
	const uint8_t p[] = {0xa6, 0x42, 0x00};
	struct bits b = bits_init(p, sizeof p);

	cr_assert_eq(bits_ue(&b), 0);
	cr_assert_eq(bits_ue(&b), 1);
	cr_assert_eq(bits_ue(&b), 2);
	cr_assert_eq(bits_ue(&b), 3);
	b.at = 1;
	cr_assert_eq(bits_se(&b), 1);
	cr_assert_eq(bits_se(&b), -1);
	cr_assert_eq(bits_se(&b), 2);
	cr_assert(!b.bad);
}

Test(bits, longest_code_and_one_longer)
{
	const uint8_t longest[] = {0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe, 0xff};
	const uint8_t longer[] = {0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0xff};
	struct bits b = bits_init(longest, sizeof longest);

	cr_assert_eq(bits_ue(&b), 0xfffffffe);
	cr_assert(!b.bad && b.at == 63);
	b.at = 0;
	cr_assert_eq(bits_se(&b), -0x7fffffff);
	b = bits_init(longer, sizeof longer);
	cr_assert_eq(bits_ue(&b), 0);
	cr_assert(b.bad);
	cr_assert_eq(bits_get(&b, 1), 0, "it stays bad");
}

Test(bits, stays_bad_after_the_end)
{
	const uint8_t p[] = {0xff, 0xff};
	struct bits b = bits_init(p, sizeof p);

	cr_assert_eq(bits_get(&b, 12), 0xfff);
	cr_assert_eq(bits_get(&b, 5), 0);
	cr_assert(b.bad);
	cr_assert_eq(bits_get(&b, 1), 0);
	b = bits_init(p, 2);
	bits_skip(&b, SIZE_MAX);
	cr_assert(b.bad);
	b = bits_init(p, 0);
	cr_assert_eq(bits_ue(&b), 0);
	cr_assert(b.bad);
}

Test(nal, length_prefixed)
{
	static const struct { uint8_t p[12]; size_t n; int units, last; } cases[] = {
		{{0}, 0, 0, 0},
		{{0, 0, 0, 2, 0x65, 1, 0, 0, 0, 1, 0x41}, 11, 2, 0},
		{{0, 0, 0, 0}, 4, 0, -EBADMSG},
		{{0, 0, 0, 2, 0x65}, 5, 0, -EBADMSG},
		{{0, 0, 0, 1, 0x65, 0, 0}, 7, 1, -EBADMSG},
		{{0xff, 0xff, 0xff, 0xff, 0x65}, 5, 0, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rd r = rd_init(cases[i].p, cases[i].n);
		const uint8_t *nal;
		int units = 0, rc;
		size_t n;

		while ((rc = nal_next(&r, &nal, &n)) == 1)
			units++;
		cr_assert_eq(units, cases[i].units, "case %zu", i);
		cr_assert_eq(rc, cases[i].last, "case %zu", i);
	}
}

Test(nal, annex_b)
{
	static const struct { const char *bytes; size_t n; const char *units; } cases[] = {
		{"", 0, ""},
		{"\0\0\1", 3, ""},
		{"\0\0\1A", 4, "A|"},
		{"\0\0\0\1A\0\0\0\1BC", 11, "A|BC|"},
		{"junk\0\0\1AB\0\0\0\0\0\0\1C", 17, "AB|C|"},
		{"\0\0\1\0\0\1\0\0\1A", 10, "A|"},
		{"\0\0\1A\0\0", 6, "A|"},
		{"\0\0\1A\0\1B", 7, "A.\1B|"},
		{"\0\0\0\0\0", 5, ""},
		{"no start code", 13, ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rd r = rd_init(cases[i].bytes, cases[i].n);
		char seen[64] = "";
		const uint8_t *nal;
		size_t n, at = 0;

		while (nal_next_annexb(&r, &nal, &n) == 1) {
			for (size_t k = 0; k < n; k++)
				seen[at++] = nal[k] ? (char)nal[k] : '.';
			seen[at++] = '|';
		}
		cr_assert_str_eq(seen, cases[i].units, "case %zu: %s", i, seen);
	}
}

Test(nal, takes_emulation_prevention_out)
{
	static const struct { uint8_t in[10]; size_t n; uint8_t out[10]; size_t nout; } cases[] = {
		{{1, 0, 0, 3, 1}, 5, {1, 0, 0, 1}, 4},
		{{0, 0, 3, 0, 0, 3}, 6, {0, 0, 0, 0}, 4},
		{{0, 0, 0, 3}, 4, {0, 0, 0}, 3},
		{{0, 3, 0, 3}, 4, {0, 3, 0, 3}, 4},
		{{0, 0, 3, 3}, 4, {0, 0, 3}, 3},
	};
	uint8_t out[10];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_assert_eq(nal_unescape(cases[i].in, cases[i].n, out, sizeof out), cases[i].nout, "case %zu", i);
		cr_assert_arr_eq(out, cases[i].out, cases[i].nout);
	}
	cr_assert_eq(nal_unescape(cases[0].in, cases[0].n, out, 2), 2, "bounded by the room");
}
