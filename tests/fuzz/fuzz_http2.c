/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A viewer's frames, behind a preface, to a session whose connection and answers are made up: the first byte says in what pieces they come,
 * the second how much leaves at once. What goes out is whole frames, and bodies are what they should be; nothing is left behind.
 */
#include <stdlib.h>

#include "tests/server/http2_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at_sent(void)
{
	struct http2_frame f;

	while (http2_world_frame(&f))
		for (size_t i = 1; f.type == NGHTTP2_DATA && i < f.n; i++)
			if (f.body[i] != (f.body[i - 1] + 1) % HTTP2_WORLD_PERIOD)
				abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step;

	if (size < 2)
		return 0;
	step = data[0] ? data[0] : size;
	if (http2_world_begin() == 0) {
		http2_world.at_once = data[1] ? (size_t)data[1] * 16 : 1u << 20;
		for (size_t at = 2; at < size && http2_world_is_open(); at += step) {
			http2_world_take(data + at, size - at < step ? size - at : step);
			look_at_sent();
			if (http2_world_is_open())
				http2_world_tick();
		}
		if (http2_world_is_open())
			serve_http2.stop(&http2_world.conn);
		look_at_sent();
	}
	http2_world_end();
	return 0;
}
