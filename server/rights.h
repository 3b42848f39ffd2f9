/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_RIGHTS_H
#define SERVER_RIGHTS_H
/*
 * What a user may, as the parent tells it to serve: rules, each of them rights, for cameras, at hours. A user may what any of
 * his rules says. Names and patterns of the site file stay in the parent: serve gets the numbers of cameras. Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "conf/site.h"

#define RIGHTS_RULES_MAX SITE_USER_GROUPS_MAX
#define RIGHTS_CAMERAS_BYTES ((SITE_CAMERAS_MAX + 7) / 8)
#define RIGHTS_RULE_BYTES (6 + RIGHTS_CAMERAS_BYTES)
#define RIGHTS_BYTES (RIGHTS_RULES_MAX * RIGHTS_RULE_BYTES)

struct rights_rule {
	uint8_t rights;                          /* bits of enum site_right */
	struct site_hours hours;
	uint8_t cameras[RIGHTS_CAMERAS_BYTES];   /* a bit for each place of a camera, the lowest of a byte first */
};

static inline void rights_add_camera(struct rights_rule *r, unsigned camera) { r->cameras[camera / 8] |= (uint8_t)(1u << camera % 8); }
static inline bool rights_has_camera(const struct rights_rule *r, unsigned camera)
{
	return camera < SITE_CAMERAS_MAX && (r->cameras[camera / 8] >> camera % 8 & 1);
}

/* The form they have in a message. Returns the length, at most RIGHTS_BYTES. n is at most RIGHTS_RULES_MAX. */
size_t rights_write(const struct rights_rule *rule, unsigned n, uint8_t out[RIGHTS_BYTES]);
/* 0 with *ret_n rules, or -EBADMSG with nothing touched: not whole rules, a right or a time that there is not. */
int rights_read(const uint8_t *p, size_t n, struct rights_rule ret[RIGHTS_RULES_MAX], unsigned *ret_n);
/* Whether hours include that time. Those that end before they begin go on into the next day, and days say when they begin. */
bool rights_hour(const struct site_hours *h, const struct tm *local);

#endif
