/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/cpu.h"

#include <string.h>

static const char *const names[CPU_LEVELS] = {"c", "avx2", "avx512"};

enum cpu_level cpu_best(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl"))
		return CPU_AVX512;
	if (__builtin_cpu_supports("avx2"))
		return CPU_AVX2;
#endif
	return CPU_C;
}

const char *cpu_name(enum cpu_level level)
{
	return level < CPU_LEVELS ? names[level] : "?";
}

bool cpu_parse(const char *name, enum cpu_level *ret)
{
	for (unsigned i = 0; i < CPU_LEVELS; i++) {
		if (strcmp(name, names[i]))
			continue;
		*ret = (enum cpu_level)i;
		return true;
	}
	return false;
}
