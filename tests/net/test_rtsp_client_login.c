/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/net/rtsp_peer.h"

#define BASIC "WWW-Authenticate: Basic realm=\"r\"\r\n"
#define SHA512 "WWW-Authenticate: Digest realm=\"r\", nonce=\"n5\", algorithm=SHA-512-256, qop=\"auth,auth-int\"\r\n"
#define STALE(nonce) "WWW-Authenticate: Digest realm=\"r\", nonce=\"" nonce "\", algorithm=SHA-256, stale=true\r\n"
#define FRESH(nonce) "WWW-Authenticate: Digest realm=\"r\", nonce=\"" nonce "\", algorithm=SHA-256\r\n"

static void begin_login(bool tls, bool allow_basic)
{
	begin_with((struct rtsp_client_config){.user = "user", .password = "se:cr\"et", .allow_md5 = true, .tls = tls,
		.allow_basic = allow_basic, .transport = RTSP_CLIENT_TCP});
}

static void to_media_with_login(void)
{
	begin_login(false, false);
	reply("401 Unauthorized", FRESH("n1"), NULL);
	reply("200 OK", "Public: GET_PARAMETER\r\n", NULL);
	reply("200 OK", "", SDP_VIDEO_ONLY);
	reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: abc\r\n", NULL);
	reply("200 OK", "", NULL);
	cr_assert_str_eq(events, "described playing");
	events[0] = 0;
}

Test(rtsp_client_login, takes_the_strongest_in_any_order, .fini = end)
{
	static const char *const orders[] = {BASIC DIGEST_PLAIN DIGEST_SHA SHA512, SHA512 DIGEST_SHA DIGEST_PLAIN BASIC, DIGEST_PLAIN SHA512 BASIC DIGEST_SHA};

	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		begin_login(true, true);
		reply("401 Unauthorized", orders[i], NULL);
		cr_expect(has("algorithm=SHA-512-256") && has("nonce=\"n5\"") && has("qop=auth, nc=00000001"), "%s", said);
		cr_expect(!has("Basic"));
		reply("200 OK", "", NULL);
		cr_expect(has("nc=00000002"));
	}
}

/* Only where there was never a Digest, and then only if nobody can listen or the site file says so. */
Test(rtsp_client_login, basic_is_the_last_way, .fini = end)
{
	static const struct {
		const char *headers;
		bool tls, allow_basic, answered;
	} cases[] = {
		{BASIC, false, false, false},
		{BASIC, true, false, true},
		{BASIC, false, true, true},
		{BASIC "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA3-256\r\n", true, true, false},
		{BASIC "WWW-Authenticate: Digest realm=\"r\r\n", true, true, false},
		{"WWW-Authenticate: Basic realm=\"r\", Digest nonce=\"n\"\r\n", true, true, false},
		{BASIC "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"\r\n", true, true, false},
		{"WWW-Authenticate: NTLM\r\n" BASIC, false, true, true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin_login(cases[i].tls, cases[i].allow_basic);
		reply("401 Unauthorized", cases[i].headers, NULL);
		cr_expect_eq(has("Authorization: Basic dXNlcjpzZTpjciJldA==\r\n"), cases[i].answered, "%s: %s", cases[i].headers, said);
		cr_expect_eq(has("Authorization"), cases[i].answered);
		if (cases[i].answered) {
			reply("401 Unauthorized", cases[i].headers, NULL);
			cr_expect_str_eq(said, "");
		}
		cr_expect_str_eq(events, "failed:wrong-password");
	}
}

Test(rtsp_client_login, basic_is_out_once_a_digest_was_offered, .fini = end)
{
	begin_login(true, true);
	reply("401 Unauthorized", DIGEST_SHA, NULL);
	reply("200 OK", "", NULL);
	reply("401 Unauthorized", BASIC, NULL);
	cr_assert_str_eq(events, "failed:wrong-password");
	cr_assert_str_eq(said, "");
}

Test(rtsp_client_login, an_old_nonce_is_renewed_at_any_request, .fini = end)
{
	begin_login(false, false);
	reply("401 Unauthorized", FRESH("n1"), NULL);
	cr_assert(has("nonce=\"n1\""));
	reply("200 OK", "", NULL);
	/* Without a word about staleness: a new nonce is tried once for each request. */
	reply("401 Unauthorized", FRESH("n2"), NULL);
	cr_assert(asks("DESCRIBE ") && has("nonce=\"n2\""));
	reply("200 OK", "", SDP_VIDEO_ONLY);
	reply("401 Unauthorized", STALE("n3"), NULL);
	cr_assert(asks("SETUP ") && has("nonce=\"n3\""));
	reply("401 Unauthorized", STALE("n4"), NULL);
	cr_assert(asks("SETUP ") && has("nonce=\"n4\""));
	reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: abc\r\n", NULL);
	reply("200 OK", "", NULL);
	cr_assert(rtsp_client_quirks(c) & 1u << RTSP_QUIRK_NONCE_EACH);
	cr_assert_str_eq(events, "described playing");
}

Test(rtsp_client_login, the_same_nonce_is_answered_once, .fini = end)
{
	begin_login(false, false);
	reply("401 Unauthorized", FRESH("n1"), NULL);
	reply("200 OK", "", NULL);
	reply("401 Unauthorized", FRESH("n1"), NULL);
	cr_assert_str_eq(events, "failed:wrong-password");
	cr_assert(strstr(failure, "refuses"));
	cr_assert_str_eq(said, "");
	begin_login(false, false);
	reply("401 Unauthorized", FRESH("n1"), NULL);
	reply("401 Unauthorized", "", NULL);
	cr_assert_str_eq(events, "failed:wrong-password");
	cr_assert(strstr(failure, "refuses"));
}

Test(rtsp_client_login, renews_in_the_middle_of_a_session, .fini = end)
{
	to_media_with_login();
	tick(3 * SECOND);
	for (int i = 0; i < 9; i++) {
		say_bytes(MEDIA_FRAME, 16);
		tick(3 * SECOND);
	}
	cr_assert(asks("GET_PARAMETER ") && has("nonce=\"n1\""));
	reply("401 Unauthorized", STALE("n2"), NULL);
	cr_assert(asks("GET_PARAMETER ") && has("nonce=\"n2\""));
	/* Refused for good: media comes, so it goes on, and asks in another way. */
	reply("401 Unauthorized", FRESH("n3"), NULL);
	cr_assert(!strstr(events, "failed"));
	for (int i = 0; i < 10; i++) {
		say_bytes(MEDIA_FRAME, 16);
		tick(3 * SECOND);
	}
	cr_assert(asks("OPTIONS "));
}

Test(rtsp_client_login, the_teardown_is_answered_for_too, .fini = end)
{
	to_media_with_login();
	rtsp_client_stop(c, now);
	look();
	cr_assert(asks("TEARDOWN ") && has("Authorization: Digest ") && has("nonce=\"n1\"") && has("Session: abc"));
	reply("401 Unauthorized", STALE("n2"), NULL);
	cr_assert(asks("TEARDOWN ") && has("nonce=\"n2\""));
	cr_assert_str_eq(events, "");
	reply("200 OK", "", NULL);
	cr_assert_str_eq(events, "done");
	/* As long as there is time: a second in all. */
	to_media_with_login();
	tick(5 * SECOND);
	cr_assert(asks("TEARDOWN "));
	now += SECOND / 2;
	reply("401 Unauthorized", STALE("n2"), NULL);
	cr_assert(asks("TEARDOWN "));
	tick(SECOND / 2);
	cr_assert_str_eq(events, "failed:silent");
}

Test(rtsp_client_login, an_empty_password_is_one, .fini = end)
{
	begin_with((struct rtsp_client_config){.user = "admin", .password = "", .allow_md5 = true});
	reply("401 Unauthorized", "WWW-Authenticate: Digest realm=\"\", nonce=\"n\", opaque=\"\", userhash=true, charset=UTF-8\r\n", NULL);
	cr_assert(has("username=\"admin\", realm=\"\", nonce=\"n\"") && has("opaque=\"\"") && !has("userhash"));
	/* MD5 over MD5("admin::"), "n" and MD5("OPTIONS:rtsp://192.0.2.1:8554/cam"), reckoned elsewhere. */
	cr_assert(has("response=\"fcd49525bf864e61faef2f8655c67199\""), "%s", said);
}

Test(rtsp_client_login, refused_without_a_challenge, .fini = end)
{
	begin(NULL, NULL, true);
	reply("200 OK", "", NULL);
	reply("403 Forbidden", "", NULL);
	cr_assert_str_eq(events, "failed:wrong-password");
	begin_login(false, false);
	reply("401 Unauthorized", "", NULL);
	cr_assert_str_eq(events, "failed:wrong-password");
	cr_assert(strstr(failure, "no way"));
}
