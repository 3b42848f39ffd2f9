/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_want.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "seal/note.h"
#include "server/channel.h"

#define BUCKETS 512

TAILQ_HEAD(waiters, serve_want_waiter);

struct pending {
	bool used;
	unsigned user;               /* who wanted it first */
	bool outdated;               /* another key signs since it was asked for: the answer is not kept */
	struct msg_want key;
	int64_t until_us;
	struct waiters waiters;
};

struct kept {
	LIST_ENTRY(kept) same_bucket;
	TAILQ_ENTRY(kept) by_age;
	struct msg_want key;
	struct serve_bytes *bytes;
};

struct serve_wants {
	struct channel *store;
	uint32_t next_request;
	struct pending pending[SERVE_WANTS_MAX];
	LIST_HEAD(, kept) bucket[BUCKETS];
	TAILQ_HEAD(, kept) by_age;  /* oldest first */
	size_t bytes;
	unsigned n;
	uint8_t signer[4];          /* id of the key that signed the newest checkpoint; zeros before the first */
};

struct serve_wants *serve_want_new(void)
{
	struct serve_wants *w = calloc(1, sizeof *w);

	if (w)
		TAILQ_INIT(&w->by_age);
	return w;
}

static void drop(struct serve_wants *w, struct kept *k)
{
	LIST_REMOVE(k, same_bucket);
	TAILQ_REMOVE(&w->by_age, k, by_age);
	w->bytes -= k->bytes->n;
	w->n--;
	serve_bytes_unref(&k->bytes);
	free(k);
}

void serve_want_free(struct serve_wants **wp)
{
	struct serve_wants *w = *wp;

	if (!w)
		return;
	*wp = NULL;
	while (!TAILQ_EMPTY(&w->by_age))
		drop(w, TAILQ_FIRST(&w->by_age));
	free(w);
}

static bool same(const struct msg_want *a, const struct msg_want *b)
{
	return a->kind == b->kind && a->camera == b->camera && a->rendition == b->rendition && a->number == b->number &&
	       a->level == b->level && a->width == b->width && a->from_us == b->from_us && a->to_us == b->to_us && memcmp(a->init_prefix, b->init_prefix, sizeof a->init_prefix) == 0;
}

static unsigned bucket_of(const struct msg_want *k)
{
	uint64_t h = k->number * 0x9e3779b97f4a7c15u ^ (uint64_t)k->kind << 56 ^ (uint64_t)k->camera << 32 ^ (uint64_t)k->rendition << 24 ^
		     (uint64_t)(uint16_t)k->level << 12 ^ k->width ^ (uint64_t)k->init_prefix[0] << 48 ^ ((uint64_t)k->from_us * 31 + (uint64_t)k->to_us);

	return (unsigned)((h * 0x9e3779b97f4a7c15u) >> 40) % BUCKETS;
}

static struct serve_bytes *look_up(struct serve_wants *w, const struct msg_want *key)
{
	struct kept *k;

	LIST_FOREACH(k, &w->bucket[bucket_of(key)], same_bucket) {
		if (!same(&k->key, key))
			continue;
		TAILQ_REMOVE(&w->by_age, k, by_age);
		TAILQ_INSERT_TAIL(&w->by_age, k, by_age);
		return k->bytes;
	}
	return NULL;
}

static void keep(struct serve_wants *w, const struct msg_want *key, struct serve_bytes *bytes)
{
	struct kept *k;

	if (bytes->n > SERVE_CACHE_MAX_BYTES / 4 || look_up(w, key))
		return;
	k = calloc(1, sizeof *k);
	if (!k)
		return;
	while (w->n == SERVE_CACHE_MAX || w->bytes + bytes->n > SERVE_CACHE_MAX_BYTES)
		drop(w, TAILQ_FIRST(&w->by_age));
	k->key = *key;
	k->bytes = serve_bytes_ref(bytes);
	LIST_INSERT_HEAD(&w->bucket[bucket_of(key)], k, same_bucket);
	TAILQ_INSERT_TAIL(&w->by_age, k, by_age);
	w->bytes += bytes->n;
	w->n++;
}

void serve_want_use(struct serve_wants *w, struct channel *store)
{
	w->store = store;
	for (unsigned i = 0; store && i < SERVE_WANTS_MAX; i++)
		if (w->pending[i].used)
			channel_say(store, MSG_WANT, &w->pending[i].key, NULL, 0);
}

static struct pending *pending_for(struct serve_wants *w, const struct msg_want *key)
{
	struct pending *free_one = NULL;

	for (unsigned i = 0; i < SERVE_WANTS_MAX; i++) {
		if (w->pending[i].used && !w->pending[i].outdated && same(&w->pending[i].key, key))
			return &w->pending[i];
		if (!w->pending[i].used && !free_one)
			free_one = &w->pending[i];
	}
	return free_one;
}

static bool is_of_time(const struct msg_want *key)
{
	return key->kind == MSG_WANT_LIST || key->kind == MSG_WANT_SPANS;
}

static bool has_his_share(const struct serve_wants *w, unsigned user, const struct msg_want *key)
{
	unsigned n = 0, times = 0;

	for (unsigned i = 0; i < SERVE_WANTS_MAX; i++) {
		const struct pending *p = &w->pending[i];

		n += p->used && p->user == user;
		times += p->used && p->user == user && is_of_time(&p->key);
	}
	return n >= SERVE_WANTS_USER_MAX || (is_of_time(key) && times >= SERVE_WANTS_TIMES_MAX);
}

int serve_want_ask(struct serve_wants *w, const struct msg_want *key, unsigned user, int64_t now_us, struct serve_want_waiter *waiter, struct serve_bytes **ret)
{
	struct serve_bytes *held = look_up(w, key);
	struct pending *p = held ? NULL : pending_for(w, key);

	if (held) {
		*ret = held;
		return 1;
	}
	if (!p)
		return -ENOBUFS;
	if (!p->used && has_his_share(w, user, key))
		return -EDQUOT;
	if (!p->used) {
		*p = (struct pending){.used = true, .user = user, .key = *key, .until_us = now_us + SERVE_WANT_TIMEOUT_US};
		p->key.request = ++w->next_request;
		TAILQ_INIT(&p->waiters);
		if (w->store)
			channel_say(w->store, MSG_WANT, &p->key, NULL, 0);
	}
	waiter->line = &p->waiters;
	TAILQ_INSERT_TAIL(&p->waiters, waiter, next);
	return 0;
}

void serve_want_cancel(struct serve_want_waiter *waiter)
{
	if (waiter->line)
		TAILQ_REMOVE((struct waiters *)waiter->line, waiter, next);
	waiter->line = NULL;
}

static void finish(struct pending *p, enum msg_have_status status, struct serve_bytes *bytes)
{
	struct serve_want_waiter *one;

	while ((one = TAILQ_FIRST(&p->waiters))) {
		serve_want_cancel(one);
		one->done(one, status, bytes);
	}
	p->used = false;
}

int serve_want_have(struct serve_wants *w, const struct msg_have *h, int fd, const char **why)
{
	struct serve_bytes *bytes = NULL;
	struct pending *p = NULL;
	int rc;

	for (unsigned i = 0; i < SERVE_WANTS_MAX && !p; i++)
		if (w->pending[i].used && w->pending[i].key.request == h->request)
			p = &w->pending[i];
	if (!p)
		return 0;  /* its time was over */
	if (h->status > MSG_HAVE_ERROR || (h->status == MSG_HAVE_OK) != (fd >= 0)) {
		*why = "an answer that cannot be";
		return -EBADMSG;
	}
	rc = fd >= 0 ? serve_bytes_map(fd, h->bytes, h->sha256, &bytes) : 0;
	if (rc == -EPERM || rc == -EMSGSIZE) {
		*why = rc == -EPERM ? "memory that is not sealed" : "memory of another size than said";
		return -EBADMSG;
	}
	if (bytes && !p->outdated)
		keep(w, &p->key, bytes);
	finish(p, rc ? MSG_HAVE_ERROR : (enum msg_have_status)h->status, bytes);
	serve_bytes_unref(&bytes);
	return 0;
}

static void forget_proofs(struct serve_wants *w)
{
	struct kept *k, *next;

	for (k = TAILQ_FIRST(&w->by_age); k; k = next) {
		next = TAILQ_NEXT(k, by_age);
		if (k->key.kind == MSG_WANT_PROOF)
			drop(w, k);
	}
	for (unsigned i = 0; i < SERVE_WANTS_MAX; i++)
		w->pending[i].outdated |= w->pending[i].used && w->pending[i].key.kind == MSG_WANT_PROOF;
}

void serve_want_checkpoint(struct serve_wants *w, const void *note, size_t n)
{
	struct note parsed;

	if (note_parse(note, n, &parsed, NULL) || !memcmp(parsed.sig[0].id, w->signer, sizeof w->signer))
		return;
	memcpy(w->signer, parsed.sig[0].id, sizeof w->signer);
	forget_proofs(w);
}

void serve_want_expire(struct serve_wants *w, int64_t now_us)
{
	for (unsigned i = 0; i < SERVE_WANTS_MAX; i++)
		if (w->pending[i].used && w->pending[i].until_us <= now_us)
			finish(&w->pending[i], MSG_HAVE_ERROR, NULL);
}
