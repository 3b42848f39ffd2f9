/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_HTTP_PATH_H
#define NET_HTTP_PATH_H
/*
 * What a request's path means. Paths are a grammar, not files: one thing, one
 * path; nothing is decoded, cleaned or redirected, and whatever is not in the
 * table below is HTTP_PATH_NONE. Pure; spans borrow from the path.
 *
 *     /   /login   /logout   /verify.html   /export
 *     /api/site   /api/time   /api/status   /api/alarms   /api/sessions   /api/shares   /api/history/CAMERA
 *     /assets/NAME                            [A-Za-z0-9._-]{1,64}, not beginning with '.'
 *     /live/CAMERA/index.m3u8   /live/CAMERA/manifest.mpd   /live/CAMERA/manifest-ll.mpd
 *     /live/CAMERA/RENDITION/index.m3u8
 *     /live/CAMERA/FROM-TO.m3u8   /live/CAMERA/RENDITION/FROM-TO.m3u8   /live/CAMERA/FROM-TO.json
 *                                             what was recorded; seconds since 1970, decimal
 *     /live/CAMERA/RENDITION/init-HEX16.mp4   16 lower-case hex digits
 *     /live/CAMERA/RENDITION/N.m4s            N decimal
 *     /live/CAMERA/RENDITION/N.ll.m4s         the same, also while it is not whole yet
 *     /live/CAMERA/RENDITION/N.P.TAG.m4s      its part P, decimal; TAG: 8 lower-case hex digits
 *     /live/CAMERA/RENDITION/N.m4s.tlog-proof
 *     /live/CAMERA/snapshot.jpg
 *     /live/CAMERA/snapshot/N.jpg             no rendition of the site's has that name
 *     /live/CAMERA/snapshot/N.jpg.tlog-proof
 *     /log/checkpoint   /log/keys   /log/cosigned   /log/pending   /log/policy   /log/cosignature
 *     /log/tile/…                             the rest of a tile's path is not looked at here
 */
#include <stdint.h>

#include "net/span.h"

#define HTTP_PART_MAX 65535u
#define HTTP_TIME_MAX 253402300799u     /* the last second of the year 9999 */

enum http_path_kind {
	HTTP_PATH_NONE, HTTP_PATH_PAGE, HTTP_PATH_LOGIN, HTTP_PATH_LOGOUT, HTTP_PATH_SITE, HTTP_PATH_VERIFIER, HTTP_PATH_EXPORT, HTTP_PATH_ASSET,
	HTTP_PATH_MULTIVARIANT, HTTP_PATH_MANIFEST, HTTP_PATH_TIME, HTTP_PATH_PLAYLIST, HTTP_PATH_INIT, HTTP_PATH_SEGMENT, HTTP_PATH_PROOF,
	HTTP_PATH_SNAPSHOT, HTTP_PATH_PICTURE, HTTP_PATH_CHECKPOINT, HTTP_PATH_KEYS, HTTP_PATH_COSIGNED, HTTP_PATH_PENDING,
	HTTP_PATH_POLICY, HTTP_PATH_COSIGNATURE, HTTP_PATH_TILE, HTTP_PATH_PART,
	HTTP_PATH_STATUS, HTTP_PATH_ALARMS, HTTP_PATH_HISTORY, HTTP_PATH_SESSIONS, HTTP_PATH_SHARES,
	HTTP_PATH_PAST, HTTP_PATH_PAST_PLAYLIST, HTTP_PATH_PAST_SPANS, HTTP_PATH_MANIFEST_NEAR, HTTP_PATH_GROWING
};

struct http_path {
	enum http_path_kind kind;
	struct span camera, rendition;    /* names by text_is_name; picture and its proof: "snapshot" */
	struct span rest;                 /* asset: its name; tile: from "tile/" on */
	uint64_t number;                  /* segment, growing, part, picture, proof */
	uint64_t from_s, to_s;            /* past: from below to, at most HTTP_TIME_MAX; 0 for others */
	unsigned part;                    /* part: at most HTTP_PART_MAX */
	uint32_t tag;                     /* part: tells it from one of the same number that was before a crash */
	uint8_t init_prefix[8];           /* init: first bytes of its SHA-256 */
};

struct http_path http_path_parse(struct span path);

#endif
