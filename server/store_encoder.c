/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * With what encoded segments are made: an encoder/v1 entry before the first one of a run, and before the first one that is made
 * otherwise. The segments name it.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/store.h"

void store_encoder(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct msg_store_encoder *in = &m->store_encoder;
	struct store_rendition *r = store_rendition_at(ctx, in->camera, in->rendition);

	if (!r || (r->encoder.told && !strcmp(r->encoder.encoder, in->encoder) && !strcmp(r->encoder.settings, in->settings)))
		return;
	r->encoder.told = true;
	r->encoder.entered = false;
	memcpy(r->encoder.encoder, in->encoder, sizeof r->encoder.encoder);
	memcpy(r->encoder.settings, in->settings, sizeof r->encoder.settings);
}

static bool enter(struct store *s, struct store_rendition *r)
{
	struct entry e = {.kind = ENTRY_ENCODER, .encoder = {.time_us = clock_wall_us() / 1000 * 1000}};
	uint8_t bytes[ENTRY_MAX_BYTES];
	uint64_t index;
	size_t n;

	memcpy(e.encoder.camera, r->camera->name, sizeof e.encoder.camera);
	memcpy(e.encoder.rendition, r->name, sizeof e.encoder.rendition);
	memcpy(e.encoder.encoder, r->encoder.encoder, sizeof e.encoder.encoder);
	memcpy(e.encoder.settings, r->encoder.settings, sizeof e.encoder.settings);
	if (store_log_add(s, &e, &index) < 0 || entry_write(&e, bytes, &n))
		return false;
	hash_leaf(bytes, n, &r->encoder.leaf);
	return true;
}

bool store_encoder_of(struct store *s, struct store_rendition *r, struct hash *ret_leaf)
{
	if (r->encoder.told && !r->encoder.entered)
		r->encoder.entered = enter(s, r);
	if (r->encoder.entered)
		*ret_leaf = r->encoder.leaf;
	return r->encoder.entered;
}
