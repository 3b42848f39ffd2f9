/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "net/oui.h"

Test(oui, a_line_of_the_register)
{
	static const struct {
		const char *line, *name;
	} t[] = {
		{"28-57-BE   (hex)\t\tHangzhou Hikvision Digital Technology Co.,Ltd.\r", "Hangzhou Hikvision Digital Technology Co.,Ltd."},
		{"28-57-be (hex) X", "X"},
		{"2857BE     (base 16)\t\tHangzhou Hikvision Digital Technology Co.,Ltd.", NULL},
		{"28-57-BE   (base 16)\t\tX", NULL},
		{"28-57-B    (hex)\t\tX", NULL},
		{"28:57:BE   (hex)\t\tX", NULL},
		{"28-57-BG   (hex)\t\tX", NULL},
		{"28-57-BE   (hex)\t\t", NULL},
		{"28-57-BE   (hex)\t\tIEEE Registration Authority", NULL},
		{"28-57-BE   (hex)\t\tA\x1b[2J\xe2\x80\xae" "B", "A?[2J???B"},
		{"", NULL}, {"\r", NULL}, {"\t\t\t\tHangzhou Zhejiang 310052", NULL},
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		char name[OUI_ORGANISATION] = "before";
		uint8_t oui[OUI_BYTES] = {0};
		bool is = oui_line(span_str(t[i].line), oui, name);

		cr_expect_eq(is, t[i].name != NULL, "row %zu", i);
		cr_expect_str_eq(name, t[i].name ? t[i].name : "before", "row %zu", i);
		cr_expect_eq(oui[0], t[i].name ? 0x28 : 0, "row %zu", i);
	}
}

Test(oui, a_long_name_is_cut)
{
	char line[400] = "28-57-BE   (hex)\t\t", name[OUI_ORGANISATION];
	uint8_t oui[OUI_BYTES];
	size_t n = strlen(line);

	memset(line + n, 'x', sizeof line - 1 - n);
	cr_expect(oui_line(span_of(line, sizeof line - 1), oui, name));
	cr_expect_eq(strlen(name), OUI_ORGANISATION - 1);
}

Test(oui, a_neighbour)
{
	static const struct {
		const char *line, *address;
	} t[] = {
		{"192.0.2.11       0x1         0x2         28:57:be:01:02:03     *        eth0", "192.0.2.11"},
		{"192.0.2.11       0x1         0x06        28:57:be:01:02:03     *        eth0", "192.0.2.11"},
		{"192.0.2.11       0x1         0x0         28:57:be:01:02:03     *        eth0", NULL},
		{"192.0.2.11       0x1         0x2         00:00:00:00:00:00     *        eth0", NULL},
		{"192.0.2.11       0x1         0x2         01:57:be:01:02:03     *        eth0", NULL},
		{"192.0.2.11       0x1         0x2         28:57:be:01:02        *        eth0", NULL},
		{"192.0.2.11       0x1         0x2222      28:57:be:01:02:03     *        eth0", NULL},
		{"192.0.2.256      0x1         0x2         28:57:be:01:02:03     *        eth0", NULL},
		{"192.0.2.11111111111 0x1      0x2         28:57:be:01:02:03     *        eth0", NULL},
		{"IP address       HW type     Flags       HW address            Mask     Device", NULL},
		{"192.0.2.11", NULL}, {"", NULL}, {"   ", NULL},
	};
	static const uint8_t want[OUI_MAC] = {0x28, 0x57, 0xbe, 1, 2, 3};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		char address[16] = "";
		uint8_t mac[OUI_MAC] = {0};
		bool is = oui_arp_line(span_str(t[i].line), address, mac);

		cr_expect_eq(is, t[i].address != NULL, "row %zu", i);
		cr_expect_str_eq(address, t[i].address ? t[i].address : "", "row %zu", i);
		if (is)
			cr_expect_arr_eq(mac, want, sizeof want);
	}
}

Test(oui, an_ipv6_address_may_tell)
{
	static const uint8_t made[16] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x2a, 0x57, 0xbe, 0xff, 0xfe, 1, 2, 3};
	static const uint8_t want[OUI_MAC] = {0x28, 0x57, 0xbe, 1, 2, 3};
	uint8_t mac[OUI_MAC], other[16];

	cr_expect(oui_of_ipv6(made, mac));
	cr_expect_arr_eq(mac, want, sizeof want);
	memcpy(other, made, sizeof other);
	other[11] = 0;
	cr_expect(!oui_of_ipv6(other, mac));
	memcpy(other, made, sizeof other);
	other[8] = 0x28;
	cr_expect(!oui_of_ipv6(other, mac));
}

Test(oui, an_address_that_a_program_made_up_is_nobodys)
{
	cr_expect(oui_is_global((const uint8_t[OUI_MAC]){0x28}));
	cr_expect(!oui_is_global((const uint8_t[OUI_MAC]){0x2a}));
	cr_expect(!oui_is_global((const uint8_t[OUI_MAC]){0x29}));
}
