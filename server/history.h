/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_HISTORY_H
#define SERVER_HISTORY_H
/*
 * How a camera did in the last hour, for plots: one sample each HISTORY_US, the oldest gives way. Pure; zeroed memory is an empty one.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define HISTORY_US 10000000
#define HISTORY_SAMPLES 360

/* Of the time since the sample before. */
struct history_sample {
	bool known, has_worker;            /* it sent; it had a worker */
	uint32_t rate_bps, fps_milli;
	uint16_t lost_10000;               /* packets that did not come, of 10,000 that should have */
	uint16_t cpu_permille;             /* of one core, by its worker */
};

struct history {
	struct history_sample at[HISTORY_SAMPLES];
	uint32_t n;                        /* so many ever */
	/* What was counted when the last one was taken: history_next's. */
	uint64_t packets, lost;
	int32_t worker;                    /* its process */
	double cpu_s;
	int64_t taken_us;                  /* monotonic; 0: never */
};

/* What is counted now, as it grows; worker: 0 where there is none. */
struct history_now {
	bool sends;
	uint32_t rate_bps, fps_milli;
	uint64_t packets, lost;
	int32_t worker;
	double cpu_s;
};

/* One more sample, of what was counted since the last time. */
void history_next(struct history *h, const struct history_now *now, int64_t mono_us);
/*
 * {"interval_s":10,"end":TIME,"rate_bps":[…],"fps":[…],"lost_percent":[…],"cpu_percent":[…]}: as long as each other, the oldest first, null
 * where there was nothing; the last one is of the time before TIME (wall clock).
 */
void history_json(const struct history *h, int64_t wall_us, struct buf *out);

#endif
