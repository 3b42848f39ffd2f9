/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_http2_memory.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct serve_http2_block {
	LIST_ENTRY(serve_http2_block) next;
	size_t n;                        /* bytes */
	alignas(max_align_t) uint8_t bytes[];
};

static struct serve_http2_block *block_of(void *p)
{
	return (struct serve_http2_block *)(void *)((uint8_t *)p - offsetof(struct serve_http2_block, bytes));
}

static void *list(struct serve_http2_memory *m, struct serve_http2_block *b, size_t n)
{
	if (!b)
		return NULL;
	b->n = n;
	LIST_INSERT_HEAD(&m->blocks, b, next);
	return b->bytes;
}

static void *get(size_t n, void *of)
{
	return n > SIZE_MAX - sizeof(struct serve_http2_block) ? NULL : list(of, malloc(sizeof(struct serve_http2_block) + n), n);
}

static void *get_zeros(size_t n, size_t size, void *of)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX - sizeof(struct serve_http2_block))
		return NULL;
	return list(of, calloc(1, sizeof(struct serve_http2_block) + bytes), bytes);
}

/* Fields of requests were in some of them, passwords among these. */
static void end(struct serve_http2_block *b)
{
	LIST_REMOVE(b, next);
	explicit_bzero(b->bytes, b->n);
	free(b);
}

static void give_back(void *p, void *of)
{
	(void)of;
	if (p)
		end(block_of(p));
}

static void *resize(void *p, size_t n, void *of)
{
	size_t had = p ? block_of(p)->n : 0;
	void *other = get(n, of);

	if (other && p) {
		memcpy(other, p, had < n ? had : n);
		end(block_of(p));
	}
	return other;
}

void serve_http2_memory_init(struct serve_http2_memory *m)
{
	LIST_INIT(&m->blocks);
	m->mem = (nghttp2_mem){.mem_user_data = m, .malloc = get, .free = give_back, .calloc = get_zeros, .realloc = resize};
}

void serve_http2_memory_free(struct serve_http2_memory *m)
{
	struct serve_http2_block *b;

	while ((b = LIST_FIRST(&m->blocks)))
		end(b);
}
