/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Media by UDP: the parent opens and connects the ports, the RTSP client agrees on them with the camera. */
#include <unistd.h>

#include "server/ingest_camera_inner.h"

static bool ask(struct ingest_camera *c, unsigned track, enum ingest_port_step step, enum msg_type type, const void *body)
{
	if (channel_say(c->site->parent, type, body, NULL, 0))
		return false;
	c->port[track].step = step;
	c->port[track].owed++;
	return true;
}

void ingest_ports_open(struct ingest_camera *c, unsigned track)
{
	if (!ask(c, track, INGEST_PORT_OPENING, MSG_UDP_OPEN, &(struct msg_udp_open){c->conf.camera, (uint8_t)track}))
		rtsp_client_udp_failed(c->client, track, ingest_camera_now().mono_us);
}

void ingest_ports_connect(struct ingest_camera *c, unsigned track, uint16_t rtp_port, uint16_t rtcp_port)
{
	struct msg_udp_connect m = {c->conf.camera, (uint8_t)track, rtp_port, rtcp_port};

	if (!ask(c, track, INGEST_PORT_CONNECTING, MSG_UDP_CONNECT, &m))
		rtsp_client_udp_failed(c->client, track, ingest_camera_now().mono_us);
}

void ingest_ports_close(struct ingest_camera *c)
{
	bool asked = false;

	for (unsigned i = 0; i < INGEST_TRACKS; i++) {
		asked |= c->port[i].step != INGEST_PORT_NONE;
		c->port[i].step = INGEST_PORT_NONE;
		ingest_udp_close(&c->port[i].udp);
	}
	if (asked)
		channel_say(c->site->parent, MSG_UDP_CLOSE, &(struct msg_udp_close){c->conf.camera}, NULL, 0);
}

/* Whether the answer is to what this connection asked: answers come in the order of the questions. */
static bool is_current(struct ingest_camera *c, unsigned track, enum ingest_port_step step)
{
	struct ingest_port *port;

	if (track >= INGEST_TRACKS)
		return false;
	port = &c->port[track];
	if (port->owed)
		port->owed--;
	if (port->owed || port->step != step || !c->client)
		return false;
	port->step = INGEST_PORT_NONE;
	return true;
}

void ingest_camera_udp_opened(struct ingest_camera *c, const struct msg_udp_opened *m)
{
	int64_t mono_us = ingest_camera_now().mono_us;

	if (!is_current(c, m->track, INGEST_PORT_OPENING))
		return;
	if (m->error) {
		rtsp_client_udp_failed(c->client, m->track, mono_us);
	} else {
		/* Still to be given back if the camera does not answer. */
		c->port[m->track].step = INGEST_PORT_OPENING;
		rtsp_client_udp_port(c->client, m->track, m->port, mono_us);
	}
	ingest_camera_drain(c);
}

static bool on_packet(void *ctx, unsigned track, bool rtcp, const uint8_t *p, size_t n, struct ingest_now t)
{
	struct ingest_camera *c = ctx;

	if (!rtcp)
		rtsp_client_media_seen(c->client, track, t.mono_us);
	ingest_camera_packet(c, track, rtcp, p, n, t);
	return !c->ending || ingest_camera_drain(c);
}

static void on_pause(void *ctx)
{
	ingest_camera_kick(ctx);
}

void ingest_camera_udp_connected(struct ingest_camera *c, const struct msg_udp_connected *m, int fds[2])
{
	int64_t mono_us = ingest_camera_now().mono_us;
	bool current = is_current(c, m->track, INGEST_PORT_CONNECTING), there = !m->error && fds[0] >= 0 && fds[1] >= 0;

	if (current && there) {
		struct ingest_udp *udp = &c->port[m->track].udp;

		*udp = (struct ingest_udp){.track = m->track, .batch = c->site->batch, .packet = on_packet, .pause = on_pause, .ctx = c};
		ingest_pace_room(&c->site->pace, m->room);
		there = ingest_udp_open(udp, c->site->base, fds) == 0;
		fds[0] = fds[1] = -1;
	}
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (!current)
		return;
	if (there)
		rtsp_client_udp_ready(c->client, m->track, mono_us);
	else
		rtsp_client_udp_failed(c->client, m->track, mono_us);
	ingest_camera_drain(c);
}
