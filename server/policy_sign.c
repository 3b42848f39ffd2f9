/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sign: holds the key, and its state in one open file; nothing that opens another. */
#include "server/policy_inner.h"

#define STATE_BYTES (64 * KiB)

static const struct policy_call calls[] = {
	LOOP, ANY(pwrite64), ANY(fdatasync),
	SANITIZER
};

static const struct policy_limit limits[] = {LIMITS(256 * MiB, 32, STATE_BYTES)};

static const struct policy_descriptor descriptors[] = {
	LOOP_DESCRIPTORS,
	{"what it has signed", POLICY_FILE, O_RDWR, POLICY_ANY_NUMBER, 1, 1, 1, 0},
	{"the channel to store", POLICY_CHANNEL, O_RDWR, POLICY_ANY_NUMBER, 0, 0, 1, 0},
};

const struct policy policy_sign = {
	.namespaces = POLICY_NAMESPACES, .threads = 1, FIELD(calls, calls), FIELD(limits, limits), FIELD(descriptors, descriptors),
	.group = {.memory_bytes = 256 * MiB, .cpu_weight = 200, .cpu_percent = 100},
};
