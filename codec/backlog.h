/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_BACKLOG_H
#define CODEC_BACKLOG_H
/*
 * The newest access units of a stream, kept compressed, for whoever begins to
 * look in the midst of it: at least the last whole segment and the one under
 * way, from a key frame on. Where a camera's segments do not begin with key
 * frames it goes back to one that does. Pure, and bounded: when the newest
 * that can be begun with does not fit, nothing is kept until the next one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "media/record.h"

#define BACKLOG_BYTES_MAX (16u << 20)
#define BACKLOG_AUS_MAX 600

struct backlog_au {
	struct au au;                  /* its data is in bytes: au.data is set when it is asked for */
	uint32_t segment;
	bool start;                    /* a key frame that begins its segment */
};

struct backlog {
	struct buf bytes;              /* of the access units, one behind the other */
	unsigned n, cap;
	struct backlog_au *list;
};

/* Allocates nothing. */
void backlog_init(struct backlog *b);
void backlog_free(struct backlog *b);
void backlog_clear(struct backlog *b);
/*
 * Copies an access unit that comes after all that are kept, and lets go of what is not needed any more. begins: it is the first
 * of its segment. 0, or -ENOMEM; then, as with what is too large, nothing is kept.
 */
int backlog_add(struct backlog *b, const struct record_au *au, bool begins);
/* The i-th (i < b->n); what it points to is valid until the next call that is not backlog_get. */
struct record_au backlog_get(const struct backlog *b, unsigned i, uint64_t epoch);
/* The number of the last whole segment or, when only one is kept, of that one. Something must be kept. */
uint32_t backlog_whole(const struct backlog *b);
/* The newest access unit to start decoding at: its index. Something must be kept. */
unsigned backlog_newest_start(const struct backlog *b);

#endif
