/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listeners: who is let in, as far as that can be told before he has said a word. */
#include "server/serve_conn_inner.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#define ACCEPT_BATCH 32

void serve_listen_pause(struct serve_conns *l, bool pause)
{
	if (l->paused == pause || l->stopping)
		return;
	l->paused = pause;
	for (unsigned i = 0; i < SERVE_LISTENERS_MAX; i++) {
		if (!l->listener[i].event)
			continue;
		if (pause)
			event_del(l->listener[i].event);
		else if (event_add(l->listener[i].event, NULL) < 0)
			l->paused = true;  /* the next tick tries again */
	}
}

static void on_accept(int fd_of, short what, void *arg)
{
	const struct serve_listener *by = arg;
	struct serve_conns *l = by->of;

	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof from;
		uint64_t address;
		int fd;

		if (l->n >= l->serve->conns_max) {
			serve_listen_pause(l, true);
			return;
		}
		fd = accept4(fd_of, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
				serve_listen_pause(l, true);  /* the next tick tries again */
			return;
		}
		address = serve_address_of(&l->addresses, &from);
		if (*serve_address_count(&l->addresses, address) >= SERVE_PER_ADDRESS) {
			char name[SERVE_ADDRESS_TEXT];

			serve_address_name(&from, name);
			serve_limit_refused(l->serve, SERVE_LIMIT_ADDRESS, name);
			close(fd);
			continue;
		}
		serve_conn_begin(l, fd, &from, address, by->kind);
	}
}

void serve_conn_unlisten(struct serve_conns *l, unsigned listener)
{
	struct event *e = listener < SERVE_LISTENERS_MAX ? l->listener[listener].event : NULL;

	if (!e)
		return;
	close(event_get_fd(e));
	event_free(e);
	l->listener[listener].event = NULL;
}

int serve_conn_listen(struct serve_conns *l, unsigned listener, enum listener_kind kind, int fd)
{
	struct serve_listener *by = listener < SERVE_LISTENERS_MAX && kind < LISTENER_KINDS && !l->stopping ? &l->listener[listener] : NULL;
	struct event *e = by ? event_new(l->serve->base, fd, EV_READ | EV_PERSIST, on_accept, by) : NULL;

	if (!e || (!l->paused && event_add(e, NULL) < 0)) {
		if (e)
			event_free(e);
		close(fd);
		return -ENOBUFS;
	}
	serve_conn_unlisten(l, listener);
	*by = (struct serve_listener){.of = l, .kind = kind, .event = e};
	return 0;
}

void serve_listen_stop(struct serve_conns *l)
{
	for (unsigned i = 0; i < SERVE_LISTENERS_MAX; i++)
		serve_conn_unlisten(l, i);
}
