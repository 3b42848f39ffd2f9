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

	cr_assert_eq(sign_state_open(&s, fd, VKEY), 0);
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

Test(sign_state, damage_and_other_keys_are_refused)
{
	struct sign_state s = reopen();
	struct tree t = {0};

	for (unsigned i = 0; i < 2; i++) {
		grow(&t, 1);
		cr_assert_eq(sign_state_save(&s, &t), 0);
	}
	cr_assert_eq(sign_state_open(&s, fd, "other.example+00000000+AQ=="), -EKEYREJECTED);
	cr_assert_eq(pwrite(fd, "x", 1, 100), 1);
	cr_assert_geq(reopen().tree.size, 1, "one slot is left");
	cr_assert_eq(pwrite(fd, "x", 1, SLOT + 100), 1);
	cr_assert_eq(sign_state_open(&s, fd, VKEY), -EBADMSG);
}
