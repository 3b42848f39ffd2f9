/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to a camera by itself, plain and encrypted, and its datagrams: unsealed, so that sanitizers can look on. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "server/ingest_link.h"
#include "server/ingest_udp.h"

#define MUCH (3u << 20)
#define GREEDY 1000

static struct event_base *base;
static struct ingest_tls_contexts shared;
static struct ingest_tls tls;
static struct ingest_link near_end;
static struct { unsigned up, broken, turns; size_t got; bool over, close_when_up, greedy; uint8_t sum; } seen;
static int far_end = -1;
static SSL *far_tls;

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	near_end = (struct ingest_link)INGEST_LINK_NONE;
	memset(&seen, 0, sizeof seen);
	cr_assert_not_null(base);
}

static void teardown(void)
{
	ingest_link_close(&near_end);
	SSL_free(far_tls);
	if (far_end >= 0)
		close(far_end);
	ingest_tls_free(&tls);
	ingest_tls_contexts_free(&shared);
	event_base_free(base);
}

TestSuite(ingest_link, .init = setup, .fini = teardown, .timeout = 60);

static void on_news(void *ctx, enum ingest_link_news what)
{
	static uint8_t bytes[65536];
	ssize_t n;

	switch (what) {
	case INGEST_LINK_UP:
		seen.up++;
		if (seen.close_when_up)
			ingest_link_close(&near_end);
		break;
	case INGEST_LINK_READABLE:
		if (seen.greedy) {
			if (++seen.turns < GREEDY)
				ingest_link_again(&near_end);
			break;
		}
		n = ingest_link_read(&near_end, bytes, sizeof bytes);
		for (ssize_t i = 0; i < n; i++)
			seen.sum = (uint8_t)(seen.sum * 31 + bytes[i]);
		seen.got += n > 0 ? (size_t)n : 0;
		seen.over |= n == 0 || n == -EPIPE;
		if (seen.over)
			ingest_link_close(&near_end);
		else if (n == sizeof bytes)
			ingest_link_again(&near_end);
		break;
	case INGEST_LINK_BROKEN:
		seen.broken++;
		break;
	}
}

static void turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

/* The camera's end, with a certificate of its own if it is encrypted; how: whom the near end believes. */
static void begin(enum site_tls how, bool right)
{
	struct msg_ingest_camera m = {.tls = (uint8_t)how, .host = "192.0.2.1:322"};
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	far_end = pair[0];
	if (how != SITE_TLS_NONE) {
		EVP_PKEY *key = EVP_EC_gen("P-256");
		X509 *x = X509_new();
		SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

		X509_gmtime_adj(X509_getm_notBefore(x), 0);
		X509_gmtime_adj(X509_getm_notAfter(x), 1000);
		cr_assert(X509_set_pubkey(x, key) && X509_sign(x, key, EVP_sha256()));
		cr_assert(X509_digest(x, EVP_sha256(), m.fingerprint, NULL));
		m.fingerprint[0] ^= !right;
		cr_assert(SSL_CTX_use_certificate(ctx, x) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1);
		SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
		far_tls = SSL_new(ctx);
		SSL_set_fd(far_tls, far_end);
		SSL_set_accept_state(far_tls);
		SSL_CTX_free(ctx);
		X509_free(x);
		EVP_PKEY_free(key);
	}
	cr_assert_eq(ingest_tls_init(&tls, &m, -1, &shared), 0);
	cr_assert_eq(ingest_link_open(&near_end, base, pair[1], &tls, on_news, NULL), 0);
}

/* Until the near end is up, broken or closed. */
static void shake(void)
{
	for (int i = 0; i < 1000 && !seen.up && !seen.broken; i++) {
		if (far_tls)
			SSL_do_handshake(far_tls);
		turn();
	}
	ERR_clear_error();
}

static ssize_t far_write(const uint8_t *p, size_t n)
{
	return far_tls ? SSL_write(far_tls, p, (int)n) : send(far_end, p, n, MSG_DONTWAIT);
}

static ssize_t far_read(uint8_t *p, size_t n)
{
	return far_tls ? SSL_read(far_tls, p, (int)n) : recv(far_end, p, n, MSG_DONTWAIT);
}

static void carries_much(enum site_tls how)
{
	uint8_t *bytes = malloc(MUCH), *back = malloc(MUCH), sum = 0;
	size_t sent = 0, got = 0;
	struct buf out;

	begin(how, true);
	shake();
	cr_assert(seen.up == 1 && !seen.broken);
	for (size_t i = 0; i < MUCH; i++) {
		bytes[i] = (uint8_t)(i * 7 + i / 1000);
		sum = (uint8_t)(sum * 31 + bytes[i]);
	}
	buf_init(&out, MUCH);
	cr_assert_eq(buf_append(&out, bytes, MUCH), 0);
	cr_assert(ingest_link_write(&near_end, &out));
	while (sent < MUCH || got < MUCH || seen.got < MUCH) {
		ssize_t n = sent < MUCH ? far_write(bytes + sent, MUCH - sent < 50000 ? MUCH - sent : 50000) : 0;
		ssize_t k = got < MUCH ? far_read(back + got, MUCH - got) : 0;

		sent += n > 0 ? (size_t)n : 0;
		got += k > 0 ? (size_t)k : 0;
		turn();
	}
	cr_expect(seen.got == MUCH && seen.sum == sum, "what came is not what was sent");
	cr_expect(!memcmp(bytes, back, MUCH) && out.len == 0);
	shutdown(far_end, SHUT_RDWR);
	for (int i = 0; i < 100 && !seen.over; i++)
		turn();
	cr_expect(seen.over && near_end.fd < 0);
	buf_free(&out);
	free(bytes);
	free(back);
}

Test(ingest_link, carries_much_both_ways)
{
	carries_much(SITE_TLS_NONE);
}

Test(ingest_link, carries_much_both_ways_encrypted)
{
	carries_much(SITE_TLS_FINGERPRINT);
}

Test(ingest_link, sees_an_end_that_comes_with_the_last_bytes)
{
	begin(SITE_TLS_NONE, true);
	cr_assert_eq(far_write((const uint8_t *)"last", 4), 4);
	close(far_end);
	far_end = -1;
	for (int i = 0; i < 10 && !seen.over; i++)
		turn();
	cr_expect(seen.got == 4 && seen.over);
}

/* With more to read at any time, as of a camera that sends faster than it is read: once in each round of the loop, not for ever. */
static void leaves_others_their_turn(enum site_tls how)
{
	begin(how, true);
	shake();
	cr_assert_eq(seen.up, 1);
	turn();
	seen.greedy = true;
	cr_assert_eq(far_write((const uint8_t *)"x", 1), 1);
	for (int i = 0; i < 5; i++)
		event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	cr_expect(seen.turns >= 4 && seen.turns <= 10, "%u", seen.turns);
}

Test(ingest_link, leaves_others_their_turn)
{
	leaves_others_their_turn(SITE_TLS_NONE);
}

Test(ingest_link, leaves_others_their_turn_encrypted)
{
	leaves_others_their_turn(SITE_TLS_FINGERPRINT);
}

Test(ingest_link, is_broken_by_another_certificate_and_may_be_closed_at_any_news)
{
	char text[INGEST_TLS_TEXT];

	begin(SITE_TLS_FINGERPRINT, false);
	shake();
	cr_assert(seen.broken == 1 && !seen.up);
	cr_expect_eq(ingest_link_why(&near_end, text), GAP_CERTIFICATE);
	cr_expect(strstr(text, "sha256:") && strlen(text) < INGEST_TLS_TEXT - 1, "%s", text);
	teardown();
	far_tls = NULL;
	far_end = -1;
	setup();
	seen.close_when_up = true;
	begin(SITE_TLS_UNVERIFIED, true);
	shake();
	cr_expect(seen.up == 1 && near_end.fd < 0);
}

/* Datagrams */

static struct ingest_udp udp;
static unsigned packets, reports, pauses;
static size_t largest;

static bool on_packet(void *ctx, unsigned track, bool rtcp, const uint8_t *p, size_t n, struct ingest_now t)
{
	bool last = n && p[n - 1] == '!';

	cr_expect_eq(track, 1);
	*(rtcp ? &reports : &packets) += 1;
	largest = n > largest ? n : largest;
	if (last)
		ingest_udp_close(&udp);
	return !last;
}

static void on_pause(void *ctx)
{
	pauses++;
}

Test(ingest_link, datagrams_come_in_batches_of_any_size)
{
	struct ingest_udp_batch *batch = ingest_udp_batch_new();
	static uint8_t large[60000];
	int rtp[2], rtcp[2];

	cr_assert(batch && socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, rtp) == 0 &&
		  socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, rtcp) == 0);
	udp = (struct ingest_udp){.track = 1, .batch = batch, .packet = on_packet, .pause = on_pause};
	cr_assert_eq(ingest_udp_open(&udp, base, (int[]){rtp[0], rtcp[0]}), 0);
	for (int i = 0; i < 200; i++) {
		if (send(rtp[1], "packet", 6, 0) < 0)
			turn();
		else
			largest++;
	}
	turn();
	cr_expect_eq(packets, largest, "%u of %zu", packets, largest);
	cr_expect_gt(pauses, 0);
	cr_assert_eq(send(rtp[1], large, sizeof large, 0), (ssize_t)sizeof large);
	cr_assert_eq(send(rtp[1], "", 0, 0), 0);
	cr_assert_eq(send(rtcp[1], "report", 6, 0), 6);
	turn();
	cr_expect(largest == sizeof large && reports == 1);
	ingest_udp_report(&udp, (const uint8_t *)"back", 4);
	cr_expect_eq(recv(rtcp[1], large, sizeof large, 0), 8, "the knock");
	cr_expect_eq(recv(rtcp[1], large, sizeof large, 0), 4);
	cr_assert_eq(send(rtp[1], "end!", 4, 0), 4);
	cr_assert_eq(send(rtp[1], "more", 4, 0), 4);
	packets = 0;
	turn();
	cr_expect(packets == 1 && udp.fd[0] < 0, "nothing after the last");
	ingest_udp_report(&udp, (const uint8_t *)"back", 4);
	ingest_udp_batch_free(&batch);
	close(rtp[1]);
	close(rtcp[1]);
}
