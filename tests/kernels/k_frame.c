/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernels/kernels.h"

#include <stdio.h>

/* Copying a picture into a frame has one form only; it must take nothing but the picture, and leave its slack alone. */
static bool copies(unsigned width, unsigned height, enum guard where)
{
	struct guarded_picture from, to;
	char what[64];
	bool good;

	guarded_picture_new(&from, width, height, 0, 0, where);
	guarded_frame_new(&to, width, height);
	fill_picture(&from, FILL_NOISE, width);
	frame_copy(&to.frame, &from.picture);
	snprintf(what, sizeof what, "copy of %ux%u", width, height);
	good = same_picture(what, &to.frame.picture, &from.picture);
	for (int i = 0; i < 3 && good; i++)
		good = to.frame.plane[i][width / (i ? 2 : 1)] == 0 || failed("%s: plane %d: wrote behind the line", what, i);
	guarded_picture_free(&from);
	guarded_picture_free(&to);
	return good;
}

static bool test(enum cpu_level cpu)
{
	static const unsigned sizes[][2] = {{2, 2}, {16, 16}, {62, 34}, {66, 18}, {128, 2}, {1918, 6}};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (int where = 0; where < GUARDS; where++)
			if (!copies(sizes[i][0], sizes[i][1], (enum guard)where))
				return false;
	return true;
}

const struct kernel kernel_frame = {"frame", test, NULL};
