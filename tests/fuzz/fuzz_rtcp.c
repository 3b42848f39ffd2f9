/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One compound packet about SSRC 01020304, and the timeline that believes it. */
#include <stdlib.h>

#include "net/rtcp.h"
#include "net/timeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtcp_report r;
	struct timeline t;
	int64_t time, capture;
	const char *why;

	if (rtcp_parse(data, size, 0x01020304, &r, &why))
		return 0;
	timeline_init(&t);
	timeline_track(&t, 0, 90000, true);
	timeline_track(&t, 1, 48000, false);
	if (r.has_sender) {
		timeline_report(&t, 0, r.sender.rtp_timestamp, rtcp_ntp_to_us(r.sender.ntp), 0);
		timeline_report(&t, 1, r.sender.packets, rtcp_ntp_to_us(r.sender.ntp ^ r.sender.octets), 0);
	}
	timeline_begin(&t, 0, 100, 0, 1795000000000000);
	for (unsigned i = 0; i < 8; i++) {
		if (timeline_place(&t, 0, 100 + 3600 * i, i * 40000, 1795000000000000 + i * 40000, &time, &capture) || time != 3600 * i)
			abort();
		timeline_place(&t, 1, 1024 * i, i * 40000, 1795000000000000 + i * 40000, &time, &capture);
	}
	return 0;
}
