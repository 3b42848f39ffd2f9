/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/secret.h"
#include "base/siphash.h"

static long locked_kb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kb = -1;

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmLck: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

Test(secret, is_locked_zeroed_and_wiped)
{
	char *a, *b;

	cr_assert_eq(secret_begin(8192), 0);
	cr_assert_eq(secret_begin(8192), -EALREADY);
	cr_assert_geq(locked_kb(), 8);
	a = secret_strdup("hunter2");
	b = secret_alloc(100);
	cr_assert(a && b && !strcmp(a, "hunter2") && (uintptr_t)b % 16 == 0);
	for (int i = 0; i < 100; i++)
		cr_assert_eq(b[i], 0);
	memset(b, 'x', 100);
	secret_free(a);
	for (int i = 0; i < 8; i++)
		cr_assert_eq(a[i], 0);
	secret_free(b);
	b = secret_alloc(200);
	for (int i = 0; i < 200; i++)
		cr_assert_eq(b[i], 0);
	secret_free(b);
	secret_free(NULL);
}

/* What was given back can be had again, in any order and as one. */
Test(secret, fills_and_empties)
{
	enum { N = 80 };
	char *p[N];
	size_t n = 0;

	cr_assert_eq(secret_begin(4096), 0);
	cr_assert_null(secret_alloc(4096));
	cr_assert_null(secret_alloc(SIZE_MAX));
	for (int round = 0; round < 50; round++) {
		for (n = 0; n < N && (p[n] = secret_alloc(40 + (size_t)round)); n++)
			memset(p[n], (int)n + 1, 40 + (size_t)round);
		cr_assert(n > 10 && n < N);
		cr_assert_null(secret_alloc(40 + (size_t)round));
		for (size_t i = 0; i < n; i++)
			for (int k = 0; k < 40 + round; k++)
				cr_assert_eq(p[i][k], (char)(i + 1));
		for (size_t i = 0; i < n; i++)
			secret_free(p[round % 2 ? n - 1 - i : i]);
		p[0] = secret_alloc(4000);
		cr_assert_not_null(p[0]);
		secret_free(p[0]);
		for (size_t i = 1; i < 5; i++)
			p[i] = secret_alloc(16 * i);
		secret_free(p[3]);
		secret_free(p[1]);
		secret_free(p[4]);
		secret_free(p[2]);
	}
}

Test(secret, without_the_right_to_lock_there_is_memory_all_the_same)
{
	struct rlimit none = {0, 0};
	int rc;

	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	rc = secret_begin(4096);
	/* root may lock without a limit */
	cr_assert(rc == 0 || rc == -EPERM || rc == -ENOMEM);
	cr_assert_not_null(secret_strdup("x"));
}

/* The vectors of the paper's authors: key 00 01 .. 0f, the text 00 01 .. */
Test(siphash, known_answers)
{
	static const struct { size_t n; uint64_t is; } c[] = {
		{0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd}, {7, 0xab0200f58b01d137}, {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}, {63, 0x958a324ceb064572}};
	uint8_t key[16], text[64];

	for (int i = 0; i < 64; i++)
		text[i] = (uint8_t)i;
	memcpy(key, text, 16);
	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		cr_expect_eq(siphash(key, text, c[i].n), c[i].is, "%zu", c[i].n);
}
