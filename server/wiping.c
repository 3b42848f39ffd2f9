/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/wiping.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define STACK_BYTES (64u << 10)

static _Atomic bool wiping;

static void *get(size_t n, const char *file, int line)
{
	return malloc(n);
}

static void give_back(void *p, const char *file, int line)
{
	if (p && wiping)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *resize(void *p, size_t n, const char *file, int line)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *q;

	if (!p || !wiping)
		return realloc(p, n);
	q = malloc(n);
	if (!q)
		return NULL;
	memcpy(q, p, had < n ? had : n);
	give_back(p, file, line);
	return q;
}

void wiping_init(void)
{
	/* 0 when something was given out already: then nothing is wiped, and all works as it did. */
	CRYPTO_set_mem_functions(get, resize, give_back);
}

void wiping_begin(void)
{
	wiping = true;
}

static __attribute__((noinline)) void wipe_stack(void)
{
	char below[STACK_BYTES];

	explicit_bzero(below, sizeof below);
}

void wiping_end(void)
{
	wiping = false;
	wipe_stack();
}
