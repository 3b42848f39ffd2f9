/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FAULTS_MEMORY_H
#define TESTS_FAULTS_MEMORY_H
/*
 * A scenario run over and over, its first allocation failing, then its second, and so on to the end. The program is linked with MEMORY_WRAP
 * (module.am), so that what our own objects call comes here; libraries go on having memory. What is looked for: a crash, by whatever finds it (a
 * sanitizer, an assertion), and memory that is not given back.
 */
#include <stdbool.h>

struct memory_result {
	unsigned long points;      /* allocations that failed, one in each run */
	unsigned long given_up;    /* runs that the scenario itself gave up by abort(), since it had not expected that; their memory is not looked at */
	unsigned long leaked_at;   /* the first allocation whose failure left something behind, 0 for none */
	long leaked;               /* pieces */
};

/* At most max runs, evenly spread over the scenario's allocations. It is run twice before, with memory. */
void memory_torture(void (*scenario)(void *ctx), void *ctx, unsigned long max, struct memory_result *ret);

#endif
