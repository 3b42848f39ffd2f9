/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listeners for viewers: one socket a serve process on the same address, so the
 * kernel spreads viewers. An address that cannot be had stops nothing else: it
 * is tried again, and said.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "server/parent.h"

#define RETRY_S 5
#define BACKLOG 1024
#define UNSENT_BYTES (256 << 10)     /* what the kernel holds of one response beyond what is under way */

/*
 * Accepted sockets inherit it: what is closed takes its unsent bytes along, and a reader who takes nothing does not
 * have megabytes of the kernel's.
 */
static void set_for_viewers(int fd)
{
	const struct linger none = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){UNSENT_BYTES}, sizeof(int));
}

static int open_one(struct sockaddr_storage *at, int *ret_fd)
{
	socklen_t n = at->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, rc;

	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	set_for_viewers(fd);
	if (at->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)at, n) < 0 || listen(fd, BACKLOG) < 0 || getsockname(fd, (struct sockaddr *)at, &n) < 0) {
		rc = errno;
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

/*
 * SO_REUSEPORT would let a second server of the same user share the address
 * unnoticed, so the address is first asked for without it.
 */
static int address_is_free(const struct sockaddr_storage *at)
{
	socklen_t n = at->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, rc = 0;

	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (at->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	if (bind(fd, (const struct sockaddr *)at, n) < 0)
		rc = errno;
	close(fd);
	return rc;
}

void parent_name_address(const struct sockaddr_storage *at, char *out, size_t cap)
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (at->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)at;

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
		snprintf(out, cap, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)at;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
		snprintf(out, cap, "%s:%u", host, ntohs(in->sin_port));
	}
}

/* As the site file would name it, with the port that it really has. */
static void name_listener(struct listener_live *l, const struct sockaddr_storage *at)
{
	static const char *const scheme[] = {[LISTENER_HTTPS] = "", [LISTENER_RTSPS] = "rtsps://", [LISTENER_RTSP] = "rtsp://",
		[LISTENER_METRICS] = "http://", [LISTENER_METRICS_TLS] = "https://"};
	char address[INET6_ADDRSTRLEN + 8];

	parent_name_address(at, address, sizeof address);
	snprintf(l->text, sizeof l->text, "%s%.54s", scheme[l->want.kind], address);
}

static void close_listener(const struct parent *p, struct listener_live *l)
{
	for (unsigned i = 0; i < p->site->serve_processes; i++) {
		if (l->fd[i] >= 0)
			close(l->fd[i]);
		l->fd[i] = -1;
	}
}

/* Of a socket that was handed over there is one: serve processes then accept from it in turn. */
static int share_one(struct parent *p, struct listener_live *l, int given, const struct sockaddr_storage *at)
{
	int one = 1, rc = 0;

	setsockopt(given, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	set_for_viewers(given);
	fcntl(given, F_SETFL, fcntl(given, F_GETFL) | O_NONBLOCK);
	for (unsigned i = 0; !rc && i < p->site->serve_processes; i++) {
		l->fd[i] = fcntl(given, F_DUPFD_CLOEXEC, 0);
		if (l->fd[i] < 0)
			rc = errno;
	}
	if (rc)
		close_listener(p, l);
	name_listener(l, at);
	return rc;
}

static int open_listener(struct parent *p, struct listener_live *l, const struct site_listener *want)
{
	struct sockaddr_storage at = want->address;
	int given = parent_given_socket(p, &at), rc;

	if (given >= 0)
		return share_one(p, l, given, &at);
	rc = address_is_free(&at);
	for (unsigned i = 0; !rc && i < p->site->serve_processes; i++)
		rc = open_one(&at, &l->fd[i]);  /* a port of 0 is the first socket's from then on */
	if (rc)
		close_listener(p, l);
	name_listener(l, &at);
	return rc;
}

static const char *mend(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "another program has this port: see which with 'ss -ltnp', or change listen: in the site file";
	case EACCES:
		return "ports below 1024 need root or CAP_NET_BIND_SERVICE: use a higher port in listen:";
	case EADDRNOTAVAIL:
		return "this machine has no such address: see 'ip addr', or change listen: in the site file";
	default:
		return "see listen: in the site file";
	}
}

/* Those that run; who begins later has it in his settings. */
static void tell_serves(struct parent *p, const struct listener_live *l)
{
	struct msg_serve_listener m = {(uint8_t)(l - p->listener), (uint8_t)l->want.kind};

	for (unsigned i = 0; i < p->site->serve_processes; i++) {
		struct child *c = parent_child(p, ROLE_SERVE, i);

		if (c && (c->phase == CHILD_STARTING || c->phase == CHILD_READY))
			child_say(c, MSG_SERVE_LISTENER, &m, &l->fd[i], l->fd[i] >= 0);
	}
}

static void on_retry(int fd, short what, void *arg)
{
	parent_listen(arg);
}

void parent_listen(struct parent *p)
{
	bool missing = false;

	for (unsigned i = 0; i < SITE_LISTENERS_MAX; i++) {
		struct listener_live *l = &p->listener[i];
		int rc;

		if (!l->wanted || l->fd[0] >= 0)
			continue;
		rc = open_listener(p, l, &l->want);
		if (rc && rc != l->error)
			parent_log("error", "listen", "address=%s error=\"%s\" mend=\"%s\"", l->want.text, strerror(rc), mend(rc));
		if (!rc) {
			parent_log("info", "listen", "address=%s", l->text);
			tell_serves(p, l);
		}
		l->error = rc;
		missing |= rc != 0;
	}
	if (missing && !p->listen_retry)
		p->listen_retry = event_new(p->base, -1, EV_TIMEOUT, on_retry, p);
	if (missing && p->listen_retry)
		event_add(p->listen_retry, &(struct timeval){RETRY_S, 0});
}

struct listener_live *parent_add_listener(struct parent *p, const struct site_listener *want)
{
	struct listener_live *l = p->listener;

	while (l < p->listener + SITE_LISTENERS_MAX && l->wanted)
		l++;
	if (l == p->listener + SITE_LISTENERS_MAX)
		return NULL;
	if (!l->fd)
		l->fd = malloc(p->site->serve_processes * sizeof *l->fd);
	if (!l->fd)
		return NULL;
	for (unsigned k = 0; k < p->site->serve_processes; k++)
		l->fd[k] = -1;
	l->want = *want;
	l->wanted = true;
	l->error = 0;
	return l;
}

void parent_drop_listener(struct parent *p, const char *text)
{
	for (struct listener_live *l = p->listener; l < p->listener + SITE_LISTENERS_MAX; l++) {
		if (!l->wanted || strcmp(l->want.text, text) != 0)
			continue;
		parent_log("info", "listen-end", "address=%s", l->text);
		close_listener(p, l);
		l->wanted = false;
		tell_serves(p, l);
	}
}

void parent_unlisten(struct parent *p)
{
	for (unsigned i = 0; i < SITE_LISTENERS_MAX; i++)
		if (p->listener[i].wanted)
			close_listener(p, &p->listener[i]);
	if (p->listen_retry)
		event_free(p->listen_retry);
	p->listen_retry = NULL;
}
