/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STORE_HEADS_H
#define STORE_HEADS_H
/*
 * What the next entry of the log depends on: of each rendition its last segment
 * (number, leaf hash, end), of each camera until when its time is accounted
 * for, and whether the last run ended in order. It is a function of the entries
 * alone; a snapshot of it saves reading all of them at a start.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "seal/entry.h"

#define HEADS_MAX 65536u

struct head {
	char camera[ENTRY_NAME];
	char rendition[ENTRY_NAME];   /* "" for the camera's account of time */
	uint64_t number;              /* of its last segment; of the account: how many gaps there are */
	struct hash leaf;             /* zeros for the account */
	int64_t end_us;               /* wall clock; of the account: until when segments and gaps cover it */
	bool closed;                  /* of the account: the camera was removed from the site file */
};

enum heads_run { HEADS_NO_RUN, HEADS_RUNNING, HEADS_STOPPED };

/* Zeroed: the heads of an empty log. */
struct heads {
	uint64_t size;                /* entries that went in */
	enum heads_run run;
	int64_t run_us;               /* wall clock of the last start/v1 */
	struct head *at;
	uint32_t n, cap;
	uint32_t *slot;               /* hash table of indexes into at, 0 for none, else index + 1 */
	uint32_t nslots;
};

void heads_free(struct heads *h);
/* 0 or -ENOMEM; ret is replaced, not freed. */
int heads_copy(const struct heads *h, struct heads *ret);
/* Takes the log's next entry in. 0, -EBADMSG when it is no entry, -ENOMEM, -ENOSPC beyond HEADS_MAX (nothing changes). */
int heads_add(struct heads *h, const void *entry, size_t n);
/* Borrowed until the next heads_add; NULL if there is none. */
const struct head *heads_find(const struct heads *h, const char *camera, const char *rendition);
/* Until when segments (of the copy; of the sound where there is no copy) and gaps account for a camera; 0 for never seen. */
int64_t heads_covered_us(const struct heads *h, const char *camera);

/* Appends the snapshot's bytes, which end in their own hash. 0 or -ENOBUFS. */
int heads_write(const struct heads *h, struct buf *out);
/* 0, -EBADMSG or -ENOMEM; ret is replaced, not freed. */
int heads_read(const void *p, size_t n, struct heads *ret);

#endif
