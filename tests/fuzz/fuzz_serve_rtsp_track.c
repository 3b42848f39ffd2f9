/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a store that was taken over gives a session by RTSP: a byte (of what codec, and whether it began well), the length of an
 * init segment and its bytes, then segments behind their lengths. What goes out are RTP packets, or the session ends with a reason.
 */
#include <stdlib.h>

#include "tests/server/rtsp_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rd take(struct rd *r)
{
	size_t n = rd_left(r) >= 2 ? rd_u16(r) : 0;

	return rd_sub(r, n < rd_left(r) ? n : rd_left(r));
}

static bool play(void)
{
	static uint8_t sent[16384];
	const char *why = NULL;
	ssize_t n;

	for (unsigned i = 0; i < 64 && (n = world_play(sent, sizeof sent, &why)) != 0; i++)
		if (n < 0) {
			if (!why || !*why)
				abort();
			return false;
		}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum codec codecs[] = {CODEC_H264, CODEC_H265, CODEC_AAC, CODEC_OPUS};
	struct rd r = rd_init(data, size), init;
	uint8_t flags = rd_u8(&r);
	enum codec codec = codecs[flags & 3];
	unsigned rendition = codec_is_video(codec) ? RENDITION_COPY : RENDITION_AUDIO;

	world_begin(true);
	world_conn.peer.user = world_rtsp.viewer.user = WORLD_ANNA;
	if (flags & 4) {
		world_pictures(0, RENDITION_COPY, 2);
		world_sound(2);
	}
	init = take(&r);
	if (rd_left(&init))
		world_init(0, rendition, codec, init.p, rd_left(&init));
	if (!(flags & 4))
		world_store(0, rendition, data, size);
	world_ask("DESCRIBE", rendition == RENDITION_COPY ? "gate/copy" : "gate/audio", "");
	world_ask("SETUP", rendition == RENDITION_COPY ? "gate/copy/track0" : "gate/audio/track0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n");
	world_rtsp.timed_out = true;
	world_ask("PLAY", rendition == RENDITION_COPY ? "gate/copy" : "gate/audio", "Session: 01020300000000000000000000000000\r\n");
	while (rd_left(&r) >= 2 && (!world_rtsp.playing || play())) {
		struct rd segment = take(&r);

		if (rd_left(&segment))
			world_store(0, rendition, segment.p, rd_left(&segment));
		if (!world_rtsp.playing)
			world_ask("PLAY", rendition == RENDITION_COPY ? "gate/copy" : "gate/audio", "Session: 01020300000000000000000000000000\r\n");
	}
	if (world_rtsp.playing)
		play();
	world_end();
	return 0;
}
