/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_COST_H
#define CONF_COST_H
/*
 * What a site will cost, before it is run: an estimate from what was measured on one kind of machine (bench/README.md), for cameras
 * that send 1080p at 25 pictures a second and the bit rate that expected: has. Viewers come on top. Pure.
 */
#include "conf/site.h"

/* CPU in thousandths of a core: nothing moves and nobody watches what is on demand; everything moves and all is watched. */
struct cost {
	unsigned least_millicores, most_millicores;
	uint64_t memory_bytes;          /* at most */
	uint64_t disk_bytes_per_day;    /* footage that is kept, and its evidence */
};

struct cost cost_of_camera(const struct site_camera *c);
/* All cameras and the processes that there are without any. */
struct cost cost_of_site(const struct site *s);
/* For how long archive.max_size holds what comes in; 0 when nothing does. */
double cost_days(const struct site *s, const struct cost *all);

#endif
