/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ingest_udp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"

#define ERRORS_MAX 4
#define SHIFT 1536                    /* packets do not begin at the same place of their pages, which would be the same lines of the cache */

struct ingest_udp_batch {
	struct mmsghdr message[INGEST_UDP_BATCH];
	struct iovec room[INGEST_UDP_BATCH];
	uint8_t bytes[INGEST_UDP_BATCH][INGEST_UDP_PACKET + SHIFT];
};

struct ingest_udp_batch *ingest_udp_batch_new(void)
{
	struct ingest_udp_batch *b = malloc(sizeof *b);

	for (unsigned i = 0; b && i < INGEST_UDP_BATCH; i++) {
		b->room[i] = (struct iovec){b->bytes[i], INGEST_UDP_PACKET};
		b->message[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &b->room[i], .msg_iovlen = 1}};
	}
	return b;
}

void ingest_udp_batch_free(struct ingest_udp_batch **b)
{
	free(*b);
	*b = NULL;
}

/* An error is what an earlier packet of ours met (ICMP); it says nothing of what comes. */
static int receive(struct ingest_udp *u, bool rtcp)
{
	int n = -1;

	for (unsigned tries = 0; n < 0 && tries < ERRORS_MAX; tries++) {
		n = recvmmsg(u->fd[rtcp], u->batch->message, INGEST_UDP_BATCH, MSG_DONTWAIT, NULL);
		if (n < 0 && errno == EAGAIN)
			break;
	}
	return n;
}

static void on_readable(struct ingest_udp *u, bool rtcp)
{
	int n = INGEST_UDP_BATCH;

	for (unsigned turn = 0; n == INGEST_UDP_BATCH && turn < INGEST_UDP_TURNS; turn++) {
		struct ingest_now t = {clock_mono_us(), clock_wall_us()};

		n = receive(u, rtcp);
		for (int i = 0; i < n; i++)
			if (!u->packet(u->ctx, u->track, rtcp, u->batch->bytes[i], u->batch->message[i].msg_len, t))
				return;
	}
	u->pause(u->ctx);
}

static void on_rtp(int fd, short what, void *arg)
{
	on_readable(arg, false);
}

static void on_rtcp(int fd, short what, void *arg)
{
	on_readable(arg, true);
}

/* RFC 3550: an RTP header without payload, and a receiver report about nobody; cameras drop both. */
static void knock(struct ingest_udp *u)
{
	static const uint8_t rtp[12] = {0x80}, rtcp[8] = {0x80, 201, 0, 1};

	send(u->fd[0], rtp, sizeof rtp, MSG_DONTWAIT | MSG_NOSIGNAL);
	send(u->fd[1], rtcp, sizeof rtcp, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int ingest_udp_open(struct ingest_udp *u, struct event_base *base, const int fd[2])
{
	for (int i = 0; i < 2; i++) {
		u->fd[i] = fd[i];
		u->readable[i] = event_new(base, fd[i], EV_READ | EV_PERSIST, i ? on_rtcp : on_rtp, u);
	}
	for (int i = 0; i < 2; i++)
		if (!u->readable[i] || event_add(u->readable[i], NULL) < 0) {
			ingest_udp_close(u);
			return -ENOMEM;
		}
	knock(u);
	return 0;
}

void ingest_udp_close(struct ingest_udp *u)
{
	for (int i = 0; i < 2; i++) {
		if (u->readable[i])
			event_free(u->readable[i]);
		if (u->fd[i] >= 0)
			close(u->fd[i]);
		u->readable[i] = NULL;
		u->fd[i] = -1;
	}
}

void ingest_udp_report(struct ingest_udp *u, const uint8_t *p, size_t n)
{
	if (u->fd[1] >= 0)
		send(u->fd[1], p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}
