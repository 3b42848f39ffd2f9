/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_RANGE_H
#define SERVER_SERVE_RANGE_H
/*
 * What is answered of a time. Who sees footage of one alone, by a share link: the camera's playlists are of that time, its segments and
 * proofs those that touch it, and nothing else is there. Who has the right history names the time that he wants (server/serve_past.c).
 */
#include "server/serve_answer.h"

/* The request has been answered, or waits. Of a camera, or a rendition of it. */
void serve_range_answer(struct serve_ask *a);
/* What is kept of the camera, as a multivariant playlist: of the path's time, if it names one. */
void serve_range_multivariant(struct serve_ask *a);
/* What store tells of a rendition in a->range_from_us to range_to_us: MSG_WANT_LIST or MSG_WANT_SPANS. */
void serve_range_told(struct serve_ask *a, enum msg_want_kind kind, const char *type);

#endif
