/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What serve asks of store: once for all who want it, and not for long. */
#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "server/serve_want.h"

static const char *why;

static void hash_of(const void *p, size_t n, uint8_t ret[32])
{
	cr_assert_eq(EVP_Digest(p, n, ret, NULL, EVP_sha256(), NULL), 1);
}

struct seen {
	struct serve_want_waiter waiter;
	unsigned times;
	enum msg_have_status status;
	bool bytes;
};

static void on_done(struct serve_want_waiter *w, enum msg_have_status status, struct serve_bytes *bytes)
{
	struct seen *s = (struct seen *)(void *)w;

	s->times++;
	s->status = status;
	s->bytes = bytes != NULL;
}

static int have(struct serve_wants *w, uint32_t request, enum msg_have_status status, bool with_bytes)
{
	struct msg_have h = {.request = request, .status = (uint8_t)status, .bytes = 5};
	int fd = -1, rc;

	hash_of("bytes", 5, h.sha256);
	if (with_bytes)
		cr_assert_eq(io_seal_bytes("have", "bytes", 5, &fd), 0);
	rc = serve_want_have(w, &h, fd, &why);
	if (with_bytes)
		close(fd);
	return rc;
}

Test(serve_want, wakes_all_who_want_the_same)
{
	struct serve_wants *w = serve_want_new();
	struct seen a = {.waiter.done = on_done}, b = a, c = a;
	struct msg_want key = {.kind = MSG_WANT_SEGMENT, .number = 4}, other = {.kind = MSG_WANT_PROOF, .number = 4};
	struct serve_bytes *bytes = NULL;

	cr_assert_eq(serve_want_ask(w, &key, 0, 0, &a.waiter, &bytes), 0);
	cr_assert_eq(serve_want_ask(w, &key, 0, 0, &b.waiter, &bytes), 0);
	cr_assert_eq(serve_want_ask(w, &key, 0, 0, &c.waiter, &bytes), 0);
	serve_want_cancel(&c.waiter);
	serve_want_cancel(&c.waiter);
	cr_assert_eq(have(w, 2, MSG_HAVE_OK, true), 0);
	cr_assert_eq(a.times, 0);
	cr_assert_eq(have(w, 1, MSG_HAVE_OK, true), 0);
	cr_assert(a.times == 1 && a.bytes && b.times == 1 && b.bytes && c.times == 0);
	cr_assert_eq(serve_want_ask(w, &key, 0, 0, &a.waiter, &bytes), 1);
	cr_assert_eq(bytes->n, 5);
	cr_assert_eq(serve_want_ask(w, &other, 0, 0, &a.waiter, &bytes), 0);
	serve_want_cancel(&a.waiter);
	serve_want_free(&w);
	serve_want_free(&w);
}

Test(serve_want, gives_up_in_time)
{
	struct serve_wants *w = serve_want_new();
	struct seen a = {.waiter.done = on_done};
	struct msg_want key = {.kind = MSG_WANT_TILE};
	struct serve_bytes *bytes = NULL;

	cr_assert_eq(serve_want_ask(w, &key, 0, 1000, &a.waiter, &bytes), 0);
	serve_want_expire(w, 999 + SERVE_WANT_TIMEOUT_US);
	cr_assert_eq(a.times, 0);
	serve_want_expire(w, 1000 + SERVE_WANT_TIMEOUT_US);
	cr_assert(a.times == 1 && a.status == MSG_HAVE_ERROR && !a.bytes);
	cr_assert_eq(have(w, 1, MSG_HAVE_OK, true), 0, "late, but no lie");
	cr_assert_eq(serve_want_ask(w, &key, 0, 1000, &a.waiter, &bytes), 0);
	serve_want_cancel(&a.waiter);
	serve_want_free(&w);
}

Test(serve_want, leaves_room_for_others)
{
	static struct seen seen[SERVE_WANTS_USER_MAX + 2];
	struct serve_wants *w = serve_want_new();
	struct serve_bytes *bytes = NULL;
	struct msg_want key = {.kind = MSG_WANT_SEGMENT};

	for (unsigned i = 0; i < SERVE_WANTS_USER_MAX + 2; i++)
		seen[i].waiter.done = on_done;
	for (; key.number < SERVE_WANTS_USER_MAX; key.number++)
		cr_assert_eq(serve_want_ask(w, &key, 3, 0, &seen[key.number].waiter, &bytes), 0);
	cr_assert_eq(serve_want_ask(w, &key, 3, 0, &seen[key.number].waiter, &bytes), -EDQUOT);
	cr_assert_eq(serve_want_ask(w, &key, 4, 0, &seen[key.number].waiter, &bytes), 0);
	/* What another has asked for costs nothing. */
	cr_assert_eq(serve_want_ask(w, &key, 3, 0, &seen[key.number + 1].waiter, &bytes), 0);
	serve_want_expire(w, SERVE_WANT_TIMEOUT_US);
	for (unsigned i = 0; i < SERVE_WANTS_USER_MAX + 2; i++)
		cr_assert_eq(seen[i].times, 1);
	serve_want_free(&w);
}

/* What is of a time costs store more than all else, and is asked for by who types it in. */
Test(serve_want, leaves_room_beside_what_is_of_times)
{
	static struct seen seen[SERVE_WANTS_TIMES_MAX + 4];
	struct serve_wants *w = serve_want_new();
	struct serve_bytes *bytes = NULL;
	struct msg_want key = {.kind = MSG_WANT_LIST, .to_us = 1};
	unsigned n = 0;

	for (unsigned i = 0; i < SERVE_WANTS_TIMES_MAX + 4; i++)
		seen[i].waiter.done = on_done;
	for (; n < SERVE_WANTS_TIMES_MAX; n++, key.from_us--) {
		key.kind = n % 2 ? MSG_WANT_LIST : MSG_WANT_SPANS;
		cr_assert_eq(serve_want_ask(w, &key, 3, 0, &seen[n].waiter, &bytes), 0);
	}
	cr_assert_eq(serve_want_ask(w, &key, 3, 0, &seen[n].waiter, &bytes), -EDQUOT);
	cr_expect_eq(serve_want_ask(w, &key, 4, 0, &seen[n + 1].waiter, &bytes), 0, "of another");
	cr_expect_eq(serve_want_ask(w, &(struct msg_want){.kind = MSG_WANT_PROOF}, 3, 0, &seen[n + 2].waiter, &bytes), 0, "of another kind");
	cr_assert_eq(have(w, 1, MSG_HAVE_NONE, false), 0);
	key.from_us--;
	cr_expect_eq(serve_want_ask(w, &key, 3, 0, &seen[n + 3].waiter, &bytes), 0);
	serve_want_expire(w, SERVE_WANT_TIMEOUT_US);
	serve_want_free(&w);
}

Test(serve_want, is_bounded)
{
	static struct seen seen[SERVE_WANTS_MAX];
	struct serve_wants *w = serve_want_new();
	struct seen late = {.waiter.done = on_done};
	struct serve_bytes *bytes = NULL;

	for (unsigned i = 0; i < SERVE_WANTS_MAX; i++) {
		struct msg_want key = {.kind = MSG_WANT_SEGMENT, .number = i};

		seen[i].waiter.done = on_done;
		cr_assert_eq(serve_want_ask(w, &key, i / SERVE_WANTS_USER_MAX, 0, &seen[i].waiter, &bytes), 0);
	}
	cr_assert_eq(serve_want_ask(w, &(struct msg_want){.kind = MSG_WANT_INIT}, 9, 0, &late.waiter, &bytes), -ENOBUFS);
	for (unsigned i = 0; i < SERVE_WANTS_MAX; i++)
		cr_assert_eq(have(w, i + 1, i % 2 ? MSG_HAVE_NONE : MSG_HAVE_GONE, false), 0);
	for (unsigned i = 0; i < SERVE_WANTS_MAX; i++)
		cr_assert(seen[i].times == 1 && seen[i].status == (i % 2 ? MSG_HAVE_NONE : MSG_HAVE_GONE));
	serve_want_free(&w);
}

Test(serve_want, keeps_a_bounded_number_of_answers)
{
	struct serve_wants *w = serve_want_new();
	struct seen a = {.waiter.done = on_done};
	struct serve_bytes *bytes = NULL;

	for (unsigned i = 0; i <= SERVE_CACHE_MAX; i++) {
		struct msg_want key = {.kind = MSG_WANT_SEGMENT, .number = i};

		cr_assert_eq(serve_want_ask(w, &key, 0, 0, &a.waiter, &bytes), 0);
		cr_assert_eq(have(w, i + 1, MSG_HAVE_OK, true), 0);
	}
	cr_assert_eq(serve_want_ask(w, &(struct msg_want){.kind = MSG_WANT_SEGMENT, .number = 1}, 0, 0, &a.waiter, &bytes), 1);
	cr_assert_eq(serve_want_ask(w, &(struct msg_want){.kind = MSG_WANT_SEGMENT, .number = 0}, 0, 0, &a.waiter, &bytes), 0);
	serve_want_cancel(&a.waiter);
	serve_want_free(&w);
}

Test(serve_want, refuses_answers_that_cannot_be)
{
	struct serve_wants *w = serve_want_new();
	struct seen a = {.waiter.done = on_done};
	struct serve_bytes *bytes = NULL;

	cr_assert_eq(serve_want_ask(w, &(struct msg_want){.kind = MSG_WANT_TILE}, 0, 0, &a.waiter, &bytes), 0);
	cr_assert_eq(have(w, 1, MSG_HAVE_OK, false), -EBADMSG);
	cr_assert_eq(have(w, 1, MSG_HAVE_NONE, true), -EBADMSG);
	cr_assert_eq(have(w, 1, MSG_HAVE_ERROR + 1, false), -EBADMSG);
	cr_assert_eq(a.times, 0);
	serve_want_cancel(&a.waiter);
	serve_want_free(&w);
}
