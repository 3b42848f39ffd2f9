/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_PLACES_H
#define CONF_PLACES_H
/*
 * The places of cameras, their renditions, and users in a site that is changed while
 * a server runs: others know them by number, so a place stays its name's as long as
 * the server runs. What a changed file has no more leaves its place behind, marked
 * gone and empty but for names; what comes anew is put behind all others, and what
 * comes again finds its place. Pure.
 */
#include "conf/site.h"

/*
 * Puts is, as it was read, into the places of was: another such, or the first. 0; -ENOSPC with *why (static) when there were
 * more names than places since the start, -ENOMEM: then is stays as it was.
 */
int places_keep(struct site *is, const struct site *was, const char **why);
/* Renditions that are not gone. */
unsigned places_renditions(const struct site_camera *c);
/* Cameras that are not gone. */
unsigned places_cameras(const struct site *site);

#endif
