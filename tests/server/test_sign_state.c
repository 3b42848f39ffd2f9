/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/sign_state.h"

#define SLOT 4096
#define VKEY "test.example+00000000+AQ=="

static int fd;

static void setup(void) { fd = memfd_create("state", MFD_CLOEXEC); }
static void teardown(void) { close(fd); }

TestSuite(sign_state, .init = setup, .fini = teardown, .timeout = 60);

static void grow(struct tree *t, unsigned n)
{
	struct hash leaf;

	for (; n; n--) {
		hash_bytes(&t->size, sizeof t->size, &leaf);
		cr_assert_eq(tree_append(t, &leaf), 0);
	}
}

static struct sign_state reopen(void)
{
	struct sign_state s;

	cr_assert_eq(sign_state_open(&s, fd), 0);
	if (sign_state_is_new(&s))
		sign_state_hash(VKEY, &s.key);
	return s;
}

Test(sign_state, is_found_again_as_it_was_saved)
{
	struct sign_state s = reopen();
	struct tree t = {0};

	cr_assert_eq(s.tree.size, 0);
	for (unsigned i = 1; i < 60; i++) {
		struct hash want, is;

		grow(&t, i);
		cr_assert_eq(sign_state_save(&s, &t), 0);
		s = reopen();
		tree_root(&t, &want);
		tree_root(&s.tree, &is);
		cr_assert(s.tree.size == t.size && hash_same(&want, &is));
	}
	cr_assert_eq(lseek(fd, 0, SEEK_END), 2 * SLOT);
}

Test(sign_state, never_goes_back_or_sideways)
{
	struct sign_state s = reopen();
	struct tree t = {0}, other = {0};
	struct hash leaf = {{1}};

	grow(&t, 10);
	cr_assert_eq(sign_state_save(&s, &t), 0);
	grow(&other, 9);
	cr_assert_eq(sign_state_save(&s, &other), -ESTALE);
	tree_append(&other, &leaf);
	cr_assert_eq(sign_state_save(&s, &other), -ESTALE);
	cr_assert_eq(reopen().tree.size, 10);
}

/* A write that a crash cut short anywhere leaves what was signed before. */
Test(sign_state, a_torn_slot_is_as_if_never_written)
{
	struct sign_state s = reopen();
	uint8_t before[2 * SLOT] = {0}, after[2 * SLOT];
	struct tree t = {0};

	for (unsigned round = 0; round < 4; round++) {
		grow(&t, 5);
		cr_assert_eq(sign_state_save(&s, &t), 0);
		cr_assert_geq(pread(fd, after, sizeof after, 0), SLOT);
		for (size_t cut = 0; round >= 1 && cut <= 2 * SLOT; cut += 61) {
			uint8_t torn[2 * SLOT];

			memcpy(torn, before, sizeof torn);
			memcpy(torn, after, cut);
			cr_assert_eq(pwrite(fd, torn, sizeof torn, 0), (ssize_t)sizeof torn);
			cr_assert(reopen().tree.size == t.size - 5 || reopen().tree.size == t.size);
		}
		cr_assert_eq(pwrite(fd, after, sizeof after, 0), (ssize_t)sizeof after);
		memcpy(before, after, sizeof before);
	}
}

Test(sign_state, damage_is_refused)
{
	struct sign_state s = reopen();
	struct tree t = {0};

	for (unsigned i = 0; i < 2; i++) {
		grow(&t, 1);
		cr_assert_eq(sign_state_save(&s, &t), 0);
	}
	cr_assert_eq(pwrite(fd, "x", 1, 100), 1);
	cr_assert_geq(reopen().tree.size, 1, "one slot is left");
	cr_assert_eq(pwrite(fd, "x", 1, SLOT + 100), 1);
	cr_assert_eq(sign_state_open(&s, fd), -EBADMSG);
	cr_assert_geq(s.tree.size, 1, "untouched");
}

/* Begun, the old key's last, the successor's: each is on disk, and none is skipped. */
Test(sign_state, a_turn_goes_forward_only)
{
	struct hash old, next, other;
	struct sign_state s = reopen();
	struct tree t = {0};

	sign_state_hash(VKEY, &old);
	hash_bytes("next", 4, &next);
	hash_bytes("other", 5, &other);
	grow(&t, 3);
	cr_assert_eq(sign_state_save(&s, &t), 0);
	cr_assert_eq(sign_state_begin_turn(&s, &next, 1000), 0);
	cr_assert_eq(sign_state_begin_turn(&s, &next, 5000), 0);
	s = reopen();
	cr_assert(hash_same(&s.key, &old) && hash_same(&s.turn.next, &next) && s.turn.time_us == 1000 && s.turn.size == 0);
	cr_assert_eq(sign_state_begin_turn(&s, &other, 2000), 0, "the first was not used yet");
	cr_assert_eq(sign_state_begin_turn(&s, &next, 3000), 0);
	grow(&t, 2);
	cr_assert_eq(sign_state_last_of_old(&s, &t), 0);
	s = reopen();
	cr_assert(hash_same(&s.key, &old) && s.turn.size == 5 && s.tree.size == 5);
	cr_assert_eq(sign_state_begin_turn(&s, &other, 4000), -EALREADY);
	grow(&t, 1);
	cr_assert_eq(sign_state_save(&s, &t), -ESTALE, "the old key signs nothing behind its last");
	cr_assert_eq(sign_state_end_turn(&s), 0);
	s = reopen();
	cr_assert(hash_same(&s.key, &next) && s.turn.size == 0 && s.tree.size == 5);
	cr_assert_eq(sign_state_save(&s, &t), 0);
	cr_assert_eq(reopen().tree.size, 6);
}
