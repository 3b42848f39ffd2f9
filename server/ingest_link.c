/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ingest_link.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "server/role.h"

static void come_up(struct ingest_link *l)
{
	l->up = true;
	l->news(l->ctx, INGEST_LINK_UP);
}

static void shake(struct ingest_link *l)
{
	switch (ingest_tls_handshake(l->ssl)) {
	case INGEST_TLS_DONE:
		come_up(l);
		/* The camera's first bytes may have come with its last of the handshake. */
		if (l->fd >= 0)
			ingest_link_again(l);
		break;
	case INGEST_TLS_READ:
		break;
	case INGEST_TLS_WRITE:
		if (event_add(l->writable, NULL) < 0)
			l->news(l->ctx, INGEST_LINK_BROKEN);
		break;
	case INGEST_TLS_FAILED:
		l->news(l->ctx, INGEST_LINK_BROKEN);
		break;
	}
}

static void on_readable(int fd, short what, void *arg)
{
	struct ingest_link *l = arg;

	if (l->up)
		l->news(l->ctx, INGEST_LINK_READABLE);
	else
		shake(l);
}

static void on_writable(int fd, short what, void *arg)
{
	struct ingest_link *l = arg;

	if (!l->up)
		shake(l);
	else if (l->waiting && !ingest_link_write(l, l->waiting))
		l->news(l->ctx, INGEST_LINK_BROKEN);
}

int ingest_link_open(struct ingest_link *l, struct event_base *base, int fd, const struct ingest_tls *tls,
		     void (*news)(void *ctx, enum ingest_link_news what), void *ctx)
{
	*l = (struct ingest_link){.fd = fd, .news = news, .ctx = ctx};
	/* Not edge-triggered: an end that comes with the last bytes would be the same edge, and a short read leaves it unseen. */
	l->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, l);
	l->writable = event_new(base, fd, EV_WRITE, on_writable, l);
	if (tls->ctx)
		l->ssl = ingest_tls_open(tls, fd);
	if (l->ssl)
		l->soon = event_new(base, -1, EV_TIMEOUT, on_readable, l);
	if (!l->readable || !l->writable || (tls->ctx && (!l->ssl || !l->soon)) || event_add(l->readable, NULL) < 0) {
		ingest_link_close(l);
		return -ENOMEM;
	}
	if (l->ssl)
		shake(l);
	else
		come_up(l);
	return 0;
}

void ingest_link_close(struct ingest_link *l)
{
	ingest_tls_close(&l->ssl);
	if (l->readable)
		event_free(l->readable);
	if (l->writable)
		event_free(l->writable);
	if (l->soon)
		event_free(l->soon);
	if (l->fd >= 0) {
		shutdown(l->fd, SHUT_RDWR);
		close(l->fd);
	}
	*l = (struct ingest_link)INGEST_LINK_NONE;
}

/* A record at a time: as many as fit. What ends it is said again at the next call. */
static ssize_t read_records(struct ssl_st *ssl, uint8_t *p, size_t n)
{
	size_t all = 0;
	ssize_t got = 0;

	while (all < n && (got = ingest_tls_read(ssl, p + all, n - all)) > 0)
		all += (size_t)got;
	return all ? (ssize_t)all : got;
}

ssize_t ingest_link_read(struct ingest_link *l, void *p, size_t n)
{
	ssize_t got;

	if (l->ssl)
		return read_records(l->ssl, p, n);
	do
		got = recv(l->fd, p, n, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	return got >= 0 ? got : errno == EAGAIN ? -EAGAIN : -EPIPE;
}

void ingest_link_again(struct ingest_link *l)
{
	/*
	 * What is in the socket the kernel says anew. Nothing is made active here and now: it would have its turn before others
	 * are even looked at, and a camera that sends faster than it is read would be all there is.
	 */
	if (l->soon)
		role_arm(l->soon, &(struct timeval){0, 0});
}

static ssize_t write_some(struct ingest_link *l, const void *p, size_t n)
{
	ssize_t sent;

	if (l->ssl)
		return ingest_tls_write(l->ssl, p, n);
	do
		sent = send(l->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent >= 0 ? sent : errno == EAGAIN ? -EAGAIN : -EPIPE;
}

bool ingest_link_write(struct ingest_link *l, struct buf *out)
{
	while (l->up && out->len) {
		ssize_t n = write_some(l, buf_data(out), out->len);

		if (n == -EAGAIN) {
			l->waiting = out;
			return event_add(l->writable, NULL) == 0;
		}
		if (n < 0)
			return false;
		buf_consume(out, (size_t)n);
	}
	return true;
}

enum gap_why ingest_link_why(const struct ingest_link *l, char text[INGEST_TLS_TEXT])
{
	if (l->ssl && !l->up)
		return ingest_tls_why(l->ssl, text);
	snprintf(text, INGEST_TLS_TEXT, "the connection to the camera broke");
	return GAP_CAMERA_CLOSED;
}
