/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VIEWERS_LIST_H
#define BENCH_VIEWERS_LIST_H
/* What a viewer reads out of a media playlist (RFC 8216bis): just enough to go on from where he is. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIST_URI 96

/* A place in a playlist: part of the segment number. Whole segments have part LIST_WHOLE, which comes after its parts. */
#define LIST_WHOLE UINT32_MAX
struct list_place {
	uint64_t number;
	uint32_t part;
};

struct list_item {
	struct list_place place;
	int64_t duration_us;
	char uri[LIST_URI];
};

struct list_facts {
	bool can_block, has_parts;
	int64_t target_us;
	uint64_t next;               /* number of the segment that comes, or is under way */
	uint32_t next_part;          /* parts of it that are listed */
};

/* 0, or -1: it is none that a viewer can follow. */
int list_read(const char *text, size_t n, struct list_facts *ret);
/* The first part (of a list without parts: segment) that comes after a place; false: there is none. */
bool list_after(const char *text, size_t n, bool parts, struct list_place after, struct list_item *ret);

#endif
