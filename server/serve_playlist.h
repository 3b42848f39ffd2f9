/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_PLAYLIST_H
#define SERVER_SERVE_PLAYLIST_H
/*
 * A rendition's media playlist: written once when it has changed and somebody asks, for all who ask; and when a player gets it that
 * asked for one with something in it that has not come (RFC 8216bis 6.2.5.2). Pure.
 *
 * Plain players and those who want the picture soon get the same file. Parts are in it while the rendition is
 * watched closely; before, it is as short of promises as it is of parts.
 */
#include <limits.h>

#include "net/http_reload.h"
#include "server/serve_media.h"

/* Borrowed, until the next change; NULL while there is nothing to list (or no memory). skip: its delta update, if there is something to leave out. */
struct serve_bytes *serve_playlist_of(struct serve_camera *c, struct serve_rendition *r, bool skip);

/* HERE: the playlist as it is answers; COMES: once serve_playlist_has *ret; TOO_FAR: it asks for what nobody can know of. */
enum serve_reload { SERVE_RELOAD_HERE, SERVE_RELOAD_COMES, SERVE_RELOAD_TOO_FAR };
#define SERVE_WHOLE UINT_MAX  /* as a part: the segment as such */
enum serve_reload serve_playlist_look(const struct serve_rendition *r, const struct http_reload *want, struct serve_part_name *ret);
/* Whether the segment, or that part of it or of a later one, is listed. */
bool serve_playlist_has(const struct serve_rendition *r, const struct serve_part_name *name);
/* How long a player is held back at most (three target durations). */
int64_t serve_playlist_patience_us(const struct serve_camera *c);

#endif
