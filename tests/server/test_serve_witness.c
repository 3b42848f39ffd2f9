/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What witnesses see of serve, with this test as store. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/server/serve_suite.h"

static const char *who;

static void be_user(const char *name)
{
	who = basic(name, WORLD_PASSWORD);
}

static void start(void)
{
	be_user(WORLD_USER);
	suite_start();
}

TestSuite(serve_witness, .init = start, .fini = suite_stop, .timeout = 120);

static void tell_note(unsigned what, const char *text)
{
	struct msg_log_note m = {.what = (uint8_t)what, .note_len = (uint16_t)strlen(text)};

	memcpy(m.note, text, strlen(text));
	cr_assert_eq(channel_say(world.store[0], MSG_LOG_NOTE, &m, NULL, 0), 0);
}

/* Until a GET says so: the note goes by another way than the request. */
static void get_until(const char *path, unsigned status)
{
	for (int i = 0; i < 1000; i++) {
		viewer_get(&viewer, path, who, &got);
		if (got.status == status)
			return;
	}
	cr_assert(false, "%s: %u", path, got.status);
}

static void post(const char *extra, const char *body)
{
	char head[600];

	viewer_send(&viewer, head, (size_t)snprintf(head, sizeof head, "POST /log/cosignature HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %zu\r\n\r\n%s",
		extra, strlen(body), body));
}

static void answer(unsigned result)
{
	struct msg_cosigned m = {.request = world.cosignature.request, .result = (uint8_t)result};

	cr_assert_eq(channel_say(world.store[0], MSG_COSIGNED, &m, NULL, 0), 0);
}

Test(serve_witness, shows_what_store_says)
{
	static const struct { const char *path; unsigned what; } notes[] = {
		{"/log/cosigned", MSG_LOG_COSIGNED}, {"/log/pending", MSG_LOG_WANTED}, {"/log/policy", MSG_LOG_POLICY}};

	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
		viewer_get(&viewer, notes[i].path, who, &got);
		cr_assert_eq(got.status, 404);
		viewer_get(&viewer, notes[i].path, "", &got);
		cr_assert_eq(got.status, 401);
		tell_note(notes[i].what, notes[i].path);
		get_until(notes[i].path, 200);
		cr_assert(got.body.len == strlen(notes[i].path) && !memcmp(buf_data(&got.body), notes[i].path, got.body.len));
		cr_assert_str_eq(response_header(&got, "Cache-Control"), "private, no-cache");
	}
	tell_note(MSG_LOG_COSIGNED, "another");
	do
		get_until("/log/cosigned", 200);
	while (got.body.len != 7);
	tell_note(MSG_LOG_COSIGNED, "");
	get_until("/log/cosigned", 404);
}

Test(serve_witness, hands_a_cosignature_on_and_the_answer_back)
{
	static const struct { unsigned result, status; } answers[] = {
		{MSG_COSIGNED_TAKEN, 200}, {MSG_COSIGNED_KNOWN, 200}, {MSG_COSIGNED_MALFORMED, 400}, {MSG_COSIGNED_REFUSED, 403},
		{MSG_COSIGNED_OTHER, 409}, {MSG_COSIGNED_NOBODY, 404}, {MSG_COSIGNED_LATER, 503}};
	char name[16];

	/* Each by another user, of whom one a second is taken. They are known before the next handshake ends. */
	for (unsigned i = 0; i < sizeof answers / sizeof *answers; i++) {
		snprintf(name, sizeof name, "w%u", i);
		world_user(&world, 1 + i, name, WORLD_PASSWORD);
	}
	viewer_close(&viewer);
	cr_assert(viewer_open(&viewer, world.base, world.port[0], 0));
	for (unsigned i = 0; i < sizeof answers / sizeof *answers; i++) {
		snprintf(name, sizeof name, "w%u", i);
		be_user(name);
		post(who, "a note");
		world_wait(&world, &world.cosignatures, i + 1);
		cr_assert(world.cosignature.note_len == 6 && !memcmp(world.cosignature.note, "a note", 6));
		answer(answers[i].result);
		viewer_receive(&viewer, &got, false);
		cr_assert_eq(got.status, answers[i].status, "%u", answers[i].result);
		cr_assert(got.body.len > 0);
		cr_assert_eq(response_header(&got, "Retry-After") != NULL, got.status == 503);
	}
}

/* A place is his until store has answered, whether he waits for it or not. */
Test(serve_witness, one_user_has_one_place)
{
	post(who, "a note");
	world_wait(&world, &world.cosignatures, 1);
	viewer_close(&viewer);
	cr_assert(viewer_open(&viewer, world.base, world.port[0], 0));
	post(who, "another");
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 503);
	cr_assert_str_eq(response_header(&got, "Retry-After"), "1");
	cr_assert_eq(world.cosignatures, 1);
}

Test(serve_witness, hands_nothing_on_that_it_may_not)
{
	post("", "a note");
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 401);
	snprintf(got.head, sizeof got.head, "%sSec-Fetch-Site: cross-site\r\n", who);
	post(got.head, "a note");
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 403);
	viewer_get(&viewer, "/log/cosignature", who, &got);
	cr_assert_eq(got.status, 405);
	cr_assert_str_eq(response_header(&got, "Allow"), "POST");
	cr_assert_eq(world.cosignatures, 0);
}

Test(serve_witness, who_waits_while_store_goes_is_told)
{
	post(who, "a note");
	world_wait(&world, &world.cosignatures, 1);
	world_give_store(&world, 0);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 503);
}

Test(serve_witness, a_note_that_there_is_not_is_a_lie)
{
	tell_note(MSG_LOG_NOTES, "junk");
	world_wait(&world, &world.bad_peers, 1);
	cr_assert(strstr(world.why, "there is not"), "%s", world.why);
}

Test(serve_witness, an_answer_that_cannot_be_is_a_lie)
{
	answer(MSG_COSIGNED_LATER + 1);
	world_wait(&world, &world.bad_peers, 1);
	cr_assert(strstr(world.why, "cannot be"), "%s", world.why);
}
