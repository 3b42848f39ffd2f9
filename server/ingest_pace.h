/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_PACE_H
#define SERVER_INGEST_PACE_H
/*
 * How long ingest leaves its cameras alone between two rounds. A visit costs the
 * same however much has come, so the fewer the better; what waits must find room meanwhile:
 *
 *   - by TCP in a window that holds the camera back once it is full. Whoever fills a good part of it between two
 *     rounds is visited at once again, and the rounds come twice as fast until it has been quiet for a while;
 *   - by UDP in a socket that drops what it cannot hold: so long as the parent says that its socket is large;
 *   - a little, where somebody watches closely;
 *   - not at all while a conversation is under way, in which each answer would wait.
 *
 * Pure: the clock is passed in.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/packager.h"

#define INGEST_PACE_LEAST_US 10000u
#define INGEST_PACE_MOST_US (PACKAGER_PART_MS * 1000u / 5)  /* a part is that much later at most */
#define INGEST_PACE_CLOSE_US 15000u                         /* the same, while somebody watches closely */
#define INGEST_PACE_FULL_BYTES (96u << 10)                  /* at one visit: half of the least window that Linux gives */
#define INGEST_PACE_CALM_US 1000000                         /* without such a visit, until rounds come half as fast again */

struct ingest_pace {
	unsigned quick;          /* cameras with a conversation under way */
	unsigned datagrams;      /* cameras that send by UDP */
	unsigned closely;        /* cameras that somebody watches closely */
	uint32_t datagrams_us;   /* what the smallest socket for UDP holds for; 0: no socket yet */
	bool full;               /* since the last round */
	uint32_t us;             /* for what comes by TCP */
	int64_t changed_us;      /* monotonic */
};

void ingest_pace_init(struct ingest_pace *p);
/* One visit to a connection took so many bytes. */
void ingest_pace_took(struct ingest_pace *p, size_t bytes);
/* A socket for UDP of that size, as SO_RCVBUF tells it. */
void ingest_pace_room(struct ingest_pace *p, uint32_t bytes);
/* At the end of a round: from its beginning to the next one's. */
uint32_t ingest_pace_next(struct ingest_pace *p, int64_t now_us);

#endif
