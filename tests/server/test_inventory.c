/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/rtsp_client.h"
#include "net/rtsp_quirk.h"
#include "server/inventory.h"

static const char table[] =
	"hikvision | Hikvision | named | - | Hangzhou Hikvision | admin:12345 | the law\n"
	"ezviz | EZVIZ | affiliate | hikvision | Hangzhou Ezviz | - | its pages\n"
	"huawei | Huawei | named | - | HUAWEI | - | the law\n"
	"hisilicon | HiSilicon | affiliate | huawei | - | - | the law\n"
	"axis | Axis | - | - | Axis Communications | root:pass | its pages\n";

static struct inventory v;
static struct site site;
static struct site_camera camera[3];

static void begin(void)
{
	unsigned line;
	const char *why;

	cr_assert_eq(makers_parse(table, strlen(table), &v.makers, &line, &why), 0);
	memset(camera, 0, sizeof camera);
	for (unsigned i = 0; i < 3; i++) {
		struct sockaddr_in *at = (struct sockaddr_in *)&camera[i].address;

		snprintf(camera[i].name, sizeof camera[i].name, "cam-%u", i);
		snprintf(camera[i].host, sizeof camera[i].host, "192.0.2.%u:554", i);
		camera[i].url = (char *)"rtsp://192.0.2.1:554/1";
		camera[i].order = 2 - i;
		at->sin_family = AF_INET;
		at->sin_addr.s_addr = htonl(0xc0000200 + i);
	}
	site = (struct site){.ncameras = 3, .camera = camera};
	snprintf(site.origin, sizeof site.origin, "test.example/x");
	inventory_of_site(&v, &site);
}

static struct inventory_camera *with(const char *sdp, const char *organisation)
{
	struct inventory_camera *c;

	begin();
	c = inventory_find(&v, "cam-1");
	cr_assert(c);
	c->heard = c->described = true;
	c->login = RTSP_CLIENT_SHA256;
	vendor_see_sdp(&c->guess, span_str(sdp));
	snprintf(c->organisation, sizeof c->organisation, "%s", organisation);
	inventory_judge(&v);
	return c;
}

Test(inventory, is_in_the_order_of_the_file_and_without_what_is_gone)
{
	begin();
	camera[1].gone = true;
	inventory_of_site(&v, &site);
	cr_expect_eq(v.n, 2);
	cr_expect_str_eq(v.camera[0].conf->name, "cam-2");
	cr_expect_str_eq(v.camera[1].conf->name, "cam-0");
}

Test(inventory, makers_are_judged)
{
	static const char hikvision[] = "a=Media_header:MEDIAINFO=494D4B48\r\n", anjvision[] = "s=RTSP/RTP stream from anjvision ipcamera\r\n";
	static const struct {
		const char *sdp, *organisation, *maker, *certainty, *chip, *rule;
		bool disagrees;
	} t[] = {
		{"", "", NULL, NULL, NULL, NULL, false},
		{hikvision, "", "Hikvision, or one of its rebrands", "likely", NULL, "Hikvision", false},
		{hikvision, "Hangzhou Hikvision Digital", "Hikvision, or one of its rebrands", "sure", NULL, "Hikvision", false},
		{hikvision, "Hangzhou Ezviz Software", "Hikvision, or one of its rebrands", "likely", NULL, "Hikvision", false},
		{hikvision, "Axis Communications AB", "Hikvision, or one of its rebrands", "likely", NULL, "Hikvision", true},
		{"", "Hangzhou Ezviz Software", "EZVIZ", "likely", NULL, "EZVIZ", false},
		{"", "Axis Communications AB", "Axis", "likely", NULL, NULL, false},
		{"", "Nobody Ltd", NULL, NULL, NULL, NULL, false},
		{anjvision, "", "Anjvision (often on a HiSilicon chip)", "sure", "HiSilicon", "HiSilicon", false},
		{"a=tool:LIVE555\r\n", "", "one built on LIVE555", "weak", NULL, NULL, false},
		{"s=Media Presentation\r\n", "", "Hikvision, or one of its rebrands", "weak", NULL, "Hikvision", false},
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		const struct inventory_camera *c = with(t[i].sdp, t[i].organisation);

		cr_expect(t[i].maker ? c->maker && !strcmp(c->maker, t[i].maker) : !c->maker, "row %zu: %s", i, c->maker);
		cr_expect(t[i].certainty ? c->certainty && !strcmp(c->certainty, t[i].certainty) : !c->certainty, "row %zu: %s", i, c->certainty);
		cr_expect(t[i].chip ? c->chip && !strcmp(c->chip, t[i].chip) : !c->chip, "row %zu: %s", i, c->chip);
		cr_expect(t[i].rule ? c->rule && !strcmp(c->rule->name, t[i].rule) : !c->rule, "row %zu", i);
		cr_expect_eq(c->flags >> INVENTORY_889 & 1, t[i].rule != NULL, "row %zu", i);
		cr_expect_eq(c->flags >> INVENTORY_DISAGREES & 1, t[i].disagrees, "row %zu", i);
	}
}

Test(inventory, a_chip_is_weak_however_sure_the_maker_is)
{
	const struct inventory_camera *c = with("s=RTSP/RTP stream from anjvision ipcamera\r\n", "");

	cr_expect_str_eq(c->certainty, "sure");
	cr_expect_eq(c->rule_certainty, VENDOR_WEAK);
	c = with("s=RTSP/RTP stream from anjvision ipcamera\r\na=Media_header:MEDIAINFO=494D4B48\r\n", "");
	cr_expect_str_eq(c->rule->name, "Hikvision");
	cr_expect_eq(c->rule_certainty, VENDOR_LIKELY);
}

Test(inventory, ways_are_judged)
{
	static const struct {
		bool described;
		uint8_t login;
		enum rtsp_quirk quirk;
		enum site_tls tls;
		enum inventory_login tried;
		unsigned flags;
	} t[] = {
		{true, RTSP_CLIENT_SHA256, RTSP_QUIRKS, SITE_TLS_FINGERPRINT, INVENTORY_NOT_TRIED, 0},
		{true, RTSP_CLIENT_SHA256, RTSP_QUIRKS, SITE_TLS_NONE, INVENTORY_REFUSED, 1u << INVENTORY_CLEAR_MEDIA},
		{true, RTSP_CLIENT_SHA256, RTSP_QUIRKS, SITE_TLS_UNVERIFIED, INVENTORY_NO_ANSWER, 1u << INVENTORY_UNVERIFIED},
		{true, RTSP_CLIENT_NOBODY, RTSP_QUIRKS, SITE_TLS_CA, INVENTORY_NOT_TRIED, 1u << INVENTORY_NO_PASSWORD},
		{false, RTSP_CLIENT_NOBODY, RTSP_QUIRKS, SITE_TLS_CA, INVENTORY_NOT_TRIED, 0},
		{true, RTSP_CLIENT_BASIC, RTSP_QUIRKS, SITE_TLS_CA, INVENTORY_NOT_TRIED, 1u << INVENTORY_CLEAR_PASSWORD},
		{false, RTSP_CLIENT_NOBODY, RTSP_QUIRK_BASIC_ONLY, SITE_TLS_CA, INVENTORY_NOT_TRIED, 1u << INVENTORY_CLEAR_PASSWORD},
		{true, RTSP_CLIENT_MD5, RTSP_QUIRK_MD5_ONLY, SITE_TLS_CA, INVENTORY_NOT_TRIED, 1u << INVENTORY_MD5_ONLY},
		{true, RTSP_CLIENT_SHA256, RTSP_QUIRK_OTHER_HOST, SITE_TLS_CA, INVENTORY_NOT_TRIED, 1u << INVENTORY_OTHER_HOST},
		{true, RTSP_CLIENT_SHA256, RTSP_QUIRKS, SITE_TLS_CA, INVENTORY_ACCEPTED, 1u << INVENTORY_DEFAULT_PASSWORD},
		{true, RTSP_CLIENT_SHA256, RTSP_QUIRKS, SITE_TLS_CA, INVENTORY_IN_USE, 1u << INVENTORY_DEFAULT_PASSWORD},
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct inventory_camera *c;

		begin();
		c = &v.camera[0];
		camera[2].tls = t[i].tls;
		c->heard = c->described = t[i].described;
		c->login = t[i].login;
		c->quirks = t[i].quirk < RTSP_QUIRKS ? 1u << t[i].quirk : 0;
		c->tried = t[i].tried;
		inventory_judge_camera(&v.makers, c);
		cr_expect_eq(c->flags, t[i].flags, "row %zu: %x", i, c->flags);
	}
}

Test(inventory, the_path_that_it_answers_to_is_a_sign_once_it_answered)
{
	struct inventory_camera *c = with("", "");

	cr_expect_null(c->maker);
	camera[1].url = (char *)"rtsp://192.0.2.1:554/Streaming/Channels/101";
	inventory_judge(&v);
	cr_expect_str_eq(c->certainty, "weak");
	c->described = false;
	c->guess.rows = 0;
	inventory_judge(&v);
	cr_expect_null(c->maker);
}

Test(inventory, an_answer_is_taken_or_refused)
{
	static const struct {
		const char *answer;
		int rc;
	} t[] = {
		{"inventory\ncamera cam-0 1 3 18446744073709551615 4294967295\ncamera elsewhere 0 0 0 0\n", 0},
		{"inventory\n", 0},
		{"", -EBADMSG}, {"refused\n", -EBADMSG}, {"inventory\n\n", -EBADMSG},
		{"inventory\ncamera cam-0 2 0 0 0\n", -EBADMSG},
		{"inventory\ncamera cam-0 1 250 0 0\n", -EBADMSG},
		{"inventory\ncamera cam-0 1 0 18446744073709551616 0\n", -EBADMSG},
		{"inventory\ncamera cam-0 1 0 0 4294967296\n", -EBADMSG},
		{"inventory\ncamera cam-0 1 0 0\n", -EBADMSG},
		{"inventory\ncamera cam-0 1 0 0 0 0\n", -EBADMSG},
		{"inventory\ncamera ../x 1 0 0 0\n", -EBADMSG},
		{"inventory\nrole cam-0 1 0 0 0\n", -EBADMSG},
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		begin();
		cr_expect_eq(inventory_take(&v, t[i].answer, strlen(t[i].answer)), t[i].rc, "row %zu", i);
	}
	begin();
	cr_assert_eq(inventory_take(&v, t[0].answer, strlen(t[0].answer)), 0);
	cr_expect(inventory_find(&v, "cam-0")->heard);
	cr_expect(!inventory_find(&v, "cam-1")->heard);
	inventory_judge(&v);
	cr_expect_leq(inventory_find(&v, "cam-0")->nreasons, INVENTORY_REASONS_MAX);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	cr_assert(f);
	fputs(text, f);
	fclose(f);
}

Test(inventory, macs_are_the_neighbours_and_their_owners_the_registers)
{
	char folder[] = "/tmp/inventory-XXXXXX", arp[64], oui[64];

	cr_assert(mkdtemp(folder));
	snprintf(arp, sizeof arp, "%s/arp", folder);
	snprintf(oui, sizeof oui, "%s/oui", folder);
	write_file(arp, "IP address       HW type     Flags       HW address            Mask     Device\n"
		   "192.0.2.1        0x1         0x2         28:57:be:01:02:03     *        eth0\n192.0.2.2        0x1         0x2         2a:57:be:01:02:03     *        eth0\n");
	write_file(oui, "28-57-BE   (hex)\t\tHangzhou Hikvision Digital Technology Co.,Ltd.\r\n2857BE     (base 16)\t\tHangzhou\r\n2A-57-BE   (hex)\t\tNobody\r\n");
	begin();
	inventory_look(&v, arp, oui);
	cr_expect(!inventory_find(&v, "cam-0")->has_mac);
	cr_expect(inventory_find(&v, "cam-1")->has_mac);
	cr_expect_str_eq(inventory_find(&v, "cam-1")->organisation, "Hangzhou Hikvision Digital Technology Co.,Ltd.");
	cr_expect_str_eq(inventory_find(&v, "cam-2")->organisation, "", "made up, and nobody's");
	unlink(arp);
	unlink(oui);
	rmdir(folder);
	begin();
	inventory_look(&v, arp, oui);
	cr_expect(!inventory_find(&v, "cam-1")->has_mac, "files that are not there tell nothing");
}

Test(inventory, an_ipv6_address_that_was_made_of_a_mac_tells_it)
{
	begin();
	memset(&camera[0].address, 0, sizeof camera[0].address);
	camera[0].address.ss_family = AF_INET6;
	cr_assert_eq(inet_pton(AF_INET6, "fe80::2a57:beff:fe01:203", &((struct sockaddr_in6 *)&camera[0].address)->sin6_addr), 1);
	inventory_look(&v, "/none", "/none");
	cr_expect(inventory_find(&v, "cam-0")->has_mac);
	cr_expect_eq(inventory_find(&v, "cam-0")->mac[0], 0x28);
}

Test(inventory, a_password_is_tried_once_at_an_address)
{
	begin();
	cr_expect_null(inventory_tried_there(&v, 2));
	v.camera[0].tried = INVENTORY_REFUSED;
	cr_expect_null(inventory_tried_there(&v, 2), "another address");
	snprintf(camera[0].host, sizeof camera[0].host, "%s", camera[2].host);
	cr_expect_eq(inventory_tried_there(&v, 2), &v.camera[0]);
	cr_expect_null(inventory_tried_there(&v, 0), "itself");
	v.camera[0].tried = INVENTORY_IN_USE;
	cr_expect_null(inventory_tried_there(&v, 2), "nothing was tried");
}

static char *printed(int (*print)(const struct inventory *v, struct buf *out))
{
	struct buf out;
	char *text;

	buf_init(&out, 1u << 20);
	cr_assert_eq(print(&v, &out), 0);
	text = strndup((const char *)buf_data(&out), out.len);
	buf_free(&out);
	return text;
}

Test(inventory, no_form_of_it_runs_in_a_terminal_or_a_spreadsheet)
{
	struct inventory_camera *c = with("", "=cmd|' /C calc'!A0\"\x1b]0;\xe2\x80\xae");
	static int (*const form[])(const struct inventory *v, struct buf *out) = {inventory_text, inventory_csv, inventory_json};

	c->has_mac = true;
	for (size_t i = 0; i < 3; i++) {
		char *text = printed(form[i]);

		cr_expect(strstr(text, "cam-1"));
		for (const char *p = text; *p; p++)
			cr_expect((*p >= 0x20 && *p < 0x7f) || *p == '\n' || *p == '\r', "form %zu: byte %02x", i, (uint8_t)*p);
		cr_expect(form[i] != inventory_csv || (!strstr(text, "\"=") && !strstr(text, "\"+") && !strstr(text, "\"@")), "form %zu", i);
		free(text);
	}
}

Test(inventory, what_does_not_fit_is_said)
{
	static int (*const form[])(const struct inventory *v, struct buf *out) = {inventory_text, inventory_csv, inventory_json};
	struct buf out;

	with("a=Media_header:MEDIAINFO=494D4B48\r\n", "");
	for (size_t i = 0; i < 3; i++) {
		buf_init(&out, 300);
		cr_expect_lt(form[i](&v, &out), 0, "form %zu", i);
		buf_free(&out);
	}
}

Test(inventory, text_tells_the_reasons_and_what_to_do)
{
	char *text;

	with("a=Media_header:MEDIAINFO=494D4B48\r\n", "")->tried = INVENTORY_IN_USE;
	inventory_judge(&v);
	text = printed(inventory_text);
	cr_expect(strstr(text, "made by  Hikvision, or one of its rebrands (likely)"), "%s", text);
	cr_expect(strstr(text, "section 889: Hikvision is named by it (likely, the law)"), "%s", text);
	cr_expect(strstr(text, "sold with is in use"), "%s", text);
	cr_expect(strstr(text, "not known: it has said nothing"), "%s", text);
	cr_expect(strstr(text, "3 cameras, 1 of known make, 889: 1, default-password: 1, clear-media: 3"), "%s", text);
	free(text);
}
