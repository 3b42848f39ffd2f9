/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ingest_backoff.h"

/*
 * LINE ends at 4 s, with chance 5: after it a dial of at most 3 s (parent_dial.c) must still find a camera
 * within 10 s of its port opening.
 */
static const struct { unsigned least_ms, most_ms; } waits[INGEST_BACKOFF_KINDS] = {
	[INGEST_BACKOFF_LINE] = {1000, 4000},
	[INGEST_BACKOFF_STREAM] = {1000, 60000},
	[INGEST_BACKOFF_SESSION] = {10000, 60000},
	[INGEST_BACKOFF_SETTING] = {5000, 60000},
	[INGEST_BACKOFF_CERTIFICATE] = {60000, 60000},
	[INGEST_BACKOFF_PASSWORD] = {30000, 300000},
};

static enum ingest_backoff_kind kind_of(enum gap_why why)
{
	switch (why) {
	case GAP_BAD_STREAM:
	case GAP_NOT_FOUND:
		return INGEST_BACKOFF_STREAM;
	case GAP_SESSION_LIMIT:
	case GAP_STALE_SESSION:
		return INGEST_BACKOFF_SESSION;
	case GAP_UNSUPPORTED:
	case GAP_BAD_DESCRIPTION:
		return INGEST_BACKOFF_SETTING;
	case GAP_CERTIFICATE:
		return INGEST_BACKOFF_CERTIFICATE;
	case GAP_AUTHENTICATION:
		return INGEST_BACKOFF_PASSWORD;
	default:
		return INGEST_BACKOFF_LINE;
	}
}

unsigned ingest_backoff_next(struct ingest_backoff *b, enum gap_why why, uint32_t random)
{
	enum ingest_backoff_kind kind = kind_of(why);
	unsigned ms = waits[kind].least_ms;

	for (unsigned i = 0; i < b->failures[kind] && ms < waits[kind].most_ms; i++)
		ms *= 2;
	if (ms > waits[kind].most_ms)
		ms = waits[kind].most_ms;
	if (b->failures[kind] < UINT8_MAX)
		b->failures[kind]++;
	return ms - ms / 4 + random % (ms / 2 + 1);
}
