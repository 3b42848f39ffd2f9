/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/serve_world.h"

#include <argon2.h>
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/io.h"
#include "media/packager.h"
#include "tests/server/rig_role.h"

#define PATIENCE_S 20

static void on_ready(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct world *w = ctx;

	w->ready++;
	w->layers = m->ready.layers;
}

static void on_bad_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct world *w = ctx;

	cr_assert_eq(m->bad_peer.role, ROLE_STORE);
	snprintf(w->why, sizeof w->why, "%s", m->bad_peer.why);
	w->bad_peers++;
}

/* As the parent does: what one process says of sessions, all hear. */
static void on_session(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct world *w = ctx;

	for (unsigned i = 0; i < w->serves; i++)
		channel_say(w->parent[i], MSG_SESSION, &m->session, NULL, 0);
}

static void on_session_end(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct world *w = ctx;

	w->ended++;
	for (unsigned i = 0; i < w->serves; i++)
		channel_say(w->parent[i], MSG_SESSION_END, &m->session_end, NULL, 0);
}

static void on_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	((struct world *)ctx)->state = m->serve_state;
}

static void on_login(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct world *w = ctx;

	w->login[w->nlogins++ % 32] = m->login;
}

static void on_viewing(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct world *w = ctx;

	w->viewing[w->nviewings++ % 32] = m->viewing;
}

static void on_question(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct world *w = ctx;
	struct msg_answer a = {.request = m->question.request, .result = (uint8_t)w->answer};
	int fd = -1;

	w->question = m->question;
	w->questions++;
	if (w->answer == MSG_ANSWER_DONE) {
		a.bytes = strlen(w->answered);
		cr_assert(EVP_Digest(w->answered, a.bytes, a.sha256, NULL, EVP_sha256(), NULL));
		cr_assert_eq(io_seal_bytes("answer", w->answered, a.bytes, &fd), 0);
	} else {
		snprintf(a.why, sizeof a.why, "%s", w->answered);
	}
	cr_assert_eq(channel_say(from, MSG_ANSWER, &a, &fd, fd >= 0), 0);
	if (fd >= 0)
		close(fd);
}

void world_answer(struct world *w, enum msg_answer_result result, const char *text)
{
	w->answer = result;
	snprintf(w->answered, sizeof w->answered, "%s", text);
}

static void on_watched(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct world *w = ctx;

	w->last_watched = m->watched;
	w->watched++;
}

static void on_want(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct world *w = ctx;

	cr_assert_lt(w->nwants, 64);
	w->want[w->nwants++] = m->want;
}

static void on_cosignature(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct world *w = ctx;

	w->cosignature = m->cosignature;
	w->cosignatures++;
}

static void on_clip_make(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct world *w = ctx;

	w->clip = m->clip_make;
	w->clips++;
}

static void on_clip_next(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	((struct world *)ctx)->clip_nexts++;
}

static void on_clip_end(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	((struct world *)ctx)->clip_ends++;
}

static void on_gone(void *ctx, struct channel *c, const char *why)
{
	struct world *w = ctx;

	cr_assert_null(why, "serve said what it may not: %s", why);
	for (unsigned i = 0; i < WORLD_SERVES; i++) {
		if (w->store[i] == c)
			channel_free(&w->store[i]);
		if (w->parent[i] == c)
			channel_free(&w->parent[i]);
	}
	w->gone++;
}

static const struct channel_answer parent_answers[] = {
	{MSG_READY, on_ready}, {MSG_BAD_PEER, on_bad_peer}, {MSG_SESSION, on_session}, {MSG_SESSION_END, on_session_end},
	{MSG_SERVE_STATE, on_state}, {MSG_WATCHED, on_watched}, {MSG_LOGIN, on_login}, {MSG_VIEWING, on_viewing}, {MSG_QUESTION, on_question},
	{MSG_NONE, NULL}};
static const struct channel_answer store_answers[] = {{MSG_WANT, on_want}, {MSG_COSIGNATURE, on_cosignature}, {MSG_CLIP_MAKE, on_clip_make},
	{MSG_CLIP_NEXT, on_clip_next}, {MSG_CLIP_END, on_clip_end}, {MSG_NONE, NULL}};

static void too_late(int fd, short what, void *arg)
{
	cr_assert(false, "nothing came in %d s", PATIENCE_S);
}

void world_wait(struct world *w, const unsigned *flag, unsigned n)
{
	struct event *late = evtimer_new(w->base, too_late, NULL);

	event_add(late, &(struct timeval){PATIENCE_S, 0});
	while (*flag < n)
		event_base_loop(w->base, EVLOOP_ONCE);
	event_free(late);
}

static int sealed_pem(BIO *bio)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);
	int fd;

	cr_assert_eq(io_seal_bytes("pem", p, (size_t)n, &fd), 0);
	BIO_free(bio);
	return fd;
}

static void make_certificate(long serial, int ret_fds[2])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	BIO *chain = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_mem());

	cr_assert(key && cert && chain && secret);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	cr_assert_gt(X509_sign(cert, key, EVP_sha256()), 0);
	cr_assert_eq(PEM_write_bio_X509(chain, cert), 1);
	cr_assert_eq(PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL), 1);
	ret_fds[0] = sealed_pem(chain);
	ret_fds[1] = sealed_pem(secret);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* From its beginning, for one process alone. */
static int open_again(int fd)
{
	char path[40];
	int again;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(again, 0);
	return again;
}

static void say_with_pem(struct channel *c, enum msg_type type, const void *body, const int pem[2])
{
	int fds[2] = {open_again(pem[0]), open_again(pem[1])};

	cr_assert_eq(channel_say(c, type, body, fds, 2), 0);
	close(fds[0]);
	close(fds[1]);
}

void world_certificate(struct world *w, long serial, bool right)
{
	int pem[2], other[2];

	make_certificate(serial, pem);
	make_certificate(serial, other);
	for (unsigned i = 0; i < w->serves; i++)
		say_with_pem(w->parent[i], MSG_SERVE_CERTIFICATE, NULL, right ? pem : (int[]){pem[0], other[1]});
	for (int i = 0; i < 2; i++) {
		close(pem[i]);
		close(other[i]);
	}
}

void world_authority(struct world *w, long serial, const char *pem)
{
	int fds[3];

	make_certificate(serial, fds);
	cr_assert_eq(io_seal_bytes("pem", pem, strlen(pem), &fds[2]), 0);
	for (unsigned i = 0; i < w->serves; i++) {
		int again[3] = {open_again(fds[0]), open_again(fds[1]), open_again(fds[2])};

		cr_assert_eq(channel_say(w->parent[i], MSG_SERVE_CERTIFICATE, NULL, again, 3), 0);
		for (int k = 0; k < 3; k++)
			close(again[k]);
	}
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static int listen_anywhere(uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 512) == 0);
	cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);  /* as the parent's */
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

uint16_t world_listen(struct world *w, enum listener_kind kind)
{
	struct msg_serve_listener m = {.listener = 1, .kind = (uint8_t)kind};
	uint16_t port;
	int fd = listen_anywhere(&port);

	cr_assert_eq(channel_say(w->parent[0], MSG_SERVE_LISTENER, &m, &fd, 1), 0);
	close(fd);
	return port;
}

/* Cameras with a copy alone, "c2" and on. */
static void give_more_cameras(struct channel *c, unsigned n)
{
	for (unsigned i = 2; i < 2 + n; i++) {
		struct msg_serve_camera more = {.camera = (uint16_t)i, .segment_ms = 2000};

		snprintf(more.name, sizeof more.name, "c%u", i);
		cr_assert_eq(channel_say(c, MSG_SERVE_CAMERA, &more, NULL, 0), 0);
	}
}

static void give_settings(struct channel *c, unsigned i, unsigned more, const char *hash, const int pem[2], int listener)
{
	struct msg_serve_site site = {.origin = "test.example/house", .version = "0", .cameras = (uint16_t)(2 + more), .users = 1, .index = (uint16_t)i};
	struct msg_serve_user user = {.name = WORLD_USER, .all = true};
	struct msg_serve_camera yard = {.camera = 0, .name = "yard", .segment_ms = 2000}, attic = {.camera = 1, .name = "attic", .segment_ms = 2000, .no_copy = true};
	struct msg_serve_rendition small = {.rendition = RENDITION_ENCODED, .name = "360p", .width = 640, .height = 360, .bitrate_bps = 800000};
	struct msg_serve_rendition asked = {.camera = 1, .rendition = RENDITION_ENCODED, .name = "small", .width = 640, .height = 360,
		.bitrate_bps = 800000, .profile = SITE_PROFILE_MAIN, .on_demand = true};
	struct msg_serve_vkey vkey = {"test.example/house+00000000+AAAA"};

	snprintf(user.password_hash, sizeof user.password_hash, "%s", hash);
	say_with_pem(c, MSG_SERVE_SITE, &site, pem);
	cr_assert_eq(channel_say(c, MSG_SERVE_LISTENER, &(struct msg_serve_listener){0}, &listener, 1), 0);
	cr_assert_eq(channel_say(c, MSG_SERVE_USER, &user, NULL, 0), 0);
	cr_assert_eq(channel_say(c, MSG_SERVE_CAMERA, &yard, NULL, 0), 0);
	cr_assert_eq(channel_say(c, MSG_SERVE_CAMERA, &attic, NULL, 0), 0);
	give_more_cameras(c, more);
	cr_assert_eq(channel_say(c, MSG_SERVE_RENDITION, &small, NULL, 0), 0);
	cr_assert_eq(channel_say(c, MSG_SERVE_RENDITION, &asked, NULL, 0), 0);
	for (unsigned k = 0; k < 2 + more; k++)
		cr_assert_eq(channel_say(c, MSG_CAMERA_STATE, &(struct msg_camera_state){.camera = (uint16_t)k, .longest_s = WORLD_TARGET_S}, NULL, 0), 0);
	cr_assert_eq(channel_say(c, MSG_SERVE_VKEY, &vkey, NULL, 0), 0);
	cr_assert_eq(channel_say(c, MSG_GO, &(struct msg_go){.best_effort = true}, NULL, 0), 0);
}

static void give_user(struct world *w, struct msg_serve_user *m, const char *name, const char *password)
{
	snprintf(m->name, sizeof m->name, "%s", name);
	cr_assert_eq(argon2id_hash_encoded(1, 256, 1, password, strlen(password), "saltsaltsaltsalt", 16, 32, m->password_hash, sizeof m->password_hash), ARGON2_OK);
	for (unsigned i = 0; i < w->serves; i++)
		cr_assert_eq(channel_say(w->parent[i], MSG_SERVE_USER, m, NULL, 0), 0);
}

void world_user(struct world *w, unsigned user, const char *name, const char *password)
{
	struct msg_serve_user m = {.user = (uint16_t)user, .version = 1, .all = true};

	give_user(w, &m, name, password);
}

void world_user_may(struct world *w, unsigned user, uint32_t version, const char *name, const char *password, unsigned rights, unsigned camera)
{
	struct rights_rule rule = {.rights = (uint8_t)rights, .hours = {.days = 0x7f, .to_min = SITE_DAY_MIN}};
	struct msg_serve_user m = {.user = (uint16_t)user, .version = version};

	rights_add_camera(&rule, camera);
	m.rules_len = (uint16_t)rights_write(&rule, 1, m.rules);
	give_user(w, &m, name, password);
}

void world_give_store(struct world *w, unsigned i)
{
	struct channel_ends ends = {.me = ROLE_STORE, .peer = ROLE_SERVE, .answers = store_answers, .broken = on_gone, .ctx = w};
	struct msg_peer peer = {.role = ROLE_STORE};
	int pair[2];

	channel_free(&w->store[i]);
	cr_assert_eq(channel_pair(pair), 0);
	w->store[i] = channel_new(w->base, pair[0], &ends);
	cr_assert(w->store[i]);
	cr_assert_eq(channel_say(w->parent[i], MSG_PEER, &peer, &pair[1], 1), 0);
	close(pair[1]);
}

void world_start(struct world *w, unsigned serves)
{
	world_start_with(w, serves, 0);
}

void world_start_with(struct world *w, unsigned serves, unsigned more)
{
	struct channel_ends ends = {.me = ROLE_PARENT, .peer = ROLE_SERVE, .answers = parent_answers, .broken = on_gone, .ctx = w};
	char hash[256];
	int pem[2];

	*w = (struct world){.base = event_base_new(), .serves = serves};
	cr_assert(w->base);
	make_certificate(1, pem);
	cr_assert_eq(argon2id_hash_encoded(1, 256, 1, WORLD_PASSWORD, strlen(WORLD_PASSWORD), "saltsaltsaltsalt", 16, 32, hash, sizeof hash), ARGON2_OK);
	for (unsigned i = 0; i < serves; i++) {
		int pair[2], listener = listen_anywhere(&w->port[i]);

		cr_assert_eq(channel_pair(pair), 0);
		w->pid[i] = rig_start_role(ROLE_SERVE, pair[1]);
		close(pair[1]);
		w->parent[i] = channel_new(w->base, pair[0], &ends);
		cr_assert(w->parent[i]);
		give_settings(w->parent[i], i, more, hash, pem, listener);
		close(listener);
		world_wait(w, &w->ready, i + 1);
		world_give_store(w, i);
	}
	close(pem[0]);
	close(pem[1]);
}

void world_stop(struct world *w)
{
	int status;

	for (unsigned i = 0; i < w->serves; i++) {
		channel_say(w->parent[i], MSG_STOP, NULL, NULL, 0);
		while (w->parent[i])
			event_base_loop(w->base, EVLOOP_ONCE);
		cr_assert_eq(waitpid(w->pid[i], &status, 0), w->pid[i]);
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "serve ended with status %#x", (unsigned)status);
		channel_free(&w->store[i]);
	}
	event_base_free(w->base);
}

void world_fill(uint8_t *p, size_t n, uint64_t number)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 31 + i / 251 + number);
}

static void hash_of(const void *p, size_t n, uint8_t ret[32])
{
	cr_assert_eq(EVP_Digest(p, n, ret, NULL, EVP_sha256(), NULL), 1);
}

void world_track(struct world *w, unsigned rendition)
{
	struct msg_track t = {.rendition = (uint8_t)rendition, .codec = CODEC_H264, .width = 1280, .height = 720, .timescale = 90000,
		.profile = 100, .level = 31};
	char init[32];
	int fd;

	t.camera = w->camera;
	if (rendition == RENDITION_AUDIO)
		t = (struct msg_track){.camera = w->camera, .rendition = (uint8_t)rendition, .codec = CODEC_AAC, .timescale = 48000, .rate = 48000, .channels = 2, .profile = 2};
	snprintf(init, sizeof init, "init of %u", rendition);
	hash_of(init, strlen(init), t.init_sha256);
	cr_assert_eq(io_seal_bytes("init", init, strlen(init), &fd), 0);
	for (unsigned i = 0; i < w->serves; i++)
		cr_assert_eq(channel_say(w->store[i], MSG_TRACK, &t, &fd, 1), 0);
	close(fd);
}

static int open_memory(const void *p, size_t n)
{
	int fd = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert(fd >= 0 && io_write_all(fd, p, n) == 0);
	return fd;
}

void world_segment(struct world *w, unsigned rendition, uint64_t number, size_t bytes, bool seal)
{
	struct msg_segment s = {.camera = w->camera, .rendition = (uint8_t)rendition, .number = number, .discontinuity = 7, .independent = true,
		.period_us = 1700000000000000 - w->set_back_us, .duration = 180000, .timescale = 90000, .bytes = bytes, .entry = number};
	uint8_t *p = malloc(bytes);
	char init[32];
	int fd;

	if (rendition == RENDITION_AUDIO) {
		s.timescale = 48000;
		s.duration = 96000;
	}
	s.decode_time = (PACKAGER_ORIGIN_S + number * 2) * s.timescale;
	s.start_us = w->start_us ? w->start_us : s.period_us + (int64_t)number * 2000000;
	cr_assert(p);
	world_fill(p, bytes, number);
	hash_of(p, bytes, s.sha256);
	snprintf(init, sizeof init, "init of %u", rendition);
	hash_of(init, strlen(init), s.init_sha256);
	if (seal)
		cr_assert_eq(io_seal_bytes("segment", p, bytes, &fd), 0);
	else
		fd = open_memory(p, bytes);
	for (unsigned i = 0; i < w->serves; i++)
		cr_assert_eq(channel_say(w->store[i], MSG_SEGMENT, &s, &fd, 1), 0);
	close(fd);
	free(p);
}

/* Chunk i of n equal ones that world_segment's bytes are. */
void world_part(struct world *w, unsigned rendition, uint64_t number, size_t bytes, unsigned i, unsigned n)
{
	struct msg_part m = {.camera = w->camera, .rendition = (uint8_t)rendition, .number = number, .tag = WORLD_TAG, .discontinuity = 7, .part = (uint16_t)i,
		.ends = true, .last = i + 1 == n, .independent = i == 0, .start_us = 1700000000000000 + (int64_t)number * 2000000 + (int64_t)i * 200000,
		.duration = 180000 / n, .timescale = 90000, .offset = bytes / n * i, .bytes = bytes / n, .target_ms = 2160 / (uint16_t)n};
	uint8_t *p = malloc(bytes);
	char init[32];
	int fd;

	cr_assert(p);
	world_fill(p, bytes, number);
	hash_of(p + m.offset, m.bytes, m.sha256);
	snprintf(init, sizeof init, "init of %u", rendition);
	hash_of(init, strlen(init), m.init_sha256);
	cr_assert_eq(io_seal_bytes("part", p + m.offset, m.bytes, &fd), 0);
	for (unsigned k = 0; k < w->serves; k++)
		cr_assert_eq(channel_say(w->store[k], MSG_PART, &m, &fd, 1), 0);
	close(fd);
	free(p);
}

void world_checkpoint(struct world *w, uint64_t size, const char *note)
{
	struct msg_checkpoint m = {.size = size, .note_len = (uint16_t)strlen(note)};

	memcpy(m.note, note, strlen(note));
	for (unsigned i = 0; i < w->serves; i++)
		cr_assert_eq(channel_say(w->store[i], MSG_CHECKPOINT, &m, NULL, 0), 0);
}

void world_oldest(struct world *w, uint8_t rendition, uint64_t number)
{
	struct msg_oldest m = {.rendition = rendition, .number = number};

	for (unsigned i = 0; i < w->serves; i++)
		cr_assert_eq(channel_say(w->store[i], MSG_OLDEST, &m, NULL, 0), 0);
}

void world_have(struct world *w, unsigned i, enum msg_have_status status, const char *text)
{
	struct msg_have h = {.request = w->want[i].request, .status = (uint8_t)status};
	int fd = -1;

	if (text) {
		h.bytes = strlen(text);
		hash_of(text, strlen(text), h.sha256);
		cr_assert_eq(io_seal_bytes("have", text, strlen(text), &fd), 0);
	}
	cr_assert_eq(channel_say(w->store[0], MSG_HAVE, &h, &fd, text ? 1 : 0), 0);
	if (text)
		close(fd);
}

void world_clip(struct world *w, uint64_t total)
{
	struct msg_clip_piece p = {.request = w->clip.request, .status = MSG_CLIP_OK, .total = total, .name = "clip"};

	cr_assert_eq(channel_say(w->store[0], MSG_CLIP_PIECE, &p, NULL, 0), 0);
}

void world_clip_piece(struct world *w, const char *text)
{
	struct msg_clip_piece p = {.request = w->clip.request, .status = MSG_CLIP_OK, .bytes = strlen(text)};
	int fd;

	hash_of(text, strlen(text), p.sha256);
	cr_assert_eq(io_seal_bytes("piece", text, strlen(text), &fd), 0);
	cr_assert_eq(channel_say(w->store[0], MSG_CLIP_PIECE, &p, &fd, 1), 0);
	close(fd);
}

void world_share(struct world *w, struct msg_share m, const char *token)
{
	if (!m.gone)
		cr_assert(EVP_Digest(token, strlen(token), m.token_sha256, NULL, EVP_sha256(), NULL));
	for (unsigned i = 0; i < w->serves; i++)
		cr_assert_eq(channel_say(w->parent[i], MSG_SHARE, &m, NULL, 0), 0);
}
