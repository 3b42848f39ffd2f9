/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys in tokens: each hands over to the next, whichever kind that is, and who has the first one's public half follows over any crash. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "tests/server/sign_world.h"

static struct sign_world w;

static void setup(void) { world_begin(&w); }
static void teardown(void) { world_end(&w); }

TestSuite(sign_token, .init = setup, .fini = teardown, .timeout = 3600);

static bool has_hello(struct sign_world *x) { return x->hellos > 0; }
static bool has_asked(struct sign_world *x) { return x->asked > 0; }
static bool is_refused(struct sign_world *x) { return *x->state.refusal != 0; }
static bool has_bad_peer(struct sign_world *x) { return x->bad_peers > 0; }

/* It is kept. */
static bool has_rotation_note(struct sign_world *x)
{
	struct rd r = rd_init(buf_data(&x->keys), x->keys.len);
	struct keychain_note n;

	while (keychain_next(&r, &n, NULL) == 1)
		if (n.size)
			return true;
	return false;
}

/* Whose name the newest checkpoint is in: the key before, or the next one. */
static bool is_turned(struct sign_world *x)
{
	struct keychain k;
	struct key_public next, newest;
	int which;
	bool is;

	cr_assert_eq(keychain_begin(&k, &x->first), 0);
	cr_assert_eq(keychain_add(&k, buf_data(&x->keys), x->keys.len, NULL), 0);
	is = *x->newest_vkey && key_parse_vkey(x->next, strlen(x->next), &next, NULL) == 0 &&
		key_parse_vkey(x->newest_vkey, strlen(x->newest_vkey), &newest, NULL) == 0;
	which = is ? keychain_find(&k, &newest) : -1;
	while (which > 0 && k.key[which].certified)
		which = (int)k.key[which].by;
	is = which >= 0 && key_same(&k.key[which].key, &next);
	keychain_free(&k);
	return is;
}

static void sign_some(unsigned n)
{
	world_grow(&w, n);
	cr_assert(world_until(&w, world_is_signed), "%llu of %llu signed", (unsigned long long)w.newest, (unsigned long long)w.tree.size);
}

static void start_and_sign(unsigned n)
{
	cr_assert(world_start(&w));
	sign_some(n);
}

enum { FILE_TO_TOKEN, TOKEN_TO_FILE, TOKEN_TO_TOKEN, KINDS };

/* A site of the one kind whose next key is there, of the other. */
static void begin(int kind)
{
	if (kind != FILE_TO_TOKEN)
		world_take_token(&w);
	start_and_sign(5);
	world_kill(&w);
	w.notes = 0;
	if (kind == TOKEN_TO_FILE)
		cr_assert(world_next_key(&w));
	else
		world_next_token(&w);
}

ParameterizedTestParameters(sign_token, hands_over)
{
	static int kinds[KINDS] = {FILE_TO_TOKEN, TOKEN_TO_FILE, TOKEN_TO_TOKEN};

	return cr_make_param_array(int, kinds, KINDS);
}

ParameterizedTest(int *kind, sign_token, hands_over, .timeout = 3600)
{
	begin(*kind);
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, has_hello));
	sign_some(5);
	cr_assert(world_until(&w, is_turned));
	cr_assert_eq(w.tree.size, 11, "one key/v1 entry");
	cr_assert_eq(w.asked, *kind == FILE_TO_TOKEN ? 0 : 1);
	sign_some(3);
	/* Given both once more, then only the new one. */
	world_kill(&w);
	start_and_sign(1);
	cr_assert(is_turned(&w));
	world_kill(&w);
	world_move_next_key(&w);
	start_and_sign(1);
	cr_assert_eq(w.tree.size, 16);
	cr_assert_eq(w.asked, *kind == FILE_TO_TOKEN ? 0 : 1, "no more");
}

ParameterizedTestParameters(sign_token, goes_on_after_a_crash_at_any_step)
{
	static int kinds[KINDS] = {FILE_TO_TOKEN, TOKEN_TO_FILE, TOKEN_TO_TOKEN};

	return cr_make_param_array(int, kinds, KINDS);
}

/* Killed with no entry, no leaves, no answer of the token, a note that is not kept, and one that is kept but not heard of. */
ParameterizedTest(int *kind, sign_token, goes_on_after_a_crash_at_any_step, .timeout = 3600)
{
	bool *const stop_at[] = {&w.no_key_entry, &w.no_leaves, &w.no_token, &w.no_ack};

	begin(*kind);
	for (unsigned i = 0; i < 4; i++) {
		*stop_at[i] = true;
		cr_assert(world_start(&w));
		if (stop_at[i] == &w.no_token && *kind != FILE_TO_TOKEN)
			cr_assert(world_until(&w, has_asked));
		else
			cr_assert(world_until(&w, has_hello));
		world_kill(&w);
		*stop_at[i] = false;
	}
	w.notes = 0;
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, has_rotation_note));
	world_kill(&w);
	start_and_sign(3);
	cr_assert(world_until(&w, is_turned));
	cr_assert_eq(w.tree.size, 9, "one key/v1 entry");
}

Test(sign_token, nothing_is_signed_while_the_token_does_not_hand_over)
{
	uint64_t newest;

	begin(TOKEN_TO_TOKEN);
	w.no_token = true;
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, is_refused));
	newest = w.newest;
	cr_assert_eq(newest, 6, "the last one ends with the entry that says so");
	world_grow(&w, 5);
	world_kill(&w);
	cr_assert_eq(w.newest, newest);
	w.no_token = false;
	start_and_sign(2);
	cr_assert(is_turned(&w));
	cr_assert_eq(w.tree.size, 13);
}

/* As a store says that was taken over: that a note is kept which nobody has signed. */
Test(sign_token, the_next_one_signs_nothing_before_there_is_a_note)
{
	struct msg_key_kept kept;

	begin(TOKEN_TO_TOKEN);
	w.no_token = true;
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, is_refused));
	memcpy(kept.vkey, w.next, sizeof kept.vkey);
	cr_assert_eq(channel_say(w.store, MSG_KEY_KEPT, &kept, NULL, 0), 0);
	world_lie(&w, 0, 1);
	cr_assert(world_until(&w, has_bad_peer), "what was said before it has been heard");
	world_kill(&w);
	w.no_token = false;
	start_and_sign(2);
	cr_assert_geq(w.asked, 2, "the token still has to hand over");
	cr_assert(is_turned(&w));
	cr_assert(has_rotation_note(&w));
}

/* The token is asked to hand over once: what it said stands in log/keys. */
Test(sign_token, a_state_from_before_does_not_bring_the_old_token_back)
{
	begin(TOKEN_TO_TOKEN);
	world_copy(&w, "site.state", "old.state");
	start_and_sign(5);
	cr_assert(world_until(&w, is_turned));
	sign_some(5);
	world_kill(&w);
	world_copy(&w, "old.state", "site.state");
	w.asked = 0;
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, has_hello));
	cr_assert(w.replaced, "store sees it, and gives it nothing");
	world_kill(&w);
	cr_assert_eq(w.asked, 0);
	/* What the log tells to do. */
	world_move_next_key(&w);
	world_remove(&w, "site.state");
	start_and_sign(5);
	cr_assert_eq(w.tree.size, 21);
}

/* SIGN_KILLS and SIGN_SEED: as of test_sign.c. */
Test(sign_token, killed_at_random_points_it_never_signs_two_trees)
{
	const char *kills = getenv("SIGN_KILLS"), *seed = getenv("SIGN_SEED");
	unsigned n = kills ? (unsigned)atoi(kills) : 24, turns = 0;

	srandom(seed ? (unsigned)atoi(seed) : 1);
	world_take_token(&w);
	start_and_sign(5);
	world_kill(&w);
	for (unsigned i = 0; i < n; i++) {
		if (*w.next && is_turned(&w)) {
			world_move_next_key(&w);
			turns++;
		}
		if (!*w.next && w.token && random() % 4 == 0)
			world_next_key(&w);
		else if (!*w.next && random() % 2)
			world_next_token(&w);
		w.no_publish = random() % 4 == 0;
		w.no_ack = random() % 6 == 0;
		w.no_token = random() % 4 == 0;
		cr_assert(world_start(&w));
		world_run_us(&w, random() % 3000);
		world_grow(&w, (unsigned)random() % 60);
		world_run_us(&w, random() % (random() % 8 ? 12000 : 1200000));
		world_kill(&w);
	}
	w.no_publish = w.no_ack = w.no_token = false;
	cr_log_info("%u kills, %u rotations, %u checkpoints, %u keys, %llu leaves", n, turns, w.checkpoints, world_keys(&w), (unsigned long long)w.tree.size);
	start_and_sign(5);
}
