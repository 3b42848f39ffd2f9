/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ingest_pace.h"

/*
 * A camera's port of 100 Mb/s brings 12.5 bytes in a microsecond, and each packet of 1400 bytes takes 2304 of a socket. Half of the
 * socket is for the time in which ingest does other things.
 */
#define ROOM_PER_US 41u

void ingest_pace_init(struct ingest_pace *p)
{
	*p = (struct ingest_pace){.us = INGEST_PACE_LEAST_US};
}

void ingest_pace_took(struct ingest_pace *p, size_t bytes)
{
	p->full |= bytes >= INGEST_PACE_FULL_BYTES;
}

static uint32_t bounded(uint32_t us)
{
	return us < INGEST_PACE_LEAST_US ? INGEST_PACE_LEAST_US : us > INGEST_PACE_MOST_US ? INGEST_PACE_MOST_US : us;
}

void ingest_pace_room(struct ingest_pace *p, uint32_t bytes)
{
	uint32_t us = bounded(bytes / ROOM_PER_US);

	if (!p->datagrams_us || us < p->datagrams_us)
		p->datagrams_us = us;
}

uint32_t ingest_pace_next(struct ingest_pace *p, int64_t now_us)
{
	bool full = p->full;
	uint32_t us;

	p->full = false;
	if (full || now_us - p->changed_us >= INGEST_PACE_CALM_US) {
		p->us = bounded(full ? p->us / 2 : p->us * 2);
		p->changed_us = now_us;
	}
	if (p->quick || full)
		return INGEST_PACE_LEAST_US;
	us = p->us;
	if (p->datagrams && p->datagrams_us < us)
		us = bounded(p->datagrams_us);
	return p->closely && us > INGEST_PACE_CLOSE_US ? INGEST_PACE_CLOSE_US : us;
}
