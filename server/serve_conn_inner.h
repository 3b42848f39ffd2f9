/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_CONN_INNER_H
#define SERVER_SERVE_CONN_INNER_H
/* What server/serve_conn.c and server/serve_listen.c share: all connections, and the listeners that they come from. */
#include "server/serve_conn.h"

TAILQ_HEAD(conn_list, serve_conn);

struct serve_listener {
	struct serve_conns *of;
	enum listener_kind kind;
	struct event *event;         /* NULL: there is none of that number */
};

struct serve_conns {
	struct serve *serve;
	struct ssl_ctx_st *tls;
	struct serve_listener listener[SERVE_LISTENERS_MAX];
	unsigned n;
	bool paused, stopping;
	struct conn_list all, ready;
	struct serve_conn *at;       /* whose event or turn is under way: it goes when that is over, however it ends */
	struct event *run;           /* for those that are ready */
	struct serve_addresses addresses;
};

/* Takes fd over: somebody has connected. */
void serve_conn_begin(struct serve_conns *l, int fd, const struct sockaddr_storage *from, uint64_t address, enum listener_kind kind);

/* Nobody more is let in, or again; nothing once they are stopped. */
void serve_listen_pause(struct serve_conns *l, bool pause);
void serve_listen_stop(struct serve_conns *l);

#endif
