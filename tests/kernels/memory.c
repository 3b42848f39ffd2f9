/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void guarded_new(struct guarded *g, size_t len, enum guard where)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n = (len + page - 1) / page * page;

	g->len = len;
	g->map_len = n + page;
	g->map = mmap(NULL, g->map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g->map == MAP_FAILED || mprotect((uint8_t *)g->map + (where == GUARD_BEHIND ? n : 0), page, PROT_NONE)) {
		perror("kernels: mmap");
		exit(2);
	}
	g->p = (uint8_t *)g->map + (where == GUARD_BEHIND ? n - len : page);
}

void guarded_free(struct guarded *g)
{
	if (g->map)
		munmap(g->map, g->map_len);
	*g = (struct guarded){0};
}

static void set_plane(struct guarded_picture *g, int i, size_t stride, unsigned slack, enum guard where)
{
	struct frame *f = &g->frame;
	size_t len;

	f->width[i] = i ? (g->picture.width + 1) / 2 : g->picture.width;
	f->height[i] = i ? (g->picture.height + 1) / 2 : g->picture.height;
	len = stride * (f->height[i] - 1) + f->width[i] + slack;
	guarded_new(&g->memory[i], len, where);
	f->stride[i] = stride;
	f->plane[i] = g->memory[i].p;
	g->picture.stride[i] = (ptrdiff_t)stride;
	g->picture.plane[i] = f->plane[i];
}

static void begin(struct guarded_picture *g, unsigned width, unsigned height)
{
	*g = (struct guarded_picture){.picture = {.format = PICTURE_420, .bits = 8, .width = width, .height = height, .sar_num = 1, .sar_den = 1,
		.colour = {COLOUR_UNSPECIFIED, COLOUR_UNSPECIFIED, COLOUR_UNSPECIFIED}}};
}

void guarded_picture_new(struct guarded_picture *g, unsigned width, unsigned height, unsigned apart, unsigned slack, enum guard where)
{
	begin(g, width, height);
	for (int i = 0; i < 3; i++)
		set_plane(g, i, i ? (width + 1) / 2 + (apart + 1) / 2 : (size_t)width + apart, slack, where);
	g->frame.picture = g->picture;
}

void guarded_frame_new(struct guarded_picture *g, unsigned width, unsigned height)
{
	begin(g, width, height);
	for (int i = 0; i < 3; i++) {
		size_t w = i ? width / 2 : width, stride = (w + FRAME_SLACK + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;

		set_plane(g, i, stride, (unsigned)(stride - w), GUARD_BEHIND);  /* whole lines, so that they begin where they should */
	}
	g->frame.picture = g->picture;
}

void guarded_picture_free(struct guarded_picture *g)
{
	for (int i = 0; i < 3; i++)
		guarded_free(&g->memory[i]);
}
