/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parent under a service manager: sockets that it was handed, and what it tells in return. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "server/parent.h"

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a, *b4 = (const struct sockaddr_in *)b;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a, *b6 = (const struct sockaddr_in6 *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return a6->sin6_port == b6->sin6_port && !memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr);
	return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
}

static bool is_at(int fd, const struct sockaddr_storage *want)
{
	struct sockaddr_storage at = {0};
	socklen_t n = sizeof at;

	return getsockname(fd, (struct sockaddr *)&at, &n) == 0 && same_address(&at, want);
}

int parent_given_socket(const struct parent *p, const struct sockaddr_storage *want)
{
	for (int i = 0; i < p->service.nsockets; i++)
		if (is_at(p->service.socket[i], want))
			return p->service.socket[i];
	return -1;
}

static bool site_listens(const struct site *site, int fd)
{
	for (unsigned i = 0; i < site->nlisteners; i++)
		if (is_at(fd, &site->listener[i].address))
			return true;
	return false;
}

int parent_take_sockets(struct parent *p)
{
	int n = service_sockets(p->service.socket);

	if (n == -E2BIG)
		fprintf(stderr, "casemate: the service manager hands over more than %d sockets\n", SERVICE_SOCKETS_MAX);
	else if (n < 0)
		fprintf(stderr, "casemate: the service manager hands over something that does not listen for TCP: ListenStream= with an address and port\n");
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		struct sockaddr_storage at = {0};
		socklen_t len = sizeof at;
		char text[64];

		if (site_listens(p->site, p->service.socket[i]))
			continue;
		getsockname(p->service.socket[i], (struct sockaddr *)&at, &len);
		parent_name_address(&at, text, sizeof text);
		fprintf(stderr, "casemate: the service manager hands over a socket at %s, and listen: in the site file does not name that address\n", text);
		return -EADDRNOTAVAIL;
	}
	p->service.nsockets = n;
	return 0;
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	service_notify("WATCHDOG=1");
}

int parent_service_begin(struct parent *p)
{
	uint64_t us = service_watchdog_us() / 2;

	if (us == 0)
		return 0;
	p->service.watchdog = event_new(p->base, -1, EV_PERSIST, on_watchdog, p);
	if (!p->service.watchdog || event_add(p->service.watchdog, &(struct timeval){(time_t)(us / 1000000), (suseconds_t)(us % 1000000)}) < 0)
		return -ENOMEM;
	return 0;
}

void parent_service_ready(struct parent *p)
{
	if (p->service.told_ready || p->watch)
		return;
	/* Workers come and go with cameras; the others are the server. */
	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind != ROLE_TRANSCODE && !p->child[i].was_ready)
			return;
	p->service.told_ready = true;
	service_notify("READY=1");
}
