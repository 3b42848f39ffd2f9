/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is let in by serve: passwords and sessions, by one process and by all of them. */
#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "tests/server/serve_suite.h"

#define WRONG basic(WORLD_USER, "wrong")

TestSuite(serve_login, .init = suite_start, .fini = suite_stop, .timeout = 60);

static void get(const char *path, const char *extra)
{
	viewer_get(&viewer, path, extra, &got);
}

/* "yard" has a segment. */
static void publish(void)
{
	world_track(&world, 0);
	world_segment(&world, 0, 5, 1000, true);
}

Test(serve_login, does_not_make_the_page_ask_for_a_password)
{
	get("/api/site", "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n");
	cr_assert_eq(got.status, 401);
	cr_assert(head_has("WWW-Authenticate", "Session"));
}

Test(serve_login, knows_right_and_wrong_passwords)
{
	const char *other = basic("mallory", WORLD_PASSWORD);

	get("/api/site", ALICE);
	cr_assert_eq(got.status, 200);
	get("/api/site", WRONG);
	cr_assert_eq(got.status, 401);
	get("/api/site", other);
	cr_assert_eq(got.status, 401);
	get("/api/site", "Authorization: Basic %%%\r\n");
	cr_assert_eq(got.status, 401);
	get("/api/site", "Authorization: Bearer x\r\n");
	cr_assert_eq(got.status, 401);
	get("/api/site", ALICE);
	cr_assert_eq(got.status, 200);
}

/* By what serve said until now. */
static unsigned logins(unsigned user, bool accepted)
{
	unsigned n = 0;

	for (unsigned i = 0; i < world.nlogins; i++) {
		cr_expect_str_eq(world.login[i].address, "127.0.0.1");
		if (world.login[i].user == user && world.login[i].accepted == accepted)
			n += world.login[i].count;
	}
	return n;
}

Test(serve_login, tells_of_logins_and_refusals_but_never_a_name_that_is_none)
{
	const char *other = basic("mallory", WORLD_PASSWORD);

	get("/api/site", ALICE);
	get("/api/site", ALICE);
	get("/api/site", other);
	get("/api/site", WRONG);
	world_wait(&world, &world.nlogins, 3);
	cr_expect_eq(logins(0, true), 1, "the second time the password is remembered");
	cr_expect_eq(logins(0, false), 1);
	cr_expect_eq(logins(MSG_LOGIN_NOBODY, false), 1);
	cr_expect_eq(world.nlogins, 3);
}

Test(serve_login, slows_down_guessing_but_not_who_is_known)
{
	get("/api/site", ALICE);
	for (unsigned i = 0; i < 4; i++) {
		get("/api/site", WRONG);
		cr_assert_eq(got.status, 401, "try %u gave %u", i, got.status);
	}
	get("/api/site", WRONG);
	cr_assert_eq(got.status, 429);
	cr_assert(head_has("Retry-After", "1"));
	get("/api/site", ALICE);
	cr_assert_eq(got.status, 200);
}

Test(serve_login, gives_the_login_page_first)
{
	get("/", "");
	cr_assert_eq(got.status, 200);
	cr_assert(head_has("Content-Type", "text/html"));
	cr_assert(head_has("Content-Security-Policy", "default-src 'none'"));
	cr_assert(head_has("Cache-Control", "no-store"));
	cr_assert(head_has("Strict-Transport-Security", "max-age="));
	cr_assert(head_has("X-Content-Type-Options", "nosniff"));
	cr_assert(head_has("Referrer-Policy", "no-referrer"));
	cr_assert(head_has("Cross-Origin-Resource-Policy", "same-origin"));
	cr_assert(response_header(&got, "Date"));
	get("/verify.html", "");
	cr_assert_eq(got.status, 200);
	cr_assert(head_has("Content-Type", "text/html"));
	cr_assert(head_has("Content-Security-Policy", "default-src 'none'; script-src 'sha256-"));
	cr_assert(head_has("Content-Security-Policy", "connect-src 'none'"));
	cr_assert(head_has("Content-Security-Policy", "frame-ancestors 'none'"));
	get("/assets/none.js", "");
	cr_assert_eq(got.status, 404);
}

static void post(const char *path, const char *extra, const char *body)
{
	char text[2048];
	int n = snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n"
		"Content-Type: application/x-www-form-urlencoded\r\n%s\r\n%s", path, strlen(body), extra, body);

	viewer_send(&viewer, text, (size_t)n);
	viewer_receive(&viewer, &got, false);
}

static void take_cookie(char ret[256])
{
	const char *set = response_header(&got, "Set-Cookie");

	cr_assert(set);
	cr_assert(strstr(set, "; Secure") && strstr(set, "; HttpOnly") && strstr(set, "; SameSite=Strict") && strstr(set, "; Path=/"));
	snprintf(ret, 256, "Cookie: a=b; %.*s\r\n", (int)strcspn(set, ";"), set);
}

Test(serve_twice, logs_in_and_out_in_all_processes, .timeout = 60)
{
	char cookie[256];

	world_start(&world, 2);
	cr_assert(viewer_open(&viewer, world.base, world.port[0], 0));
	publish();
	post("/login", "Sec-Fetch-Site: same-origin\r\n", "name=alice&password=open+sesame");
	cr_assert_eq(got.status, 303);
	cr_assert(head_has("Location", "/"));
	take_cookie(cookie);
	for (unsigned i = 0; i < 2; i++) {
		reconnect(1 - i);
		get("/api/site", cookie);
		cr_assert_eq(got.status, 200);
		cr_assert(body_has("\"user\":\"alice\""));
		get("/live/yard/copy/5.m4s", cookie);
		cr_assert_eq(got.status, 200);
	}
	post("/logout", cookie, "");
	cr_assert_eq(got.status, 303);
	cr_assert(head_has("Set-Cookie", "Max-Age=0"));
	get("/api/site", cookie);
	cr_assert_eq(got.status, 401);
	suite_stop();
}

/* The parent ends a process that says too much, and who has no session can ask to be logged out as often as he likes. */
Test(serve_twice, tells_nobody_of_sessions_that_there_are_not, .timeout = 60)
{
	char cookie[256];

	world_start(&world, 2);
	cr_assert(viewer_open(&viewer, world.base, world.port[0], 0));
	publish();
	for (int i = 0; i < 20; i++) {
		post("/logout", "Cookie: __Host-session=00000000000000000000000000000000000000000000000000000000000000ab\r\n", "");
		cr_assert_eq(got.status, 303);
	}
	post("/login", "", "name=alice&password=open+sesame");
	cr_assert_eq(got.status, 303);
	take_cookie(cookie);
	post("/logout", cookie, "");
	world_wait(&world, &world.ended, 1);
	cr_expect_eq(world.ended, 1);
	suite_stop();
}

Test(serve_twice, knows_a_user_who_came_while_it_ran, .timeout = 60)
{
	char cookie[256];

	world_start(&world, 2);
	cr_assert(viewer_open(&viewer, world.base, world.port[0], 0));
	publish();
	world_user(&world, 7, "bob", "another");
	post("/login", "", "name=bob&password=another");
	cr_assert_eq(got.status, 303);
	take_cookie(cookie);
	for (unsigned i = 0; i < 2; i++) {
		reconnect(1 - i);
		get("/api/site", cookie);
		cr_expect_eq(got.status, 200);
		cr_expect(body_has("\"user\":\"bob\""));
	}
	suite_stop();
}

Test(serve_login, refuses_logins_that_are_not_ours)
{
	static const struct { const char *extra, *body; unsigned status; } try[] = {
		{"", "name=alice&password=wrong", 403},
		{"", "name=nobody&password=open+sesame", 403},
		{"", "name=alice", 403},
		{"", "name=alice&name=bob&password=open+sesame", 403},
		{"", "", 403},
		{"Sec-Fetch-Site: cross-site\r\n", "name=alice&password=open+sesame", 403},
		{"Origin: https://evil.example\r\n", "name=alice&password=open+sesame", 403},
		{"Origin: null\r\n", "name=alice&password=open+sesame", 403},
		{"Origin: https://localhost\r\n", "name=alice&password=open+sesame", 303},
	};

	for (size_t i = 0; i < sizeof try / sizeof *try; i++) {
		post("/login", try[i].extra, try[i].body);
		cr_assert_eq(got.status, try[i].status, "try %zu gave %u", i, got.status);
		cr_assert((response_header(&got, "Set-Cookie") != NULL) == (try[i].status == 303));
	}
	get("/api/site", "Cookie: __Host-session=0000000000000000000000000000000000000000000000000000000000000000\r\n");
	cr_assert_eq(got.status, 401);
}
