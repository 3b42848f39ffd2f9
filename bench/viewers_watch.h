/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VIEWERS_WATCH_H
#define BENCH_VIEWERS_WATCH_H
/*
 * Viewers of one rendition who obey blocking reload (RFC 8216bis 6.2.5.2): each asks for the playlist that holds the next part, which
 * the server holds back until there is one, then for the parts that it lists, then again. Of a playlist without parts they are plain
 * viewers, who ask again after half a target duration and take whole segments.
 *
 * A part is late for a viewer when it has come whole more than its own duration after the first of all the viewers had read of it.
 */
#include <stdint.h>

#include "bench/viewers_link.h"
#include "bench/viewers_list.h"

#define WATCH_DELAYS 20000          /* of a millisecond each; what takes longer counts as the last */
#define WATCH_KNOWN 4096            /* parts whose first mention is remembered */

struct watch {
	struct link_load *load;
	const char *path;            /* of the media playlist */
	int64_t counted_from_us;     /* what was first mentioned before is not counted */
	int64_t now_us;
	struct { struct list_place place; int64_t at_us; } known[WATCH_KNOWN];
	uint64_t playlists, parts, late, joined, ended, missed, refused;
	uint32_t delays[WATCH_DELAYS];
	int64_t worst_us;
	char why[96];                /* of the latest connection that broke */
};

struct watcher {
	struct link link;
	struct watch *of;
	struct list_place have;
	bool has_any, follows_parts;
	struct list_item item;       /* asked for */
	bool is_item;
	struct list_facts facts;
	struct buf list;             /* the latest playlist */
	int64_t again_us;            /* a plain viewer's next look; 0: none is due */
};

/* A viewer comes. */
void watch_join(struct watcher *w, struct watch *of, unsigned number);
/* Plain viewers whose time has come ask again. */
void watch_tick(struct watcher *w);
void watch_leave(struct watcher *w);
/* In how many milliseconds a share (0 to 1) of the parts had come; 0: none did. */
unsigned watch_delay_ms(const struct watch *of, double share);

/* The callbacks of a load of watchers. */
void watch_opened(struct link *l);
void watch_answered(struct link *l);
void watch_ended(struct link *l, const char *why);

#endif
