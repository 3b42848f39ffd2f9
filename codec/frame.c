/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/frame.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_MAX 16384
#define BLACK_Y 16
#define NO_COLOUR 128

int frame_new(struct frame **ret, unsigned width, unsigned height)
{
	size_t at[3], total = 0;
	struct frame *f;

	if (width < 2 || width > SIDE_MAX || width % 2 || height < 2 || height > SIDE_MAX || height % 2)
		return -EINVAL;
	f = calloc(1, sizeof *f);
	if (!f)
		return -ENOMEM;
	for (int i = 0; i < 3; i++) {
		f->width[i] = i ? width / 2 : width;
		f->height[i] = i ? height / 2 : height;
		f->stride[i] = (f->width[i] + FRAME_SLACK + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
		at[i] = total;
		total += f->stride[i] * f->height[i];
	}
	f->plane[0] = aligned_alloc(FRAME_ALIGN, total);
	if (!f->plane[0]) {
		free(f);
		return -ENOMEM;
	}
	f->picture = (struct picture){.format = PICTURE_420, .bits = 8, .width = width, .height = height, .sar_num = 1, .sar_den = 1};
	for (int i = 0; i < 3; i++) {
		f->plane[i] = f->plane[0] + at[i];
		f->picture.plane[i] = f->plane[i];
		f->picture.stride[i] = (ptrdiff_t)f->stride[i];
	}
	*ret = f;
	return 0;
}

void frame_free(struct frame **fp)
{
	struct frame *f = *fp;

	if (!f)
		return;
	free(f->plane[0]);
	free(f);
	*fp = NULL;
}

void frame_blacken(struct frame *f)
{
	for (int i = 0; i < 3; i++)
		memset(f->plane[i], i ? NO_COLOUR : BLACK_Y, f->stride[i] * f->height[i]);
}

void frame_copy(struct frame *f, const struct picture *p)
{
	assert(p->format == PICTURE_420 && p->bits == 8 && p->width == f->picture.width && p->height == f->picture.height);
	for (int i = 0; i < 3; i++)
		for (unsigned y = 0; y < f->height[i]; y++)
			memcpy(f->plane[i] + y * f->stride[i], p->plane[i] + (ptrdiff_t)y * p->stride[i], f->width[i]);
	f->picture = *p;
	for (int i = 0; i < 3; i++) {
		f->picture.plane[i] = f->plane[i];
		f->picture.stride[i] = (ptrdiff_t)f->stride[i];
	}
}
