/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serve: TLS and HTTP to viewers, who come to its listeners. It can dial nobody and open nothing; what it sends lies in sealed memory. */
#include <sys/socket.h>

#include "conf/site.h"
#include "server/policy_inner.h"

#define DESCRIPTORS_MAX 65536

static const struct policy_call calls[] = {
	LOOP, THREADS, ANY(accept4), ONLY(shutdown, 1, SHUT_WR, "to end a viewer's connection: SHUT_RD would deafen a listener for all that share it"), ONLY(fcntl, 1, F_GET_SEALS, "F_GET_SEALS"),
	SANITIZER
};

static const struct policy_limit limits[] = {LIMITS(64 * GiB, DESCRIPTORS_MAX, 0)};

static const struct policy_descriptor descriptors[] = {
	LOOP_DESCRIPTORS,
	{"the bell of the thread that checks passwords", POLICY_EVENTFD, O_RDWR, POLICY_ANY_NUMBER, 1, 1, 1, 0},
	{"listeners", POLICY_LISTENER, O_RDWR, POLICY_ANY_NUMBER, 0, SITE_LISTENERS_MAX, SITE_LISTENERS_MAX, 0},
	{"viewers", POLICY_STREAM, O_RDWR, POLICY_ANY_NUMBER, 0, 0, DESCRIPTORS_MAX, 0},
	{"the channel to store", POLICY_CHANNEL, O_RDWR, POLICY_ANY_NUMBER, 0, 0, 1, 0},
};

const struct policy policy_serve = {
	.namespaces = POLICY_NAMESPACES, .threads = 2, FIELD(calls, calls), FIELD(limits, limits), FIELD(descriptors, descriptors),
	.group = {.memory_bytes = 16 * GiB, .cpu_weight = 200, .cpu_percent = 200},
};
