/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports for media, as the parent opens them for an ingest, which is this test. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "server/parent.h"

static struct site site;
static struct site_camera site_camera[2];
static struct parent p;
static struct child child;
static struct camera_live camera[2];
static struct channel *ingest;

static struct {
	struct msg_udp_opened opened;
	struct msg_udp_connected connected;
	int fd[2];
} heard;

static void on_opened(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	heard.opened = m->udp_opened;
}

static void on_connected(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	heard.connected = m->udp_connected;
	for (int i = 0; i < 2; i++) {
		heard.fd[i] = fds[i];
		fds[i] = -1;
	}
}

static const struct channel_answer answers[] = {{MSG_UDP_OPENED, on_opened}, {MSG_UDP_CONNECTED, on_connected}, {MSG_NONE, NULL}};

static void setup(void)
{
	struct channel_ends mine = {.me = ROLE_INGEST, .peer = ROLE_PARENT, .answers = answers};
	struct channel_ends parents = {.me = ROLE_PARENT, .peer = ROLE_INGEST, .answers = parent_answers, .ctx = &child};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(554), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(554), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int pair[2];

	memcpy(&site_camera[0].address, &v4, sizeof v4);
	memcpy(&site_camera[1].address, &v6, sizeof v6);
	site = (struct site){.camera = site_camera, .ncameras = 2, .ingest_processes = 1};
	p = (struct parent){.site = &site, .base = event_base_new(), .child = &child, .nchildren = 1, .camera = camera};
	for (unsigned i = 0; i < 2; i++)
		camera[i] = (struct camera_live){.parent = &p, .index = i, .dial = {{.fd = -1}, {.fd = -1}}, .udp = {{.fd = {-1, -1}}, {.fd = {-1, -1}}}};
	cr_assert_eq(channel_pair(pair), 0);
	child = (struct child){.parent = &p, .kind = ROLE_INGEST, .phase = CHILD_READY, .log_fd = -1, .channel = channel_new(p.base, pair[0], &parents)};
	ingest = channel_new(NULL, pair[1], &mine);
	cr_assert(child.channel && ingest);
	memset(&heard, 0, sizeof heard);
	heard.fd[0] = heard.fd[1] = -1;
}

static void close_heard(void)
{
	for (int i = 0; i < 2; i++) {
		if (heard.fd[i] >= 0)
			close(heard.fd[i]);
		heard.fd[i] = -1;
	}
}

static void teardown(void)
{
	close_heard();
	for (unsigned i = 0; i < 2; i++)
		parent_udp_close(&p, i);
	channel_free(&ingest);
	channel_free(&child.channel);
	event_base_free(p.base);
}

TestSuite(parent_udp, .init = setup, .fini = teardown, .timeout = 30);

static void hear(void)
{
	enum msg_type type;

	cr_assert_eq(channel_wait(ingest, &type), 0);
}

static uint16_t open_ports(unsigned of, unsigned track)
{
	camera[of].udp[track].last_us = 0;
	parent_udp_open(&p, of, track);
	hear();
	cr_assert_eq(heard.opened.error, 0, "%s", strerror(heard.opened.error));
	cr_assert(heard.opened.camera == of && heard.opened.track == track);
	return heard.opened.port;
}

static int connect_ports(unsigned of, unsigned track, uint16_t rtp, uint16_t rtcp)
{
	close_heard();
	parent_udp_connect(&p, of, track, rtp, rtcp);
	hear();
	cr_assert(heard.connected.camera == of && heard.connected.track == track);
	cr_assert_eq(heard.connected.error == 0, heard.fd[0] >= 0 && heard.fd[1] >= 0);
	return heard.connected.error;
}

/* A socket of the loopback net; *port 0: any. */
static int udp(const char *address, uint16_t *port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(*port)};
	socklen_t n = sizeof v4;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &v4.sin_addr);
	if (bind(fd, (struct sockaddr *)&v4, n) < 0) {
		close(fd);
		return -1;
	}
	getsockname(fd, (struct sockaddr *)&v4, &n);
	*port = ntohs(v4.sin_port);
	return fd;
}

static void say(int fd, uint16_t port, const char *text)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};

	cr_assert_eq(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof to), (ssize_t)strlen(text));
}

/* The next packet, "" when there is none; on loopback what was sent has arrived. */
static const char *next(int fd)
{
	static char text[64];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = 0;
	return text;
}

Test(parent_udp, opens_an_even_port_and_the_next)
{
	for (unsigned track = 0; track < 2; track++) {
		uint16_t port = open_ports(0, track);

		cr_expect(port >= 1024 && port % 2 == 0);
		for (uint16_t i = 0; i < 2; i++) {
			uint16_t again = port + i;

			cr_expect_lt(udp("0.0.0.0", &again), 0);
		}
	}
}

Test(parent_udp, hears_its_camera_and_nobody_else)
{
	uint16_t rtp = 0, rtcp = 0, other = 0, elsewhere = 0, port = open_ports(0, 0);
	int from_rtp = udp("127.0.0.1", &rtp), from_rtcp = udp("127.0.0.1", &rtcp), from_other = udp("127.0.0.1", &other);
	int from_elsewhere = udp("127.0.0.9", &elsewhere);

	cr_assert(from_rtp >= 0 && from_rtcp >= 0 && from_other >= 0 && from_elsewhere >= 0);
	for (uint16_t i = 0; i < 2; i++) {
		say(from_elsewhere, port + i, "early, from elsewhere");
		say(from_other, port + i, "early, another port");
		say(from_rtp, port + i, "early");
	}
	cr_assert_eq(connect_ports(0, 0, rtp, rtcp), 0);
	for (uint16_t i = 0; i < 2; i++) {
		say(from_elsewhere, port + i, "from elsewhere");
		say(from_other, port + i, "another port");
	}
	say(from_rtcp, port, "RTCP's port to RTP");
	say(from_rtp, port, "media");
	say(from_rtcp, port + 1, "report");
	cr_expect_str_eq(next(heard.fd[0]), "media");
	cr_expect_str_eq(next(heard.fd[0]), "");
	cr_expect_str_eq(next(heard.fd[1]), "report");
	cr_expect_str_eq(next(heard.fd[1]), "");
	cr_expect_eq(send(heard.fd[1], "back", 4, 0), 4);
	cr_expect_str_eq(next(from_rtcp), "back");
	cr_expect(fcntl(heard.fd[0], F_GETFL) & O_NONBLOCK);
	close(from_rtp);
	close(from_rtcp);
	close(from_other);
	close(from_elsewhere);
}

Test(parent_udp, talks_to_no_service_under_the_name_of_media)
{
	open_ports(0, 0);
	cr_expect_eq(connect_ports(0, 0, 53, 5000), EACCES);
	open_ports(0, 0);
	cr_expect_eq(connect_ports(0, 0, 5000, 1023), EACCES);
	cr_expect_eq(connect_ports(0, 0, 5000, 5001), EBADF, "the pair went with the failure");
	cr_expect_eq(connect_ports(0, 1, 5000, 5001), EBADF, "never opened");
}

Test(parent_udp, speaks_the_next_protocol_too)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool there = fd >= 0 && bind(fd, (struct sockaddr *)&v6, sizeof v6) == 0;

	if (fd >= 0)
		close(fd);
	if (!there)
		cr_skip_test("this machine has no IPv6");
	cr_expect_eq(open_ports(1, 1) % 2, 0);
	cr_expect_eq(connect_ports(1, 1, 5000, 5001), 0);
}

Test(parent_udp, is_not_to_be_hurried)
{
	open_ports(0, 0);
	parent_udp_open(&p, 0, 0);
	hear();
	cr_expect_eq(heard.opened.error, EAGAIN);
	parent_udp_open(&p, 0, 1);
	hear();
	cr_expect_eq(heard.opened.error, 0);
}

Test(parent_udp, closes_what_is_not_wanted_any_more)
{
	uint16_t port = open_ports(0, 0), other = open_ports(0, 1);
	int fd;

	parent_udp_close(&p, 0);
	fd = udp("0.0.0.0", &port);
	cr_expect_geq(fd, 0);
	close(fd);
	fd = udp("0.0.0.0", &other);
	cr_expect_geq(fd, 0);
	close(fd);
	parent_udp_close(&p, 0);
}
