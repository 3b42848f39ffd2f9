/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/channel.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#define BATCH 64   /* messages answered before other events get their turn */

struct pending {
	TAILQ_ENTRY(pending) next;
	size_t len;
	unsigned nfds;
	int fds[MSG_FDS_MAX];
	uint8_t bytes[];
};

struct channel {
	struct channel_ends ends;
	int fd;
	struct event *readable, *writable;
	TAILQ_HEAD(, pending) queue;
	size_t queued_bytes;
	unsigned queued_fds;
	bool broken, unwritable;
};

static void drop_fds(int *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void drop_pending(struct channel *c, struct pending *p)
{
	TAILQ_REMOVE(&c->queue, p, next);
	c->queued_bytes -= p->len;
	c->queued_fds -= p->nfds;
	drop_fds(p->fds, p->nfds);
	explicit_bzero(p->bytes, p->len);
	free(p);
}

static void break_channel(struct channel *c, const char *why)
{
	if (c->broken)
		return;
	c->broken = true;
	if (c->readable)
		event_del(c->readable);
	if (c->writable)
		event_del(c->writable);
	if (c->ends.broken)
		c->ends.broken(c->ends.ctx, c, why);
}

/* 0 sent, -EAGAIN, or another negative errno. Without descriptors a plain write, which is all a sealed worker may do. */
static int send_packet(int fd, const uint8_t *p, size_t n, const int *fds, unsigned nfds)
{
	union {
		char room[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
		struct cmsghdr align;
	} control = {{0}};
	struct iovec iov = {(void *)(uintptr_t)p, n};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *h;
	ssize_t rc;

	if (nfds) {
		m.msg_control = control.room;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(h), fds, sizeof(int) * nfds);
	}
	do
		rc = nfds ? sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) : write(fd, p, n);
	while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

/* The socket is full, or the kernel short of room: it is tried again. */
static bool passes(int rc)
{
	return rc == -EAGAIN || rc == -ENOBUFS || rc == -ENOMEM || rc == -ETOOMANYREFS;
}

static void on_writable(int fd, short what, void *arg)
{
	struct channel *c = arg;
	struct pending *p;

	while ((p = TAILQ_FIRST(&c->queue))) {
		int rc = send_packet(c->fd, p->bytes, p->len, p->fds, p->nfds);

		if (passes(rc))
			return;
		if (rc < 0) {
			break_channel(c, NULL);
			return;
		}
		drop_pending(c, p);
	}
	event_del(c->writable);
}

static int enqueue(struct channel *c, const uint8_t *bytes, size_t n, const int *fds, unsigned nfds)
{
	struct pending *p;

	if (!c->writable || c->queued_bytes + n > CHANNEL_QUEUE_MAX || c->queued_fds + nfds > CHANNEL_QUEUE_FDS_MAX)
		return -ENOBUFS;
	p = malloc(sizeof *p + n);
	if (!p)
		return -ENOBUFS;
	p->len = n;
	p->nfds = 0;
	memcpy(p->bytes, bytes, n);
	for (; p->nfds < nfds; p->nfds++) {
		p->fds[p->nfds] = fcntl(fds[p->nfds], F_DUPFD_CLOEXEC, 0);
		if (p->fds[p->nfds] < 0) {
			drop_fds(p->fds, p->nfds);
			free(p);
			return -ENOBUFS;
		}
	}
	if (event_add(c->writable, NULL) < 0) {
		drop_fds(p->fds, p->nfds);
		free(p);
		return -ENOBUFS;
	}
	TAILQ_INSERT_TAIL(&c->queue, p, next);
	c->queued_bytes += n;
	c->queued_fds += nfds;
	return 0;
}

/* `broken` comes from the loop: when it reads the end, or now, for a message that is lost without one. */
static int lost(struct channel *c, int rc)
{
	if (rc != -EPIPE && rc != -ECONNRESET && c->readable) {
		c->unwritable = true;
		event_active(c->readable, EV_READ, 0);
	}
	return -EPIPE;
}

/* A password, or what is as good as one, passes through here. */
static bool holds_secret(enum msg_type type)
{
	return type == MSG_INGEST_CAMERA || type == MSG_SERVE_USER;
}

int channel_say(struct channel *c, enum msg_type type, const void *body, const int *fds, unsigned nfds)
{
	uint8_t bytes[MSG_MAX];
	struct wr w = wr_init(bytes, sizeof bytes);
	int rc;

	assert(roles_may_say(c->ends.me, c->ends.peer, type, nfds));
	if (c->broken)
		return -EPIPE;
	msg_encode(&w, type, body);
	assert(!w.bad);
	rc = TAILQ_EMPTY(&c->queue) ? send_packet(c->fd, bytes, w.len, fds, nfds) : -EAGAIN;
	if (passes(rc))
		rc = enqueue(c, bytes, w.len, fds, nfds);
	else if (rc)
		rc = lost(c, rc);
	if (holds_secret(type))
		explicit_bzero(bytes, w.len);
	return rc;
}

/* Answers one packet; false when the channel is broken or freed meanwhile. */
static bool answer(struct channel *c, uint8_t *bytes, size_t n, int *fds, unsigned nfds, enum msg_type *ret_type)
{
	static _Thread_local union msg_body body;
	const struct channel_answer *a = c->ends.answers;
	char why[128];
	enum msg_type type;

	if (msg_decode(bytes, n, &type, &body) < 0) {
		drop_fds(fds, nfds);
		break_channel(c, "a malformed message");
		return false;
	}
	while (a->type != MSG_NONE && a->type != type)
		a++;
	if (!roles_may_say(c->ends.peer, c->ends.me, type, nfds) || (a->type == MSG_NONE && !c->ends.otherwise)) {
		drop_fds(fds, nfds);
		snprintf(why, sizeof why, "message %s with %u descriptors, which %s may not say", msg_name(type), nfds, role_kind_name(c->ends.peer));
		break_channel(c, why);
		return false;
	}
	if (holds_secret(type))
		explicit_bzero(bytes, n);
	*ret_type = type;
	if (a->type != MSG_NONE)
		a->answer(c->ends.ctx, c, &body, fds);
	else
		c->ends.otherwise(c->ends.ctx, c, type, &body, fds);
	drop_fds(fds, MSG_FDS_MAX);
	if (holds_secret(type))
		explicit_bzero(&body, type == MSG_INGEST_CAMERA ? sizeof body.ingest_camera : sizeof body.serve_user);
	return true;
}

/* 1 answered, 0 nothing there, negative: broken. */
static int receive(struct channel *c, enum msg_type *ret_type)
{
	static _Thread_local uint8_t bytes[MSG_MAX];
	union {
		char room[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {bytes, sizeof bytes};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control};
	int fds[MSG_FDS_MAX] = {-1, -1, -1, -1};
	unsigned nfds = 0;
	ssize_t n;

	do
		n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && passes(-errno))
		return 0;
	if (n <= 0) {
		break_channel(c, NULL);
		return -EPIPE;
	}
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		nfds = (unsigned)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		if (nfds > MSG_FDS_MAX)
			nfds = MSG_FDS_MAX;
		memcpy(fds, CMSG_DATA(h), nfds * sizeof(int));
	}
	if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		drop_fds(fds, nfds);
		break_channel(c, "a message that is too large");
		return -EBADMSG;
	}
	return answer(c, bytes, (size_t)n, fds, nfds, ret_type) ? 1 : -EBADMSG;
}

static void on_readable(int fd, short what, void *arg)
{
	struct channel *c = arg;
	enum msg_type type;

	if (c->unwritable) {
		break_channel(c, "it cannot be written to");
		return;
	}
	for (int i = 0; i < BATCH; i++)
		if (receive(c, &type) <= 0)
			return;
}

void channel_poll(struct channel *c)
{
	enum msg_type type;

	if (c->broken)
		return;
	while (receive(c, &type) > 0)  /* after a break c may be gone */
		;
}

int channel_wait(struct channel *c, enum msg_type *ret_type)
{
	struct pollfd p = {c->fd, POLLIN, 0};
	int rc;

	if (c->broken)
		return -EPIPE;
	while ((rc = receive(c, ret_type)) == 0)
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
	return rc < 0 ? rc : 0;
}

struct channel *channel_new(struct event_base *base, int fd, const struct channel_ends *ends)
{
	struct channel *c = calloc(1, sizeof *c);

	if (!c) {
		close(fd);
		return NULL;
	}
	c->ends = *ends;
	c->fd = fd;
	TAILQ_INIT(&c->queue);
	if (!base)
		return c;
	c->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	if (!c->readable || !c->writable || event_add(c->readable, NULL) < 0)
		channel_free(&c);
	return c;
}

void channel_free(struct channel **cp)
{
	struct channel *c = *cp;
	struct pending *p;

	if (!c)
		return;
	*cp = NULL;
	while ((p = TAILQ_FIRST(&c->queue)))
		drop_pending(c, p);
	if (c->readable)
		event_free(c->readable);
	if (c->writable)
		event_free(c->writable);
	close(c->fd);
	free(c);
}

unsigned channel_peer_index(const struct channel *c)
{
	return c->ends.peer_index;
}

enum role_kind channel_peer(const struct channel *c)
{
	return c->ends.peer;
}
