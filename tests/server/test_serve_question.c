/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the page asks of the whole server at a serve process: who may ask what, from where, and what comes back. */
#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "tests/server/serve_suite.h"

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define FROM_US "Sec-Fetch-Site: same-origin\r\n"
#define FROM_ELSEWHERE "Sec-Fetch-Site: cross-site\r\n"

static void start(void)
{
	suite_start();
	world_user_may(&world, 1, 1, "bert", "few rights", 1u << SITE_RIGHT_LIVE, 0);
	world_answer(&world, MSG_ANSWER_DONE, "{\"said\":1}\n");
}

TestSuite(serve_question, .init = start, .fini = suite_stop, .timeout = 120);

#define BERT basic("bert", "few rights")

static unsigned get(const char *path, const char *who)
{
	response_free(&got);
	viewer_get(&viewer, path, who, &got);
	return got.status;
}

static unsigned post(const char *path, const char *headers, const char *who, const char *body)
{
	char text[2000];
	int n = snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: cam.example\r\n%s%sContent-Length: %zu\r\n\r\n%s", path, headers, who, strlen(body), body);

	response_free(&got);
	viewer_send(&viewer, text, (size_t)n);
	viewer_receive(&viewer, &got, false);
	return got.status;
}

static bool body_is(const char *text)
{
	return got.body.len == strlen(text) && memcmp(buf_data(&got.body), text, got.body.len) == 0;
}

Test(serve_question, hands_out_what_the_parent_says_to_who_may_know)
{
	static const struct { const char *path; enum msg_question_what what; const char *words; unsigned few; } c[] = {
		{"/api/status", QUESTION_STATUS, "", 403}, {"/api/alarms", QUESTION_ALARMS, "", 403}, {"/api/shares", QUESTION_SHARES, "", 403},
		{"/api/sessions", QUESTION_SESSIONS, "", 200}, {"/api/history/yard", QUESTION_HISTORY, "yard", 200}, {"/api/history/attic", QUESTION_HISTORY, "attic", 404}};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		cr_expect_eq(get(c[i].path, ALICE), 200, "%s: %u", c[i].path, got.status);
		cr_expect(body_is("{\"said\":1}\n"));
		cr_expect_str_eq(response_header(&got, "Content-Type"), "application/json");
		cr_expect_str_eq(response_header(&got, "Cache-Control"), "no-store");
		cr_expect(world.question.what == c[i].what && world.question.user == 0 && world.question.all);
		cr_expect_str_eq(world.question.words, c[i].words);
		cr_expect_eq(get(c[i].path, BERT), c[i].few, "%s: %u", c[i].path, got.status);
		cr_expect(c[i].few != 200 || (world.question.user == 1 && !world.question.all));
		cr_expect_eq(get(c[i].path, ""), 401);
	}
	cr_expect_eq(get("/api/history/none", ALICE), 404);
	cr_expect_eq(get("/api/history/", ALICE), 404);
	cr_expect_eq(post("/api/status", FORM FROM_US, ALICE, "a=b"), 405);
}

Test(serve_question, asks_how_all_of_it_does_once_for_many_who_look)
{
	for (unsigned i = 0; i < 20; i++)
		cr_expect_eq(get("/api/status", ALICE), 200);
	cr_expect_lt(world.questions, 20);
}

Test(serve_question, changes_nothing_but_by_a_form_of_our_own_page)
{
	cr_expect_eq(post("/api/sessions", FORM FROM_ELSEWHERE, ALICE, "end=0123"), 403);
	cr_expect_eq(post("/api/shares", FORM FROM_ELSEWHERE, ALICE, "revoke=share-abcde2"), 403);
	cr_expect_eq(post("/api/shares", "Content-Type: text/plain\r\n" FROM_US, ALICE, "revoke=share-abcde2"), 415);
	cr_expect_eq(post("/api/sessions", FORM FROM_US, ALICE, "id=0123"), 400);
	cr_expect_eq(post("/api/shares", FORM FROM_US, ALICE, "camera=yard"), 400);
	cr_expect_eq(post("/api/shares", FORM FROM_US, ALICE, "camera=none&expires=2026-12-01T00:00:00Z"), 409);
	cr_expect_eq(post("/api/shares", FORM FROM_US, BERT, "revoke=share-abcde2"), 403);
	cr_expect_eq(world.questions, 0, "the parent heard of none of it");
	cr_expect_eq(post("/api/sessions", FORM FROM_US, BERT, "end=0123"), 200);
	cr_expect(world.question.what == QUESTION_SESSION_END && !world.question.all);
	cr_expect_str_eq(world.question.words, "0123");
	cr_expect_eq(post("/api/shares", FORM FROM_US, ALICE, "revoke=share-abcde2"), 200);
	cr_expect_eq(world.question.what, QUESTION_UNSHARE);
	cr_expect_eq(post("/api/shares", FORM FROM_US, ALICE, "camera=yard&expires=2026-12-01T00%3A00%3A00Z&from=a&to=b"), 200);
	cr_expect_eq(world.question.what, QUESTION_SHARE);
	cr_expect_str_eq(world.question.words, "yard a b 2026-12-01T00:00:00Z");
}

Test(serve_question, says_what_was_refused_and_what_is_not_now)
{
	world_answer(&world, MSG_ANSWER_REFUSED, "there is no such session");
	cr_expect_eq(post("/api/sessions", FORM FROM_US, ALICE, "end=0123"), 409);
	cr_expect(body_is("there is no such session\n"));
	world_answer(&world, MSG_ANSWER_LATER, "");
	cr_expect_eq(get("/api/sessions", ALICE), 503);
	cr_expect(response_header(&got, "Retry-After"));
}
