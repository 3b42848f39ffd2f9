/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What serve asks for viewers' pages, and how cameras did: what the parent answers, and what it does not take serve's word for. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/parent.h"

#define ANNA 0u
#define BERT 1u

static struct parent *p;
static struct site site;
static struct site_camera site_camera[1];
static struct site_user user[2];
static struct child serve;
static struct channel *end;            /* serve's */
static struct msg_answer answer;
static char said[1 << 16];
static char folder[] = "/tmp/casemate-test-question.XXXXXX", key[100];

static void on_answer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	answer = m->answer;
	said[0] = 0;
	cr_assert_eq(fds[0] >= 0, answer.result == MSG_ANSWER_DONE);
	if (fds[0] < 0)
		return;
	cr_assert_lt(answer.bytes, sizeof said);
	cr_assert_eq(pread(fds[0], said, answer.bytes, 0), (ssize_t)answer.bytes);
	said[answer.bytes] = 0;
}

static void on_broken(void *ctx, struct channel *c, const char *why)
{
	cr_assert(false, "%s", why ? why : "gone");
}

static void start(void)
{
	static const struct channel_answer answers[] = {{MSG_ANSWER, on_answer}, {MSG_NONE, NULL}}, none[] = {{MSG_NONE, NULL}};
	struct channel_ends mine = {.me = ROLE_PARENT, .peer = ROLE_SERVE, .answers = none, .broken = on_broken};
	struct channel_ends his = {.me = ROLE_SERVE, .peer = ROLE_PARENT, .answers = answers, .broken = on_broken};
	int fd[2];

	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	cr_assert(mkdtemp(folder));
	snprintf(key, sizeof key, "%s/site.key", folder);
	site = (struct site){.key = key, .camera = site_camera, .ncameras = 1, .user = user, .nusers = 2};
	strcpy(site_camera[0].name, "gate");
	strcpy(user[ANNA].name, "anna");
	strcpy(user[BERT].name, "bert");
	p = calloc(1, sizeof *p);
	cr_assert(p);
	p->site = &site;
	p->camera = calloc(1, sizeof *p->camera);
	cr_assert(p->camera);
	cr_assert_eq(channel_pair(fd), 0);
	serve = (struct child){.parent = p, .kind = ROLE_SERVE, .phase = CHILD_READY, .channel = channel_new(NULL, fd[0], &mine)};
	end = channel_new(NULL, fd[1], &his);
	cr_assert(serve.channel && end);
	parent_log_quiet();
}

static void stop(void)
{
	char path[120];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s%s", key, i ? ".shares" : ".share-key");
		unlink(path);
	}
	rmdir(folder);
	parent_share_end(p);
	channel_free(&serve.channel);
	channel_free(&end);
	free(p->camera);
	free(p);
}

TestSuite(parent_question, .init = start, .fini = stop, .timeout = 60);

static enum msg_answer_result ask_as(unsigned who, bool all, enum msg_question_what what, const char *words)
{
	struct msg_question m = {.request = 7, .what = (uint8_t)what, .user = (uint16_t)who, .all = all};
	enum msg_type type;

	snprintf(m.words, sizeof m.words, "%s", words);
	serve.looks = serve.changes = 0;
	parent_question(&serve, &m);
	cr_assert_eq(channel_wait(end, &type), 0);
	cr_assert(type == MSG_ANSWER && answer.request == 7);
	return (enum msg_answer_result)answer.result;
}

static void log_in(unsigned who, uint8_t token)
{
	struct msg_session s = {.token_sha256 = {token}, .user = (uint16_t)who, .begun_us = clock_wall_us(), .expires_us = clock_wall_us() + 3600000000, .address = "192.0.2.7"};

	p->session[p->nsessions++] = s;
}

static const char *link_until(int64_t from_now_us)
{
	static char words[200];
	char expires[CLOCK_TEXT];

	clock_text(clock_wall_us() + from_now_us, expires);
	snprintf(words, sizeof words, "gate - - %s", expires);
	return words;
}

Test(parent_question, tells_of_his_own_sessions_and_of_all_where_he_may)
{
	log_in(ANNA, 1);
	log_in(BERT, 2);
	cr_expect_eq(ask_as(BERT, false, QUESTION_SESSIONS, ""), MSG_ANSWER_DONE);
	cr_expect(strstr(said, "\"user\":\"bert\"") && strstr(said, "0200000000000000") && !strstr(said, "anna"), "%s", said);
	cr_expect_eq(ask_as(ANNA, true, QUESTION_SESSIONS, ""), MSG_ANSWER_DONE);
	cr_expect(strstr(said, "bert") && strstr(said, "anna"), "%s", said);
}

Test(parent_question, ends_his_own_sessions_and_others_where_he_may)
{
	log_in(ANNA, 1);
	log_in(BERT, 2);
	cr_expect_eq(ask_as(BERT, false, QUESTION_SESSION_END, "0100000000000000"), MSG_ANSWER_REFUSED);
	cr_expect_str_eq(answer.why, "there is no such session");
	cr_expect_eq(ask_as(BERT, false, QUESTION_SESSION_END, "0200000000000000"), MSG_ANSWER_DONE);
	cr_expect_eq(p->nsessions, 1);
	cr_expect_eq(ask_as(BERT, true, QUESTION_SESSION_END, "0100000000000000"), MSG_ANSWER_DONE);
	cr_expect_eq(ask_as(BERT, true, QUESTION_SESSION_END, "user anna"), MSG_ANSWER_REFUSED);
	cr_expect_eq(p->nsessions, 0);
}

Test(parent_question, makes_no_link_but_for_who_is_logged_in_bounded_and_soon_over)
{
	const int64_t day_us = 86400000000;

	cr_expect_eq(ask_as(ANNA, true, QUESTION_SHARE, link_until(day_us)), MSG_ANSWER_REFUSED);
	cr_expect(strstr(answer.why, "log in"), "%s", answer.why);
	log_in(ANNA, 1);
	cr_expect_eq(ask_as(BERT, true, QUESTION_SHARE, link_until(day_us)), MSG_ANSWER_REFUSED, "somebody else is logged in");
	cr_expect_eq(ask_as(ANNA, true, QUESTION_SHARE, link_until(32 * day_us)), MSG_ANSWER_REFUSED);
	cr_expect(strstr(answer.why, "within 31 days"), "%s", answer.why);
	cr_expect_eq(ask_as(ANNA, true, QUESTION_SHARE, "gate - -"), MSG_ANSWER_REFUSED);
	cr_expect_eq(ask_as(ANNA, true, QUESTION_SHARE, ""), MSG_ANSWER_REFUSED);
	cr_assert_eq(ask_as(ANNA, true, QUESTION_SHARE, link_until(day_us)), MSG_ANSWER_DONE, "%s", answer.why);
	cr_expect_eq(strncmp(said, "share-", 6), 0, "%s", said);
	cr_expect_str_eq(p->shares.at[0].share.user, "anna");
	cr_expect_eq(ask_as(ANNA, true, QUESTION_SHARES, ""), MSG_ANSWER_DONE);
	cr_expect(strstr(said, "\"camera\":\"gate\"") && strstr(said, "\"user\":\"anna\""), "%s", said);
	cr_expect_eq(ask_as(ANNA, true, QUESTION_UNSHARE, p->shares.at[0].share.id), MSG_ANSWER_DONE);
	cr_expect(!p->shares.at[0].used);
	cr_expect_eq(ask_as(ANNA, true, QUESTION_UNSHARE, "share-abcde2"), MSG_ANSWER_REFUSED);
}

Test(parent_question, makes_a_few_links_a_minute)
{
	unsigned made = 0;

	log_in(ANNA, 1);
	/* However the minutes fall, two of them cannot hold more. */
	for (unsigned i = 0; i < 40; i++)
		made += ask_as(ANNA, true, QUESTION_SHARE, link_until(60000000000)) == MSG_ANSWER_DONE;
	cr_expect(made >= 10 && made <= 20, "%u", made);
}

Test(parent_question, answers_later_when_too_much_is_asked_or_nobody_asks)
{
	struct msg_question m = {.what = QUESTION_ALARMS};
	unsigned done = 0;
	enum msg_type type;

	for (unsigned i = 0; i < 200; i++) {
		parent_question(&serve, &m);
		cr_assert_eq(channel_wait(end, &type), 0);
		done += answer.result == MSG_ANSWER_DONE;
	}
	cr_expect(done >= 20 && done < 200, "%u", done);
	m = (struct msg_question){.what = QUESTION_UNSHARE, .words = "share-abcde2"};
	parent_question(&serve, &m);
	cr_assert_eq(channel_wait(end, &type), 0);
	cr_expect_eq(answer.result, MSG_ANSWER_REFUSED, "what changes something is counted apart");
	cr_expect_eq(ask_as(2, true, QUESTION_ALARMS, ""), MSG_ANSWER_LATER, "a user that there is none of");
	cr_expect_eq(ask_as(MSG_LOGIN_NOBODY - 1, true, QUESTION_ALARMS, ""), MSG_ANSWER_LATER);
}

Test(parent_question, tells_of_alarms_the_newest_first)
{
	alarm_book_add(&p->alarms, &(struct alarm_event){.at_us = 1, .kind = ALARM_FROZEN, .begin = true, .camera = "gate", .detail = "the same picture"});
	alarm_book_add(&p->alarms, &(struct alarm_event){.at_us = 2, .kind = ALARM_DISK, .begin = false});
	cr_expect_eq(ask_as(ANNA, true, QUESTION_ALARMS, ""), MSG_ANSWER_DONE);
	cr_expect(strstr(said, "\"frozen\"") > strstr(said, "\"disk\"") && strstr(said, "\"camera\":null"), "%s", said);
}

/* --- how cameras did ------------------------------------------------------------------------- */

static const char *json_of(const struct history *h)
{
	static struct buf b;

	buf_free(&b);
	buf_init(&b, 1 << 16);
	history_json(h, 0, &b);
	cr_assert_eq(buf_append(&b, "", 1), 0);
	return (const char *)buf_data(&b);
}

Test(parent_question, tells_how_a_camera_did)
{
	cr_expect_eq(ask_as(ANNA, false, QUESTION_HISTORY, "gate"), MSG_ANSWER_DONE);
	cr_expect(strstr(said, "\"interval_s\":10") && strstr(said, "\"rate_bps\":[]"), "%s", said);
	cr_expect_eq(ask_as(ANNA, false, QUESTION_HISTORY, "yard"), MSG_ANSWER_REFUSED);
	parent_history_sweep(p, 20000000);
	p->camera[0].known = true;
	p->camera[0].state = (struct msg_camera_state){.phase = CAMERA_STREAMING, .rate_bps = 5000, .fps_milli = 12500, .packets = 90, .lost = 10};
	parent_history_sweep(p, 25000000);
	parent_history_sweep(p, 30000000);
	cr_expect_eq(ask_as(ANNA, false, QUESTION_HISTORY, "gate"), MSG_ANSWER_DONE);
	cr_expect(strstr(said, "\"rate_bps\":[5000],\"fps\":[12.5],\"lost_percent\":[10.00],\"cpu_percent\":[null]"), "%s", said);
}

Test(parent_question, counts_what_came_since_the_sample_before_also_of_a_process_that_is_new)
{
	static const struct history_now now[] = {
		{.sends = true, .rate_bps = 1, .fps_milli = 1000, .packets = 100, .lost = 0, .worker = 5, .cpu_s = 1},
		{.sends = true, .rate_bps = 2, .fps_milli = 2000, .packets = 199, .lost = 1, .worker = 5, .cpu_s = 2},
		{.sends = false, .packets = 199, .lost = 1, .worker = 6, .cpu_s = 1},
		{.sends = true, .rate_bps = 4, .fps_milli = 4000, .packets = 50, .lost = 50, .worker = 6, .cpu_s = 21}};
	struct history h = {0};

	for (unsigned i = 0; i < 4; i++)
		history_next(&h, &now[i], (i + 1) * INT64_C(10000000));
	cr_expect(strstr(json_of(&h), "\"rate_bps\":[2,null,4],\"fps\":[2.0,null,4.0],\"lost_percent\":[1.00,null,49.49],\"cpu_percent\":[10.0,null,200.0]"), "%s", json_of(&h));
}

Test(parent_question, keeps_an_hour_and_no_more)
{
	struct history h = {0};
	unsigned n = 0;

	for (uint32_t i = 0; i < 2 * HISTORY_SAMPLES; i++)
		history_next(&h, &(struct history_now){.sends = true, .rate_bps = i}, (i + 1) * INT64_C(10000000));
	for (const char *at = strstr(json_of(&h), "\"rate_bps\":["); *at != ']'; at++)
		n += *at == ',';
	cr_expect_eq(n, HISTORY_SAMPLES - 1);
	cr_expect(strstr(json_of(&h), "\"rate_bps\":[360,361,") && strstr(json_of(&h), ",719],"));
}
