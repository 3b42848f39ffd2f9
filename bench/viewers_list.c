/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/viewers_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* One line after the other, with where in the list it stands. */
struct walk {
	const char *at, *end, *line;
	size_t n;
	struct list_place place;     /* of the part or segment that comes next */
	int64_t extinf_us;
};

static bool next_line(struct walk *w)
{
	const char *nl;

	if (w->at >= w->end)
		return false;
	nl = memchr(w->at, '\n', (size_t)(w->end - w->at));
	w->line = w->at;
	w->n = (size_t)((nl ? nl : w->end) - w->at);
	w->at = nl ? nl + 1 : w->end;
	return true;
}

static bool begins(const struct walk *w, const char *tag)
{
	return w->n >= strlen(tag) && memcmp(w->line, tag, strlen(tag)) == 0;
}

/* The value that follows what; NULL: it is not on this line. */
static const char *value(const struct walk *w, const char *what, size_t *ret_n)
{
	const char *p = memmem(w->line, w->n, what, strlen(what));

	if (!p)
		return NULL;
	p += strlen(what);
	*ret_n = 0;
	while (p + *ret_n < w->line + w->n && !memchr("\",", p[*ret_n], 2))
		++*ret_n;
	return p;
}

static uint64_t number_of(const struct walk *w, const char *what)
{
	size_t n;
	const char *p = value(w, what, &n);
	uint64_t v;

	return p && text_u64(p, n, UINT64_MAX, &v) == 0 ? v : 0;
}

/* Seconds with a fraction, as microseconds. */
static int64_t time_of(const struct walk *w, const char *what)
{
	size_t n, i = 0;
	const char *p = value(w, what, &n);
	int64_t us = 0, unit = 1000000;

	if (!p)
		return 0;
	for (; i < n && i < 9 && p[i] >= '0' && p[i] <= '9'; i++)
		us = us * 10 + (p[i] - '0');
	us *= unit;
	if (i < n && p[i] == '.')
		for (i++; i < n && p[i] >= '0' && p[i] <= '9'; i++)
			us += (p[i] - '0') * (unit /= 10);
	return us;
}

static bool copy_uri(const char *p, size_t n, char ret[LIST_URI])
{
	if (!p || !n || n >= LIST_URI)
		return false;
	memcpy(ret, p, n);
	ret[n] = '\0';
	return true;
}

/* Takes a line into account. true: it is a part, or a segment's address, which *ret names by w->place. */
static bool step(struct walk *w, struct list_item *ret)
{
	size_t n = 0;
	const char *p;

	if (begins(w, "#EXT-X-MEDIA-SEQUENCE:")) {
		w->place = (struct list_place){number_of(w, "#EXT-X-MEDIA-SEQUENCE:"), 0};
	} else if (begins(w, "#EXT-X-SKIP:")) {
		w->place.number += number_of(w, "SKIPPED-SEGMENTS=");
	} else if (begins(w, "#EXTINF:")) {
		w->extinf_us = time_of(w, "#EXTINF:");
	} else if (begins(w, "#EXT-X-PART:")) {
		p = value(w, "URI=\"", &n);
		ret->place = w->place;
		ret->duration_us = time_of(w, "DURATION=");
		w->place.part++;
		return copy_uri(p, n, ret->uri);
	} else if (w->n && *w->line != '#') {
		ret->place = (struct list_place){w->place.number, LIST_WHOLE};
		ret->duration_us = w->extinf_us;
		w->place = (struct list_place){w->place.number + 1, 0};
		return copy_uri(w->line, w->n, ret->uri);
	}
	return false;
}

int list_read(const char *text, size_t n, struct list_facts *ret)
{
	struct walk w = {.at = text, .end = text + n};
	struct list_item item;

	*ret = (struct list_facts){0};
	while (next_line(&w)) {
		if (begins(&w, "#EXT-X-SERVER-CONTROL:"))
			ret->can_block = memmem(w.line, w.n, "CAN-BLOCK-RELOAD=YES", strlen("CAN-BLOCK-RELOAD=YES"));
		else if (begins(&w, "#EXT-X-PART-INF:"))
			ret->has_parts = true;
		else if (begins(&w, "#EXT-X-TARGETDURATION:"))
			ret->target_us = time_of(&w, "#EXT-X-TARGETDURATION:");
		else
			step(&w, &item);
	}
	ret->next = w.place.number;
	ret->next_part = w.place.part;
	return ret->target_us ? 0 : -1;
}

static bool is_after(struct list_place a, struct list_place b)
{
	return a.number > b.number || (a.number == b.number && a.part > b.part);
}

bool list_after(const char *text, size_t n, bool parts, struct list_place after, struct list_item *ret)
{
	struct walk w = {.at = text, .end = text + n};
	struct list_item item;

	while (next_line(&w)) {
		if (!step(&w, &item) || parts != (item.place.part != LIST_WHOLE) || !is_after(item.place, after))
			continue;
		*ret = item;
		return true;
	}
	return false;
}
