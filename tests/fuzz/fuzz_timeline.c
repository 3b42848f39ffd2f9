/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports and timestamps of two tracks, in any order; times must stay in bounds, those of sound must rise. */
#include <stdlib.h>

#include "base/rd.h"
#include "net/timeline.h"

#define WALL 1795000000000000ll

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	struct timeline t;
	int64_t now_us = 0, last_sound = -1, time, capture;

	timeline_init(&t);
	timeline_track(&t, 0, 90000, true);
	timeline_track(&t, 1, 8000, false);
	while (rd_left(&r) && !r.bad) {
		uint8_t what = rd_u8(&r);
		unsigned track = what & 1;
		uint32_t rtp = rd_u32(&r);

		now_us += (int64_t)rd_u16(&r) << (what >> 4);
		switch (what >> 1 & 7) {
		case 0:
			timeline_begin(&t, track, rtp, now_us, WALL + now_us);
			last_sound = -1;
			break;
		case 1:
			timeline_start(&t, track, rtp);
			break;
		case 2:
			timeline_report(&t, track, rtp, (int64_t)(rd_u64(&r) >> 11), now_us);
			break;
		case 3:
			timeline_report(&t, track, rtp, WALL + now_us + (int32_t)rd_u32(&r), now_us);
			break;
		default:
			if (timeline_place(&t, track, rtp, now_us, WALL + now_us, &time, &capture))
				break;
			if (time < 0 || time > 1ll << 52 || llabs(capture - WALL - now_us) > 1ll << 52 || (track && time <= last_sound))
				abort();
			last_sound = track ? time : last_sound;
		}
	}
	return 0;
}
