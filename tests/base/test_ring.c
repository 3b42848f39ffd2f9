/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/ring.h"

static struct ring producer, consumer;
static struct buf got;

static void setup(void)
{
	int fd;

	cr_assert_eq(ring_create(RING_MIN, &fd), 0);
	cr_assert_eq(ring_open(&producer, fd, -1), 0);
	cr_assert_eq(ring_open(&consumer, fd, -1), 0);
	close(fd);
	buf_init(&got, RING_MAX);
}

static void teardown(void)
{
	ring_close(&producer);
	ring_close(&consumer);
	buf_free(&got);
}

TestSuite(ring, .init = setup, .fini = teardown);

static int put(const void *p, size_t n)
{
	return ring_put(&producer, &(struct iovec){(void *)p, n}, 1);
}

Test(ring, carries_records_over_the_wrap_in_order)
{
	static uint8_t bytes[9001];
	unsigned sent = 0, taken = 0;

	while (taken < 1000) {
		while (sent < 1000) {
			memset(bytes, (int)(sent & 255), sizeof bytes);
			if (put(bytes, 1 + sent * 37 % 9000))
				break;
			sent++;
		}
		cr_assert_eq(ring_get(&consumer, &got), 1);
		cr_assert_eq(got.len, 1 + taken * 37 % 9000);
		for (size_t i = 0; i < got.len; i++)
			cr_assert_eq(buf_data(&got)[i], taken & 255);
		taken++;
	}
	cr_assert_eq(ring_get(&consumer, &got), 0);
	cr_assert_eq(ring_backlog(&producer), 0);
}

Test(ring, that_is_kept_empty_uses_the_same_bytes_again)
{
	static uint8_t bytes[1000];

	for (int i = 0; i < 1000; i++) {
		memset(bytes, i & 127, sizeof bytes);
		cr_assert_eq(put(bytes, sizeof bytes), 0);
		cr_assert_eq(put("second", 6), 0);
		cr_assert_eq(ring_get(&consumer, &got), 1);
		cr_assert(got.len == sizeof bytes && !memcmp(buf_data(&got), bytes, sizeof bytes));
		cr_assert_eq(ring_get(&consumer, &got), 1);
		cr_assert(got.len == 6 && !memcmp(buf_data(&got), "second", 6));
	}
	for (size_t i = 4096 + 1024; i < 4096 + RING_MIN; i++)
		cr_assert_eq(producer.map[i], 0, "byte %zu", i);
}

Test(ring, a_base_that_cannot_be_shows_other_bytes_of_the_ring_and_no_more)
{
	static const uint64_t bases[] = {1, 7, 8, RING_MIN - 1, RING_MIN, UINT64_MAX, 1ull << 63};

	for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
		cr_assert_eq(put("x", 1), 0);
		*(uint64_t *)(void *)(producer.map + 8) = bases[i];
		if (ring_get(&consumer, &got) != 1)
			consumer.mine = producer.mine;
		cr_assert_leq(got.len, ring_record_max(&consumer));
		*(uint64_t *)(void *)(producer.map + 64) = producer.mine;
	}
}

Test(ring, both_sides_agree_on_what_waits)
{
	cr_assert_eq(ring_waiting(&consumer), 0);
	cr_assert_eq(put("123456789", 9), 0);
	cr_assert_eq(ring_waiting(&consumer), 16);
	cr_assert_eq(ring_waiting(&consumer), ring_backlog(&producer));
	*(uint64_t *)(void *)producer.map = UINT64_MAX;
	cr_assert_eq(ring_waiting(&consumer), RING_MIN);
}

Test(ring, gathers_pieces_into_one_record)
{
	struct iovec v[3] = {{(void *)"ab", 2}, {NULL, 0}, {(void *)"cde", 3}};

	cr_assert_eq(ring_put(&producer, v, 3), 0);
	cr_assert_eq(ring_get(&consumer, &got), 1);
	cr_assert(got.len == 5 && !memcmp(buf_data(&got), "abcde", 5));
}

Test(ring, shows_a_record_in_place_until_it_is_done_with)
{
	static uint8_t bytes[9001], out[sizeof bytes];
	struct iovec v[2];
	size_t len;

	for (unsigned i = 0; i < 500; i++) {
		size_t n = 1 + i * 37 % 9000, from = i % n;
		int pieces;

		memset(bytes, (int)(i & 255), sizeof bytes);
		bytes[from] = 'x';
		cr_assert_eq(put("kept", 4), 0);  /* so that the ring never begins anew */
		cr_assert_eq(put(bytes, n), 0);
		cr_assert_eq(ring_get(&consumer, &got), 1);
		cr_assert(ring_look(&consumer, &len) == 1 && len == n);
		cr_assert(ring_look(&consumer, &len) == 1 && len == n);
		ring_copy(&consumer, from, out, n - from);
		cr_assert_eq(memcmp(out, bytes + from, n - from), 0);
		pieces = ring_pieces(&consumer, from, v);
		cr_assert_eq(v[0].iov_len + (pieces == 2 ? v[1].iov_len : 0), n - from);
		cr_assert_eq(*(uint8_t *)v[0].iov_base, 'x');
		for (int k = 0; k < pieces; k++)
			for (size_t j = k == 0; j < v[k].iov_len; j++)
				cr_assert_eq(((uint8_t *)v[k].iov_base)[j], i & 255);
		ring_done(&consumer);
	}
	cr_assert_eq(ring_look(&consumer, &len), 0);
	*(uint64_t *)(void *)producer.map = UINT64_MAX;
	cr_assert_eq(ring_look(&consumer, &len), -EBADMSG);
}

Test(ring, full_refuses_and_counts_and_never_blocks)
{
	static uint8_t bytes[16000];

	for (int i = 0; i < 4; i++)
		cr_assert_eq(put(bytes, sizeof bytes), 0);
	cr_assert_eq(put(bytes, sizeof bytes), -ENOBUFS);
	cr_assert_eq(producer.dropped, 1);
	cr_assert_eq(put(bytes, 16385), -EMSGSIZE);
}

Test(ring, a_lying_producer_is_told_apart)
{
	static const uint64_t heads[] = {1, 7, 4, RING_MIN + 8, UINT64_MAX - 7, 1ull << 63};

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		*(uint64_t *)(void *)producer.map = heads[i];
		cr_assert_eq(ring_get(&consumer, &got), -EBADMSG, "head %zu", i);
	}
	*(uint64_t *)(void *)producer.map = 8;
	*(uint32_t *)(void *)(producer.map + 4096) = 5;
	cr_assert_eq(ring_get(&consumer, &got), -EBADMSG, "length past the head");
	*(uint32_t *)(void *)(producer.map + 4096) = UINT32_MAX;
	cr_assert_eq(ring_get(&consumer, &got), -EBADMSG, "length past the ring");
}

Test(ring, a_lying_consumer_only_makes_the_producer_drop)
{
	*(uint64_t *)(void *)(producer.map + 64) = 1ull << 62;
	cr_assert_eq(put("x", 1), -ENOBUFS);
	cr_assert_eq(ring_backlog(&producer), RING_MIN);
}

Test(ring, refuses_what_is_no_ring)
{
	struct ring r;
	int fd = memfd_create("t", 0);

	cr_assert_eq(ring_open(&r, fd, -1), -EINVAL);
	cr_assert_eq(ftruncate(fd, 4096 + RING_MIN + 1), 0);
	cr_assert_eq(ring_open(&r, fd, -1), -EINVAL);
	close(fd);
	cr_assert_eq(ring_create(RING_MIN + 1, &fd), -EINVAL);
	cr_assert_eq(ring_create(RING_MAX * 2ul, &fd), -EINVAL);
	cr_assert_eq(ring_create(RING_MIN, &fd), 0);
	cr_assert_eq(ftruncate(fd, 0), -1, "its size is sealed");
	close(fd);
}

Test(ring, tells_a_third_how_far_both_are)
{
	static uint8_t twelve[12];
	uint64_t put_bytes, taken;
	struct ring a, b;
	int fd;

	cr_assert_eq(ring_create(RING_MIN, &fd), 0);
	cr_assert_eq(ring_open(&a, fd, -1), 0);
	cr_assert_eq(ring_open(&b, fd, -1), 0);
	cr_assert_eq(ring_progress(fd, &put_bytes, &taken), 0);
	cr_assert(put_bytes == 0 && taken == 0);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(ring_put(&a, &(struct iovec){twelve, sizeof twelve}, 1), 0);
	cr_assert_eq(ring_get(&b, &got), 1);
	cr_assert_eq(ring_progress(fd, &put_bytes, &taken), 0);
	cr_assert(put_bytes == 32 && taken == 16);
	close(fd);
	cr_assert_lt(ring_progress(fd, &put_bytes, &taken), 0);
	ring_close(&a);
	ring_close(&b);
}

/* --- the doorbell ----------------------------------------------------------------------- */

static int full_bell;

static void empty_it(int sig)
{
	uint64_t count;

	cr_assert_eq(read(full_bell, &count, sizeof count), sizeof count);
}

/* It waits, for its counter is full; the signal makes room, and interrupts it. */
Test(ring, a_ring_that_is_interrupted_is_not_lost, .timeout = 10)
{
	struct sigaction action = {.sa_handler = empty_it};  /* without SA_RESTART */
	uint64_t full = UINT64_MAX - 1, count;

	full_bell = eventfd(0, EFD_CLOEXEC);
	cr_assert_eq(write(full_bell, &full, sizeof full), sizeof full);
	cr_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
	cr_assert_eq(setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 20000}, NULL), 0);
	ring_doorbell(full_bell);
	cr_assert_eq(read(full_bell, &count, sizeof count), sizeof count);
	cr_expect_eq(count, 1);
	close(full_bell);
}

Test(ring, a_bell_that_is_full_makes_nobody_wait)
{
	int bell[2];
	char byte;

	cr_assert_eq(pipe2(bell, O_CLOEXEC | O_NONBLOCK), 0);
	for (int i = 0; i < 100000; i++)
		ring_doorbell(bell[1]);
	cr_expect_eq(read(bell[0], &byte, 1), 1);
	close(bell[0]);
	close(bell[1]);
}
