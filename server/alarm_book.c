/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/alarm_book.h"

#include <string.h>

/* seal/entry.h: a-z, 0-9, blank and hyphen, no blank at an end; here no two in a row either. */
static void take_words(char out[ALARM_DETAIL], const char *text)
{
	size_t n = 0;

	for (; *text && n < ALARM_DETAIL - 1; text++) {
		char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
		bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';

		if (word)
			out[n++] = c;
		else if (n && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	while (n && out[n - 1] == ' ')
		n--;
	memset(out + n, 0, ALARM_DETAIL - n);
}

void alarm_set(struct alarm *a, const struct alarm_hold *hold, bool is, const char *detail, int64_t mono_us, int64_t wall_us)
{
	if (is)
		take_words(a->detail, detail);
	if (is && !a->is && !a->on)
		a->since_us = wall_us;
	if (is != a->is)
		a->turned_us = mono_us;
	a->measures = hold->measures;
	a->is = is;
	if (is != a->on && mono_us - a->turned_us >= (is ? hold->begin_us : hold->end_us))
		a->on = is;
}

/* "90 min", "2 h": behind both. */
static const char *behind_measure(const char *s)
{
	s += strspn(s, "0123456789");
	return *s == ' ' ? s + 1 + strcspn(s + 1, " ") : s;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool same_but_for_measures(const char *a, const char *b)
{
	for (;; a++, b++) {
		if (is_digit(*a) && is_digit(*b)) {
			a = behind_measure(a);
			b = behind_measure(b);
		}
		if (*a != *b || !*a)
			return *a == *b;
	}
}

static bool says_the_same(const struct alarm *a)
{
	return a->measures ? same_but_for_measures(a->detail, a->said_detail) : strcmp(a->detail, a->said_detail) == 0;
}

bool alarm_say(struct alarm *a, int64_t mono_us, int64_t wall_us, bool *ret_begins)
{
	bool news = a->on != a->said || (a->on && !says_the_same(a));

	if (!news || (a->said_us && mono_us - a->said_us < ALARM_SAY_US))
		return false;
	*ret_begins = a->on && !a->said;
	a->said = a->on;
	a->said_us = mono_us;
	a->event_us = wall_us;
	a->unentered = true;
	if (a->on)
		memcpy(a->said_detail, a->detail, sizeof a->said_detail);
	return true;
}

bool alarm_show(struct alarm *a)
{
	if (!a->on || !a->said || !says_the_same(a) || strcmp(a->detail, a->said_detail) == 0)
		return false;
	memcpy(a->said_detail, a->detail, sizeof a->said_detail);
	return true;
}

void alarm_book_add(struct alarm_book *b, const struct alarm_event *e)
{
	b->event[b->next++ % ALARM_EVENTS_MAX] = *e;
}

uint64_t alarm_book_oldest(const struct alarm_book *b)
{
	return b->next < ALARM_EVENTS_MAX ? 0 : b->next - ALARM_EVENTS_MAX;
}

const struct alarm_event *alarm_book_event(const struct alarm_book *b, uint64_t n)
{
	return n < b->next && n >= alarm_book_oldest(b) ? &b->event[n % ALARM_EVENTS_MAX] : NULL;
}
