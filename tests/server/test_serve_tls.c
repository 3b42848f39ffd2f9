/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The certificate of a running serve is replaced: new handshakes get the new one, nobody who is connected is dropped. What is spoken is
 * what both sides say that they speak, or nothing.
 */
#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <time.h>

#include "tests/server/serve_world.h"
#include "tests/server/viewer.h"

static struct world world;
static struct viewer viewer;
static struct response got;

static void start(void)
{
	world_start(&world, 1);
	cr_assert(viewer_open(&viewer, world.base, world.port[0], 0));
}

static void stop(void)
{
	response_free(&got);
	viewer_close(&viewer);
	world_stop(&world);
}

static long serial_of(const struct viewer *v)
{
	X509 *cert = SSL_get1_peer_certificate(v->ssl);
	long serial = ASN1_INTEGER_get(X509_get0_serialNumber(cert));

	X509_free(cert);
	return serial;
}

/* What the next viewer is shown. */
static long serial_shown(void)
{
	struct viewer v;
	long serial;

	cr_assert(viewer_open(&v, world.base, world.port[0], 0), "a handshake is refused");
	serial = serial_of(&v);
	viewer_close(&v);
	return serial;
}

static void wait_until_shown(long serial)
{
	time_t until = time(NULL) + VIEWER_PATIENCE_S;

	while (serial_shown() != serial)
		cr_assert_lt(time(NULL), until, "certificate %ld is never shown", serial);
}

TestSuite(serve_tls, .init = start, .fini = stop, .timeout = 60);

Test(serve_tls, certificate_is_replaced_and_nobody_dropped)
{
	viewer_get(&viewer, "/login", "", &got);
	cr_assert_eq(got.status, 200);
	for (long serial = 2; serial < 6; serial++) {
		world_certificate(&world, serial, true);
		wait_until_shown(serial);
		viewer_get(&viewer, "/login", "", &got);
		cr_assert_eq(got.status, 200);
		cr_assert_eq(serial_of(&viewer), 1);
	}
}

Test(serve_tls, certificate_is_replaced_amid_a_request)
{
	static const char half[] = "GET /login HTTP/1.1\r\nHo", rest[] = "st: localhost\r\n\r\n";

	viewer_send(&viewer, half, sizeof half - 1);
	world_certificate(&world, 2, true);
	wait_until_shown(2);
	viewer_send(&viewer, rest, sizeof rest - 1);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
}

Test(serve_tls, certificate_that_cannot_be_used_replaces_nothing)
{
	world_certificate(&world, 2, false);
	world_certificate(&world, 3, true);
	for (long serial = 0; serial != 3;) {
		serial = serial_shown();
		cr_assert(serial == 1 || serial == 3, "certificate %ld", serial);
	}
	viewer_get(&viewer, "/login", "", &got);
	cr_assert_eq(got.status, 200);
}

/* What a client that offers these is given, "" for nothing chosen, or "refused". */
static const char *chosen(uint16_t port, const char *offered)
{
	static char name[32];
	const unsigned char *p;
	struct viewer v;
	unsigned n;

	if (!(*offered ? viewer_open_offering(&v, world.base, port, offered) : viewer_open(&v, world.base, port, 0)))
		return "refused";
	SSL_get0_alpn_selected(v.ssl, &p, &n);
	snprintf(name, sizeof name, "%.*s", (int)n, (const char *)p);
	viewer_close(&v);
	return name;
}

Test(serve_tls, what_is_spoken_is_what_both_speak)
{
	static const struct { const char *offered, *by_https, *by_rtsps; } cases[] = {
		{"", "", ""},
		{"\x08http/1.1", "http/1.1", "refused"},
		{"\x02h2", "h2", "refused"},
		{"\x08http/1.1\x02h2", "h2", "refused"},
		{"\x02h3\x02h2", "h2", "refused"},
		{"\x02h3", "refused", "refused"},
		{"\x01h", "refused", "refused"},
		{"\x04rtsp", "refused", "refused"},
	};
	uint16_t rtsps = world_listen(&world, LISTENER_RTSPS);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect_str_eq(chosen(world.port[0], cases[i].offered), cases[i].by_https, "case %zu", i);
		cr_expect_str_eq(chosen(rtsps, cases[i].offered), cases[i].by_rtsps, "case %zu", i);
	}
}
