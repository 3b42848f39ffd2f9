/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of serve that need no process of their own and have no file of theirs: sessions, shared bytes, replies, addresses. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "server/serve_address.h"
#include "server/serve_reply.h"
#include "server/serve_session.h"

static void hash_of(const void *p, size_t n, uint8_t ret[32])
{
	cr_assert_eq(EVP_Digest(p, n, ret, NULL, EVP_sha256(), NULL), 1);
}

static void number_hash(unsigned i, uint8_t ret[32])
{
	hash_of(&i, sizeof i, ret);
}

Test(serve_session, ends_in_time)
{
	struct serve_sessions *s = serve_session_new();
	uint8_t h[32];

	number_hash(1, h);
	cr_assert_eq(serve_session_find(s, h, 0), -ENOENT);
	cr_assert_eq(serve_session_add(s, h, 7, 1000), 0);
	cr_assert_eq(serve_session_find(s, h, 999), 7);
	cr_assert_eq(serve_session_add(s, h, 7, 2000), 0);
	cr_assert_eq(serve_session_find(s, h, 1999), 7);
	cr_assert_eq(serve_session_find(s, h, 2000), -ENOENT);
	cr_assert_eq(serve_session_find(s, h, 0), -ENOENT);
	serve_session_free(&s);
	serve_session_free(&s);
}

Test(serve_session, is_over_when_it_is_ended)
{
	struct serve_sessions *s = serve_session_new();
	uint8_t h[32];

	number_hash(1, h);
	serve_session_end(s, h);
	serve_session_add(s, h, 7, 1000);
	serve_session_end(s, h);
	cr_assert_eq(serve_session_find(s, h, 0), -ENOENT);
	serve_session_free(&s);
}

Test(serve_session, pushes_out_the_first_to_end_when_full)
{
	struct serve_sessions *s = serve_session_new();
	uint8_t h[32];

	for (unsigned i = 0; i <= SERVE_SESSIONS_MAX; i++) {
		number_hash(i, h);
		cr_assert_eq(serve_session_add(s, h, i, 1000 + i), 0);
	}
	number_hash(0, h);
	cr_assert_eq(serve_session_find(s, h, 0), -ENOENT);
	number_hash(1, h);
	cr_assert_eq(serve_session_find(s, h, 0), 1);
	number_hash(SERVE_SESSIONS_MAX, h);
	cr_assert_eq(serve_session_find(s, h, 0), SERVE_SESSIONS_MAX);
	serve_session_free(&s);
}

Test(serve_bytes, maps_only_what_cannot_change)
{
	static const int seals[] = {0, F_SEAL_WRITE, F_SEAL_WRITE | F_SEAL_SHRINK, F_SEAL_SHRINK | F_SEAL_GROW, F_SEAL_WRITE | F_SEAL_GROW};
	struct serve_bytes *b = NULL;
	uint8_t h[32];
	int fd;

	hash_of("abc", 3, h);
	for (size_t i = 0; i < sizeof seals / sizeof *seals; i++) {
		fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		cr_assert(fd >= 0 && io_write_all(fd, "abc", 3) == 0 && fcntl(fd, F_ADD_SEALS, seals[i]) == 0);
		cr_assert_eq(serve_bytes_map(fd, 3, h, &b), -EPERM, "seals %#x", (unsigned)seals[i]);
		close(fd);
	}
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cr_assert_eq(serve_bytes_map(fd, 3, h, &b), -EPERM);
	close(fd);
	cr_assert_eq(io_seal_bytes("test", "abc", 3, &fd), 0);
	cr_assert_eq(serve_bytes_map(fd, 2, h, &b), -EMSGSIZE);
	cr_assert_eq(serve_bytes_map(fd, 4, h, &b), -EMSGSIZE);
	cr_assert_eq(serve_bytes_map(fd, 0, h, &b), -EMSGSIZE);
	cr_assert_null(b);
	cr_assert_eq(serve_bytes_map(fd, 3, h, &b), 0);
	close(fd);
	cr_assert_eq(memcmp(b->p, "abc", 3), 0);
	cr_assert_str_eq(b->digest, "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:");
	cr_assert_str_eq(b->etag, "\"ba7816bf8f01cfea414140de5dae2223\"");
	cr_assert_eq(serve_bytes_ref(b)->refs, 2);
	serve_bytes_unref(&(struct serve_bytes *){b});
	serve_bytes_unref(&b);
	cr_assert_null(b);
	serve_bytes_unref(&b);
}

static bool head_has(const struct serve_reply *r, const char *text)
{
	struct buf b;
	bool there;

	buf_init(&b, 8192);
	cr_assert_eq(serve_reply_head(&b, r, "now", true), 0);
	there = memmem(buf_data(&b), b.len, text, strlen(text)) != NULL;
	buf_free(&b);
	return there;
}

Test(serve_reply, says_how_long_what_it_sends_is)
{
	struct serve_bytes *b;
	struct serve_reply r = {.status = 200};
	size_t n;

	cr_assert_eq(serve_bytes_copy("0123456789", 10, &b), 0);
	r.bytes = b;
	cr_assert(head_has(&r, "\r\nContent-Length: 10\r\n"));
	r.status = 206;
	r.part = true;
	r.first = 2;
	r.last = 4;
	cr_assert(head_has(&r, "\r\nContent-Length: 3\r\n"));
	cr_assert(head_has(&r, "\r\nContent-Range: bytes 2-4/10\r\n"));
	cr_assert_eq(memcmp(serve_reply_body(&r, &n), "234", 3), 0);
	cr_assert_eq(n, 3);
	r = (struct serve_reply){.status = 304, .bytes = b};
	cr_assert_not(head_has(&r, "\r\nContent-Length"));
	serve_reply_body(&r, &n);
	cr_assert_eq(n, 0);
	r = (struct serve_reply){.status = 404};
	cr_assert(head_has(&r, "\r\nContent-Length: 0\r\n"));
	cr_assert_not(head_has(&r, "\r\nContent-Type"));
	serve_bytes_unref(&b);
}

Test(serve_reply, tells_nothing_that_a_header_cannot_hold)
{
	struct serve_reply r = {.status = 303, .location = "/\r\nSet-Cookie: x"};
	struct buf b;

	buf_init(&b, 8192);
	cr_assert_eq(serve_reply_head(&b, &r, "now", true), -EINVAL);
	buf_free(&b);
}

static uint64_t key_of(const struct serve_addresses *a, int family, const char *text)
{
	struct sockaddr_storage s = {.ss_family = (sa_family_t)family};

	cr_assert_eq(inet_pton(family, text, family == AF_INET ? (void *)&((struct sockaddr_in *)(void *)&s)->sin_addr
							      : (void *)&((struct sockaddr_in6 *)(void *)&s)->sin6_addr), 1);
	return serve_address_of(a, &s);
}

Test(serve_address, counts_by_address_and_by_64)
{
	static struct serve_addresses a;

	cr_assert_eq(serve_address_init(&a), 0);
	cr_assert_eq(key_of(&a, AF_INET, "192.0.2.1"), key_of(&a, AF_INET, "192.0.2.1"));
	cr_assert_neq(key_of(&a, AF_INET, "192.0.2.1"), key_of(&a, AF_INET, "192.0.2.2"));
	cr_assert_eq(key_of(&a, AF_INET6, "2001:db8:1:2::1"), key_of(&a, AF_INET6, "2001:db8:1:2:ffff::2"));
	cr_assert_neq(key_of(&a, AF_INET6, "2001:db8:1:2::1"), key_of(&a, AF_INET6, "2001:db8:1:3::1"));
	cr_assert_eq(key_of(&a, AF_INET6, "::ffff:192.0.2.1"), key_of(&a, AF_INET, "192.0.2.1"));
}
