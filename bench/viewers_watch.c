/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/viewers_watch.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define PATH_MAX_BYTES 256

static struct watcher *watcher_of(struct link *l)
{
	return (struct watcher *)(void *)((char *)l - offsetof(struct watcher, link));
}

static void ask_list(struct watcher *w)
{
	char path[PATH_MAX_BYTES + 80];

	if (w->facts.has_parts && w->facts.can_block)
		snprintf(path, sizeof path, "%s?_HLS_msn=%" PRIu64 "&_HLS_part=%" PRIu32, w->of->path, w->facts.next, w->facts.next_part);
	else
		snprintf(path, sizeof path, "%s", w->of->path);
	w->is_item = false;
	link_get(&w->link, path, true);
}

/* Addresses in a playlist are beside it. */
static void ask_item(struct watcher *w)
{
	const char *slash = strrchr(w->of->path, '/');
	char path[PATH_MAX_BYTES + LIST_URI];

	snprintf(path, sizeof path, "%.*s%s", (int)(slash - w->of->path) + 1, w->of->path, w->item.uri);
	w->is_item = true;
	link_get(&w->link, path, false);
}

/* When the first of all the viewers read of it. */
static int64_t first_mention(struct watch *of, struct list_place place)
{
	unsigned i = (unsigned)(place.number * 67 + place.part) % WATCH_KNOWN;

	if (!of->known[i].at_us || of->known[i].place.number != place.number || of->known[i].place.part != place.part) {
		of->known[i].place = place;
		of->known[i].at_us = of->now_us;
	}
	return of->known[i].at_us;
}

static void count(struct watcher *w)
{
	struct watch *of = w->of;
	int64_t first_us = first_mention(of, w->item.place), delay_us = of->now_us - first_us;
	int64_t ms = delay_us / 1000;

	if (first_us < of->counted_from_us || !of->counted_from_us)
		return;
	of->parts++;
	of->late += delay_us > w->item.duration_us;
	of->delays[ms < WATCH_DELAYS ? ms : WATCH_DELAYS - 1]++;
	if (delay_us > of->worst_us)
		of->worst_us = delay_us;
}

/* The next that is listed and not there yet, or the next playlist. */
static void go_on(struct watcher *w)
{
	const char *text = (const char *)buf_data(&w->list);

	if (list_after(text, w->list.len, w->follows_parts, w->have, &w->item))
		ask_item(w);
	else if (w->facts.has_parts && w->facts.can_block)
		ask_list(w);
	else
		w->again_us = w->of->now_us + w->facts.target_us / 2;
}

/* Nobody begins with what is old: the newest is where a viewer comes in. Before there are parts segments will do. */
static void come_in(struct watcher *w)
{
	const char *text = (const char *)buf_data(&w->list);
	struct list_item item;
	bool parts = list_after(text, w->list.len, true, (struct list_place){0, 0}, &item);

	if (w->has_any && parts == w->follows_parts)
		return;
	w->has_any = true;
	w->follows_parts = parts;
	while (list_after(text, w->list.len, parts, w->have, &item))
		w->have = item.place;
}

static void mention_all(struct watcher *w)
{
	const char *text = (const char *)buf_data(&w->list);
	struct list_item item = {.place = w->have};

	while (list_after(text, w->list.len, w->follows_parts, item.place, &item))
		first_mention(w->of, item.place);
}

static void take_list(struct watcher *w)
{
	buf_clear(&w->list);
	if (buf_append(&w->list, buf_data(&w->link.body), w->link.body.len) < 0 ||
	    list_read((const char *)buf_data(&w->list), w->list.len, &w->facts) < 0) {
		link_close(&w->link);
		watch_ended(&w->link, "a playlist that is none");
		return;
	}
	w->of->playlists++;
	come_in(w);
	mention_all(w);
	go_on(w);
}

void watch_answered(struct link *l)
{
	struct watcher *w = watcher_of(l);

	w->of->now_us = clock_mono_us();
	if (l->status == 503) {
		w->of->refused++;
		w->again_us = w->of->now_us + 1000000;
	} else if (w->is_item) {
		if (l->status == 200)
			count(w);
		else
			w->of->missed++;
		w->have = w->item.place;
		go_on(w);
	} else if (l->status == 200) {
		take_list(w);
	} else {
		link_close(l);
		watch_ended(l, "no playlist is there");
	}
}

void watch_opened(struct link *l)
{
	struct watcher *w = watcher_of(l);

	w->of->joined++;
	ask_list(w);
}

void watch_ended(struct link *l, const char *why)
{
	struct watch *of = watcher_of(l)->of;

	of->ended++;
	snprintf(of->why, sizeof of->why, "%s", why ? why : "the server ended it");
}

void watch_join(struct watcher *w, struct watch *of, unsigned number)
{
	*w = (struct watcher){.of = of};
	buf_init(&w->list, LINK_BODY_MAX);
	if (link_open(&w->link, of->load, number) < 0)
		watch_ended(&w->link, "it cannot connect");
}

void watch_tick(struct watcher *w)
{
	if (!w->again_us || w->of->now_us < w->again_us || w->link.state != LINK_OPEN)
		return;
	w->again_us = 0;
	ask_list(w);
}

void watch_leave(struct watcher *w)
{
	link_close(&w->link);
	buf_free(&w->list);
}

unsigned watch_delay_ms(const struct watch *of, double share)
{
	double sought = share * (double)of->parts, seen = 0;

	for (unsigned ms = 0; ms < WATCH_DELAYS && of->parts; ms++) {
		seen += of->delays[ms];
		if (seen >= sought && seen > 0)
			return ms;
	}
	return 0;
}
