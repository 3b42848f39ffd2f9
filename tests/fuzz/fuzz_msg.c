/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a message: what is accepted is written again as the same bytes, and its masks stay inside it. */
#include <stdlib.h>
#include <string.h>

#include "server/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static union msg_body body;

static void look_at_masks(void)
{
	struct site_mask mask;
	unsigned n = 0;

	while (msg_get_mask(&body.transcode_camera, n, &mask))
		n++;
	if (n != body.transcode_camera.masks_len / MSG_MASK_BYTES)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[MSG_MAX];
	struct wr w = wr_init(again, sizeof again);
	enum msg_type type;

	if (size > MSG_MAX || msg_decode(data, size, &type, &body))
		return 0;
	msg_encode(&w, type, &body);
	if (w.bad || w.len != size || memcmp(again, data, size))
		abort();
	if (type == MSG_TRANSCODE_CAMERA)
		look_at_masks();
	return 0;
}
