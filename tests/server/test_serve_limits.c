/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one viewer may have: wrong passwords, connections, held requests, snapshots, cosignatures. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/channel.h"
#include "server/serve_snapshot.h"
#include "server/serve_tries.h"
#include "server/serve_users.h"
#include "server/serve_witness.h"

#define S 1000000ll

/* Hashes as serve_auth makes them, but in the clear. */
static struct serve_tries_who who(const char *name, unsigned address)
{
	struct serve_tries_who w = {0};

	snprintf((char *)w.hash[SERVE_TRIES_BOTH], 32, "%.8s@%u", name, address);
	snprintf((char *)w.hash[SERVE_TRIES_ADDRESS], 32, "@%u", address);
	snprintf((char *)w.hash[SERVE_TRIES_NAME], 32, "%.8s", name);
	return w;
}

static unsigned waits(struct serve_tries *t, const char *name, unsigned address, int64_t now_us)
{
	struct serve_tries_who w = who(name, address);

	return serve_tries_wait_s(t, &w, now_us);
}

static void wrong(struct serve_tries *t, const char *name, unsigned address, int64_t now_us)
{
	struct serve_tries_who w = who(name, address);

	serve_tries_wrong(t, &w, now_us);
}

static void right(struct serve_tries *t, const char *name, unsigned address, int64_t now_us)
{
	struct serve_tries_who w = who(name, address);

	serve_tries_right(t, &w, now_us);
}

Test(serve_tries, a_name_from_an_address_waits_longer_each_time)
{
	static const unsigned expected[] = {0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 64, 64};
	struct serve_tries *t = serve_tries_new();
	int64_t now_us = S;

	for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++) {
		wrong(t, "alice", 1, now_us);
		cr_assert_eq(waits(t, "alice", 1, now_us), expected[i], "after %u", i + 1);
		cr_assert_eq(waits(t, "alice", 2, now_us), 0);
		cr_assert_eq(waits(t, "bob", 1, now_us), 0);
		now_us += expected[i] * S;
		cr_assert_eq(waits(t, "alice", 1, now_us), 0);
	}
	serve_tries_free(&t);
	serve_tries_free(&t);
}

Test(serve_tries, are_forgotten)
{
	struct serve_tries *t = serve_tries_new();

	for (unsigned i = 0; i < 12; i++)
		wrong(t, "alice", 1, S);
	cr_assert_eq(waits(t, "alice", 1, S), 64);
	cr_assert_eq(waits(t, "alice", 1, S + SERVE_TRIES_FORGET_US), 0);
	wrong(t, "alice", 1, S + SERVE_TRIES_FORGET_US);
	cr_assert_eq(waits(t, "alice", 1, S + SERVE_TRIES_FORGET_US), 0);
	right(t, "alice", 1, S + SERVE_TRIES_FORGET_US);
	for (unsigned i = 0; i < SERVE_TRIES_FREE; i++)
		wrong(t, "alice", 1, S + SERVE_TRIES_FORGET_US);
	cr_assert_eq(waits(t, "alice", 1, S + SERVE_TRIES_FORGET_US), 0);
	serve_tries_free(&t);
}

Test(serve_tries, many_names_from_one_address_wait)
{
	struct serve_tries *t = serve_tries_new();
	char name[16];

	right(t, "alice", 1, S);
	for (unsigned i = 0; i < SERVE_TRIES_FREE_ADDRESS; i++) {
		snprintf(name, sizeof name, "n%u", i);
		cr_assert_eq(waits(t, name, 1, S), 0);
		wrong(t, name, 1, S);
	}
	wrong(t, "more", 1, S);
	cr_assert_eq(waits(t, "bob", 1, S), 1);
	cr_assert_eq(waits(t, "bob", 2, S), 0);
	cr_assert_eq(waits(t, "alice", 1, S), 0, "she was right from there");
	for (unsigned i = 0; i < 20; i++)
		wrong(t, "more", 1, S);
	cr_assert_eq(waits(t, "bob", 1, S), SERVE_TRIES_WAIT_SHARED_MAX_S);
	serve_tries_free(&t);
}

Test(serve_tries, one_name_from_many_addresses_waits)
{
	struct serve_tries *t = serve_tries_new();

	right(t, "alice", 1, S);
	for (unsigned i = 0; i <= SERVE_TRIES_FREE_NAME; i++)
		wrong(t, "alice", 100 + i, S);
	cr_assert_eq(waits(t, "alice", 2, S), 1);
	cr_assert_eq(waits(t, "alice", 1, S), 0, "she was right from there");
	cr_assert_eq(waits(t, "alice", 1, S + SERVE_TRIES_KNOWN_US), 0);
	cr_assert_eq(waits(t, "bob", 2, S), 0);
	wrong(t, "alice", 1, S);
	cr_assert_eq(waits(t, "alice", 1, S), 0);
	for (unsigned i = 0; i < 20; i++)
		wrong(t, "alice", 500 + i, S);
	cr_assert_eq(waits(t, "alice", 2, S), SERVE_TRIES_WAIT_SHARED_MAX_S);
	serve_tries_free(&t);
}

/* However many there are, the table stays as it is, and somebody who waits is not the first to be forgotten. */
Test(serve_tries, a_flood_of_names_makes_nobody_free)
{
	struct serve_tries *t = serve_tries_new();
	char name[16];

	for (unsigned i = 0; i < 12; i++)
		wrong(t, "alice", 1, S);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(name, sizeof name, "%u", i);
		wrong(t, name, 2 + i, S);
	}
	cr_assert_eq(waits(t, "alice", 1, S), 64);
	serve_tries_free(&t);
}

Test(serve_users, has_his_share_and_no_more)
{
	static struct serve_users u;
	const unsigned max = 4096;

	for (unsigned i = 0; i < max / SERVE_USER_SHARE; i++) {
		cr_assert(serve_users_add_conn(&u, 7, max));
		cr_assert(serve_users_add_held(&u, 7, max));
	}
	cr_assert_not(serve_users_add_conn(&u, 7, max));
	cr_assert_not(serve_users_add_held(&u, 7, max));
	cr_assert(serve_users_add_conn(&u, 8, max));
	serve_users_drop_conn(&u, 7);
	serve_users_drop_held(&u, 7);
	serve_users_drop_conn(&u, -1);
	serve_users_drop_held(&u, -1);
	cr_assert(serve_users_add_conn(&u, 7, max));
	cr_assert_not(serve_users_add_conn(&u, 7, max));
	cr_assert(serve_users_add_held(&u, 7, max));
	for (unsigned i = 0; i < max / SERVE_USER_SHARE; i++)
		cr_assert(serve_users_add_reload(&u, 7, max));
	cr_assert_not(serve_users_add_reload(&u, 7, max));
	serve_users_drop_reload(&u, 7);
	cr_assert(serve_users_add_reload(&u, 7, max));
	cr_assert_not(serve_users_add_conn(&u, SITE_USERS_MAX + SITE_SHARES_MAX, max));
}

Test(serve_users, asks_the_parent_a_few_things_a_second_and_changes_are_counted_apart)
{
	static struct serve_users u;

	for (unsigned round = 1; round < 3; round++) {
		for (unsigned i = 0; i < SERVE_USER_LOOKS; i++)
			cr_assert(serve_users_add_question(&u, 7, false, round * S + i));
		cr_assert_not(serve_users_add_question(&u, 7, false, round * S + S - 1));
		for (unsigned i = 0; i < SERVE_USER_CHANGES; i++)
			cr_assert(serve_users_add_question(&u, 7, true, round * S));
		cr_assert_not(serve_users_add_question(&u, 7, true, round * S));
		cr_assert(serve_users_add_question(&u, 8, false, round * S) && serve_users_add_question(&u, 8, true, round * S));
	}
	cr_assert_not(serve_users_add_question(&u, SITE_USERS_MAX + SITE_SHARES_MAX, true, S));
}

Test(serve_users, has_a_few_connections_even_when_there_are_few)
{
	static struct serve_users u;

	for (unsigned i = 0; i < SERVE_USER_CONNS_MIN; i++)
		cr_assert(serve_users_add_conn(&u, 0, 64));
	cr_assert_not(serve_users_add_conn(&u, 0, 64));
}

/* Cameras with a copy alone, and the last one with a rendition. */
static struct serve_media *cameras(unsigned n)
{
	struct serve_media *m = serve_media_new();
	struct msg_serve_rendition small = {.camera = (uint16_t)(n - 1), .rendition = RENDITION_ENCODED, .name = "small"};

	for (unsigned i = 0; i < n; i++) {
		struct msg_serve_camera c = {.camera = (uint16_t)i};

		snprintf(c.name, sizeof c.name, "c%u", i);
		cr_assert_eq(serve_media_set_camera(m, &c), 0);
	}
	cr_assert_eq(serve_media_set_rendition(m, &small), 0);
	return m;
}

static void set_run(struct serve_media *m, unsigned camera, bool run)
{
	struct msg_rendition_run r = {.camera = (uint16_t)camera, .rendition = RENDITION_SNAPSHOT, .run = run};

	cr_assert_eq(serve_media_set_run(m, &r), 0);
}

Test(serve_snapshot, one_user_begins_so_many)
{
	struct serve_media *m = cameras(100);
	unsigned i;

	for (i = 0; i < SERVE_USER_SNAPSHOTS; i++) {
		cr_assert_eq(serve_snapshot_begin(m, &m->camera[i], 3, S), SERVE_LIMIT_COUNT);
		m->camera[i].watched_us[RENDITION_SNAPSHOT] = S;  /* as serve_watch_say does; the parent has not answered yet */
	}
	cr_assert_eq(serve_snapshot_begin(m, &m->camera[i], 3, S), SERVE_LIMIT_USER);
	cr_assert_eq(serve_snapshot_begin(m, &m->camera[0], 3, S), SERVE_LIMIT_COUNT, "what is made already costs nothing");
	cr_assert_eq(serve_snapshot_begin(m, &m->camera[99], 3, S), SERVE_LIMIT_COUNT, "that camera has a worker anyway");
	cr_assert_eq(serve_snapshot_begin(m, &m->camera[i], 4, S), SERVE_LIMIT_COUNT);
	for (i = 0; i < SERVE_USER_SNAPSHOTS; i++)
		set_run(m, i, true);
	cr_assert_eq(serve_snapshot_begin(m, &m->camera[i + 1], 3, 100 * S), SERVE_LIMIT_USER);
	set_run(m, 0, false);
	cr_assert_eq(serve_snapshot_begin(m, &m->camera[i + 1], 3, 100 * S), SERVE_LIMIT_COUNT);
	serve_media_free(&m);
}

Test(serve_snapshot, all_users_begin_so_many)
{
	struct serve_media *m = cameras(100);
	unsigned i;

	for (i = 0; i < MSG_SNAPSHOT_WORKERS_MAX; i++) {
		cr_assert_eq(serve_snapshot_begin(m, &m->camera[i], i / SERVE_USER_SNAPSHOTS, S), SERVE_LIMIT_COUNT);
		set_run(m, i, true);
	}
	cr_assert_eq(serve_snapshot_begin(m, &m->camera[i], 40, S), SERVE_LIMIT_DEMAND);
	cr_assert_eq(serve_snapshot_begin(m, &m->camera[1], 40, S), SERVE_LIMIT_COUNT);
	set_run(m, 5, false);
	cr_assert_eq(serve_snapshot_begin(m, &m->camera[i], 40, S), SERVE_LIMIT_COUNT);
	serve_media_free(&m);
}

static enum msg_cosigned_result result;

static void on_result(struct serve_witness_waiter *w, enum msg_cosigned_result r)
{
	result = r;
}

static int give(struct serve_witness *w, struct channel *store, unsigned user, int64_t now_us, struct serve_witness_waiter *waiter)
{
	waiter->done = on_result;
	return serve_witness_give(w, store, user, "a note", 6, now_us, waiter);
}

Test(serve_witness, one_user_brings_one_at_a_time_and_one_a_second)
{
	static const struct channel_answer none[] = {{MSG_NONE, NULL}};
	struct channel_ends ends = {.me = ROLE_SERVE, .peer = ROLE_STORE, .answers = none};
	struct serve_witness *w = serve_witness_new();
	struct serve_witness_waiter waiter[SERVE_WITNESS_MAX + 1] = {0};
	struct channel *store;
	const char *why;
	int pair[2];

	cr_assert_eq(channel_pair(pair), 0);
	store = channel_new(NULL, pair[0], &ends);
	cr_assert(w && store);
	cr_assert_eq(give(w, store, 3, S, &waiter[0]), 0);
	serve_witness_cancel(&waiter[0]);
	cr_assert_eq(give(w, store, 3, 5 * S, &waiter[0]), -EDQUOT, "nobody waits, but store has not answered");
	cr_assert_eq(serve_witness_cosigned(w, &(struct msg_cosigned){.request = 1}, &why), 0);
	cr_assert_eq(give(w, store, 3, 5 * S, &waiter[0]), 0);
	cr_assert_eq(serve_witness_cosigned(w, &(struct msg_cosigned){.request = 2, .result = MSG_COSIGNED_KNOWN}, &why), 0);
	cr_assert_eq(result, MSG_COSIGNED_KNOWN);
	cr_assert_eq(give(w, store, 3, 6 * S - 1, &waiter[0]), -EDQUOT);
	cr_assert_eq(give(w, NULL, 3, 6 * S, &waiter[0]), -ENOBUFS, "what was not handed on does not count");
	for (unsigned i = 0; i < SERVE_WITNESS_MAX; i++)
		cr_assert_eq(give(w, store, 3 + i, 6 * S, &waiter[i]), 0, "%u", i);
	cr_assert_eq(give(w, store, SITE_USERS_MAX - 1, 6 * S, &waiter[SERVE_WITNESS_MAX]), -ENOBUFS);
	cr_assert_eq(give(w, store, SITE_USERS_MAX, 6 * S, &waiter[SERVE_WITNESS_MAX]), -EDQUOT);
	serve_witness_reset(w);
	cr_assert_eq(result, MSG_COSIGNED_LATER);
	free(w);
	channel_free(&store);
	close(pair[1]);
}
