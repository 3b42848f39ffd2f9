/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_WITNESS_POLICY_H
#define SEAL_WITNESS_POLICY_H
/*
 * Whose cosignatures a checkpoint needs (c2sp.org/tlog-policy), a text of lines:
 *     log VKEY [URL]                      a log that is meant; none: any
 *     witness NAME VKEY [URL]             a key of type 0x04
 *     group NAME N|any|all MEMBER...      of witnesses and groups of lines above
 *     quorum NAME|none                    exactly once
 * "#" begins a comment line. Every name is a member of one group at most. Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seal/cosign.h"
#include "seal/key.h"

#define WITNESS_POLICY_MAX_BYTES 16384
#define WITNESS_POLICY_MAX 32           /* logs; witnesses; groups */
#define WITNESS_POLICY_NAME KEY_NAME    /* of a witness or group in the file: any bytes but blanks and control characters, and a NUL */
#define WITNESS_POLICY_NODES (2 * WITNESS_POLICY_MAX)
#define WITNESS_POLICY_AHEAD_US 86400000000ll  /* a cosignature further in the future counts for nothing */

struct witness_policy_witness {
	char name[WITNESS_POLICY_NAME];
	struct cosign_public key;
};

struct witness_policy_group {
	char name[WITNESS_POLICY_NAME];
	unsigned members, needed;       /* 1 <= needed <= members */
};

/* Witness i is node i, group i is node WITNESS_POLICY_MAX + i. */
struct witness_policy {
	struct key_public log[WITNESS_POLICY_MAX];
	struct witness_policy_witness witness[WITNESS_POLICY_MAX];
	struct witness_policy_group group[WITNESS_POLICY_MAX];
	unsigned nlogs, nwitnesses, ngroups;
	int group_of[WITNESS_POLICY_NODES];  /* the group that a node is a member of, -1: none */
	int quorum;                     /* a node; -1: none is needed */
};

/* What one note has. */
struct witness_verdict {
	bool met;                       /* the quorum */
	bool log_listed;                /* the policy names no log, or one of them signed the note */
	unsigned cosigned;              /* witnesses that are seen */
	struct {
		bool seen;
		int64_t time_us;        /* when it cosigned; 0 when it is not seen */
	} witness[WITNESS_POLICY_MAX];
	int64_t newest_us;              /* of all; 0: none */
	int64_t quorum_us;              /* so new are the cosignatures that meet it, the oldest of them; 0: not met, or none is needed */
};

/* 0, or -EBADMSG with *ret_line (from 1; 0: the whole) and *why (static); both may be NULL. */
int witness_policy_parse(const void *text, size_t n, struct witness_policy *ret, unsigned *ret_line, const char **why);
/* Whether these witnesses (bit i: witness i) are a quorum. */
bool witness_policy_met(const struct witness_policy *p, uint32_t witnesses);
/*
 * Judges a checkpoint's note; who signed it for the log is the caller's to check. now_us: wall clock. 0 with
 * *ret; -EBADMSG when it is no note, -EKEYREJECTED when a cosignature by one of the witnesses is wrong, with *why.
 */
int witness_policy_judge(const struct witness_policy *p, const void *note, size_t n, int64_t now_us, struct witness_verdict *ret,
	const char **why);

#endif
