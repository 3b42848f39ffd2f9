/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/ingest_world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "net/rtp_send.h"
#include "tests/server/rig_role.h"

#define PATIENCE_MS 20000
#define PICTURE_WAIT_MS 10

static const char sdp[] = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n"
	"a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z00AH5WoFAFuQA==,aO48gA==\r\n";

struct ingest_rig rig;
const struct msg_ingest_camera rig_camera = {.camera = 5, .name = "yard", .host = "192.0.2.1:554", .url = "rtsp://192.0.2.1/yard",
	.transport = SITE_TRANSPORT_TCP, .audio = true, .segment_ms = 2000};
static struct rtp_send out;

static void on_ready(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	rig.heard.ready = true;
}

static void on_dial(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	cr_expect_eq(m->dial.camera, 5);
	*(m->dial.what == DIAL_ONVIF ? &rig.heard.onvif_dial : &rig.heard.dial) = true;
}

static void on_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	rig.heard.state = m->camera_state;
}

static void on_offer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	cr_expect_eq(m->camera_offer.camera, 5);
}

static void on_ring_taken(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	rig.heard.ring_taken = true;
}

static void on_udp_open(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	cr_expect(m->udp_open.camera == 5 && m->udp_open.track == 0);
	rig.heard.opens++;
}

static void on_udp_connect(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	cr_expect(m->udp_connect.camera == 5 && m->udp_connect.track == 0);
	rig.heard.connect = m->udp_connect;
	rig.heard.connects++;
}

static void on_udp_close(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	rig.heard.closes++;
}

static const struct channel_answer answers[] = {{MSG_READY, on_ready}, {MSG_DIAL, on_dial}, {MSG_CAMERA_STATE, on_state}, {MSG_CAMERA_OFFER, on_offer},
	{MSG_RING_STORE, on_ring_taken}, {MSG_UDP_OPEN, on_udp_open}, {MSG_UDP_CONNECT, on_udp_connect}, {MSG_UDP_CLOSE, on_udp_close}, {MSG_NONE, NULL}};

void rig_say(enum msg_type type, const void *body, const int *fds, unsigned nfds)
{
	cr_assert_eq(channel_say(rig.channel, type, body, fds, nfds), 0);
}

static void give_ring(bool goes_on)
{
	int fd;

	cr_assert_eq(ring_create(4 << 20, &fd), 0);
	cr_assert_eq(ring_open(&rig.store, fd, -1), 0);
	rig_say(MSG_RING_STORE, &(struct msg_ring_store){.goes_on = goes_on}, (int[]){fd, rig.bell}, 2);
	close(fd);
}

void rig_give_store_ring(void)
{
	ring_close(&rig.store);
	give_ring(false);
}

void rig_give_larger_ring(struct ring *ret_earlier)
{
	*ret_earlier = rig.store;
	give_ring(true);
	rig_hear_until(&rig.heard.ring_taken);
}

void rig_hear(void)
{
	enum msg_type type;

	cr_assert_eq(channel_wait(rig.channel, &type), 0);
}

void rig_hear_until(const bool *what)
{
	while (!*what)
		rig_hear();
}

void rig_hear_phase(enum camera_phase phase)
{
	while (rig.heard.state.phase != phase)
		rig_hear();
}

void rig_begin(const struct msg_ingest_camera *m, int ca)
{
	struct channel_ends ends = {.me = ROLE_PARENT, .peer = ROLE_INGEST, .answers = answers};
	static const struct track track = {.codec = CODEC_H264, .timescale = 90000};
	int pair[2];

	rig = (struct ingest_rig){.bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .camera = -1, .media = {-1, -1}};
	rtp_send_init(&out, &track, (const uint8_t *)"random bytes");
	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(channel_pair(pair), 0);
	rig.pid = rig_start_role(ROLE_INGEST, pair[1]);
	close(pair[1]);
	rig.channel = channel_new(NULL, pair[0], &ends);
	cr_assert_not_null(rig.channel);
	rig_say(MSG_INGEST_CAMERA, m, &ca, ca >= 0);
	/* Where namespaces are forbidden the filter must still be there. */
	rig_say(MSG_GO, &(struct msg_go){.best_effort = true}, NULL, 0);
	rig_hear_until(&rig.heard.ready);
	rig_give_store_ring();
	rig_hear_until(&rig.heard.dial);
}

void rig_end(void)
{
	if (rig.pid > 0) {
		kill(rig.pid, SIGKILL);
		waitpid(rig.pid, NULL, 0);
	}
	channel_free(&rig.channel);
	ring_close(&rig.store);
	SSL_free(rig.tls);
	for (int i = 0; i < 2; i++)
		if (rig.media[i] >= 0)
			close(rig.media[i]);
	if (rig.camera >= 0)
		close(rig.camera);
	close(rig.bell);
}

void rig_connect(void)
{
	struct timeval patience = {PATIENCE_MS / 1000, 0};
	int pair[2];

	if (rig.camera >= 0)
		close(rig.camera);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	rig.camera = pair[0];
	setsockopt(rig.camera, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	rig.heard.dial = false;
	rig_say(MSG_DIALED, &(struct msg_dialed){.camera = 5}, &pair[1], 1);
	close(pair[1]);
}

static ssize_t read_some(char *p, size_t n)
{
	return rig.tls ? SSL_read(rig.tls, p, (int)n) : recv(rig.camera, p, n, 0);
}

static void write_all(const void *p, size_t n)
{
	cr_assert_eq(rig.tls ? SSL_write(rig.tls, p, (int)n) : send(rig.camera, p, n, 0), (ssize_t)n);
}

/* What it says of reception and asks of the encoder (RTCP, RFC 2326 10.12) may stand before a request. */
static size_t without_interleaved(char *p, size_t n)
{
	while (n >= 4 && p[0] == '$') {
		size_t frame = 4 + ((size_t)(uint8_t)p[2] << 8 | (uint8_t)p[3]);

		if (frame > n)
			break;
		memmove(p, p + frame, n -= frame);
	}
	p[n] = 0;
	return n;
}

const char *rig_answer_status(const char *method, const char *status, const char *headers, const char *body)
{
	static char asked[4096];
	char text[4096];
	size_t n = 0;
	int len;

	do {
		ssize_t k = read_some(asked + n, sizeof asked - 1 - n);

		cr_assert_gt(k, 0, "waiting for %s", method);
		n = without_interleaved(asked, n + (size_t)k);
	} while (!strstr(asked, "\r\n\r\n"));
	cr_assert(strstr(asked, method) == asked, "%s instead of %s", asked, method);
	len = snprintf(text, sizeof text, "RTSP/1.0 %s\r\nCSeq: %d\r\n%sContent-Length: %zu\r\n\r\n%s", status, atoi(strstr(asked, "CSeq: ") + 6),
		headers, strlen(body), body);
	write_all(text, (size_t)len);
	return asked;
}

const char *rig_answer(const char *method, const char *headers, const char *body)
{
	return rig_answer_status(method, "200 OK", headers, body);
}

void rig_describe(const char *scheme)
{
	char line[128];

	snprintf(line, sizeof line, "OPTIONS %s://192.0.2.1/yard ", scheme);
	rig_answer(line, "", "");
	snprintf(line, sizeof line, "DESCRIBE %s://192.0.2.1/yard ", scheme);
	rig_answer(line, "", sdp);
}

void rig_play(const char *scheme)
{
	char line[128];

	rig_describe(scheme);
	snprintf(line, sizeof line, "SETUP %s://192.0.2.1/yard/t ", scheme);
	rig_answer(line, "Transport: RTP/AVP/TCP;interleaved=0-1\r\nSession: s\r\n", "");
	snprintf(line, sizeof line, "PLAY %s://192.0.2.1/yard ", scheme);
	rig_answer(line, "", "");
	rig_hear_phase(CAMERA_STREAMING);
}

static void send_packet(void *ctx, const uint8_t *p, size_t n)
{
	uint8_t head[] = {'$', 0, (uint8_t)(n >> 8), (uint8_t)n};

	if (rig.media[0] >= 0) {
		cr_assert_eq(send(rig.media[0], p, n, 0), (ssize_t)n);
		return;
	}
	write_all(head, sizeof head);
	write_all(p, n);
}

void rig_show(unsigned n)
{
	static const uint8_t key[] = {0, 0, 0, 4, 0x65, 0x88, 0x84, 0x10}, other[] = {0, 0, 0, 4, 0x41, 0x9a, 0x02, 0x03};

	while (n--) {
		rtp_send_au(&out, 3600ll * rig.pictures, rig.pictures % 25 ? other : key, 8, send_packet, NULL);
		rig.pictures++;
	}
}

/* Between two pictures ingest has time to look at its camera. */
void rig_show_until_record(struct buf *b)
{
	struct pollfd p = {rig.bell, POLLIN, 0};

	for (int left = PATIENCE_MS / PICTURE_WAIT_MS; ring_get(&rig.store, b) == 0; left--) {
		uint64_t rung;

		cr_assert_gt(left, 0, "no record");
		rig_show(1);
		if (poll(&p, 1, PICTURE_WAIT_MS) == 1)
			cr_assert_eq(read(rig.bell, &rung, sizeof rung), (ssize_t)sizeof rung);
	}
}

struct record rig_next_record(struct buf *b, enum record_kind kind)
{
	struct pollfd p = {rig.bell, POLLIN, 0};
	struct record r;
	uint64_t rung;

	for (;;) {
		while (ring_get(&rig.store, b) == 1) {
			cr_assert_eq(record_decode(buf_data(b), b->len, &r), 0);
			if (r.kind == kind)
				return r;
		}
		cr_assert_eq(poll(&p, 1, PATIENCE_MS), 1, "no record of kind %d", kind);
		cr_assert_eq(read(rig.bell, &rung, sizeof rung), (ssize_t)sizeof rung);
	}
}
