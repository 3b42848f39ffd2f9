/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "net/vendor.h"

Test(vendor, is_guessed_by_the_surest_sign)
{
	static const struct {
		enum vendor_sign sign;
		const char *value, *name;
	} t[] = {
		{VENDOR_SERVER, "H264DVR 1.0", "Xiongmai (a HiSilicon board, sold under many names)"},
		{VENDOR_SERVER, "h264dvr", "Xiongmai (a HiSilicon board, sold under many names)"},
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
	cr_expect_str_eq(vendor_name(&g, &by), "Anjvision (a HiSilicon board)");
}
