/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Blocks lie one behind the other and fill the region; two that are free never touch. */
struct block {
	size_t bytes;          /* with this header, a multiple of ALIGN */
	size_t used;           /* bytes asked for and one, 0: free */
};
#define ALIGN sizeof(struct block)

static uint8_t *region;
static size_t region_bytes;

static struct block *first(void)
{
	return (struct block *)region;
}

static struct block *next(const struct block *b)
{
	uint8_t *at = (uint8_t *)(uintptr_t)b + b->bytes;

	return at < region + region_bytes ? (struct block *)at : NULL;
}

int secret_begin(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p;

	if (region)
		return -EALREADY;
	bytes = (bytes + page - 1) / page * page;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	region = p;
	region_bytes = bytes;
	first()->bytes = bytes;
	madvise(p, bytes, MADV_DONTDUMP);
	/* Only what is touched takes memory. */
	return mlock2(p, bytes, MLOCK_ONFAULT) < 0 ? -errno : 0;
}

void *secret_alloc(size_t n)
{
	size_t need;

	if (!region)
		secret_begin(SECRET_DEFAULT_BYTES);
	if (!region || n >= region_bytes)
		return NULL;
	need = (sizeof(struct block) + n + ALIGN - 1) / ALIGN * ALIGN;
	for (struct block *b = first(); b; b = next(b)) {
		if (b->used || b->bytes < need)
			continue;
		if (b->bytes > need) {
			struct block *rest = (struct block *)((uint8_t *)b + need);

			*rest = (struct block){.bytes = b->bytes - need};
			b->bytes = need;
		}
		b->used = n + 1;
		return b + 1;
	}
	return NULL;
}

char *secret_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = secret_alloc(n);

	if (copy)
		memcpy(copy, s, n);
	return copy;
}

static void join(struct block *b)
{
	struct block *behind = next(b);

	if (behind && !behind->used) {
		b->bytes += behind->bytes;
		explicit_bzero(behind, sizeof *behind);
	}
}

void secret_free(void *p)
{
	struct block *before = NULL, *b;

	if (!p)
		return;
	for (b = first(); b && b + 1 != p; b = next(b))
		before = b;
	assert(b && b->used);
	explicit_bzero(p, b->bytes - sizeof *b);
	b->used = 0;
	join(b);
	if (before && !before->used)
		join(before);
}

int secret_buf(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){.mem = secret_alloc(max_bytes), .cap = max_bytes, .max = max_bytes};
	return b->mem ? 0 : -ENOMEM;
}

void secret_buf_free(struct buf *b)
{
	secret_free(b->mem);
	*b = (struct buf){0};
}
