/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads that there are: store's workers, serve's passwords, and hashes on both. What they do is tested elsewhere; here they get
 * much to do at once, so that the thread sanitizer sees all that they share. No Criterion: its arena and that sanitizer's want the
 * same addresses.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <argon2.h>
#include <event2/event.h>

#include "seal/hash.h"
#include "server/serve_auth.h"
#include "server/store_work.h"

enum { WORKERS = 3, WORKS = 2000, HASHERS = 4, ASKS = 24 };

struct piece {
	struct work work;
	unsigned worker, number;
	uint8_t text[64];
	struct hash hash;
};

static struct event_base *base;
static unsigned failures;

static void expect(bool good, const char *what)
{
	if (!good)
		printf("not so: %s\n", what);
	failures += !good;
}
#define EXPECT(x) expect(x, #x)
#define NEED(x) do { if (!(x)) { printf("not so: %s\n", #x); exit(1); } } while (0)

static unsigned done_of[WORKERS], wrong, all_done;

static void run_piece(struct work *w)
{
	struct piece *p = (struct piece *)w;

	memset(p->text, (int)p->number, sizeof p->text);
	hash_leaf(p->text, sizeof p->text, &p->hash);
}

static void piece_done(struct work *w)
{
	struct piece *p = (struct piece *)w;
	uint8_t text[sizeof p->text];
	struct hash hash;

	memset(text, (int)p->number, sizeof text);
	hash_leaf(text, sizeof text, &hash);
	wrong += p->number != done_of[p->worker] || !hash_same(&hash, &p->hash);
	done_of[p->worker]++;
	all_done++;
	free(p);
}

static void give(struct worker *w, unsigned worker, unsigned number)
{
	struct piece *p = calloc(1, sizeof *p);

	NEED(p);
	*p = (struct piece){.work = {.run = run_piece, .done = piece_done}, .worker = worker, .number = number};
	worker_give(&w[worker], &p->work);
}

/* The last works are only handed over when the workers end. */
static void works_come_back_in_order_and_none_is_lost(void)
{
	struct worker w[WORKERS];

	base = event_base_new();
	for (unsigned i = 0; i < WORKERS; i++) {
		NEED(worker_init(&w[i], base) == 0);
		NEED(worker_start(&w[i]) == 0);
	}
	for (unsigned k = 0; k < WORKS; k++) {
		for (unsigned i = 0; i < WORKERS; i++)
			give(w, i, k);
		for (unsigned i = 0; k % 7 == 0 && i < WORKERS; i++)
			worker_go(&w[i]);
		if (k % 50 == 0)
			event_base_loop(base, EVLOOP_NONBLOCK);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		worker_end(&w[i]);
		EXPECT(done_of[i] == WORKS);
	}
	EXPECT(wrong == 0);
	event_base_free(base);
}

static void *hash_much(void *arg)
{
	struct hash *ret = arg, last = {{0}};

	for (unsigned k = 0; k < 500; k++)
		hash_leaf(last.b, sizeof last.b, &last);
	*ret = last;
	return NULL;
}

static void each_has_a_hash_of_its_own(void)
{
	struct hash got[HASHERS], want;
	pthread_t t[HASHERS];

	for (unsigned i = 0; i < HASHERS; i++)
		NEED(pthread_create(&t[i], NULL, hash_much, &got[i]) == 0);
	for (unsigned i = 0; i < HASHERS; i++)
		pthread_join(t[i], NULL);
	hash_much(&want);
	for (unsigned i = 0; i < HASHERS; i++)
		EXPECT(hash_same(&got[i], &want));
}

static unsigned answers, right_answers;

static void answered(struct serve_auth_ask *ask, int user)
{
	answers++;
	right_answers += user == 0;
}

static struct msg_serve_user user_with(const char *name, const char *password)
{
	struct msg_serve_user u = {0};

	snprintf(u.name, sizeof u.name, "%s", name);
	NEED(argon2id_hash_encoded(1, 64, 1, password, strlen(password), "saltsaltsalt", 12, 32, u.password_hash, sizeof u.password_hash) == ARGON2_OK);
	return u;
}

/* Many wait at once, some of whom go before they are answered; who comes back later is known already. */
static void passwords_are_verified_while_others_come_and_go(void)
{
	static struct serve_auth *auth;
	static struct serve_auth_ask ask[ASKS], late;
	struct msg_serve_user u = user_with("admin", "secret");
	unsigned waiting = 0, gone = 0, user = 99, wait_s;

	base = event_base_new();
	auth = serve_auth_new(base);
	NEED(auth);
	NEED(serve_auth_user(auth, &u) == 0);
	NEED(serve_auth_start(auth) == 0);
	for (unsigned i = 0; i < ASKS; i++) {
		ask[i].done = answered;
		NEED(serve_auth_check(auth, 100 + i, "admin", i % 3 ? "secret" : "guess", 1, &ask[i], &user, &wait_s) == SERVE_AUTH_WAIT);
		waiting++;
		if (i % 5 == 4) {
			serve_auth_cancel(&ask[i - 2]);
			gone++;
		}
	}
	while (answers < waiting - gone)
		event_base_loop(base, EVLOOP_ONCE);
	EXPECT(answers == waiting - gone);
	EXPECT(right_answers > 0);
	late.done = answered;
	EXPECT(serve_auth_check(auth, 7, "admin", "secret", 2, &late, &user, &wait_s) == SERVE_AUTH_USER);
	EXPECT(user == 0);
}

int main(void)
{
	works_come_back_in_order_and_none_is_lost();
	each_has_a_hash_of_its_own();
	passwords_are_verified_while_others_come_and_go();
	printf("%u works, %u hashers, %u passwords: %u failures\n", all_done, HASHERS, answers, failures);
	return failures != 0;
}
