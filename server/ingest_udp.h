/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_UDP_H
#define SERVER_INGEST_UDP_H
/*
 * A track's media by UDP: two sockets that the parent connected to the camera, read a
 * batch at a time. The batch is the process's.
 */
#include "server/ingest_stream.h"

#define INGEST_UDP_BATCH 32           /* packets a system call */
#define INGEST_UDP_PACKET 65536       /* the largest there is */
#define INGEST_UDP_TURNS 8            /* batches before other cameras get their turn */

struct event;
struct event_base;
struct ingest_udp_batch;

/* Some megabytes of addresses, of which only what packets fill becomes memory. NULL without. */
struct ingest_udp_batch *ingest_udp_batch_new(void);
void ingest_udp_batch_free(struct ingest_udp_batch **b);

struct ingest_udp {
	int fd[2];                        /* RTP, RTCP; -1: there are none */
	struct event *readable[2];
	struct ingest_udp_batch *batch;
	unsigned track;
	/* One packet, at the time of its batch; false: that was the last one, the sockets are closed. */
	bool (*packet)(void *ctx, unsigned track, bool rtcp, const uint8_t *p, size_t n, struct ingest_now t);
	/* After a batch. */
	void (*pause)(void *ctx);
	void *ctx;
};

#define INGEST_UDP_NONE {.fd = {-1, -1}}

/*
 * Takes the descriptors over, in any case; u holds track, batch and the functions already. Sends one small packet
 * each way a firewall of this machine might have to see first. 0 or -ENOMEM.
 */
int ingest_udp_open(struct ingest_udp *u, struct event_base *base, const int fd[2]);
void ingest_udp_close(struct ingest_udp *u);
/* Sends a report. What cannot be sent is lost, as by UDP it may be. */
void ingest_udp_report(struct ingest_udp *u, const uint8_t *p, size_t n);

#endif
