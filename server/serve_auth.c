/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_auth.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include <argon2.h>
#include <event2/event.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "base/ring.h"
#include "base/secret.h"
#include "base/text.h"
#include "server/serve_tries.h"
#include "server/share_id.h"

#define WAYS 4
#define SETS (SERVE_AUTH_REMEMBER_MAX / WAYS)

struct job {
	TAILQ_ENTRY(job) next;
	LIST_ENTRY(job) all;                      /* the loop's, as is asks */
	TAILQ_HEAD(, serve_auth_ask) asks;        /* who waits: all of one address, with one name and password */
	uint64_t address;
	uint8_t password_mac[32];
	struct serve_tries_who who;
	int user;                    /* -1: a name that is nobody's */
	uint32_t version;            /* of the user when he was asked for */
	bool right;
	char hash[sizeof ((struct msg_serve_user *)0)->password_hash];
	char *password;              /* secret memory */
};
TAILQ_HEAD(jobs, job);

/* What a user's password comes to by Digest; secret memory. */
struct ha1 {
	uint8_t of[DIGEST_SHA256 + 1][DIGEST_HA1_MAX];
	unsigned algorithms;         /* bit set of those there are */
};

struct remembered {
	uint8_t mac[32];
	unsigned user;
	int64_t until_us;
};

struct serve_auth {
	struct msg_serve_user *user; /* SITE_USERS_MAX; without a name: nobody */
	struct ha1 *ha1;             /* SITE_USERS_MAX, and one that is nobody's */
	struct msg_share share[SITE_SHARES_MAX];  /* without an id: none */
	EVP_MAC_CTX *mac;            /* HMAC-SHA256 under a key of this process */
	struct remembered remembered[SETS][WAYS];
	struct serve_tries *tries;
	LIST_HEAD(, job) all;        /* given to the thread and not finished */
	unsigned nall;
	struct event *done_event;
	int done_fd;
	pthread_t thread;
	pthread_mutex_t lock;        /* guards the rest */
	pthread_cond_t more;
	struct jobs todo, done;
};

/* Keyed, so that neither table tells anything about a password, and no viewer chooses where he lands. */
static void mac(struct serve_auth *a, char kind, uint64_t address, const char *name, const char *password, uint8_t ret[32])
{
	uint8_t text[1 + 8 + SITE_NAME + SERVE_PASSWORD];
	struct wr w = wr_init(text, sizeof text);

	wr_u8(&w, (uint8_t)kind);
	wr_be(&w, address, 8);
	wr_bytes(&w, name, strnlen(name, SITE_NAME - 1));
	wr_u8(&w, 0);
	wr_bytes(&w, password, strnlen(password, SERVE_PASSWORD - 1));
	if (!EVP_MAC_init(a->mac, NULL, 0, NULL) || !EVP_MAC_update(a->mac, text, w.len) || !EVP_MAC_final(a->mac, ret, NULL, 32))
		abort();  /* out of memory while hashing 300 bytes */
	explicit_bzero(text, sizeof text);
}

static void who_of(struct serve_auth *a, uint64_t address, const char *name, struct serve_tries_who *ret)
{
	mac(a, 'f', address, name, "", ret->hash[SERVE_TRIES_BOTH]);
	mac(a, 'a', address, "", "", ret->hash[SERVE_TRIES_ADDRESS]);
	mac(a, 'n', 0, name, "", ret->hash[SERVE_TRIES_NAME]);
}

static unsigned set_of(const uint8_t m[32])
{
	return (unsigned)(m[0] << 8 | m[1]) % SETS;
}

static struct remembered *find_remembered(struct serve_auth *a, const uint8_t m[32], int64_t now_us)
{
	for (unsigned i = 0; i < WAYS; i++) {
		struct remembered *r = &a->remembered[set_of(m)][i];

		if (r->until_us > now_us && text_same_secret(r->mac, m, 32))
			return r;
	}
	return NULL;
}

static void remember(struct serve_auth *a, const uint8_t m[32], unsigned user, int64_t now_us)
{
	struct remembered *set = a->remembered[set_of(m)], *oldest = &set[0];

	for (unsigned i = 1; i < WAYS; i++)
		if (set[i].until_us < oldest->until_us)
			oldest = &set[i];
	memcpy(oldest->mac, m, 32);
	oldest->user = user;
	oldest->until_us = now_us + SERVE_AUTH_REMEMBER_US;
}

static void *work(void *arg)
{
	struct serve_auth *a = arg;

	pthread_mutex_lock(&a->lock);
	for (;;) {
		struct job *job;

		while (!(job = TAILQ_FIRST(&a->todo)))
			pthread_cond_wait(&a->more, &a->lock);
		TAILQ_REMOVE(&a->todo, job, next);
		pthread_mutex_unlock(&a->lock);
		job->right = argon2id_verify(job->hash, job->password, strlen(job->password)) == ARGON2_OK && job->user >= 0;
		explicit_bzero(job->password, strlen(job->password));
		pthread_mutex_lock(&a->lock);
		TAILQ_INSERT_TAIL(&a->done, job, next);
		ring_doorbell(a->done_fd);
	}
	return NULL;
}

static void finish(struct serve_auth *a, struct job *job)
{
	int64_t now_us = clock_mono_us();
	struct serve_auth_ask *ask;

	/* He may have got another password meanwhile. */
	if (job->right && a->user[job->user].version != job->version)
		job->right = false;
	if (job->right) {
		remember(a, job->password_mac, (unsigned)job->user, now_us);
		serve_tries_right(a->tries, &job->who, now_us);
	} else {
		serve_tries_wrong(a->tries, &job->who, now_us);
	}
	LIST_REMOVE(job, all);
	a->nall--;
	while ((ask = TAILQ_FIRST(&job->asks))) {
		serve_auth_cancel(ask);
		ask->done(ask, job->right ? job->user : -1);
	}
	secret_free(job->password);
	free(job);
}

static void on_done(int fd, short what, void *arg)
{
	struct serve_auth *a = arg;
	struct job *job;
	uint64_t count;

	if (read(fd, &count, sizeof count) < 0)
		return;
	for (;;) {
		pthread_mutex_lock(&a->lock);
		job = TAILQ_FIRST(&a->done);
		if (job)
			TAILQ_REMOVE(&a->done, job, next);
		pthread_mutex_unlock(&a->lock);
		if (!job)
			return;
		finish(a, job);
	}
}

/* Looked up once: the one-shot HMAC() does it at every call. */
static EVP_MAC_CTX *keyed_mac(void)
{
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", (char[]){"SHA256"}, 0), OSSL_PARAM_construct_end()};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac);
	uint8_t key[32];

	EVP_MAC_free(hmac);
	if (!ctx || RAND_priv_bytes(key, sizeof key) != 1 || !EVP_MAC_init(ctx, key, sizeof key, params)) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	OPENSSL_cleanse(key, sizeof key);
	return ctx;
}

struct serve_auth *serve_auth_new(struct event_base *base)
{
	struct serve_auth *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->user = calloc(SITE_USERS_MAX, sizeof *a->user);
	a->ha1 = secret_alloc((SITE_USERS_MAX + 1) * sizeof *a->ha1);
	a->mac = keyed_mac();
	a->tries = serve_tries_new();
	a->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	TAILQ_INIT(&a->todo);
	TAILQ_INIT(&a->done);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->more, NULL);
	a->done_event = event_new(base, a->done_fd, EV_READ | EV_PERSIST, on_done, a);
	if (!a->user || !a->ha1 || RAND_priv_bytes(a->ha1[SITE_USERS_MAX].of[0], sizeof a->ha1->of) != 1 || a->done_fd < 0 || !a->done_event || event_add(a->done_event, NULL) < 0 || !a->mac || !a->tries)
		return NULL;  /* the role does not start without it */
	return a;
}

/* In secret memory alone. */
static void keep_ha1(struct ha1 *h, struct msg_serve_user *u)
{
	h->algorithms = u->gone ? 0 : (unsigned)u->has_sha256 << DIGEST_SHA256 | (unsigned)u->has_md5 << DIGEST_MD5;
	memcpy(h->of[DIGEST_SHA256], u->ha1_sha256, sizeof u->ha1_sha256);
	memcpy(h->of[DIGEST_MD5], u->ha1_md5, sizeof u->ha1_md5);
	explicit_bzero(u->ha1_sha256, sizeof u->ha1_sha256);
	explicit_bzero(u->ha1_md5, sizeof u->ha1_md5);
}

int serve_auth_user(struct serve_auth *a, const struct msg_serve_user *u)
{
	if (u->user >= SITE_USERS_MAX || !text_is_name(u->name, strlen(u->name)))
		return -EINVAL;
	a->user[u->user] = *u;
	keep_ha1(&a->ha1[u->user], &a->user[u->user]);
	for (unsigned i = 0; i < SETS; i++)
		for (unsigned k = 0; k < WAYS; k++)
			if (a->remembered[i][k].user == u->user)
				a->remembered[i][k].until_us = 0;
	return 0;
}

int serve_auth_share(struct serve_auth *a, const struct msg_share *m)
{
	if (m->share >= SITE_SHARES_MAX || (!m->gone && !share_is_id(m->id, strlen(m->id))))
		return -EINVAL;
	a->share[m->share] = *m;
	return 0;
}

uint32_t serve_auth_version(const struct serve_auth *a, unsigned user)
{
	return user < SITE_USERS_MAX ? a->user[user].version : a->share[user - SITE_USERS_MAX].version;
}

int serve_auth_start(struct serve_auth *a)
{
	return -pthread_create(&a->thread, NULL, work, a);
}

const char *serve_auth_name(const struct serve_auth *a, unsigned user)
{
	return user < SITE_USERS_MAX ? a->user[user].name : a->share[user - SITE_USERS_MAX].id;
}

int serve_auth_find(const struct serve_auth *a, const char *name)
{
	for (unsigned i = 0; i < SITE_USERS_MAX; i++)
		if (*name && !a->user[i].gone && strcmp(a->user[i].name, name) == 0)
			return (int)i;
	for (unsigned i = 0; i < SITE_SHARES_MAX; i++)
		if (*name && !a->share[i].gone && strcmp(a->share[i].id, name) == 0)
			return SITE_USERS_MAX + (int)i;
	return -1;
}

const char *serve_auth_certificate(const struct serve_auth *a, unsigned user)
{
	return a->user[user].gone ? "" : a->user[user].certificate;
}

/*
 * A name that is nobody's, or his who has no password, is tried against somebody's hash, so that the time taken says nothing (where none
 * has a password there is nothing to say). NULL: there is no user at all.
 */
static const struct msg_serve_user *anybody(const struct serve_auth *a)
{
	const struct msg_serve_user *any = NULL;

	for (unsigned i = 0; i < SITE_USERS_MAX && !(any && *any->password_hash); i++)
		if (*a->user[i].name && !a->user[i].gone && (!any || *a->user[i].password_hash))
			any = &a->user[i];
	return any;
}

/* The job that finds out just that already: a player opens several connections at once. */
static struct job *same_job(const struct serve_auth *a, uint64_t address, const uint8_t password_mac[32])
{
	struct job *job;

	LIST_FOREACH(job, &a->all, all)
		if (job->address == address && text_same_secret(job->password_mac, password_mac, 32))
			return job;
	return NULL;
}

static bool has_room(const struct serve_auth *a, uint64_t address)
{
	const struct job *job;
	unsigned same = 0;

	LIST_FOREACH(job, &a->all, all)
		same += job->address == address;
	return a->nall < SERVE_AUTH_QUEUE_MAX && same < SERVE_AUTH_ADDRESS_MAX;
}

/* NULL when there is no room. */
static struct job *new_job(struct serve_auth *a, uint64_t address, const char *name, const char *password)
{
	int found = serve_auth_find(a, name), user = found >= 0 && *a->user[found].password_hash ? found : -1;
	const struct msg_serve_user *of = user < 0 ? anybody(a) : &a->user[user];
	struct job *job = of && has_room(a, address) && strlen(password) < SERVE_PASSWORD ? calloc(1, sizeof *job) : NULL;

	if (job)
		job->password = secret_strdup(password);
	if (!job || !job->password) {
		free(job);
		return NULL;
	}
	TAILQ_INIT(&job->asks);
	job->address = address;
	job->user = user;
	job->version = of->version;
	memcpy(job->hash, of->password_hash, sizeof job->hash);
	LIST_INSERT_HEAD(&a->all, job, all);
	a->nall++;
	return job;
}

static void give_to_thread(struct serve_auth *a, struct job *job)
{
	pthread_mutex_lock(&a->lock);
	TAILQ_INSERT_TAIL(&a->todo, job, next);
	pthread_cond_signal(&a->more);
	pthread_mutex_unlock(&a->lock);
}

/*
 * A token is 256 bits that nobody chose: it needs no slow hash, and guessing is slowed as for passwords. Names of this form are no user's,
 * so that it tells nothing of the others when one is refused at once.
 */
static int check_token(struct serve_auth *a, const char *name, const char *token, const struct serve_tries_who *who, int64_t now_us)
{
	int viewer = serve_auth_find(a, name);
	uint8_t sha256[32];

	if (!EVP_Digest(token, strlen(token), sha256, NULL, EVP_sha256(), NULL))
		abort();  /* out of memory while hashing 43 bytes */
	if (viewer < SITE_USERS_MAX || !text_same_secret(sha256, a->share[viewer - SITE_USERS_MAX].token_sha256, 32)) {
		serve_tries_wrong(a->tries, who, now_us);
		return -1;
	}
	serve_tries_right(a->tries, who, now_us);
	return viewer;
}

enum serve_auth_answer serve_auth_check(struct serve_auth *a, uint64_t address, const char *name, const char *password, int64_t now_us,
                                        struct serve_auth_ask *ask, unsigned *ret_user, unsigned *ret_wait_s)
{
	uint8_t password_mac[32];
	struct serve_tries_who who;
	const struct remembered *known;
	struct job *job;

	mac(a, 'p', 0, name, password, password_mac);
	known = find_remembered(a, password_mac, now_us);
	if (known) {
		*ret_user = known->user;
		return SERVE_AUTH_USER;
	}
	who_of(a, address, name, &who);
	*ret_wait_s = serve_tries_wait_s(a->tries, &who, now_us);
	if (*ret_wait_s)
		return SERVE_AUTH_TOO_SOON;
	if (share_is_id(name, strlen(name))) {
		int viewer = check_token(a, name, password, &who, now_us);

		*ret_user = viewer < 0 ? 0 : (unsigned)viewer;
		return viewer < 0 ? SERVE_AUTH_WRONG : SERVE_AUTH_USER;
	}
	job = same_job(a, address, password_mac);
	if (!job) {
		job = new_job(a, address, name, password);
		if (!job)
			return SERVE_AUTH_BUSY;
		memcpy(job->password_mac, password_mac, 32);
		job->who = who;
		give_to_thread(a, job);
	}
	ask->job = job;
	TAILQ_INSERT_TAIL(&job->asks, ask, next);
	return SERVE_AUTH_WAIT;
}

void serve_auth_cancel(struct serve_auth_ask *ask)
{
	struct job *job = ask->job;

	if (job)
		TAILQ_REMOVE(&job->asks, ask, next);
	ask->job = NULL;
}

unsigned serve_auth_digests(const struct serve_auth *a)
{
	unsigned all = 0;

	for (unsigned i = 0; i < SITE_USERS_MAX; i++)
		all |= a->ha1[i].algorithms;
	return all;
}

/* Who has no such digest, as share links, or is nobody, is compared with one that nobody has, so that the time taken says nothing. */
static bool is_right(const struct serve_auth *a, int user, const struct digest_claim *claim, const char *method)
{
	bool has = user >= 0 && user < SITE_USERS_MAX && a->ha1[user].algorithms >> claim->algorithm & 1;
	const struct ha1 *h = &a->ha1[has ? user : SITE_USERS_MAX];

	return claim->algorithm <= DIGEST_SHA256 && digest_check(claim, h->of[claim->algorithm], method) == 0 && has;
}

int serve_auth_check_digest(struct serve_auth *a, uint64_t address, const struct digest_claim *claim, const char *method, int let_in,
                            int64_t now_us, unsigned *ret_user)
{
	int user = serve_auth_find(a, claim->user);
	struct serve_tries_who who;

	who_of(a, address, claim->user, &who);
	if ((user < 0 || user != let_in) && serve_tries_wait_s(a->tries, &who, now_us))
		return -EBUSY;
	if (!is_right(a, user, claim, method)) {
		serve_tries_wrong(a->tries, &who, now_us);
		return -EACCES;
	}
	serve_tries_right(a->tries, &who, now_us);
	*ret_user = (unsigned)user;
	return 0;
}
