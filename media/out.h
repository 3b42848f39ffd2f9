/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_OUT_H
#define MEDIA_OUT_H
/*
 * How this room writes text: pieces are put one after the other until one is refused, and the caller looks at rc
 * once. What was refused leaves nothing behind. For this room's own files.
 */
#include "base/buf.h"

struct out {
	struct buf *b;
	size_t before;   /* what b held */
	int rc;
};

#define OUT_PUT(o, ...) ((o)->rc = (o)->rc ? (o)->rc : buf_append_fmt((o)->b, __VA_ARGS__))

static inline struct out out_begin(struct buf *b)
{
	return (struct out){.b = b, .before = b->len};
}

static inline int out_end(struct out *o)
{
	if (o->rc)
		o->b->len = o->before;
	return o->rc;
}

#endif
