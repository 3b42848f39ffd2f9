/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/text.h"

#define BUCKETS 1024

struct session {
	LIST_ENTRY(session) next;
	uint8_t sha256[32];
	unsigned user;
	int64_t expires_us;
};

struct serve_sessions {
	LIST_HEAD(, session) bucket[BUCKETS];
	unsigned n;
};

struct serve_sessions *serve_session_new(void)
{
	return calloc(1, sizeof(struct serve_sessions));
}

static void drop(struct serve_sessions *s, struct session *one)
{
	LIST_REMOVE(one, next);
	explicit_bzero(one, sizeof *one);
	free(one);
	s->n--;
}

void serve_session_free(struct serve_sessions **sp)
{
	struct serve_sessions *s = *sp;

	if (!s)
		return;
	*sp = NULL;
	for (unsigned i = 0; i < BUCKETS; i++)
		while (!LIST_EMPTY(&s->bucket[i]))
			drop(s, LIST_FIRST(&s->bucket[i]));
	free(s);
}

/* The hash is evenly spread whatever the viewer sends, so its first bytes choose the bucket. */
static unsigned bucket_of(const uint8_t sha256[32])
{
	return (sha256[0] << 8 | sha256[1]) % BUCKETS;
}

static struct session *find(struct serve_sessions *s, const uint8_t sha256[32])
{
	struct session *one;

	LIST_FOREACH(one, &s->bucket[bucket_of(sha256)], next)
		if (text_same_secret(one->sha256, sha256, 32))
			return one;
	return NULL;
}

static void drop_first_to_end(struct serve_sessions *s)
{
	struct session *one, *first = NULL;

	for (unsigned i = 0; i < BUCKETS; i++)
		LIST_FOREACH(one, &s->bucket[i], next)
			if (!first || one->expires_us < first->expires_us)
				first = one;
	if (first)
		drop(s, first);
}

int serve_session_add(struct serve_sessions *s, const uint8_t sha256[32], unsigned user, int64_t expires_us)
{
	struct session *one = find(s, sha256);

	if (!one) {
		one = calloc(1, sizeof *one);
		if (!one)
			return -ENOMEM;
		if (s->n == SERVE_SESSIONS_MAX)
			drop_first_to_end(s);
		memcpy(one->sha256, sha256, 32);
		LIST_INSERT_HEAD(&s->bucket[bucket_of(sha256)], one, next);
		s->n++;
	}
	one->user = user;
	one->expires_us = expires_us;
	return 0;
}

bool serve_session_end(struct serve_sessions *s, const uint8_t sha256[32])
{
	struct session *one = find(s, sha256);

	if (one)
		drop(s, one);
	return one != NULL;
}

int serve_session_find(struct serve_sessions *s, const uint8_t sha256[32], int64_t now_us)
{
	struct session *one = find(s, sha256);

	if (one && one->expires_us <= now_us) {
		drop(s, one);
		one = NULL;
	}
	return one ? (int)one->user : -ENOENT;
}
