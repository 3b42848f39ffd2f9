/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_AGAINST_INNER_H
#define SERVER_AGAINST_INNER_H
/* Between against.c, which has the rules, and against_camera.c, which has those of cameras. */
#include "server/against.h"

/* Of something that was removed the line is the old file's, else the new one's. */
void against_say(struct against *a, const struct diff_item *item, enum against_group group, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A camera or rendition that came or went, or one key of it that changed and is said in its own words. */
void against_camera(struct against *a, const struct diff_item *item);

#endif
