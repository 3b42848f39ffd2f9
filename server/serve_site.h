/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_SITE_H
#define SERVER_SERVE_SITE_H
/*
 * /api/site, for the page: what the site is and how its cameras do. Only our own
 * words, numbers and names of the site file: nothing that a camera said.
 *
 *     {"origin","version","vkey","user","session","checkpoint":SIZE,"admin":BOOL,
 *      "cameras":[{"name","phase","why","detail","left_out","codec","audio_codec","width","height","fps","rate_bps",
 *                  "reconnects","retry_ms","since_ms","packets","lost","may":["live","history","export","admin"],
 *                  "renditions":[{"name","kind":"video"|"audio","codec","width","height","first","last","live"}]}]}
 *
 * Of cameras those that the viewer may know of; may: his rights there, now. first and last: numbers of the segments held (0 with live false: none yet).
 */
#include "server/serve.h"

#define SERVE_SITE_MAX_BYTES (4u << 20)

/* Appends the JSON. 0 or -ENOBUFS. */
int serve_site_json(const struct serve *s, const struct serve_viewer *v, struct buf *out);

#endif
