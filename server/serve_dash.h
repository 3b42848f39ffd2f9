/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_DASH_H
#define SERVER_SERVE_DASH_H
/*
 * DASH's manifest of a camera: each period of which segments are held; of each rendition in it the newest
 * segments without a hole in their numbers are listed. One made on demand is listed while it is made.
 */
#include "server/serve_media.h"

/* Built once per change. Borrowed, until the next one; NULL while there is nothing to list (or no memory). */
struct serve_bytes *serve_dash_manifest(struct serve_camera *c);

#endif
