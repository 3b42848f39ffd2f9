/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_STORE_SPANS_H
#define SERVER_STORE_SPANS_H
/*
 * When there is footage of a time and when not, for a time line. From any thread.
 *
 *     {"oldest_ms":N,"spans":[[FROM,TO],…],"gaps":[{"from_ms","to_ms","why"},…],"whole":BOOL}
 *
 * Milliseconds since 1970. oldest_ms: when the oldest footage that is kept begins. spans: of kept segments that follow each other; they may reach
 * out of the time, or lie some minutes before it. gaps: between two of them; why by the log's gap/v1, "deleted" where segments were, "" where
 * nothing near says it. whole: false where there is more than fits. Holes shorter than a segment of that footage are none.
 */
#include "server/store_list.h"

#define STORE_SPANS_MAX 1000

/* As store_list. */
int store_spans(const struct store_list *l, struct buf *out, bool *ret_stale);

#endif
