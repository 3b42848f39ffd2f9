/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_SPAN_H
#define NET_SPAN_H
/*
 * A piece of somebody else's text: borrowed, counted, not ended by NUL. The
 * text protocols (RTSP, SDP, Digest) are cut up into these; nothing is copied.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct span {
	const char *p;
	size_t n;
};

static inline struct span span_of(const void *p, size_t n)
{
	return (struct span){.p = p, .n = n};
}

static inline struct span span_str(const char *s)
{
	return (struct span){.p = s, .n = strlen(s)};
}

static inline bool span_is(struct span s, const char *word)
{
	return s.n == strlen(word) && (s.n == 0 || memcmp(s.p, word, s.n) == 0);
}

/* ASCII case does not matter. */
static inline bool span_is_nocase(struct span s, const char *word)
{
	return s.n == strlen(word) && (s.n == 0 || strncasecmp(s.p, word, s.n) == 0);
}

static inline bool span_begins_nocase(struct span s, const char *word)
{
	size_t n = strlen(word);

	return s.n >= n && strncasecmp(s.p, word, n) == 0;
}

/* Without the first n bytes (all of them when there are fewer). */
static inline struct span span_skip(struct span s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return (struct span){.p = n ? s.p + n : s.p, .n = s.n - n};
}

/* Blanks and tabs taken off both ends. */
static inline struct span span_trim(struct span s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_skip(s, 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Cuts off and returns what stands before the first sep; *s keeps what follows it. Without a sep: all, and *s is empty. */
static inline struct span span_cut(struct span *s, char sep)
{
	const char *at = s->n ? memchr(s->p, sep, s->n) : NULL;
	struct span head = *s;

	head.n = at ? (size_t)(at - s->p) : s->n;
	*s = span_skip(*s, at ? head.n + 1 : s->n);
	return head;
}

#endif
