/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_ROUTE_H
#define SERVER_SERVE_ROUTE_H
/*
 * From a request's path to its answer: one table of what there is, which function answers, by which methods, who may
 * have it, and what a cache may do with it.
 */
#include "server/serve_answer.h"

#define SERVE_CACHE_FOREVER "private, max-age=31536000, immutable"
#define SERVE_CACHE_FRESH "private, no-cache"
#define SERVE_CACHE_NEVER "no-store"

enum serve_need { SERVE_NEED_NOTHING, SERVE_NEED_USER, SERVE_NEED_CAMERA, SERVE_NEED_RENDITION };  /* each needs the one before it too */

struct serve_route {
	void (*answer)(struct serve_ask *a);
	enum serve_need need;
	enum serve_right right;          /* at the camera of the path; where it names none, at any */
	bool get, post;                  /* get: HEAD too */
	const char *cache;               /* of the answer's bytes; what has none, as an error, is not stored */
};

/* Ends in serve_exchange_reply, or the exchange waits. */
void serve_route(struct serve_exchange *x, const struct http_request *r);

#endif
