/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
/*
 * The two clocks, in microseconds, and wall time as text. Engines take the
 * time as an argument; only edges read a clock. Reading costs no system call.
 */
#include <stddef.h>
#include <stdint.h>

int64_t clock_mono_us(void);
int64_t clock_wall_us(void);

#define CLOCK_TEXT 25  /* "2026-11-22T15:30:00.040Z" and a NUL */

/* UTC with milliseconds (RFC 3339); years 1970 to 9999, others are clamped. */
void clock_text(int64_t wall_us, char out[CLOCK_TEXT]);
/* The same form, seconds' fraction optional (1 to 6 digits), 'Z' only; 0 or -EINVAL. */
int clock_parse(const char *s, size_t n, int64_t *ret_wall_us);

#endif
