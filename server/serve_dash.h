/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_DASH_H
#define SERVER_SERVE_DASH_H
/*
 * DASH's manifest of a camera: each period of which segments are held; of each rendition in it the newest
 * segments without a hole in their numbers are listed. One made on demand is listed while it is made.
 *
 * The near one lists the segment under way as well, once something of it is sealed, behind the newest whole one of its epoch: how long it
 * will be is a guess, that of the one before, or what is there of it already. A separate one, for who does not know of low latency (ffmpeg,
 * GStreamer) would ask for that segment as if it were whole, and be kept waiting for its end.
 */
#include "server/serve_media.h"

/* Built once per change. Borrowed, until the next one; NULL while there is nothing to list (or no memory). */
struct serve_bytes *serve_dash_manifest(struct serve_camera *c);
/* Built each time more became whole of what it lists. */
struct serve_bytes *serve_dash_manifest_near(struct serve_camera *c);

#endif
