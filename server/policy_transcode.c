/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transcode: the decoder, where a camera's bytes do the most. It reads and writes a handful of descriptors, each by its
 * number; even its channel it uses by plain read and write, for recvmsg could bring it new ones.
 */
#include "server/policy_inner.h"

static const struct policy_call calls[] = {
	FD(read, ROLE_CHANNEL_FD, "of the channel to the parent"), FD(read, TRANSCODE_DOORBELL_FD, "of its bell"),
	FD(write, STDERR_FILENO, "to the log"), FD(write, ROLE_CHANNEL_FD, "to the channel to the parent"),
	FD(write, TRANSCODE_STORE_FD, "to the bell of store"),
	ANY(brk), ANY(futex), ANY(exit_group),
	SANITIZER
};

static const struct policy_limit limits[] = {LIMITS(1 * GiB, 32, 0)};

static const struct policy_descriptor descriptors[] = {
	DESCRIPTORS,
	{"its bell, that ingest rings", POLICY_PIPE, O_RDONLY, TRANSCODE_DOORBELL_FD, 1, 1, 1, 0},
	{"the bell of store's ring", POLICY_EVENTFD, O_RDWR, TRANSCODE_STORE_FD, 1, 1, 1, 0},
};

const struct policy policy_transcode = {
	.namespaces = POLICY_NAMESPACES, .threads = 1, FIELD(calls, calls), FIELD(limits, limits), FIELD(descriptors, descriptors),
	.group = {.memory_bytes = 1 * GiB, .cpu_weight = 50, .cpu_percent = 100},
};
