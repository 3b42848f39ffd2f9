/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernels/kernels.h"

#include <stdlib.h>
#include <time.h>

#define ROUNDS 9
#define ROUND_NS 15000000

static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double one_round(void (*run)(void *ctx), void *ctx)
{
	int64_t begin = cpu_ns(), spent;
	unsigned n = 0;

	do {
		run(ctx);
		n++;
		spent = cpu_ns() - begin;
	} while (spent < ROUND_NS);
	return (double)spent / n / 1e6;
}

double bench_ms(void (*run)(void *ctx), void *ctx)
{
	double ms[ROUNDS];

	run(ctx);
	for (int i = 0; i < ROUNDS; i++)
		ms[i] = one_round(run, ctx);
	qsort(ms, ROUNDS, sizeof ms[0], compare);
	return ms[ROUNDS / 2];
}
