/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sign never signs two trees of one size, whatever happens to it, to its state or to its keys. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/server/sign_world.h"

static struct sign_world w;

static void setup(void) { world_begin(&w); }
static void teardown(void) { world_end(&w); }

TestSuite(sign, .init = setup, .fini = teardown, .timeout = 3600);

static bool has_note(struct sign_world *x) { return x->notes > 0; }
static bool is_refused(struct sign_world *x) { return x->bad_peers > 0; }
static bool has_hello(struct sign_world *x) { return x->hellos > 0; }
static bool is_turned(struct sign_world *x) { return x->acks > 0 && !strcmp(x->state.vkey, x->hello.next); }

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

/* --- a state that was put back ---------------------------------------------------------- */

Test(sign, an_old_state_goes_on_in_the_same_log)
{
	start_and_sign(10);
	world_kill(&w);
	world_copy(&w, "site.state", "old.state");
	start_and_sign(3000);
	world_kill(&w);
	world_copy(&w, "old.state", "site.state");
	start_and_sign(5);
	cr_assert_eq(w.bad_peers, 0);
}

Test(sign, an_old_state_signs_nothing_below_the_archives_checkpoint)
{
	unsigned before;

	start_and_sign(10);
	world_kill(&w);
	world_copy(&w, "site.state", "old.state");
	start_and_sign(100);
	world_kill(&w);
	world_copy(&w, "old.state", "site.state");
	before = w.checkpoints;
	w.no_leaves = true;
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, has_hello));
	cr_assert_eq(w.hello.size, 10);
	world_lie(&w, 10, 50);     /* below it: waited with */
	world_lie(&w, 60, 50);     /* at it: another root */
	cr_assert(world_until(&w, is_refused));
	cr_assert_str_eq(w.why, "leaves of another log than the one whose checkpoint is in the archive");
	cr_assert_leq(w.checkpoints, before + 1, "what it had signed before, and nothing else");
}

Test(sign, a_lost_state_is_held_to_the_archives_checkpoint)
{
	start_and_sign(20);
	world_kill(&w);
	world_remove(&w, "site.state");
	w.no_leaves = true;
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, has_hello));
	world_lie(&w, 0, 40);
	cr_assert(world_until(&w, is_refused));
	world_kill(&w);
	w.no_leaves = false;
	start_and_sign(1);
}

Test(sign, the_archive_of_another_log_is_refused)
{
	start_and_sign(20);
	world_kill(&w);
	world_copy(&w, "site.state", "other.state");
	world_remove(&w, "site.state");
	world_remove(&w, "checkpoint");
	w.tree = (struct tree){0};
	for (unsigned i = 0; i < 20; i++) {
		struct hash leaf = {{(uint8_t)i}};

		tree_append(&w.tree, &leaf);
		w.leaf[i] = leaf;
		tree_root(&w.tree, &w.root[i + 1]);
	}
	w.newest = w.published = 0;
	start_and_sign(0);
	world_kill(&w);
	world_copy(&w, "other.state", "site.state");
	cr_assert_not(world_start(&w), "twenty leaves, another root");
	cr_assert(WIFEXITED(w.status) && WEXITSTATUS(w.status) == 1);
}

/* --- rotation --------------------------------------------------------------------------- */

Test(sign, a_key_hands_over_to_the_next)
{
	uint64_t turn;

	start_and_sign(10);
	world_kill(&w);
	cr_assert(world_next_key(&w));
	w.no_ack = true;
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, has_note));
	turn = w.newest;
	cr_assert_eq(turn, 11, "its last checkpoint ends with the entry that says so");
	cr_assert_str_eq(w.newest_vkey, w.hello.vkey);
	world_grow(&w, 5);
	world_kill(&w);
	w.no_ack = false;
	w.notes = 0;
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, world_is_signed));
	cr_assert_eq(w.notes, 1);
	cr_assert_eq(w.tree.size, 16);
	cr_assert_str_neq(w.newest_vkey, w.hello.vkey);
	cr_assert_eq(world_keys(&w), 2);
	/* The state is the new key's; the old file may go or stay. */
	world_kill(&w);
	start_and_sign(1);
	cr_assert_str_eq(w.hello.vkey, w.newest_vkey);
	world_kill(&w);
	world_move_next_key(&w);
	start_and_sign(1);
	cr_assert_eq(w.notes, 1);
}

Test(sign, keys_are_replaced_again_and_again)
{
	start_and_sign(3);
	for (unsigned i = 2; i <= 5; i++) {
		world_kill(&w);
		world_next_key(&w);
		start_and_sign(2);
		cr_assert(world_until(&w, is_turned));
		cr_assert_eq(world_keys(&w), i);
		world_kill(&w);
		world_move_next_key(&w);
		start_and_sign(2);
	}
}

/* Killed at each step of the way: it is gone on from there, by the same note. */
Test(sign, a_rotation_goes_on_after_a_crash_at_any_step)
{
	bool *const stop_at[] = {&w.no_key_entry, &w.no_leaves, &w.no_ack};

	start_and_sign(5);
	world_kill(&w);
	world_next_key(&w);
	for (unsigned i = 0; i < 3; i++) {
		*stop_at[i] = true;
		cr_assert(world_start(&w));
		cr_assert(world_until(&w, i == 2 ? has_note : has_hello));
		world_kill(&w);
		*stop_at[i] = false;
	}
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, has_note));
	world_kill(&w);    /* kept, perhaps not heard of */
	start_and_sign(3);
	cr_assert_eq(world_keys(&w), 2);
	cr_assert_eq(w.tree.size, 9, "one key/v1 entry");
}

Test(sign, a_state_from_before_a_rotation_does_not_bring_the_old_key_back)
{
	start_and_sign(5);
	world_kill(&w);
	world_copy(&w, "site.state", "old.state");
	world_next_key(&w);
	start_and_sign(5);
	cr_assert(world_until(&w, is_turned));
	sign_some(5);
	world_kill(&w);
	world_copy(&w, "old.state", "site.state");
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, has_hello));
	cr_assert_str_eq(w.hello.vkey, w.newest_vkey);
	sign_some(5);
	/* Without the next key's file, the state is nobody's. */
	world_kill(&w);
	world_copy(&w, "old.state", "site.state");
	world_move_next_key(&w);
	cr_assert_not(world_start(&w));
}

Test(sign, a_half_done_rotation_is_to_that_key_and_no_other)
{
	start_and_sign(5);
	world_kill(&w);
	world_next_key(&w);
	w.no_ack = true;
	cr_assert(world_start(&w));
	cr_assert(world_until(&w, has_note));
	world_kill(&w);
	world_copy(&w, "site.key.next", "kept.next");
	world_remove(&w, "site.key.next");
	cr_assert_not(world_start(&w), "the old key has signed its last");
	world_next_key(&w);
	cr_assert_not(world_start(&w));
	world_copy(&w, "kept.next", "site.key.next");
	w.no_ack = false;
	start_and_sign(5);
	cr_assert_eq(world_keys(&w), 2);
}

/* --- killed at random ------------------------------------------------------------------- */

static unsigned below(unsigned n)
{
	return (unsigned)random() % n;
}

static bool is_there(const char *name)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s", w.dir, name);
	return access(path, F_OK) == 0;
}

/* What may have happened to the files while it was down. */
static void tamper(void)
{
	if (is_there("site.state") && below(8) == 0)
		world_copy(&w, "site.state", "old.state");
	if (*w.next && !strcmp(w.newest_vkey, w.next) && w.newest == w.published && below(4) == 0)
		world_move_next_key(&w);
	else if (below(12) == 0 && w.made < WORLD_KEYS)
		world_next_key(&w);
}

static bool may_go_back(void)
{
	return is_there("old.state") && below(10) == 0;
}

/* One life: an old state or not, then leaves, until it is killed somewhere. True when the state was put back. */
static bool one_life(void)
{
	bool back = may_go_back();

	if (back)
		world_copy(&w, "old.state", "site.state");
	w.no_publish = !back && below(4) == 0;
	w.no_ack = below(6) == 0;
	if (world_start(&w)) {
		/* What a store says that was taken over, and knows of no newer checkpoint than the archive's. */
		if (back && below(2) && world_until(&w, has_hello) && w.hello.size < w.published)
			world_lie(&w, w.hello.size, 1 + below(30));
		world_run_us(&w, below(3000));
		world_grow(&w, below(60));
		world_run_us(&w, below(below(20) == 0 ? 1200000 : 12000));
	} else {
		world_remove(&w, "site.state");  /* of a key that was moved away: what the log tells to do */
	}
	world_kill(&w);
	if (w.replaced && *w.next) {
		world_move_next_key(&w);
		world_remove(&w, "site.state");
	}
	w.replaced = false;
	return back;
}

/* SIGN_KILLS and SIGN_SEED: how often, and which of it; in a normal run little. */
Test(sign, killed_at_random_points_it_never_signs_two_trees)
{
	const char *kills = getenv("SIGN_KILLS"), *seed = getenv("SIGN_SEED");
	unsigned n = kills ? (unsigned)atoi(kills) : 30, old_states = 0;

	srandom(seed ? (unsigned)atoi(seed) : 1);
	start_and_sign(5);
	world_kill(&w);
	for (unsigned i = 0; i < n; i++) {
		tamper();
		old_states += one_life();
	}
	w.no_publish = w.no_ack = false;
	cr_log_info("%u kills, %u old states, %u checkpoints, %u keys, %llu leaves", n, old_states, w.checkpoints, world_keys(&w),
		    (unsigned long long)w.tree.size);
	cr_assert(world_start(&w), "it goes on");
	sign_some(5);
}
