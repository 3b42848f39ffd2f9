/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_PLAYLIST_LIVE_H
#define MEDIA_PLAYLIST_LIVE_H
/*
 * What a media playlist says besides its segments to players that want the picture soon (Low-Latency HLS, RFC 8216bis): parts,
 * the one that comes next, where other renditions are, what the server can do. Others pass it over. Pure; for media/playlist.c.
 *
 * A part's address is N.P.TAG.m4s: the segment's number, its place in it, and a tag of eight hex digits.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct playlist_media;

struct playlist_part {
	uint64_t duration_us;
	bool independent;
};

/* The parts of a segment, from its first. */
struct playlist_parts {
	const struct playlist_part *part;
	size_t n;
	uint32_t tag;
};

/* Another rendition, by the name of its folder: a name by text_is_name. */
struct playlist_report {
	const char *name;
	uint64_t number;              /* its newest segment, or the one under way of which parts are listed */
	bool has_part;
	unsigned part;                /* the newest listed */
};

struct playlist_live {
	uint32_t part_target_ms;      /* no part lasts longer; 0: none are listed */
	bool has_hint;
	uint64_t hint_number;
	unsigned hint_part;
	uint32_t hint_tag;
	const struct playlist_report *report;
	size_t nreports;
	bool skip;                    /* what is older than the skip boundary is left out, if there is such (4.4.5.2) */
};

#define PLAYLIST_SKIP_TARGETS 6   /* target durations from the end to the skip boundary */
#define PLAYLIST_PART_TARGETS 3   /* parts that are further from the end are no longer listed */

/* For the writer: what goes before the segments, and behind them. */
struct out;
void playlist_live_head(struct out *o, const struct playlist_media *m);
void playlist_live_tail(struct out *o, const struct playlist_media *m);
void playlist_live_parts(struct out *o, uint64_t number, const struct playlist_parts *p);
/* How many of the segments a playlist with skip leaves out. */
size_t playlist_live_skipped(const struct playlist_media *m);
/* Whether segment i's parts are still listed. */
bool playlist_live_is_near(const struct playlist_media *m, size_t i);

#endif
