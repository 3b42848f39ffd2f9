/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_tries.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 4
#define SETS 256

static const struct { unsigned free, wait_max_s; } limit[SERVE_TRIES_KINDS] = {
	[SERVE_TRIES_BOTH] = {SERVE_TRIES_FREE, SERVE_TRIES_WAIT_MAX_S},
	[SERVE_TRIES_ADDRESS] = {SERVE_TRIES_FREE_ADDRESS, SERVE_TRIES_WAIT_SHARED_MAX_S},
	[SERVE_TRIES_NAME] = {SERVE_TRIES_FREE_NAME, SERVE_TRIES_WAIT_SHARED_MAX_S},
};

struct failure {
	uint8_t hash[32];
	unsigned times;
	int64_t at_us, next_try_us;
};

struct known {
	uint8_t hash[32];
	int64_t until_us;
};

struct serve_tries {
	struct failure failure[SERVE_TRIES_KINDS][SETS][WAYS];
	struct known known[SETS][WAYS];  /* name and address that were right together */
};

struct serve_tries *serve_tries_new(void)
{
	return calloc(1, sizeof(struct serve_tries));
}

void serve_tries_free(struct serve_tries **t)
{
	free(*t);
	*t = NULL;
}

static unsigned set_of(const uint8_t hash[32])
{
	return (unsigned)(hash[0] << 8 | hash[1]) % SETS;
}

/* NULL when there is none that still counts. */
static struct failure *find(struct serve_tries *t, unsigned kind, const uint8_t hash[32], int64_t now_us)
{
	for (unsigned i = 0; i < WAYS; i++) {
		struct failure *f = &t->failure[kind][set_of(hash)][i];

		if (f->times && f->at_us + SERVE_TRIES_FORGET_US > now_us && memcmp(f->hash, hash, 32) == 0)
			return f;
	}
	return NULL;
}

static struct known *find_known(struct serve_tries *t, const uint8_t hash[32], int64_t now_us)
{
	for (unsigned i = 0; i < WAYS; i++) {
		struct known *k = &t->known[set_of(hash)][i];

		if (k->until_us > now_us && memcmp(k->hash, hash, 32) == 0)
			return k;
	}
	return NULL;
}

unsigned serve_tries_wait_s(struct serve_tries *t, const struct serve_tries_who *who, int64_t now_us)
{
	bool is_known = find_known(t, who->hash[SERVE_TRIES_BOTH], now_us);
	unsigned wait_s = 0;

	for (unsigned k = 0; k < SERVE_TRIES_KINDS; k++) {
		const struct failure *f = k == SERVE_TRIES_BOTH || !is_known ? find(t, k, who->hash[k], now_us) : NULL;
		unsigned s = f && f->next_try_us > now_us ? (unsigned)((f->next_try_us - now_us + 999999) / 1000000) : 0;

		if (s > wait_s)
			wait_s = s;
	}
	return wait_s;
}

/* In the place of the one that would be the first to try again. */
static struct failure *begin_failure(struct serve_tries *t, unsigned kind, const uint8_t hash[32])
{
	struct failure *set = t->failure[kind][set_of(hash)], *f = &set[0];

	for (unsigned i = 1; i < WAYS; i++)
		if (set[i].next_try_us < f->next_try_us)
			f = &set[i];
	*f = (struct failure){0};
	memcpy(f->hash, hash, 32);
	return f;
}

static unsigned wait_after(unsigned kind, unsigned times)
{
	unsigned over = times - limit[kind].free, max_s = limit[kind].wait_max_s;

	if (times <= limit[kind].free)
		return 0;
	return over <= 6 && 1u << (over - 1) < max_s ? 1u << (over - 1) : max_s;
}

void serve_tries_wrong(struct serve_tries *t, const struct serve_tries_who *who, int64_t now_us)
{
	for (unsigned k = 0; k < SERVE_TRIES_KINDS; k++) {
		struct failure *f = find(t, k, who->hash[k], now_us);

		if (!f)
			f = begin_failure(t, k, who->hash[k]);
		f->times++;
		f->at_us = now_us;
		f->next_try_us = now_us + 1000000ll * wait_after(k, f->times);
	}
}

void serve_tries_right(struct serve_tries *t, const struct serve_tries_who *who, int64_t now_us)
{
	const uint8_t *hash = who->hash[SERVE_TRIES_BOTH];
	struct failure *f = find(t, SERVE_TRIES_BOTH, hash, now_us);
	struct known *k = find_known(t, hash, now_us), *set = t->known[set_of(hash)];

	if (f)
		f->times = 0;
	if (!k) {
		k = &set[0];
		for (unsigned i = 1; i < WAYS; i++)
			if (set[i].until_us < k->until_us)
				k = &set[i];
	}
	memcpy(k->hash, hash, 32);
	k->until_us = now_us + SERVE_TRIES_KNOWN_US;
}
