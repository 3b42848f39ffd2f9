/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "camera/client.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/rd.h"
#include "base/text.h"
#include "base/wr.h"
#include "camera/udp_pair.h"
#include "net/rtp_send.h"
#include "net/rtsp_login.h"
#include "net/rtsp_message.h"

#define BACKLOG_MAX (1u << 20)                   /* bytes waiting; beyond it pictures are left out */
#define OUT_MAX (BACKLOG_MAX + 2 * AU_MAX_BYTES)
#define KERNEL_BYTES (256 << 10)                 /* the kernel's share; left to itself it lets megabytes grow stale */
#define READ_BYTES 16384
#define PACE_BYTES (64u << 10)                   /* of UDP at once, so that a large key frame doesn't overrun the receiver */
#define PACE_US 2000
#define IDLE_US 30000000                         /* of a connection that doesn't play */
#define UDP_SILENCE_US ((RTSP_SERVER_TIMEOUT_S + 10) * INT64_C(1000000))
#define GOODBYE_US 2000000                       /* for a refused client to read the answer */

struct client_track {
	struct rtp_send rtp;
	struct rtsp_server_transport transport;
	struct udp_pair udp;
	struct event *rtcp;
};

struct client {
	struct camera *camera;
	int fd;
	struct event *readable, *writable, *pace;
	struct buf in, out;      /* of the connection */
	struct buf datagrams;    /* each: track * 2 + (0 RTP, 1 RTCP), u16 length, bytes */
	struct rtsp_server rtsp;
	char nonce[33];
	struct client_track track[RTSP_SERVER_TRACKS];
	unsigned set_up;         /* bit set of tracks */
	bool playing, wait_key, report, closing;
	int64_t heard_us;        /* monotonic */
};

/* Where packets of one kind go. */
struct route {
	struct client *c;
	unsigned track, kind;    /* kind: 0 RTP, 1 RTCP */
};

static void put_packet(void *ctx, const uint8_t *packet, size_t n)
{
	const struct route *r = ctx;
	const struct rtsp_server_transport *t = &r->c->track[r->track].transport;
	struct buf *b = t->udp ? &r->c->datagrams : &r->c->out;
	uint8_t *p = buf_reserve(b, n + 4);
	struct wr w;

	/* Whole or not at all: half a frame would end the connection's framing. */
	if (!p)
		return;
	w = wr_init(p, n + 4);
	wr_u8(&w, t->udp ? 0 : '$');
	wr_u8(&w, t->udp ? (uint8_t)(r->track * 2 + r->kind) : t->channel[r->kind]);
	wr_u16(&w, (uint16_t)n);
	wr_bytes(&w, packet, n);
	buf_commit(b, n + 4);
}

static void flush_datagrams(struct client *c)
{
	struct timeval wait = {.tv_usec = PACE_US};
	size_t sent = 0;

	while (c->datagrams.len && sent < PACE_BYTES) {
		struct rd r = rd_init(buf_data(&c->datagrams), c->datagrams.len);
		unsigned where = rd_u16(&r), n = rd_u16(&r);

		/* A refused or full socket loses the packet, as UDP does. */
		send(c->track[where / 2].udp.fd[where % 2], rd_bytes(&r, n), n, MSG_DONTWAIT | MSG_NOSIGNAL);
		buf_consume(&c->datagrams, n + 4);
		sent += n;
	}
	if (c->datagrams.len)
		event_add(c->pace, &wait);
}

/* A broken connection shows itself to the reader, which ends it. */
static void flush_out(struct client *c)
{
	while (c->out.len) {
		ssize_t n = send(c->fd, buf_data(&c->out), c->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno == EAGAIN)
				event_add(c->writable, NULL);
			else
				buf_clear(&c->out);
			return;
		}
		buf_consume(&c->out, (size_t)n);
	}
}

static void flush(struct client *c)
{
	flush_out(c);
	flush_datagrams(c);
}

static int64_t media_time(const struct client *c, unsigned track)
{
	return camera_media_us(c->camera) * c->camera->source->track[track].timescale / 1000000;
}

static void put_reports(struct client *c, int64_t wall_us)
{
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++) {
		uint8_t packet[256];
		struct wr w = wr_init(packet, sizeof packet);
		struct route to = {c, i, 1};

		if (!(c->set_up >> i & 1))
			continue;
		rtp_send_report(&c->track[i].rtp, wall_us, media_time(c, i), c->camera->settings.name, &w);
		put_packet(&to, packet, w.len);
	}
}

/* Is the client to get this unit? Falls back to waiting for a key frame when too much waits already. */
static bool wants(struct client *c, const struct source_unit *unit)
{
	size_t waiting = c->out.len + c->datagrams.len;

	if (!c->playing || c->closing || !(c->set_up >> unit->track & 1))
		return false;
	if (waiting > BACKLOG_MAX)
		c->wait_key = true;
	if (c->wait_key && c->set_up & 1 && (unit->track != 0 || !unit->au.key || waiting > BACKLOG_MAX / 4))
		return false;
	c->wait_key = waiting > BACKLOG_MAX;
	return !c->wait_key;
}

void client_send(struct client *c, const struct source_unit *unit)
{
	struct route to = {c, unit->track, 0};
	const struct au *au = &unit->au;

	if (!wants(c, unit))
		return;
	rtp_send_au(&c->track[unit->track].rtp, au->pts, au->data, au->len, put_packet, &to);
	flush(c);
}

bool client_second(struct client *c, int64_t wall_us)
{
	int64_t quiet = clock_mono_us() - c->heard_us;
	bool udp = false;

	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++)
		udp = udp || (c->set_up >> i & 1 && c->track[i].transport.udp);
	/* A client that plays inside its connection shows by taking bytes that it is there; it may be silent. */
	if (quiet > (c->closing ? GOODBYE_US : !c->playing ? IDLE_US : udp ? UDP_SILENCE_US : INT64_MAX))
		return false;
	if (c->playing && !c->closing) {
		put_reports(c, wall_us);
		flush(c);
	}
	return true;
}

static void end_track(struct client *c, unsigned track)
{
	struct client_track *t = &c->track[track];

	if (t->rtcp)
		event_free(t->rtcp);
	t->rtcp = NULL;
	udp_pair_close(&t->udp);
	c->set_up &= ~(1u << track);
}

static void on_rtcp(evutil_socket_t fd, short what, void *ctx)
{
	struct client *c = ctx;
	uint8_t packet[2048];

	/* Receiver reports tell that the client lives; nothing in them is needed. */
	for (int i = 0; i < 16 && recv(fd, packet, sizeof packet, MSG_DONTWAIT) >= 0; i++)
		c->heard_us = clock_mono_us();
}

static int setup_udp(struct client *c, unsigned track, const uint16_t client_port[2], uint16_t ret_port[2])
{
	struct client_track *t = &c->track[track];
	int e = udp_pair_open(&t->udp, c->fd, client_port, ret_port);

	if (e)
		return e;
	t->rtcp = event_new(c->camera->base, t->udp.fd[1], EV_READ | EV_PERSIST, on_rtcp, c);
	return t->rtcp && !event_add(t->rtcp, NULL) ? 0 : -ENOMEM;
}

#define EVERY_ALGORITHM ((1u << DIGEST_ALGORITHMS) - 1)

static int host_login(void *ctx, const struct rtsp_server_ask *ask)
{
	struct client *c = ctx;
	const struct rtsp_server_login *login = c->camera->settings.login;

	return login && rtsp_login_check(login, c->nonce, ask) ? -EACCES : 0;
}

static void host_challenge(void *ctx, struct buf *out)
{
	struct client *c = ctx;

	rtsp_login_challenge(out, c->camera->settings.login->realm, c->nonce, EVERY_ALGORITHM, false);
}

static int host_describe(void *ctx, const char *path, struct buf *sdp)
{
	return camera_describe(((struct client *)ctx)->camera, path, sdp);
}

static int host_setup(void *ctx, const char *path, unsigned track, const struct rtsp_server_transport *t,
		      uint16_t ret_port[2], uint32_t *ret_ssrc)
{
	struct client *c = ctx;
	uint8_t random[12];
	int e = 0;

	if (!camera_has_path(c->camera, path) || track >= c->camera->source->ntracks)
		return -ENOENT;
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return -EIO;
	end_track(c, track);
	rtp_send_init(&c->track[track].rtp, &c->camera->source->track[track], random);
	c->track[track].transport = *t;
	if (t->udp)
		e = setup_udp(c, track, t->client_port, ret_port);
	if (e) {
		end_track(c, track);
		return e;
	}
	c->set_up |= 1u << track;
	*ret_ssrc = c->track[track].rtp.ssrc;
	return 0;
}

static int host_play(void *ctx, struct rtsp_server_start start[RTSP_SERVER_TRACKS])
{
	struct client *c = ctx;

	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++) {
		if (!(c->set_up >> i & 1))
			continue;
		start[i].sequence = c->track[i].rtp.sequence;
		start[i].timestamp = rtp_send_timestamp(&c->track[i].rtp, media_time(c, i));
	}
	c->playing = c->wait_key = c->report = true;
	camera_watch(c->camera);
	return 0;
}

static void host_teardown(void *ctx)
{
	struct client *c = ctx;

	if (c->playing)
		camera_unwatch(c->camera);
	c->playing = false;
	buf_clear(&c->datagrams);
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++)
		end_track(c, i);
}

static const struct rtsp_server_host host = {.login = host_login, .challenge = host_challenge, .describe = host_describe, .setup = host_setup,
	.play = host_play, .teardown = host_teardown};

/* The answer goes out, then no more; what the client still sends is read away, since closing over it would reset the answer too. */
static void say_goodbye(struct client *c)
{
	rtsp_server_end(&c->rtsp);
	flush_out(c);
	shutdown(c->fd, SHUT_WR);
	c->closing = true;
}

static void answer(struct client *c)
{
	int e = rtsp_server_feed(&c->rtsp, &c->in, &c->out);

	if (e) {
		say_goodbye(c);
		return;
	}
	/* Time first: a player can put sound and picture together from the first packet on. */
	if (c->playing && c->report)
		put_reports(c, clock_wall_us());
	c->report = false;
	flush(c);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct client *c = ctx;
	uint8_t *room;
	ssize_t n;

	if (c->closing)
		buf_clear(&c->in);
	room = buf_reserve(&c->in, READ_BYTES);
	n = room ? recv(fd, room, READ_BYTES, MSG_DONTWAIT) : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		camera_drop(c->camera, c);
		return;
	}
	if (c->closing)
		return;
	buf_commit(&c->in, (size_t)n);
	c->heard_us = clock_mono_us();
	answer(c);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
	flush_out(ctx);
}

static void on_pace(evutil_socket_t fd, short what, void *ctx)
{
	flush_datagrams(ctx);
}

static int add_events(struct client *c, int fd)
{
	struct event_base *base = c->camera->base;

	c->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(base, fd, EV_WRITE, on_writable, c);
	c->pace = evtimer_new(base, on_pace, c);
	return c->readable && c->writable && c->pace && !event_add(c->readable, NULL) ? 0 : -ENOMEM;
}

struct client *client_new(struct camera *camera, int fd)
{
	struct client *c = calloc(1, sizeof *c);
	uint8_t random[32];
	int one = 1, held = KERNEL_BYTES;

	if (!c || getrandom(random, sizeof random, 0) != sizeof random) {
		free(c);
		close(fd);
		return NULL;
	}
	*c = (struct client){.camera = camera, .fd = fd, .heard_us = clock_mono_us()};
	buf_init(&c->in, RTSP_INPUT_MAX + READ_BYTES);
	buf_init(&c->out, OUT_MAX);
	buf_init(&c->datagrams, OUT_MAX);
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++)
		c->track[i].udp = (struct udp_pair){{-1, -1}};
	rtsp_server_init(&c->rtsp, &host, c, random);
	hex_encode(random + 16, 16, c->nonce);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &held, sizeof held);
	if (add_events(c, fd))
		client_free(&c);
	return c;
}

void client_free(struct client **client)
{
	struct client *c = *client;

	if (!c)
		return;
	rtsp_server_end(&c->rtsp);
	if (c->readable)
		event_free(c->readable);
	if (c->writable)
		event_free(c->writable);
	if (c->pace)
		event_free(c->pace);
	close(c->fd);
	buf_free(&c->in);
	buf_free(&c->out);
	buf_free(&c->datagrams);
	free(c);
	*client = NULL;
}
