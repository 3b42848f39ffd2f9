/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is a byte (TLS or not, let in or not) and then what a viewer sends by RTSP to a serve of two cameras, in pieces that a
 * byte behind each tells the length of. Whatever it is: nobody is let in who gave no password, a camera that he may not see is not
 * described, and what is played are RTP packets on his own channels.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/server/rtsp_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const char *reply, bool let_in)
{
	static uint8_t sent[16384];
	const char *why;

	if (!let_in && !world_heard.guesses && (world_conn.peer.user >= 0 || strstr(reply, "application/sdp")))
		abort();
	if (strstr(reply, "s=vault"))
		abort();
	if (!world_conn.encrypted && strstr(reply, "Basic"))
		abort();
	if (world_rtsp.playing && world_conn.peer.user < 0)
		abort();
	for (int i = 0; world_rtsp.playing && i < 4; i++)
		if (world_play(sent, sizeof sent, &why) < 0)
			abort();  /* what store sealed is good here */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	uint8_t flags = rd_u8(&r);

	world_begin(flags & 1);
	world_pictures(0, RENDITION_COPY, 4);
	world_sound(4);
	world_pictures(1, RENDITION_COPY, 4);
	if (flags & 2)
		world_conn.peer.user = world_rtsp.viewer.user = WORLD_ANNA;
	while (rd_left(&r)) {
		size_t n = flags & 4 ? 1 + (*r.p & 63u) : rd_left(&r);
		struct rd piece = rd_sub(&r, n < rd_left(&r) ? n : rd_left(&r));

		look(world_say(piece.p, rd_left(&piece)), flags & 2);
		if (world_rtsp.waits && world_rtsp.ask.job)
			world_verdict(flags & 8);
		world_rtsp.timed_out = world_rtsp.waits;
		look(world_again(), flags & 2);
	}
	world_end();
	return 0;
}
