/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>

#include "net/onvif.h"
#include "net/xml.h"

#define NOW 1795000000000000ll  /* 2026-11-18T13:46:40Z */

static const struct onvif_config config = {.host = "192.0.2.11:80", .path = "/onvif/device_service", .user = "adm<in", .password = "", .allow_md5 = true};
static const uint8_t some[16] = "0123456789abcde";

#define CLOCK_REPLY "<?xml version=\"1.0\"?><SOAP-ENV:Envelope><tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>" \
	"<tt:LocalDateTime><tt:Time><tt:Hour>1</tt:Hour></tt:Time></tt:LocalDateTime>" \
	"<tt:UTCDateTime><tt:Time><tt:Hour>13</tt:Hour><tt:Minute>46</tt:Minute><tt:Second>05</tt:Second></tt:Time>" \
	"<tt:Date><tt:Year>2016</tt:Year><tt:Month>2</tt:Month><tt:Day>29</tt:Day></tt:Date></tt:UTCDateTime>"
#define SERVICES_REPLY "<a:Capabilities><tt:Media><tt:XAddr>http://198.51.100.7/onvif/Media</tt:XAddr></tt:Media></a:Capabilities>"
#define PROFILES_REPLY "<trt:GetProfilesResponse><!-- <x:Profiles token='no'> --><trt:Profiles fixed=\"true\" token=\"Profile_1\"><tt:Name>a</tt:Name>"

/* A whole reply with its length. */
static enum onvif_result answer(struct onvif *o, const char *status, const char *body, const char **why)
{
	char reply[4096];
	int n = snprintf(reply, sizeof reply, "HTTP/1.1 %s\r\nServer: gSOAP\r\ncontent-length: %zu\r\n\r\n%s", status, strlen(body), body);

	for (int i = 0; i < n; i++)
		cr_assert_eq(onvif_reply(o, (const uint8_t *)reply, (size_t)i, false, NOW, why), ONVIF_MORE, "%d", i);
	return onvif_reply(o, (const uint8_t *)reply, (size_t)n, false, NOW, why);
}

static void ask(struct onvif *o, char text[ONVIF_REQUEST_MAX + 1])
{
	struct buf out;

	buf_init(&out, ONVIF_REQUEST_MAX);
	cr_assert_eq(onvif_request(o, NOW, some, &out), 0);
	memcpy(text, buf_data(&out), out.len);
	text[out.len] = 0;
	buf_free(&out);
}

static bool says(const char *text, const char *what)
{
	return strstr(text, what) != NULL;
}

Test(onvif, asks_for_a_key_frame_by_the_cameras_own_clock)
{
	char text[ONVIF_REQUEST_MAX + 1];
	const char *why = NULL;
	struct onvif o;

	onvif_init(&o, &config);
	ask(&o, text);
	cr_expect(says(text, "POST /onvif/device_service HTTP/1.0\r\nHost: 192.0.2.11:80\r\n") && says(text, "GetSystemDateAndTime"));
	cr_expect(!says(text, "Username"), "the time is asked for without a login");
	cr_expect_eq(answer(&o, "200 OK", CLOCK_REPLY, &why), ONVIF_NEXT);
	ask(&o, text);
	cr_expect(says(text, "GetCapabilities") && says(text, "<u:Created>2016-02-29T13:46:05.000Z</u:Created>"));
	cr_expect(says(text, "<w:Username>adm&lt;in</w:Username>"));
	cr_expect_eq(answer(&o, "200 OK", SERVICES_REPLY, &why), ONVIF_NEXT);
	ask(&o, text);
	cr_expect(says(text, "POST /onvif/Media HTTP/1.0\r\nHost: 192.0.2.11:80\r\n"), "only the path of what the camera names counts");
	cr_expect_eq(answer(&o, "200 OK", PROFILES_REPLY, &why), ONVIF_NEXT);
	ask(&o, text);
	cr_expect(says(text, "<m:SetSynchronizationPoint><m:ProfileToken>Profile_1</m:ProfileToken>"));
	cr_expect_eq(answer(&o, "200 OK", "<x/>", &why), ONVIF_DONE);
	ask(&o, text);
	cr_expect(says(text, "GetSystemDateAndTime"));
	cr_expect_eq(answer(&o, "404 Not Found", "", &why), ONVIF_NEXT);
	ask(&o, text);
	cr_expect(says(text, "SetSynchronizationPoint"), "service and profile are known already");
}

/* Known answer, made with sha1sum and base64: SHA-1("0123456789abcde" NUL "2016-02-29T13:46:05.000Z" "secret"). */
Test(onvif, password_digest_is_the_tokens_own)
{
	struct onvif_config c = config;
	char text[ONVIF_REQUEST_MAX + 1];
	const char *why;
	struct onvif o;

	c.password = "secret";
	onvif_init(&o, &c);
	cr_expect_eq(answer(&o, "200 OK", CLOCK_REPLY, &why), ONVIF_NEXT);
	ask(&o, text);
	cr_expect(says(text, "#PasswordDigest\">P6ASpDcJMqpA/AkzBN7cL2Rmup4=</w:Password>"), "%s", text);
	cr_expect(says(text, ">MDEyMzQ1Njc4OWFiY2RlAA==</w:Nonce>"));
	cr_expect(!says(text, "secret"));
}

Test(onvif, http_digest_is_answered_once)
{
	const char *challenge = "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
	struct onvif_config c = config;
	char text[ONVIF_REQUEST_MAX + 1];
	const char *why;
	struct onvif o;

	c.allow_md5 = false;
	onvif_init(&o, &c);
	answer(&o, "200 OK", CLOCK_REPLY, &why);
	ask(&o, text);
	cr_expect(!says(text, "UsernameToken"), "its digest is SHA-1");
	cr_expect_eq(answer(&o, challenge, "", &why), ONVIF_NEXT);
	ask(&o, text);
	cr_expect(says(text, "GetCapabilities") && says(text, "Authorization: Digest ") && says(text, "uri=\"/onvif/device_service\""));
	cr_expect_eq(answer(&o, challenge, "", &why), ONVIF_FAILED);
	cr_expect(says(why, "user or password"));
}

/* Each answer is one more connection, and one more digest of the password. The clock's own step goes on without a login. */
Test(onvif, a_nonce_that_is_always_stale_ends_the_round)
{
	const char *why = NULL;
	unsigned rounds = 0;
	struct onvif o;

	onvif_init(&o, &config);
	while (rounds < 100 && answer(&o, "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=true", "", &why) == ONVIF_NEXT) {
		char text[ONVIF_REQUEST_MAX + 1];

		ask(&o, text);
		rounds++;
	}
	cr_expect(rounds < 10 && why, "%u", rounds);
}

Test(onvif, replies_of_no_use_fail)
{
	static const struct {
		const char *reply;
		bool closed;
		enum onvif_result result;
	} t[] = {
		{"", true, ONVIF_FAILED},
		{"HTTP/1.1 200 OK\r\n", true, ONVIF_FAILED},
		{"SSH-2.0-dropbear\r\n\r\n\r\n", false, ONVIF_FAILED},
		{"HTTP/1.1 abc\r\n\r\n", false, ONVIF_FAILED},
		{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", false, ONVIF_FAILED},
		{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", false, ONVIF_FAILED},
		{"HTTP/1.1 200 OK\r\n\r\n" PROFILES_REPLY, false, ONVIF_MORE},
		{"HTTP/1.1 200 OK\r\n\r\n" PROFILES_REPLY, true, ONVIF_NEXT},
		{"HTTP/1.1 200 OK\r\n\r\n<Profiles token=\"a b\">", true, ONVIF_FAILED},
		{"HTTP/1.1 200 OK\r\n\r\n<Profiles token=\"</ProfileToken>\">", true, ONVIF_FAILED},
		{"HTTP/1.1 200 OK\r\n\r\n<Profiles token=\"\">", true, ONVIF_FAILED},
		{"HTTP/1.1 302 Found\r\nLocation: http://198.51.100.7/\r\n\r\n", true, ONVIF_FAILED},
		{"HTTP/1.1 500 No\r\n\r\n" PROFILES_REPLY, true, ONVIF_FAILED},
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		const char *why = NULL;
		struct onvif o;

		onvif_init(&o, &config);
		o.step = ONVIF_PROFILES;
		cr_expect_eq(onvif_reply(&o, (const uint8_t *)t[i].reply, strlen(t[i].reply), t[i].closed, NOW, &why), t[i].result, "row %zu", i);
		cr_expect((t[i].result == ONVIF_FAILED) == (why != NULL), "row %zu", i);
	}
}

Test(onvif, a_path_is_only_taken_if_it_can_be_sent)
{
	static const struct {
		const char *url, *path;
	} t[] = {
		{"http://192.0.2.1/onvif/media", "/onvif/media"}, {"https://[::1]:443/m?x=1", "/m?x=1"}, {"/m", "/m"}, {"http://192.0.2.1", ""},
		{"http://192.0.2.1/a b", ""}, {"http://192.0.2.1/a\r\nX: y", ""}, {"http://192.0.2.1/\"", ""}, {"", ""},
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		char body[256];
		const char *why;
		struct onvif o;

		onvif_init(&o, &config);
		o.step = ONVIF_SERVICES;
		snprintf(body, sizeof body, "<Media><XAddr>%s</XAddr></Media>", t[i].url);
		cr_expect_eq(answer(&o, "200 OK", body, &why), ONVIF_NEXT);
		cr_expect_str_eq(o.media, t[i].path, "row %zu", i);
	}
}

Test(xml, finds_elements_and_attributes)
{
	static const struct {
		const char *doc, *name, *body, *attribute;
	} t[] = {
		{"<a:b c='1' d=\"2\">x<e/>y</a:b>", "b", "x<e/>y", "2"},
		{"<b/>", "b", "", NULL},
		{"<b d = '2' />tail", "b", "", "2"},
		{"<!-- <b>no</b> --><b>yes</b>", "b", "yes", NULL},
		{"<![CDATA[<b>no</b>]]><b>yes</b>", "b", "yes", NULL},
		{"<bb>no</bb><x:b>yes</b>", "b", "yes", NULL},
		{"<b>never ended", "b", "", NULL},
		{"<b x=y d='2'>", "b", "", NULL},
	};
	struct span in, attributes, body, value;

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		in = span_str(t[i].doc);
		cr_assert(xml_element(&in, t[i].name, &attributes, &body), "row %zu", i);
		cr_expect(span_is(body, t[i].body), "row %zu: %.*s", i, (int)body.n, body.p);
		cr_expect_eq(xml_attribute(attributes, "d", &value), t[i].attribute != NULL, "row %zu", i);
		if (t[i].attribute)
			cr_expect(span_is(value, t[i].attribute), "row %zu", i);
	}
	for (size_t i = 0; i < 5; i++) {
		static const char *const none[] = {"", "<", "<a", "</b>", "<!-- <b>"};

		in = span_str(none[i]);
		cr_expect(!xml_element(&in, "b", NULL, NULL), "row %zu", i);
	}
}
