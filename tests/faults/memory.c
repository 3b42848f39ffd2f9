/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/faults/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long calls, fails_at;   /* 0: none */
static bool fired;
static long live;
static sigjmp_buf over;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void __real_free(void *p);
_Noreturn void __real_abort(void);

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t max);
int __wrap_asprintf(char **ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **ret, int flag, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void __wrap_free(void *p);
_Noreturn void __wrap_abort(void);

static bool fails(void)
{
	if (++calls != fails_at)
		return false;
	fired = true;
	errno = ENOMEM;
	return true;
}

static void *counted(void *p)
{
	live += p != NULL;
	return p;
}

void *__wrap_malloc(size_t n) { return fails() ? NULL : counted(__real_malloc(n)); }
void *__wrap_calloc(size_t n, size_t size) { return fails() ? NULL : counted(__real_calloc(n, size)); }
void *__wrap_aligned_alloc(size_t align, size_t n) { return fails() ? NULL : counted(__real_aligned_alloc(align, n)); }

void *__wrap_realloc(void *p, size_t n)
{
	void *q;

	if (fails())
		return NULL;
	q = __real_realloc(p, n);
	live += !p && q;
	return q;
}

char *__wrap_strndup(const char *s, size_t max)
{
	size_t n = strnlen(s, max);
	char *copy = __wrap_malloc(n + 1);

	if (!copy)
		return NULL;
	memcpy(copy, s, n);
	copy[n] = 0;
	return copy;
}

__attribute__((format(printf, 2, 0))) static int print(char **ret, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	*ret = n < 0 ? NULL : __wrap_malloc((size_t)n + 1);
	return *ret ? vsnprintf(*ret, (size_t)n + 1, fmt, ap) : -1;
}

int __wrap_asprintf(char **ret, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = print(ret, fmt, ap);
	va_end(ap);
	return n;
}

int __wrap___asprintf_chk(char **ret, int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = print(ret, fmt, ap);
	va_end(ap);
	return n;
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return size && n > SIZE_MAX / size ? NULL : __wrap_realloc(p, n * size);
}

char *__wrap_strdup(const char *s)
{
	return __wrap_strndup(s, strlen(s));
}

void __wrap_free(void *p)
{
	live -= p != NULL;
	__real_free(p);
}

/* The scenario's own; an assertion does not come here. */
_Noreturn void __wrap_abort(void)
{
	if (fired)
		siglongjmp(over, 1);
	__real_abort();
}

/* One run; how many allocations it made. */
static unsigned long run(void (*scenario)(void *ctx), void *ctx, unsigned long at, struct memory_result *r)
{
	volatile long before = live;

	calls = 0;
	fails_at = at;
	fired = false;
	if (sigsetjmp(over, 0)) {
		r->given_up++;
		before = live;
	} else {
		scenario(ctx);
	}
	fails_at = 0;
	r->points += fired;
	/* Less than before is what a library allocated and our own objects freed. */
	if (fired && live > before && !r->leaked_at) {
		r->leaked_at = at;
		r->leaked = live - before;
	}
	return calls;
}

void memory_torture(void (*scenario)(void *ctx), void *ctx, unsigned long max, struct memory_result *ret)
{
	unsigned long n, step;

	*ret = (struct memory_result){0};
	run(scenario, ctx, 0, ret);      /* what is kept for ever is made at the first */
	n = run(scenario, ctx, 0, ret);
	step = n / max + 1;
	for (unsigned long at = 1; at <= n; at += step)
		run(scenario, ctx, at, ret);
}
