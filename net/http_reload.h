/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_HTTP_RELOAD_H
#define NET_HTTP_RELOAD_H
/*
 * Delivery directives: what a player asks of a media playlist in its query (RFC 8216bis 6.2.5). Nothing is decoded; names
 * that are none of ours are passed over.
 */
#include <stdbool.h>
#include <stdint.h>

#include "net/span.h"

struct http_reload {
	bool has_number, has_part, skip;
	uint64_t number;          /* _HLS_msn: the playlist is to hold this segment, */
	uint32_t part;            /* _HLS_part: or this part of it already */
};

/* query without '?', empty for none. 0, or -EINVAL: a value that cannot be, a name twice, a part of no segment. */
int http_reload_parse(struct span query, struct http_reload *ret);

#endif
