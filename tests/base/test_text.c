/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "base/text.h"

Test(text, u64_is_strict)
{
	static const struct { const char *s; uint64_t max; int rc; uint64_t v; } c[] = {
		{"0", 10, 0, 0}, {"10", 10, 0, 10}, {"11", 10, -ERANGE, 0}, {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, -ERANGE, 0}, {"", 10, -EINVAL, 0}, {"01", 10, -EINVAL, 0}, {"+5", 10, -EINVAL, 0},
		{" 5", 10, -EINVAL, 0}, {"5 ", 10, -EINVAL, 0}, {"0x5", 10, -EINVAL, 0}, {"-1", 10, -EINVAL, 0},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		uint64_t v = 0;

		cr_assert_eq(text_u64(c[i].s, strlen(c[i].s), c[i].max, &v), c[i].rc, "\"%s\"", c[i].s);
		cr_assert_eq(v, c[i].v);
	}
}

Test(text, base64_of_rfc_4648_10)
{
	static const struct { const char *plain, *code; } c[] = {
		{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
	};
	static const char *const bad[] = {"Zg=", "Zg", "Z===", "Zh==", "Zm9=", "Zm9v\n", "Z-9v", "====", "Zg==Zg=="};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		char text[32];
		uint8_t back[32];
		size_t n;

		cr_assert_eq(base64_encode(c[i].plain, strlen(c[i].plain), text), strlen(c[i].code));
		cr_assert_str_eq(text, c[i].code);
		cr_assert_eq(base64_decode(text, strlen(text), back, sizeof back, &n), 0);
		cr_assert(n == strlen(c[i].plain) && !memcmp(back, c[i].plain, n));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint8_t back[32];
		size_t n;

		cr_assert_eq(base64_decode(bad[i], strlen(bad[i]), back, sizeof back, &n), -EINVAL, "%s", bad[i]);
	}
	cr_assert_eq(base64_decode("Zm9vYmFy", 8, (uint8_t[5]){0}, 5, &(size_t){0}), -ENOBUFS);
}

Test(text, hex_both_ways)
{
	uint8_t b[3];
	char s[7];

	cr_assert_eq(hex_decode("00fFa5", 6, b, 3), 0);
	hex_encode(b, 3, s);
	cr_assert_str_eq(s, "00ffa5");
	cr_assert_eq(hex_decode("00fFa", 5, b, 3), -EINVAL);
	cr_assert_eq(hex_decode("00fFag", 6, b, 3), -EINVAL);
}

Test(text, escape_leaves_nothing_that_a_terminal_obeys)
{
	char out[32];

	text_escape("a\n\x1b]0;\"\\\xe2\x80\xae", 11, out, sizeof out);
	cr_assert_str_eq(out, "a\\x0a\\x1b]0;\\x22\\x5c\\xe2\\x80...");
	text_escape("abc", 3, out, 4);
	cr_assert(strlen(out) < 4);
	text_escape("abc", 3, out, 1);
	cr_assert_str_eq(out, "");
}

Test(text, names_are_a_grammar)
{
	cr_assert(text_is_name("gate-1", 6));
	cr_assert(!text_is_name("", 0));
	cr_assert(!text_is_name("Gate", 4));
	cr_assert(!text_is_name("a\nb", 3));
	cr_assert(!text_is_name("abcdefghijklmnopqrstuvwxyz0123456", 33));
}

Test(text, secrets_compare)
{
	cr_assert(text_same_secret("abcd", "abcd", 4));
	cr_assert(!text_same_secret("abcd", "abce", 4));
}
