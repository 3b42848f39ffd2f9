/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_METRICS_H
#define SERVER_SERVE_METRICS_H
/*
 * What a listener for metrics answers, and it answers nothing else: /metrics, the text that the parent made, in the form
 * that is asked for; /health, that this process lives; /ready, whether all of the server does its work, and what does
 * not. On a loopback address to whoever asks; elsewhere to users with the right admin.
 */
#include <stdbool.h>
#include <stdint.h>

#include "net/span.h"
#include "server/msg.h"
#include "server/serve_bytes.h"

#define SERVE_METRICS_OLD_US 30000000    /* the parent says something each few seconds */

struct http_request;
struct serve_exchange;

struct serve_metrics {
	bool ready;
	char why[MSG_METRICS_WHY];
	struct serve_bytes *open, *text;     /* NULL until the parent has said something */
	int64_t heard_us;                    /* monotonic */
};

/* In place of what it said before. 0, or as serve_bytes_map; what was there stays then. */
int serve_metrics_take(struct serve_metrics *s, const struct msg_metrics *m, const int fds[2], int64_t now_us);
/* Ends in serve_exchange_reply, or the exchange waits. */
void serve_metrics_answer(struct serve_exchange *x, const struct http_request *r);

/*
 * Whether a Host field names an address or this machine: a page of elsewhere, whose name was made to lead here, cannot
 * read what is for this machine's own programs.
 */
bool serve_metrics_is_local(struct span host);

#endif
