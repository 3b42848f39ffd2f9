/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_OVERLOAD_H
#define CODEC_OVERLOAD_H
/*
 * When to give something up for want of time, and when to take it back. Pure; the
 * clock is passed in, and need only go forward.
 *
 * Late for OVERLOAD_LATE_US: one step more is given up, and then no other for
 * OVERLOAD_CALM_US, in which that one may show what it does. In time, and busy for no
 * more than OVERLOAD_ROOM of a hundredth of the time for as long as patience goes: one is
 * taken back. What room that needs is not known before; so each time that it was
 * too much, patience doubles, and it is forgiven once a step has held that long.
 */
#include <stdbool.h>
#include <stdint.h>

#define OVERLOAD_LATE_US 500000
#define OVERLOAD_CALM_US 2000000
#define OVERLOAD_ROOM 60
#define OVERLOAD_PATIENCE_US 10000000
#define OVERLOAD_PATIENCE_MAX_US 320000000

/* Zeros are one to whom nothing happened yet. */
struct overload {
	unsigned steps;                /* given up */
	bool begun;
	int64_t stepped_us;            /* steps changed last */
	int64_t late_us;               /* was late last */
	int64_t patience_us;
	bool took_back;                /* the last change was to take back */
	int64_t window_us, busy_us;    /* where what is measured now began, and how much of it was work */
};

/*
 * Work went on from from_us to now_us, at the end of which what waits had been waiting for late_us (0: nothing waits). Between
 * calls nothing is done. max: of steps that can be taken. The steps to be given up from now on.
 */
unsigned overload_worked(struct overload *o, int64_t from_us, int64_t now_us, int64_t late_us, unsigned max);

#endif
