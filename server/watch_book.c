/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/watch_book.h"

#include <assert.h>
#include <string.h>

static unsigned bucket_of(unsigned user, unsigned camera)
{
	return (user * 31 + camera) % WATCH_BOOK_BUCKETS;
}

static struct watch_place *find(struct watch_book *b, const struct msg_viewing *m)
{
	struct watch_place *p;

	LIST_FOREACH(p, &b->bucket[bucket_of(m->user, m->camera)], next)
		if (p->of.user == m->user && p->of.camera == m->camera)
			return p;
	return NULL;
}

static bool has_share(const struct watch_book *b, unsigned user)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->used; i++)
		n += b->place[i].taken && b->place[i].of.user == user;
	return n >= WATCH_BOOK_USER_PLACES;
}

/* NULL: all are taken. */
static struct watch_place *take_free(struct watch_book *b)
{
	struct watch_place *p = LIST_FIRST(&b->free);

	if (p)
		LIST_REMOVE(p, next);
	else if (b->used < WATCH_BOOK_PLACES)
		p = &b->place[b->used++];
	return p;
}

/* The place of this user and camera, a free one, or that of all who found none. */
static struct watch_place *place_for(struct watch_book *b, const struct msg_viewing *m)
{
	struct watch_place *p = m->user == MSG_LOGIN_NOBODY ? NULL : find(b, m);

	if (p)
		return p;
	if (m->user != MSG_LOGIN_NOBODY && !has_share(b, m->user))
		p = take_free(b);
	if (!p) {
		p = &b->rest[m->camera];
		p->of.user = MSG_LOGIN_NOBODY;
	} else {
		*p = (struct watch_place){.of.user = m->user};
		LIST_INSERT_HEAD(&b->bucket[bucket_of(m->user, m->camera)], p, next);
	}
	p->taken = true;
	p->of.camera = m->camera;
	return p;
}

static void begin(struct watch_book *b, struct watch_place *p, const struct msg_viewing *m, int64_t mono_us)
{
	unsigned user = p->of.user;

	p->of = *m;
	p->of.user = (uint16_t)user;
	p->since_us = mono_us;
	b->waiting++;
}

static void gather(struct msg_viewing *of, const struct msg_viewing *m)
{
	if (strcmp(of->address, m->address) != 0)
		memcpy(of->address, "-", 2);
	of->by |= m->by;
	of->renditions |= m->renditions;
	if (m->from_number < of->from_number)
		of->from_number = m->from_number;
	if (m->to_number > of->to_number)
		of->to_number = m->to_number;
	if (m->from_us < of->from_us)
		of->from_us = m->from_us;
	if (m->to_us > of->to_us)
		of->to_us = m->to_us;
	of->bytes = m->bytes < MSG_VIEWING_BYTES_MAX - of->bytes ? of->bytes + m->bytes : MSG_VIEWING_BYTES_MAX;
}

void watch_book_add(struct watch_book *b, const struct msg_viewing *m, int64_t mono_us)
{
	struct watch_place *p;

	assert(m->camera < SITE_CAMERAS_MAX && m->to_number);
	p = place_for(b, m);
	if (p->of.to_number)
		gather(&p->of, m);
	else
		begin(b, p, m, mono_us);
	p->last_us = mono_us;
}

static bool is_due(const struct watch_place *p, int64_t mono_us, const struct watch_pace *pace)
{
	if (p->told_us && mono_us - p->told_us < pace->interval_us)
		return false;
	return mono_us - p->since_us >= pace->interval_us || mono_us - p->last_us >= pace->idle_us;
}

/* A place is its holder's for an interval after it was told, so that coming and going gives nobody more of them. */
static bool tell(struct watch_book *b, struct watch_place *p, int64_t mono_us, const struct watch_pace *pace, bool all, struct msg_viewing *ret)
{
	if (!p->of.to_number || !(all || is_due(p, mono_us, pace)))
		return false;
	*ret = p->of;
	p->of.to_number = 0;
	p->told_us = mono_us;
	b->waiting--;
	return true;
}

static void release(struct watch_book *b, struct watch_place *p, int64_t mono_us, const struct watch_pace *pace)
{
	if (!p->taken || p->of.to_number || mono_us - p->told_us < pace->interval_us)
		return;
	LIST_REMOVE(p, next);
	*p = (struct watch_place){0};
	LIST_INSERT_HEAD(&b->free, p, next);
}

bool watch_book_next(struct watch_book *b, int64_t mono_us, const struct watch_pace *pace, bool all, struct msg_viewing *ret)
{
	for (unsigned i = 0; i < b->used; i++) {
		if (tell(b, &b->place[i], mono_us, pace, all, ret))
			return true;
		release(b, &b->place[i], mono_us, pace);
	}
	for (unsigned i = 0; b->waiting && i < SITE_CAMERAS_MAX; i++)
		if (tell(b, &b->rest[i], mono_us, pace, all, ret))
			return true;
	return false;
}
