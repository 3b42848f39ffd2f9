/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The certificate of a running serve is replaced: new handshakes get the new one, nobody who is connected is dropped. */
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
