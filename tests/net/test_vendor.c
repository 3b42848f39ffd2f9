/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "net/vendor.h"

Test(vendor, is_guessed_by_the_surest_sign)
{
	static const struct {
		enum vendor_sign sign;
		const char *value, *name;
	} t[] = {
		{VENDOR_SERVER, "H264DVR 1.0", "Xiongmai (often on a HiSilicon chip, sold under many names)"},
		{VENDOR_SERVER, "h264dvr", "Xiongmai (often on a HiSilicon chip, sold under many names)"},
		{VENDOR_REALM, "Login to 3E01A", "Dahua, or one of its rebrands"},
		{VENDOR_REALM, "IP Camera(C1234)", "Hikvision, or one of its rebrands"},
		{VENDOR_REALM, "AXIS_ACCC8E000000", "Axis"},
		{VENDOR_SERVER, "nobody knows", NULL},
		{VENDOR_SERVER, "", NULL},
		{VENDOR_REALM, "H264DVR 1.0", NULL},
		{VENDOR_SERVER, "x\x01\xff H264DVR", NULL},
	};
	const char *by = NULL, *name;

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct vendor_guess g = {0};

		vendor_see(&g, t[i].sign, span_str(t[i].value));
		name = vendor_name(&g, &by);
		cr_expect(t[i].name ? name && !strcmp(name, t[i].name) : !name, "row %zu: %s", i, name ? name : "none");
	}
}

Test(vendor, each_kind_of_sign_is_a_reason)
{
	static const char sdp[] = "v=0\r\ns=Media Server\r\na=packetization-supported:DH\r\na=rtppayload-supported:DH\r\nm=video 0 RTP/AVP 96\r\n"
		"a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA,aO4xshsA\r\n";
	static const struct {
		const char *maker, *chip, *by;
		enum vendor_certainty certainty;
	} t[] = {
		{"dahua", NULL, "an attribute of its description", VENDOR_LIKELY},
		{"dahua", NULL, "its session's name", VENDOR_WEAK},
		{NULL, "hisilicon", "bytes behind its parameter sets", VENDOR_WEAK},
	};
	struct vendor_guess g = {0};
	struct vendor_reason r;

	vendor_see_sdp(&g, span_str(sdp));
	for (unsigned i = 0; i < sizeof t / sizeof *t; i++) {
		cr_assert(vendor_reason(&g, i, &r), "reason %u", i);
		cr_expect(t[i].maker ? r.maker && !strcmp(r.maker, t[i].maker) : !r.maker, "reason %u", i);
		cr_expect(t[i].chip ? r.chip && !strcmp(r.chip, t[i].chip) : !r.chip, "reason %u", i);
		cr_expect_str_eq(r.by, t[i].by);
		cr_expect_eq(r.certainty, t[i].certainty);
	}
	cr_expect(!vendor_reason(&g, 3, &r));
}

Test(vendor, parameter_sets_without_bytes_behind_them_say_nothing)
{
	static const char *const format[] = {
		"a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z00AH5WoFAFuQA==,aO48gA==", "a=fmtp:96 sprop-parameter-sets=", "a=fmtp:96 sprop-parameter-sets=!!!!",
		"a=fmtp:96 ;sprop-parameter-sets=,,,;", "a=fmtp:96", "a=fmtp:",
	};

	for (size_t i = 0; i < sizeof format / sizeof *format; i++) {
		struct vendor_guess g = {0};

		vendor_see_sdp(&g, span_str(format[i]));
		cr_expect_eq(g.rows, 0, "%s", format[i]);
	}
}

Test(vendor, rows_that_are_none_are_left_out)
{
	struct vendor_guess g = {UINT64_MAX};
	struct vendor_reason r;
	unsigned n = 0;

	while (n < 100 && vendor_reason(&g, n, &r))
		n++;
	cr_expect_eq(n, VENDOR_SIGNS);
}

Test(vendor, a_weaker_sign_does_not_replace_a_surer_one)
{
	static const char sdp[] = "v=0\r\ns=Session streamed by \"preview\"\r\ni=h264Preview_01_main\r\na=tool:LIVE555 Streaming Media v2013.04.08\r\n";
	struct vendor_guess g = {0};
	const char *by;

	vendor_see_sdp(&g, span_str(sdp));
	cr_expect_str_eq(vendor_name(&g, &by), "Reolink");
	cr_expect_str_eq(by, "its session's description");
	vendor_see(&g, VENDOR_TOOL, span_str("LIVE555"));
	cr_expect_str_eq(vendor_name(&g, &by), "Reolink");
	vendor_see(&g, VENDOR_TOOL, span_str("v2011.05.25 CHAM.LI@ANJVISION.COM"));
	cr_expect_str_eq(vendor_name(&g, &by), "Anjvision (often on a HiSilicon chip)");
}
