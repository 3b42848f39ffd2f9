/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links and sessions as the parent keeps them: made, listed, revoked, there again after a restart. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "server/parent.h"

static struct parent *p;
static struct site site;
static struct site_camera camera[2];
static struct site_user user[2];
static char folder[] = "/tmp/casemate-test-share.XXXXXX", key[100];
static struct buf out;

static void renew(void)
{
	if (p)
		parent_share_end(p);
	free(p);
	p = calloc(1, sizeof *p);
	cr_assert(p);
	p->site = &site;
}

static void start(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	cr_assert(mkdtemp(folder));
	snprintf(key, sizeof key, "%s/site.key", folder);
	site = (struct site){.key = key, .camera = camera, .ncameras = 2, .user = user, .nusers = 2};
	strcpy(camera[0].name, "gate");
	strcpy(camera[1].name, "yard");
	strcpy(user[0].name, "anna");
	strcpy(user[1].name, "bert");
	renew();
	parent_log_quiet();
	buf_init(&out, 1 << 16);
}

static void stop(void)
{
	char path[120];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s%s", key, i ? ".shares" : ".share-key");
		unlink(path);
	}
	rmdir(folder);
	buf_free(&out);
	parent_share_end(p);
	free(p);
}

TestSuite(parent_share, .init = start, .fini = stop);

static const char *said(void)
{
	cr_assert_eq(buf_append(&out, "", 1), 0);
	return (const char *)buf_data(&out);
}

static const char *make(const char *words)
{
	buf_clear(&out);
	parent_share_make(p, words, &out);
	return said();
}

/* The words with a time in an hour where there is "%s". */
static const char *soon(const char *form)
{
	static char words[300];
	const char *at = strstr(form, "%s");
	char expires[CLOCK_TEXT];

	clock_text(clock_wall_us() + 3600000000, expires);
	if (at)
		snprintf(words, sizeof words, "%.*s%s%s", (int)(at - form), form, expires, at + 2);
	else
		snprintf(words, sizeof words, "%s", form);
	return words;
}

static unsigned count(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SITE_SHARES_MAX; i++)
		n += p->shares.at[i].used;
	return n;
}

Test(parent_share, makes_what_is_well_asked_and_says_what_is_not)
{
	static const struct { const char *words, *answer; } c[] = {
		{"gate - - %s -", "done\nshare-"}, {"gate - - %s anna", "done\nshare-"},
		{"gate 2026-11-22T15:00:00Z 2026-11-22T15:10:00.123456Z %s -", "done\nshare-"},
		{"vault - - %s -", "refused\nthe site has no camera"}, {"gate - - %s carl", "refused\nthe site has no user"},
		{"gate - - 2020-01-01T00:00:00Z -", "refused\na link must expire"}, {"gate - - 2099-01-01T00:00:00Z -", "refused\na link must expire"},
		{"gate 2026-11-22T15:00:00Z - %s -", "refused\nwhat was asked"}, {"gate 2026-11-22T15:00:00Z 2026-11-22T15:00:00Z %s -", "refused\nthe time must end"},
		{"gate 2026-11-22T15:00:00Z 2026-11-24T15:00:00Z %s -", "refused\nthe time must end"}, {"gate x y %s -", "refused\na time could not"},
		{"gate - - %s", "refused\nwhat was asked"}, {"gate - - %s - x", "refused\nwhat was asked"}, {"", "refused\nwhat was asked"}, {"Gate - - %s -", "refused\nwhat was asked"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		cr_expect_eq(strncmp(make(soon(c[i].words)), c[i].answer, strlen(c[i].answer)), 0, "%s: %s", c[i].words, said());
	cr_expect_eq(count(), 3);
	site.nusers = 0;
	cr_expect_eq(strncmp(make(soon("gate - - %s -")), "refused\nwithout a user", 22), 0, "%s", said());
	site.nusers = 2;
	cr_expect_eq(count(), 3);
}

Test(parent_share, is_never_of_what_its_user_may_not_see)
{
	struct site_group group = {.rights = 1u << SITE_RIGHT_LIVE, .ncameras = 1, .cameras = {"g*"}};

	site.group = &group;
	site.ngroups = 1;
	strcpy(group.name, "guards");
	strcpy(user[0].group[0], "guards");
	user[0].ngroups = 1;
	cr_expect_eq(strncmp(make(soon("gate - - %s anna")), "done", 4), 0);
	cr_expect_eq(strncmp(make(soon("yard - - %s anna")), "refused\nthat user may not", 21), 0);
	cr_expect_eq(strncmp(make(soon("gate 2026-11-22T15:00:00Z 2026-11-22T15:10:00Z %s anna")), "refused\nthat user may not", 21), 0);
	cr_expect_eq(strncmp(make(soon("gate - - %s bert")), "refused\nthat user may not", 21), 0);
	user[0].ngroups = 0;
}

Test(parent_share, is_there_again_after_a_restart_until_it_is_revoked)
{
	uint8_t sha256[32];
	char id[MSG_SHARE_ID], path[4300];
	struct stat st;

	make(soon("gate - - %s anna"));
	memcpy(id, p->shares.at[0].share.id, sizeof id);
	memcpy(sha256, p->shares.at[0].token_sha256, 32);
	make(soon("yard - - %s -"));
	renew();
	cr_assert_eq(parent_share_begin(p, path, sizeof path), 0);
	cr_expect_eq(count(), 2);
	cr_expect_str_eq(p->shares.at[0].share.id, id);
	cr_expect_arr_eq(p->shares.at[0].token_sha256, sha256, 32);
	cr_expect_str_eq(parent_viewer_name(p, SITE_USERS_MAX), id);
	cr_assert(parent_share_of(p, SITE_USERS_MAX) && !parent_share_of(p, SITE_USERS_MAX + 2) && !parent_share_of(p, 0));
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s%s", key, i ? ".shares" : ".share-key");
		cr_assert_eq(stat(path, &st), 0);
		cr_expect_eq(st.st_mode & 0777, 0600);
	}
	buf_clear(&out);
	parent_share_revoke(p, id, &out);
	cr_expect_str_eq(said(), "done\n");
	buf_clear(&out);
	parent_share_revoke(p, id, &out);
	cr_expect_eq(strncmp(said(), "refused", 7), 0);
	cr_expect(!parent_share_of(p, SITE_USERS_MAX));
	cr_expect_str_eq(parent_viewer_name(p, SITE_USERS_MAX), id, "what was said of it a moment ago still has a name");
	renew();
	cr_assert_eq(parent_share_begin(p, path, sizeof path), 0);
	cr_expect_eq(count(), 1);
}

Test(parent_share, files_that_cannot_be_stop_the_start)
{
	char path[4300], file[120];

	cr_expect_eq(parent_share_begin(p, path, sizeof path), 0, "there are none");
	make(soon("gate - - %s -"));
	snprintf(file, sizeof file, "%s.shares", key);
	cr_assert_eq(io_replace_file(-100, file, "share-abcde2 gate\n", 18, 0600), 0);
	renew();
	cr_expect_eq(parent_share_begin(p, path, sizeof path), -EBADMSG);
	cr_expect_str_eq(path, file);
	cr_expect_eq(count(), 0);
	snprintf(file, sizeof file, "%s.share-key", key);
	cr_assert_eq(io_replace_file(-100, file, "short", 5, 0600), 0);
	renew();
	cr_expect_eq(parent_share_begin(p, path, sizeof path), -EBADMSG);
	cr_expect_str_eq(path, file);
}

Test(parent_share, an_end_that_was_moved_is_another_token)
{
	uint8_t sha256[32];
	char path[4300], file[120], *at;
	struct buf b;

	make(soon("gate - - %s -"));
	memcpy(sha256, p->shares.at[0].token_sha256, 32);
	snprintf(file, sizeof file, "%s.shares", key);
	buf_init(&b, SHARE_FILE_MAX);
	cr_assert_eq(io_read_file(-100, file, &b), 0);
	at = memchr(buf_data(&b), 'T', b.len);
	at[-1] = at[-1] == '8' ? '7' : '8';
	cr_assert_eq(io_replace_file(-100, file, buf_data(&b), b.len, 0600), 0);
	buf_free(&b);
	renew();
	cr_assert_eq(parent_share_begin(p, path, sizeof path), 0);
	cr_expect_arr_neq(p->shares.at[0].token_sha256, sha256, 32);
}

Test(parent_share, there_are_so_many_and_no_more)
{
	for (unsigned i = 0; i < SITE_SHARES_MAX; i++)
		cr_assert_eq(strncmp(make(soon("gate - - %s -")), "done", 4), 0);
	cr_expect_eq(strncmp(make(soon("gate - - %s -")), "refused\nthere are 256 links", 20), 0);
	buf_clear(&out);
	parent_share_revoke(p, p->shares.at[9].share.id, &out);
	cr_expect_eq(strncmp(make(soon("gate - - %s -")), "refused\nthere were 256 links", 25), 0, "%s", said());
	p->shares.at[9].freed_us -= 50000000;
	cr_expect_eq(strncmp(make(soon("gate - - %s -")), "refused\nthere were", 18), 0, "%s", said());
	p->shares.at[9].freed_us -= 10000000;
	cr_expect_eq(strncmp(make(soon("gate - - %s -")), "done", 4), 0, "%s", said());
	cr_expect_eq(p->shares.at[9].version, 2, "another link in the same place is another viewer");
}

/* What a serve says late of who has gone is nobody else's. */
Test(parent_share, a_place_rests_before_another_link_has_it)
{
	make(soon("gate - - %s -"));
	buf_clear(&out);
	parent_share_revoke(p, p->shares.at[0].share.id, &out);
	cr_expect_gt(p->shares.at[0].freed_us, 0);
	cr_expect_eq(strncmp(make(soon("gate - - %s -")), "done", 4), 0);
	cr_expect(!p->shares.at[0].used && p->shares.at[1].used);
}

Test(parent_share, what_has_expired_goes)
{
	make(soon("gate - - %s -"));
	p->shares.at[0].share.expires_us = clock_wall_us() - 1;
	cr_expect(!parent_share_of(p, SITE_USERS_MAX));
	parent_share_sweep(p);
	cr_expect_eq(count(), 0);
}

static struct child serve(void)
{
	return (struct child){.parent = p, .kind = ROLE_SERVE, .phase = CHILD_READY};
}

Test(parent_share, a_session_by_a_link_lasts_no_longer_than_it)
{
	struct msg_session m = {.user = SITE_USERS_MAX, .version = 1, .expires_us = INT64_MAX, .address = "192.0.2.7", .token_sha256 = {0xab, 0xcd}};
	struct child c = serve();

	make(soon("gate - - %s -"));
	parent_session(&c, &m);
	cr_assert_eq(p->nsessions, 1);
	cr_expect_eq(p->session[0].expires_us, p->shares.at[0].share.expires_us);
	m.version = 2;
	parent_session(&c, &m);
	cr_expect_eq(p->nsessions, 1, "by the link that was in that place before");
	buf_clear(&out);
	parent_sessions_list(p, true, &out);
	cr_expect(strstr(said(), "\"id\":\"abcd000000000000\"") && strstr(said(), "\"address\":\"192.0.2.7\"") && strstr(said(), p->shares.at[0].share.id), "%s", said());
	buf_clear(&out);
	parent_share_revoke(p, p->shares.at[0].share.id, &out);
	cr_expect_eq(p->nsessions, 0);
	cr_expect(!c.killed);
}

Test(parent_share, sessions_are_ended_by_id_and_by_user)
{
	static const struct { const char *words, *answer; unsigned left; } c[] = {
		{"id 0300000000000000", "done\n1 session ended\n", 5}, {"id 0300000000000000", "refused\nthere is no such", 5}, {"user bert", "done\n3 sessions ended\n", 2},
		{"user bert", "refused\nthere is no such", 2}, {"anna", "refused\nwhat was asked", 2}, {"user anna", "done\n2 sessions ended\n", 0}};
	struct child s = serve();

	for (unsigned i = 1; i <= 6; i++) {
		struct msg_session m = {.user = (uint16_t)(i % 2 == 0), .expires_us = INT64_MAX, .address = "-", .token_sha256 = {(uint8_t)i}};

		parent_session(&s, &m);
	}
	cr_assert_eq(p->nsessions, 6);
	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		buf_clear(&out);
		parent_sessions_end(p, c[i].words, &out);
		cr_expect_eq(strncmp(said(), c[i].answer, strlen(c[i].answer)), 0, "%s: %s", c[i].words, said());
		cr_expect_eq(p->nsessions, c[i].left);
	}
}
