/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a segment of hostile bytes. The whole chunks that are found must be found again when the rest is cut away. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "media/cmaf_read.h"
#include "media/config_sets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Its samples, one after the other: within the bytes, as many as were counted, and to the last byte of their chunk. */
static uint64_t walk(const uint8_t *data, size_t n)
{
	struct rd r = rd_init(data, n);
	struct cmaf_read_sample s;
	struct cmaf_reader c;
	uint64_t samples = 0;

	while (cmaf_next_chunk(&r, &c) == 1) {
		while (cmaf_next_sample(&c, &s)) {
			if (s.n && (!s.data || s.data < data || s.data + s.n > data + n))
				abort();
			samples++;
		}
		if (rd_left(&c.data) || c.data.bad || c.entries.bad)
			abort();
	}
	return samples;
}

/* Each set lies within the config that was read, and there is an end. */
static void walk_sets(const struct track *t)
{
	struct config_sets sets;
	const uint8_t *nal;
	size_t n;

	config_sets_begin(&sets, t);
	while (config_sets_next(&sets, &nal, &n) == 1)
		if (!n || nal < t->config || nal + n > t->config + t->config_len)
			abort();
}

/* The same bytes as an init segment. */
static void read_init(const uint8_t *data, size_t n)
{
	static struct track t;

	for (int i = 0; i < CODEC_COUNT; i++) {
		t = (struct track){.codec = (enum codec)i};
		if (cmaf_read_init(data, n, &t))
			continue;
		if (!t.config_len || t.config_len > TRACK_CONFIG_MAX)
			abort();
		if (codec_is_video(t.codec))
			walk_sets(&t);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cmaf_extent e, again;

	memset(&e, 0, sizeof e);
	memset(&again, 0, sizeof again);
	cmaf_check_chunks(data, size, &e);
	if (e.end > size || !e.chunks != !e.end || e.samples < e.chunks)
		abort();
	if (e.end && walk(data, e.end) != e.samples)
		abort();
	read_init(data, size);
	cmaf_check_chunks(data, e.end, &again);
	if (again.chunks != e.chunks || again.end != e.end || again.duration != e.duration || again.samples != e.samples)
		abort();
	return 0;
}
