/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ingest: RTSP and RTP over sockets that it is given. It can neither make one nor open a file, nor name the address that it sends to. */
#include "conf/site.h"
#include "server/policy_inner.h"

#define UDP_PER_CAMERA 4     /* RTP and RTCP, pictures and sound */
#define PER_CAMERA 7         /* RTSP, four for media by UDP, the worker's doorbell, ONVIF */

static const struct policy_call calls[] = {
	LOOP, ANY(clock_nanosleep), ANY(recvfrom), ANY(recvmmsg), ONLY(sendto, 4, 0, "to nobody but who it is connected to"), ANY(shutdown),
	SANITIZER
};

static const struct policy_limit limits[] = {LIMITS(8 * GiB, PER_CAMERA * SITE_CAMERAS_MAX + 64, 0)};

static const struct policy_descriptor descriptors[] = {
	LOOP_DESCRIPTORS,
	{"cameras by RTSP and ONVIF", POLICY_STREAM, O_RDWR, POLICY_ANY_NUMBER, 0, 0, 2 * SITE_CAMERAS_MAX, 0},
	{"cameras' media by UDP", POLICY_DATAGRAMS, O_RDWR, POLICY_ANY_NUMBER, 0, 0, UDP_PER_CAMERA * SITE_CAMERAS_MAX, 0},
	{"the bell of store's ring", POLICY_EVENTFD, O_RDWR, POLICY_ANY_NUMBER, 0, 0, 1, 0},
	{"the bells of workers' rings", POLICY_PIPE, O_WRONLY, POLICY_ANY_NUMBER, 0, 0, SITE_CAMERAS_MAX, 0},
};

const struct policy policy_ingest = {
	.namespaces = POLICY_NAMESPACES, .threads = 1, FIELD(calls, calls), FIELD(limits, limits), FIELD(descriptors, descriptors),
	.group = {.memory_bytes = 8 * GiB, .cpu_weight = 400, .cpu_percent = 100},
};
