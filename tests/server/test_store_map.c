/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A segment's memory as store sees it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "server/store.h"

#define MIB (1u << 20)
#define PAGE 4096u
#define BYTES (MIB + 3 * PAGE)

static struct segment seg;
static uint8_t bytes[BYTES];

static void begin(void)
{
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	seg = (struct segment){.fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
	cr_assert_geq(seg.fd, 0);
}

static void end(void)
{
	store_map_end(&seg);
	cr_expect_eq(seg.mapped, 0);
	store_map_end(&seg);  /* whoever has it last need not know whether it was done */
	close(seg.fd);
}

TestSuite(store_map, .init = begin, .fini = end);

Test(store_map, is_as_large_as_the_segment_will_likely_be_within_bounds)
{
	static const struct { uint64_t bytes, mapped; } cases[] = {{0, MIB}, {MIB, MIB}, {MIB + 1, 2 * MIB}, {5 * MIB, 8 * MIB}, {16 * MIB, 16 * MIB},
		{16 * MIB + 1, 16 * MIB}, {UINT64_MAX, 16 * MIB}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		store_map_begin(&seg, cases[i].bytes);
		cr_expect_eq(seg.mapped, cases[i].mapped, "case %zu: %llu", i, (unsigned long long)seg.mapped);
		store_map_end(&seg);
	}
}

/* What is written after it was mapped is in it; what lies beyond, or across its end, has a view of its own. */
Test(store_map, views_are_of_it_where_they_lie_in_it)
{
	static const struct { uint64_t offset; size_t n; bool own; } cases[] = {{0, 1, false}, {0, MIB, false}, {777, 3000, false}, {MIB - 1, 1, false},
		{MIB - 1, 2, true}, {MIB, 1, true}, {MIB + 5, PAGE, true}, {0, BYTES, true}, {BYTES - 1, 1, true}};

	store_map_begin(&seg, 0);
	cr_assert_eq(io_write_all(seg.fd, bytes, BYTES), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct store_view v;

		cr_assert_eq(store_view(&seg, cases[i].offset, cases[i].n, &v), 0);
		cr_expect_eq(v.own != NULL, cases[i].own, "case %zu", i);
		cr_expect(cases[i].own || v.p == seg.map + cases[i].offset, "case %zu", i);
		store_view_touch(&v, cases[i].n);
		cr_expect_eq(memcmp(v.p, bytes + cases[i].offset, cases[i].n), 0, "case %zu", i);
		store_view_end(&v);
		cr_expect(!v.p && !v.own);
		store_view_end(&v);
	}
	cr_expect_eq(memcmp(seg.map, bytes, MIB), 0, "a view's end is not the mapping's");
}

/* A mapping that could be written through would (F_SEAL_WRITE: EBUSY). */
Test(store_map, does_not_keep_the_memory_from_being_sealed)
{
	struct store_view in, beyond;

	store_map_begin(&seg, 0);
	cr_assert_eq(io_write_all(seg.fd, bytes, BYTES), 0);
	cr_assert_eq(store_view(&seg, 5, PAGE, &in), 0);
	cr_assert_eq(store_view(&seg, MIB, PAGE, &beyond), 0);
	store_view_touch(&in, PAGE);
	store_view_touch(&beyond, PAGE);
	cr_expect_eq(fcntl(seg.fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0, "%s", strerror(errno));
	store_view_end(&in);
	store_view_end(&beyond);
}

Test(store_map, without_one_each_view_has_its_own)
{
	struct segment none = {.fd = -1};
	struct store_view v = {.own_bytes = 77};

	store_map_begin(&none, MIB);
	cr_expect_eq(none.mapped, 0);
	cr_expect_eq(store_view(&none, 0, 1, &v), -EBADF);
	cr_expect_eq(v.own_bytes, 77, "left as it was");
	store_map_end(&none);
	cr_assert_eq(io_write_all(seg.fd, bytes, PAGE), 0);
	cr_assert_eq(store_view(&seg, 10, 20, &v), 0);
	cr_expect(v.own && memcmp(v.p, bytes + 10, 20) == 0);
	store_view_end(&v);
}

/* Whether touching these n bytes, which end `beyond` bytes behind a page that is there, reads from the page after it, which is not. */
static bool touches_next_page(size_t n, size_t beyond)
{
	uint8_t *map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	cr_assert_neq(map, MAP_FAILED);
	cr_assert_eq(mprotect(map + 2 * PAGE, PAGE, PROT_NONE), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		store_view_touch(&(struct store_view){.p = map + 2 * PAGE + beyond - n}, n);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	munmap(map, 3 * PAGE);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

Test(store_map, touches_each_page_of_a_view_and_none_beyond)
{
	static const size_t n[] = {1, 2, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE};

	for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
		cr_expect_not(touches_next_page(n[i], 0), "%zu bytes", n[i]);
		cr_expect(touches_next_page(n[i], 1), "%zu bytes", n[i]);
	}
}
