/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_STARTS_H
#define CODEC_STARTS_H
/*
 * The key frames that begin the two newest segments, kept compressed, so that a
 * snapshot can be had at once whenever somebody asks: of the segment before the
 * newest too, since that one is whole and what was made of it has not to wait.
 */
#include "base/buf.h"
#include "media/record.h"

#define STARTS_MAX 2
#define START_BYTES_MAX (4u << 20)     /* larger ones are not kept */

struct starts {
	struct buf bytes[STARTS_MAX];
	struct record_au au[STARTS_MAX];   /* oldest first; data in bytes */
	unsigned n;
};

/* Allocates nothing. */
void starts_init(struct starts *s);
void starts_free(struct starts *s);
void starts_clear(struct starts *s);
/* A segment's first access unit. One that is no key frame, or too large, leaves nothing: older ones are not of now. */
void starts_add(struct starts *s, const struct record_au *au);

#endif
