/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_AU_ROOM_H
#define MEDIA_AU_ROOM_H
/*
 * Where access units are put together, one behind the other, so that who collects
 * them (media/packager.h) need not copy what the depacketizer (net/rtp_video.h) has just written.
 *
 *     head | given away ... | the access unit under way
 *          0 ............ kept .................... buf.len
 *
 * The one behind `kept` is its maker's until it is whole and handed on; the receiver may then raise `kept` over it, and
 * move what is before it. Whatever the receiver did, the next access unit begins at `kept`.
 */
#include <errno.h>

#include "base/buf.h"

struct au_room {
	struct buf buf;
	size_t kept;                       /* with the room for a head at the beginning */
};

/* Makes the memory up to kept exist; drops what is behind it. 0 or -ENOBUFS. */
static inline int au_room_clear(struct au_room *r)
{
	if (r->buf.len < r->kept && !buf_reserve(&r->buf, r->kept - r->buf.len))
		return -ENOBUFS;
	r->buf.len = r->kept;
	return 0;
}

/* The access unit under way. */
static inline uint8_t *au_room_data(const struct au_room *r) { return r->buf.mem ? buf_data(&r->buf) + r->kept : NULL; }
static inline size_t au_room_len(const struct au_room *r) { return r->buf.len > r->kept ? r->buf.len - r->kept : 0; }

#endif
