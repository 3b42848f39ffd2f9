/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/rd.h"
#include "net/rtcp.h"
#include "net/rtp.h"

#define SSRC "\1\2\3\4"
#define HEAD "\x80\xe0\0\5\0\0\0\x64" SSRC

static const char *why;

Test(rtp, reads_headers)
{
	static const struct {
		const char *bytes;
		size_t n;
		int rc;
		size_t len;
	} cases[] = {
#define CASE(b, rc, len) {b, sizeof(b) - 1, rc, len}
		CASE(HEAD "abc", 0, 3),
		CASE(HEAD, 0, 0),
		CASE("\x81\x60\0\5\0\0\0\x64" SSRC "\0\0\0\0" "abc", 0, 3),
		CASE("\x90\x60\0\5\0\0\0\x64" SSRC "\xbe\xde\0\1\1\1\1\1" "abc", 0, 3),
		CASE("\xa0\x60\0\5\0\0\0\x64" SSRC "abc\0\2", 0, 3),
		CASE("\xa0\x60\0\5\0\0\0\x64" SSRC "\1", 0, 0),
		CASE("", -EBADMSG, 0),
		CASE("\x80\x60\0\5\0\0\0\x64\1\2\3", -EBADMSG, 0),
		CASE("\x40\x60\0\5\0\0\0\x64" SSRC, -EBADMSG, 0),
		CASE("\x8f\x60\0\5\0\0\0\x64" SSRC "abc", -EBADMSG, 0),
		CASE("\x90\x60\0\5\0\0\0\x64" SSRC "\xbe\xde\0\2\1\1\1\1", -EBADMSG, 0),
		CASE("\x90\x60\0\5\0\0\0\x64" SSRC "\xbe\xde\xff\xff", -EBADMSG, 0),
		CASE("\x90\x60\0\5\0\0\0\x64" SSRC "\xbe", -EBADMSG, 0),
		CASE("\xa0\x60\0\5\0\0\0\x64" SSRC "ab\4", -EBADMSG, 0),
		CASE("\xa0\x60\0\5\0\0\0\x64" SSRC "ab\0", -EBADMSG, 0),
		CASE("\xa0\x60\0\5\0\0\0\x64" SSRC, -EBADMSG, 0),
#undef CASE
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtp_packet p = {.len = 12345};

		cr_assert_eq(rtp_parse((const uint8_t *)cases[i].bytes, cases[i].n, &p, &why), cases[i].rc, "case %zu", i);
		cr_expect_eq(p.len, cases[i].rc ? 12345 : cases[i].len, "case %zu", i);
		if (cases[i].rc == 0)
			cr_expect(p.ssrc == 0x01020304 && p.sequence == 5 && p.timestamp == 100 && p.payload_type == 96, "case %zu", i);
	}
}

static enum rtp_verdict take(struct rtp_source *s, uint16_t sequence, uint32_t ssrc)
{
	struct rtp_packet p = {.payload_type = 96, .sequence = sequence, .ssrc = ssrc, .timestamp = sequence * 3000u};

	return rtp_source_take(s, &p, sequence * 33333ll);
}

Test(rtp, follows_one_source_over_the_wrap)
{
	struct rtp_source s;

	rtp_source_init(&s, 96, 90000);
	for (uint32_t i = 65530; i < 65546; i++)
		cr_assert_eq(take(&s, (uint16_t)i, 1), RTP_NEXT);
	cr_assert(s.packets == 16 && s.lost == 0 && s.cycles == 65536 && s.next == 10);
}

Test(rtp, counts_what_is_missing)
{
	struct rtp_source s;

	rtp_source_init(&s, 96, 90000);
	cr_assert_eq(take(&s, 65534, 1), RTP_NEXT);
	cr_assert_eq(take(&s, 2, 1), RTP_AFTER_LOSS);
	cr_assert(s.lost == 3 && s.cycles == 65536);
	cr_assert_eq(take(&s, 3, 1), RTP_NEXT);
	cr_assert_eq(take(&s, 3, 1), RTP_DROP);
	cr_assert_eq(take(&s, 1, 1), RTP_DROP);
	cr_assert_eq(take(&s, 4, 1), RTP_NEXT);
	cr_assert(s.duplicates == 1 && s.late == 1 && s.stale == 0);
	cr_assert_eq(take(&s, 1, 1), RTP_DROP);
	cr_assert_eq(s.duplicates, 2);
}

Test(rtp, foreign_packets_change_nothing)
{
	struct rtp_source s;
	struct rtp_packet other = {.payload_type = 97, .sequence = 101, .ssrc = 7};

	rtp_source_init(&s, 96, 90000);
	cr_assert_eq(take(&s, 100, 7), RTP_NEXT);
	cr_assert_eq(take(&s, 101, 8), RTP_DROP);
	cr_assert_eq(take(&s, 102, 8), RTP_DROP);
	cr_assert_eq(rtp_source_take(&s, &other, 0), RTP_DROP);
	cr_assert_eq(take(&s, 101, 7), RTP_NEXT);
	cr_assert(s.foreign == 3 && s.lost == 0 && s.ssrc == 7);
}

static enum rtp_verdict take_at(struct rtp_source *s, int64_t at_ms, uint16_t sequence, uint32_t ssrc)
{
	struct rtp_packet p = {.payload_type = 96, .sequence = sequence, .ssrc = ssrc};

	return rtp_source_take(s, &p, at_ms * 1000);
}

Test(rtp, a_jump_must_prove_itself_while_the_old_sequence_is_silent)
{
	struct rtp_source s;

	rtp_source_init(&s, 96, 90000);
	cr_assert_eq(take_at(&s, 0, 100, 7), RTP_NEXT);
	/* Packets of a jump, however many, beside the running stream. */
	for (unsigned i = 0; i < 200; i++) {
		cr_assert_eq(take_at(&s, 40 * i, (uint16_t)(30100 + i), 7), RTP_DROP);
		cr_assert_eq(take_at(&s, 40 * i, (uint16_t)(101 + i), 7), RTP_NEXT);
	}
	cr_assert(s.stale == 200 && s.lost == 0 && s.restarts == 0);
	/* A true one: nothing comes from the old place any more. */
	cr_assert_eq(take_at(&s, 8000, 40000, 7), RTP_DROP);
	cr_assert_eq(take_at(&s, 8040, 50000, 7), RTP_DROP);
	for (unsigned i = 1; i < 4; i++)
		cr_assert_eq(take_at(&s, 8040 + 40 * i, (uint16_t)(50000 + i), 7), i < 3 ? RTP_DROP : RTP_AFTER_LOSS, "%u", i);
	cr_assert_eq(take_at(&s, 8240, 50004, 7), RTP_NEXT);
	cr_assert(s.restarts == 1 && s.lost == 1);
}

Test(rtp, another_ssrc_is_followed_only_after_silence)
{
	struct rtp_source s;
	int64_t at = 0;
	uint16_t n = 500;

	rtp_source_init(&s, 96, 90000);
	for (unsigned i = 0; i < 100; i++, at += 900) {
		cr_assert_eq(take_at(&s, at, (uint16_t)(100 + i), 7), RTP_NEXT);
		for (unsigned k = 0; k < 20; k++)
			cr_assert_eq(take_at(&s, at + 20 * k, n++, 8), RTP_DROP);
	}
	cr_assert(s.foreign == 2000 && s.ssrc == 7 && s.lost == 0);
	/* Silence, but others that agree on nothing. */
	for (unsigned i = 0; i < 50; i++)
		cr_assert_eq(take_at(&s, at + 2000 + i, n, i & 1 ? 9 : 10), RTP_DROP);
	/* A new encoder. */
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(take_at(&s, at + 3000 + i, n++, 11), RTP_DROP);
	cr_assert_eq(take_at(&s, at + 3003, n++, 11), RTP_AFTER_LOSS);
	cr_assert_eq(take_at(&s, at + 3004, n++, 11), RTP_NEXT);
	cr_assert(s.ssrc == 11 && s.restarts == 1);
	cr_assert_eq(take_at(&s, at + 3005, 200, 7), RTP_DROP);
}

Test(rtp, one_sender_proves_by_packets_alone)
{
	struct rtp_source s;

	rtp_source_init(&s, 96, 90000);
	s.one_sender = true;
	cr_assert_eq(take_at(&s, 0, 100, 7), RTP_NEXT);
	for (unsigned i = 0; i < 50; i++) {
		cr_assert_eq(take_at(&s, 0, (uint16_t)(5 + i), 8), RTP_DROP);
		cr_assert_eq(take_at(&s, 0, (uint16_t)(101 + i), 7), RTP_NEXT);
	}
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(take_at(&s, 0, (uint16_t)(60 + i), 8), RTP_DROP);
	cr_assert_eq(take_at(&s, 0, 63, 8), RTP_AFTER_LOSS);
	cr_assert(s.restarts == 1 && s.lost == 0 && s.foreign == 53 && s.ssrc == 8);
}

/* One SR of SSRC 01020304: NTP 1900+0x83aa7e80 s and a half, RTP time 100. */
#define SR "\x80\xc8\0\6" SSRC "\x83\xaa\x7e\x80\x80\0\0\0" "\0\0\0\x64" "\0\0\0\1" "\0\0\0\2"
#define BYE "\x81\xcb\0\1" SSRC

Test(rtcp, reads_what_concerns_the_source)
{
	static const struct {
		const char *bytes;
		size_t n;
		int rc;
		bool sender, bye;
	} cases[] = {
#define CASE(b, rc, sender, bye) {b, sizeof(b) - 1, rc, sender, bye}
		CASE(SR, 0, true, false),
		CASE(SR "\x81\xca\0\2" SSRC "\1\1\x61\0", 0, true, false),
		CASE(SR BYE, 0, true, true),
		CASE(BYE, 0, false, true),
		CASE("\x82\xcb\0\2\1\1\1\1" SSRC, 0, false, true),
		CASE("\x81\xcb\0\1\1\1\1\1", 0, false, false),                  /* another source's */
		CASE("\x80\xc8\0\6\1\1\1\1\x83\xaa\x7e\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 0, false, false),
		CASE("\x80\xcc\0\2" SSRC "abcd", 0, false, false),              /* APP: passed over */
		CASE("\x9f\xcb\0\2" SSRC "\xff\0\0\0", -EBADMSG, false, false), /* SC=31 in 12 bytes */
		CASE("\x81\xcb\0\0" "\1\2\3\4", -EBADMSG, false, false),
		CASE("\x80\xc8\0\1" SSRC, -EBADMSG, false, false),
		CASE("\x80\xc8\0\7" SSRC "\x83\xaa\x7e\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", -EBADMSG, false, false),
		CASE("\x80\xc8\0\6" SSRC, -EBADMSG, false, false),
		CASE(SR "\x80", 0, true, false),                               /* a whole report, and then nonsense */
		CASE(SR "\x40\xcb\0\0", 0, true, false),
		CASE(SR "\x9f\xcb\0\2" SSRC "\xff\0\0\0", 0, true, false),
		CASE(SR "\x81\xca\0\x40" SSRC "\1\x0e" "abc", 0, true, false),
		CASE("\x80\xc9\0\1" SSRC "\x80", -EBADMSG, false, false),
		CASE(BYE "\x80", -EBADMSG, false, false),
		CASE("\x80\xc8\0\6\1\1\1\1\x83\xaa\x7e\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80", -EBADMSG, false, false),
		CASE("\x81\xcb\0", -EBADMSG, false, false),
		CASE("\x81\xcb\0\1" "\1\2\3", -EBADMSG, false, false),          /* seven bytes */
		CASE("\x80\xc8\0\6\1\2\3", -EBADMSG, false, false),
		CASE("", -EBADMSG, false, false),
#undef CASE
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtcp_report r = {0};

		cr_assert_eq(rtcp_parse((const uint8_t *)cases[i].bytes, cases[i].n, 0x01020304, &r, &why), cases[i].rc, "case %zu", i);
		cr_expect(r.has_sender == cases[i].sender && r.bye == cases[i].bye, "case %zu", i);
		if (r.has_sender)
			cr_expect(r.sender.rtp_timestamp == 100 && r.sender.packets == 1 && r.sender.octets == 2);
	}
}

Test(rtcp, turns_ntp_into_unix_time)
{
	static const struct {
		uint64_t ntp;
		int64_t us;
	} cases[] = {
		{0x83aa7e8080000000u, 500000}, {0x83aa7e8000000000u, 0}, {0, 0}, {1, 2085978496000000}, {0x83aa7e7f00000000u, 0},
		{0xffffffffffffffffu, 2085978495999999}, {0x0000000100000000u, 2085978497000000},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(rtcp_ntp_to_us(cases[i].ntp), cases[i].us, "case %zu: %ld", i, (long)rtcp_ntp_to_us(cases[i].ntp));
}

Test(rtcp, receiver_reports_tell_loss)
{
	struct rtp_source s;
	struct rtcp_sender last = {.ntp = 0x1122334455667788u};
	struct rtcp_report back;
	uint8_t out[128];
	struct wr w = wr_init(out, sizeof out);
	struct rd r;

	rtp_source_init(&s, 96, 90000);
	take(&s, 65535, 9);
	take(&s, 2, 9);
	rtcp_write_receiver(&w, 77, &s, &last, 500000);
	cr_assert(!w.bad && w.len == 52);
	cr_assert_eq(rtcp_parse(out, w.len, 9, &back, &why), 0);
	r = rd_init(out, w.len);
	cr_assert_eq(rd_u32(&r), 0x81c90007);
	cr_assert_eq(rd_u32(&r), 77);
	cr_assert_eq(rd_u32(&r), 9);
	cr_assert_eq(rd_u8(&r), 127);
	cr_assert_eq(rd_u24(&r), 2);
	cr_assert_eq(rd_u32(&r), 65538);
	rd_u32(&r);
	cr_assert_eq(rd_u32(&r), 0x33445566);
	cr_assert_eq(rd_u32(&r), 32768);
	cr_assert_eq(rd_u32(&r), 0x81ca0004);
}

Test(rtcp, receiver_reports_divide_by_nothing)
{
	struct rtp_source s;
	uint8_t out[128];
	struct wr w = wr_init(out, sizeof out);

	rtp_source_init(&s, 96, 90000);
	rtcp_write_receiver(&w, 77, &s, NULL, INT64_MAX);
	rtcp_write_receiver(&w, 77, &s, &(struct rtcp_sender){0}, INT64_MIN);
	cr_assert_eq(w.len, 104);
}

Test(rtcp, key_frames_are_asked_for_behind_a_report)
{
	static const uint8_t requests[] =
		"\x81\xce\0\2" "\0\0\0\x4d" SSRC
		"\x84\xce\0\4" "\0\0\0\x4d" "\0\0\0\0" SSRC "\xfe\0\0\0";
	struct rtcp_report back;
	struct rtp_source s;
	uint8_t out[128];
	struct wr w = wr_init(out, sizeof out);

	rtp_source_init(&s, 96, 90000);
	rtcp_write_receiver(&w, 77, &s, NULL, 0);
	rtcp_write_pli(&w, 77, 0x01020304);
	rtcp_write_fir(&w, 77, 0x01020304, 254);
	cr_assert(!w.bad && w.len == 52 + sizeof requests - 1);
	cr_expect_arr_eq(out + 52, requests, sizeof requests - 1);
	cr_expect_eq(rtcp_parse(out, w.len, 9, &back, &why), 0);
}
