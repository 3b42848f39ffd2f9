/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "server/share_list.h"

#define LIVE "share-abcde2 gate - - 2026-12-01T00:00:00.000Z anna 2026-11-22T15:30:00.000Z\n"
#define RANGE "share-777777 gate-1 2026-11-22T15:00:00.000Z 2026-11-22T15:10:00.500Z 2026-12-01T00:00:00.000Z - 2026-11-22T15:30:00.000Z\n"

static struct share share[SITE_SHARES_MAX];
static unsigned n;

static int read_text(const char *text)
{
	return share_read(text, strlen(text), share, &n);
}

Test(share_list, what_is_written_is_read)
{
	struct buf b;

	cr_assert_eq(read_text(LIVE RANGE), 0);
	cr_assert_eq(n, 2);
	cr_expect_str_eq(share[0].user, "anna");
	cr_expect(!share[0].from_us && !share[0].to_us && share[1].to_us - share[1].from_us == 600500000 && !*share[1].user);
	cr_expect_str_eq(share[1].camera, "gate-1");
	buf_init(&b, SHARE_FILE_MAX);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(share_write(&share[i], &b), 0);
	cr_assert(b.len == strlen(LIVE RANGE) && !memcmp(buf_data(&b), LIVE RANGE, b.len));
	buf_free(&b);
	cr_assert_eq(read_text(""), 0);
	cr_assert_eq(n, 0);
}

Test(share_list, what_differs_is_no_list)
{
	static const char *const bad[] = {
		"\n", LIVE LIVE, LIVE "x", "share-abcde2 gate - - 2026-12-01T00:00:00.000Z anna 2026-11-22T15:30:00.000Z",
		"share-abcde1 gate - - 2026-12-01T00:00:00.000Z anna 2026-11-22T15:30:00.000Z\n",
		"share-abcde gate - - 2026-12-01T00:00:00.000Z anna 2026-11-22T15:30:00.000Z\n",
		"share-abcde2 Gate - - 2026-12-01T00:00:00.000Z anna 2026-11-22T15:30:00.000Z\n",
		"share-abcde2 gate - 2026-11-22T15:10:00.500Z 2026-12-01T00:00:00.000Z anna 2026-11-22T15:30:00.000Z\n",
		"share-abcde2 gate 2026-11-22T15:10:00.000Z 2026-11-22T15:10:00.000Z 2026-12-01T00:00:00.000Z anna 2026-11-22T15:30:00.000Z\n",
		"share-abcde2 gate 2026-11-22T15:10:00.000Z 2026-11-22T21:10:00.001Z 2026-12-01T00:00:00.000Z anna 2026-11-22T15:30:00.000Z\n",
		"share-abcde2 gate - - 2026-12-01T00:00:00Z anna 2026-11-22T15:30:00.000Z\n",
		"share-abcde2 gate - - 2026-12-01T00:00:00.000Z  2026-11-22T15:30:00.000Z\n",
		"share-abcde2 gate - - 2026-12-01T00:00:00.000Z anna 2026-11-22T15:30:00.000Z more\n",
		"share-abcde2 gate - - 2026-12-01T00:00:00.000Z anna 2026-11-22T15:30:00.000Z\r\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		n = 77;
		cr_expect_eq(read_text(bad[i]), -EBADMSG, "%s", bad[i]);
		cr_expect_eq(n, 77);
	}
}

Test(share_list, holds_no_more_than_there_may_be)
{
	struct buf b;

	buf_init(&b, 2 * SHARE_FILE_MAX);
	cr_assert_eq(read_text(LIVE), 0);
	for (unsigned i = 0; i <= SITE_SHARES_MAX; i++) {
		cr_expect_eq(share_read(buf_data(&b), b.len, share, &n), 0, "%u", i);
		cr_assert_eq(n, i);
		cr_assert_eq(read_text(LIVE), 0);
		share_id(i, share[0].id);
		cr_assert_eq(share_write(&share[0], &b), 0);
	}
	cr_expect_eq(share_read(buf_data(&b), b.len, share, &n), -EBADMSG);
	buf_free(&b);
}

Test(share_list, ids_have_their_form)
{
	static const struct { const char *id; bool good; } c[] = {
		{"share-abcde2", true}, {"share-777777", true}, {"share-abcde", false}, {"share-abcde22", false}, {"share-abcde1", false}, {"share-abcdE2", false},
		{"Share-abcde2", false}, {"sharexabcde2", false}, {"", false}};
	char id[MSG_SHARE_ID], other[MSG_SHARE_ID];

	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		cr_expect_eq(share_is_id(c[i].id, strlen(c[i].id)), c[i].good, "%s", c[i].id);
	cr_expect(!share_is_id("share-abcd\0e", 12));
	share_id(0, id);
	cr_expect_str_eq(id, "share-aaaaaa");
	share_id(UINT32_MAX, id);
	cr_expect_str_eq(id, "share-777777");
	share_id(1u << 29, id);
	share_id(1u << 28, other);
	cr_expect_str_neq(id, other);
}

/* Another key, or another line, is another token. */
Test(share_list, a_token_is_of_its_key_and_all_of_its_line)
{
	uint8_t key[SHARE_KEY] = {1}, other_key[SHARE_KEY] = {2};
	char token[SHARE_TOKEN], other[SHARE_TOKEN];
	struct share s;

	cr_assert_eq(read_text(RANGE), 0);
	s = share[0];
	cr_assert_eq(share_token(key, &s, token), 0);
	cr_assert_eq(strlen(token), SHARE_TOKEN - 1);
	cr_expect_eq(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), SHARE_TOKEN - 1);
	cr_assert_eq(share_token(key, &s, other), 0);
	cr_expect_str_eq(other, token);
	cr_assert_eq(share_token(other_key, &s, other), 0);
	cr_expect_str_neq(other, token);
	for (unsigned i = 0; i < 5; i++) {
		s = share[0];
		s.from_us += i == 0 ? 1000 : 0;
		s.to_us += i == 1 ? 1000 : 0;
		s.expires_us += i == 2 ? 1000 : 0;
		s.camera[0] = i == 3 ? 'x' : s.camera[0];
		s.user[0] = i == 4 ? 'x' : s.user[0];
		cr_assert_eq(share_token(key, &s, other), 0);
		cr_expect_str_neq(other, token, "%u", i);
	}
}
