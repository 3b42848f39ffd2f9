/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_CPU_H
#define CODEC_CPU_H
/*
 * Which instructions the kernels use. Each kernel has its truth in C and faster
 * forms that give the same bytes; whoever doubts them runs with CPU_C.
 */
#include <stdbool.h>

enum cpu_level {
	CPU_C,
	CPU_AVX2,
	CPU_AVX512,  /* F, BW, DQ and VL */
	CPU_LEVELS
};

/* The highest that this machine has. A kernel without a form for a level takes the next lower one. */
enum cpu_level cpu_best(void);
/* "c", "avx2", "avx512" */
const char *cpu_name(enum cpu_level level);
/* False when it is none of these names. Whether the machine has it is another question: cpu_best. */
bool cpu_parse(const char *name, enum cpu_level *ret);

#endif
