/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients at the camera's server, driven step by step in one process: no clock is waited for. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/wr.h"
#include "camera/camera.h"
#include "camera/client.h"
#include "net/rtp.h"
#include "net/rtsp_message.h"

#define UNIT_BYTES (200u << 10)

/* A source that is due never: units are given to clients by hand. */
static int starts, asked;

static int start(struct source *s, int64_t media_us)
{
	starts++;
	return 0;
}

static int64_t due_us(const struct source *s)
{
	return INT64_C(1000000000000);
}

static void ask_key(struct source *s)
{
	asked++;
}

static int next(struct source *s, int64_t media_us, int64_t wall_us, struct source_unit *ret)
{
	return -EIO;
}

static void no_free(struct source *s)
{
}

static const struct source_ops ops = {start, due_us, ask_key, next, no_free};
static struct source source = {.ops = &ops, .ntracks = 1};
static struct camera camera;

static void open_camera(void)
{
	static const uint8_t config[] = {1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 2, 0x68, 0xee};
	struct camera_settings settings = {.count = 3, .name = "cam", .address_len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *in = (struct sockaddr_in *)&settings.address;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	source.track[0] = (struct track){.codec = CODEC_H264, .timescale = 90000, .config_len = sizeof config};
	memcpy(source.track[0].config, config, sizeof config);
	starts = asked = 0;
	cr_assert_eq(camera_open(&camera, &settings, &source), 0);
}

static int dial(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)camera_port(&camera))};
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 65536;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Lets the server do what is to be done now, and appends what it has sent to fd. */
static void turn(int fd, struct buf *got)
{
	struct pollfd p = {fd, POLLIN, 0};

	/* The kernel hands over loopback bytes at once, but not in the same breath. */
	for (int i = 0; i < 50; i++) {
		ssize_t n;

		event_base_loop(camera.base, EVLOOP_NONBLOCK);
		if (poll(&p, 1, 2) <= 0)
			break;
		n = read(fd, buf_reserve(got, 65536), 65536);
		if (n <= 0)
			break;
		buf_commit(got, (size_t)n);
	}
}

static void say(int fd, struct buf *got, const char *text)
{
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	turn(fd, got);
}

static unsigned take_status(struct buf *got, char session[40])
{
	struct rtsp_message m;
	struct span value;
	const char *why;
	unsigned status;

	cr_assert_eq(rtsp_message_parse(buf_data(got), got->len, &m, &why), 1);
	cr_assert_eq(m.kind, RTSP_RESPONSE);
	status = m.status;
	if (session && rtsp_message_header(&m, "Session", &value)) {
		struct span id = span_cut(&value, ';');

		snprintf(session, 40, "%.*s", (int)id.n, id.p);
	}
	buf_consume(got, m.size);
	return status;
}

static void set_up(int fd, struct buf *got, const char *transport, char session[40])
{
	char text[256];

	snprintf(text, sizeof text, "SETUP rtsp://h/2/track0 RTSP/1.0\r\nCSeq: 1\r\nTransport: %s\r\n\r\n", transport);
	say(fd, got, text);
	cr_assert_eq(take_status(got, session), 200);
}

static void play(int fd, struct buf *got, const char *session)
{
	char text[256];

	snprintf(text, sizeof text, "PLAY rtsp://h/2 RTSP/1.0\r\nCSeq: 2\r\nSession: %s\r\n\r\n", session);
	say(fd, got, text);
	cr_assert_eq(take_status(got, NULL), 200);
}

/* A unit of one NAL unit whose second byte is a serial number. */
static void send_unit(bool key, uint8_t serial, size_t n)
{
	static uint8_t data[UNIT_BYTES + 4];
	struct wr w = wr_init(data, sizeof data);
	struct source_unit u = {.au = {.pts = serial * 3600, .key = key, .data = data, .len = n + 4}};

	wr_u32(&w, (uint32_t)n);
	wr_u8(&w, key ? 0x65 : 0x41);
	wr_u8(&w, serial);
	for (unsigned i = 0; i < camera.nclients; i++)
		client_send(camera.clients[i], &u);
}

/* The serial numbers of the units in what came on channel 0, each followed by 'k' if it is a key frame. */
static void list_units(struct buf *got, char *text, size_t cap)
{
	struct rtsp_message m;
	struct rtp_packet p;
	const char *why;

	*text = 0;
	while (got->len && rtsp_message_parse(buf_data(got), got->len, &m, &why) == 1) {
		cr_assert_eq(m.kind, RTSP_FRAME);
		if (m.channel == 0) {
			cr_assert_eq(rtp_parse(m.body, m.body_len, &p, &why), 0);
			/* A single unit, or the start of FU-A, in which the serial number is one later. */
			if ((p.payload[0] & 0x1f) != 28)
				snprintf(text + strlen(text), cap - strlen(text), "%u%s ", p.payload[1], (p.payload[0] & 0x1f) == 5 ? "k" : "");
			else if (p.payload[1] & 0x80)
				snprintf(text + strlen(text), cap - strlen(text), "%u%s ", p.payload[2], (p.payload[1] & 0x1f) == 5 ? "k" : "");
		}
		buf_consume(got, m.size);
	}
}

Test(client, gets_everything_from_the_next_key_frame_on)
{
	char session[40], units[256];
	struct buf got;
	int fd;

	open_camera();
	buf_init(&got, 64u << 20);
	fd = dial();
	set_up(fd, &got, "RTP/AVP/TCP;unicast;interleaved=0-1", session);
	send_unit(true, 1, 100);
	cr_expect_eq(starts, 0, "nobody plays yet");
	play(fd, &got, session);
	cr_expect_eq(starts, 1);
	send_unit(false, 2, 100);
	send_unit(true, 3, 100);
	send_unit(false, 4, 5000);
	turn(fd, &got);
	cr_expect(got.len > 4 && buf_data(&got)[0] == '$' && buf_data(&got)[1] == 1, "the sender report comes first");
	list_units(&got, units, sizeof units);
	cr_expect_str_eq(units, "3k 4 ");
	cr_expect_eq(camera.nplaying, 1);
	close(fd);
	turn(fd, &got);
	cr_expect_eq(camera.nplaying, 0);
	cr_expect_eq(camera.nclients, 0);
	buf_free(&got);
	camera_close(&camera);
}

Test(client, a_slow_one_skips_to_a_key_frame_and_holds_nobody_up)
{
	char session[2][40], units[1024];
	struct buf got[2];
	int fd[2];

	open_camera();
	for (int i = 0; i < 2; i++) {
		buf_init(&got[i], 64u << 20);
		fd[i] = dial();
		set_up(fd[i], &got[i], "RTP/AVP/TCP;unicast;interleaved=0-1", session[i]);
		play(fd[i], &got[i], session[i]);
	}
	cr_expect_eq(starts, 1);
	cr_expect_eq(asked, 1, "the second one asks for a key frame");
	/* The first reads nothing while 12 MB go by, each tenth unit a key frame. */
	for (unsigned n = 0; n < 60; n++) {
		send_unit(n % 10 == 0, (uint8_t)n, UNIT_BYTES);
		turn(fd[1], &got[1]);
	}
	list_units(&got[1], units, sizeof units);
	cr_expect_str_eq(units, "0k 1 2 3 4 5 6 7 8 9 10k 11 12 13 14 15 16 17 18 19 20k 21 22 23 24 25 26 27 28 29 "
			 "30k 31 32 33 34 35 36 37 38 39 40k 41 42 43 44 45 46 47 48 49 50k 51 52 53 54 55 56 57 58 59 ");
	for (unsigned n = 60; n < 72; n++) {
		turn(fd[0], &got[0]);
		send_unit(n == 70, (uint8_t)n, 1000);
	}
	turn(fd[0], &got[0]);
	cr_expect_lt(got[0].len, 20u * UNIT_BYTES, "most was left out");
	list_units(&got[0], units, sizeof units);
	cr_expect(!strncmp(units, "0k 1 2 3 ", 9) && strlen(units) > 8 && !strcmp(units + strlen(units) - 7, "70k 71 "), "%s", units);
	cr_expect_null(strstr(units, " 59 "), "%s", units);
	for (int i = 0; i < 2; i++) {
		close(fd[i]);
		buf_free(&got[i]);
	}
	camera_close(&camera);
}

Test(client, udp_goes_to_the_peer_that_asked)
{
	struct sockaddr_in a = {.sin_family = AF_INET}, from;
	socklen_t n = sizeof a;
	char transport[128], session[40];
	struct rtp_packet p;
	uint8_t packet[2048];
	const char *why;
	struct buf got;
	ssize_t len;
	int fd, udp = socket(AF_INET, SOCK_DGRAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(bind(udp, (struct sockaddr *)&a, sizeof a), 0);
	cr_assert_eq(getsockname(udp, (struct sockaddr *)&a, &n), 0);
	open_camera();
	buf_init(&got, 1u << 20);
	fd = dial();
	/* RTCP goes to port 9, where nobody is: its refusal does no harm. */
	snprintf(transport, sizeof transport, "RTP/AVP;unicast;destination=192.0.2.1;client_port=%u-9", ntohs(a.sin_port));
	set_up(fd, &got, transport, session);
	play(fd, &got, session);
	for (uint8_t i = 0; i < 5; i++) {
		send_unit(true, i, 100);
		turn(fd, &got);
		n = sizeof from;
		len = recvfrom(udp, packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from, &n);
		cr_assert_gt(len, 0);
		cr_assert_eq(rtp_parse(packet, (size_t)len, &p, &why), 0);
		cr_expect(p.marker && p.len == 100 && p.payload[1] == i);
		cr_expect_eq(ntohs(from.sin_port) % 2, 0);
	}
	cr_expect_eq(got.len, 0, "nothing of it in the connection");
	close(fd);
	close(udp);
	buf_free(&got);
	camera_close(&camera);
}

Test(client, refused_ones_hear_why)
{
	struct buf got;
	int fd;

	open_camera();
	buf_init(&got, 1u << 20);
	fd = dial();
	say(fd, &got, "GET / HTTP/1.1\r\n\r\n");
	cr_expect_eq(take_status(&got, NULL), 400);
	cr_expect_eq(read(fd, buf_reserve(&got, 10), 10), 0, "and no more");
	say(fd, &got, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
	cr_expect_eq(got.len, 0);
	close(fd);
	turn(fd, &got);
	cr_expect_eq(camera.nclients, 0);
	buf_free(&got);
	camera_close(&camera);
}

Test(camera, paths_are_numbers)
{
	static const struct { const char *path; bool has; } c[] = {
		{"/1", true}, {"/3", true}, {"/0", false}, {"/4", false}, {"/", false}, {"", false}, {"/01", false}, {"/1/", false}, {"/x", false},
		{"/99999999999999999999", false}, {"1", false},
	};

	open_camera();
	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		cr_expect_eq(camera_has_path(&camera, c[i].path), c[i].has, "%s", c[i].path);
	camera.settings.count = 1;
	cr_expect(camera_has_path(&camera, "/"), "one camera needs no number");
	camera_close(&camera);
}

Test(camera, a_used_port_is_told_apart)
{
	struct camera_settings settings;
	static struct camera second;

	open_camera();
	settings = camera.settings;
	((struct sockaddr_in *)&settings.address)->sin_port = htons((uint16_t)camera_port(&camera));
	cr_expect_eq(camera_open(&second, &settings, &source), -EADDRINUSE);
	camera_close(&second);
	camera_close(&camera);
}
