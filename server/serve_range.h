/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_RANGE_H
#define SERVER_SERVE_RANGE_H
/*
 * What somebody is answered who sees footage of a time alone, by a share link: the camera's playlists are of that time, its segments and
 * proofs those that touch it, and nothing else is there.
 */
#include "server/serve_answer.h"

/* The request has been answered, or waits. Of a camera, or a rendition of it. */
void serve_range_answer(struct serve_ask *a);

#endif
