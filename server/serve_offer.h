/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_OFFER_H
#define SERVER_SERVE_OFFER_H
/*
 * Which renditions of a camera players are offered, and what they are told of each before they have a byte of it: HLS'
 * multivariant playlist and DASH's manifest are two ways to write that down.
 */
#include <stdbool.h>
#include <stddef.h>

#include "media/playlist_multivariant.h"
#include "server/serve_media.h"

/* Borrows from the camera, and from itself: it is filled where it stands, and not copied. */
struct serve_offer {
	struct playlist_rendition video[RENDITIONS_MAX], audio;
	const struct serve_rendition *picture[RENDITIONS_MAX];  /* video[i] is of picture[i] */
	const struct serve_rendition *sound;                    /* NULL: none, and audio says nothing */
	size_t nvideo;
	bool independent;                                       /* every segment held of each begins with a key frame */
	struct track track[RENDITIONS_MAX];
};

void serve_offer_of(const struct serve_camera *c, struct serve_offer *ret);

#endif
