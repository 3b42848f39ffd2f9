/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_client_inner.h"

#include <string.h>

#define PORT_MIN 1024                 /* of the camera's: nobody is sent packets to a service of its system */

static void owe(struct rtsp_client *c, enum rtsp_client_owed what)
{
	c->owed = what;
	c->owed_told = false;
	c->asked_us = c->now_us;
}

/* SETUP of the track asked_track; by UDP when there are ports. */
static void ask_set_up(struct rtsp_client *c)
{
	if (c->by == RTSP_CLIENT_UDP)
		owe(c, OWED_PORT);
	else
		rtsp_client_ask(c, SETUP);
}

void rtsp_client_set_up_next(struct rtsp_client *c)
{
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++)
		if (c->track[i].wanted && !c->track[i].set_up) {
			c->asked_track = i;
			ask_set_up(c);
			return;
		}
	rtsp_client_ask(c, PLAY);
}

/* Sound that cannot be set up is left out while there are pictures: bad audio must not stop the video. */
static bool give_up_sound(struct rtsp_client *c)
{
	if (c->asked_track == RTSP_CLIENT_VIDEO || !c->track[RTSP_CLIENT_VIDEO].set_up)
		return false;
	rtsp_client_leave_out(c, &c->track[c->asked_track]);
	rtsp_client_set_up_next(c);
	return true;
}

/* The other transport, once, and for all tracks alike. */
static bool switch_transport(struct rtsp_client *c)
{
	if (c->transport != RTSP_CLIENT_AUTO || c->tls || c->switched || c->track[0].set_up || c->track[1].set_up)
		return false;
	c->switched = true;
	c->by = c->by == RTSP_CLIENT_TCP ? RTSP_CLIENT_UDP : RTSP_CLIENT_TCP;
	ask_set_up(c);
	return true;
}

/* What cameras say to a transport that they do not have; 461 is the one meant for it (RFC 2326 11.3.9). */
static bool may_mean_transport(unsigned status)
{
	static const unsigned known[] = {400, 406, 415, 451, 461, 500, 501, 551};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i] == status)
			return true;
	return false;
}

bool rtsp_client_set_up_otherwise(struct rtsp_client *c, unsigned status)
{
	enum rtsp_client_transport by = c->by;

	if (!may_mean_transport(status) || !switch_transport(c))
		return give_up_sound(c);
	rtsp_client_quirk(c, by == RTSP_CLIENT_TCP ? RTSP_QUIRK_TCP_REFUSED : RTSP_QUIRK_UDP_REFUSED);
	return true;
}

static void fail_set_up(struct rtsp_client *c, enum gap_why why, const char *text)
{
	if (!give_up_sound(c))
		rtsp_client_fail(c, why, text);
}

static void set_up(struct rtsp_client *c)
{
	c->track[c->asked_track].set_up = true;
	rtsp_client_set_up_next(c);
}

static bool channels_clash(const struct rtsp_client *c, unsigned mine)
{
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++)
		for (unsigned a = 0; a < 4 && i != mine && c->track[i].set_up; a++)
			if (c->track[i].channel[a & 1] == c->track[mine].channel[a >> 1])
				return true;
	return false;
}

static void granted_tcp(struct rtsp_client *c, const struct rtsp_transport *r)
{
	struct rtsp_client_track *t = &c->track[c->asked_track];

	if (r->channel[0] < 0)
		rtsp_client_quirk(c, RTSP_QUIRK_NO_CHANNELS);
	for (unsigned i = 0; i < 2 && r->channel[0] >= 0; i++) {
		if (t->channel[i] != r->channel[i])
			rtsp_client_quirk(c, RTSP_QUIRK_OTHER_CHANNELS);
		t->channel[i] = (uint8_t)r->channel[i];
	}
	if (channels_clash(c, c->asked_track)) {
		rtsp_client_quirk(c, RTSP_QUIRK_SAME_CHANNELS);
		fail_set_up(c, GAP_BAD_STREAM, "the camera gives two tracks the same channel");
		return;
	}
	set_up(c);
}

static void granted_udp(struct rtsp_client *c, const struct rtsp_transport *r)
{
	struct rtsp_client_track *t = &c->track[c->asked_track];

	if (r->multicast) {
		fail_set_up(c, GAP_UNSUPPORTED, "the camera sends only by multicast: set its stream to unicast");
		return;
	}
	if (r->server_port[0] < PORT_MIN || r->server_port[1] < PORT_MIN) {
		fail_set_up(c, GAP_BAD_STREAM, "the camera names no ports that it could send from by UDP: set transport: tcp");
		return;
	}
	t->server_port[0] = (uint16_t)r->server_port[0];
	t->server_port[1] = (uint16_t)r->server_port[1];
	owe(c, OWED_READY);
}

/* Not what was asked for. TCP is taken as it comes; for UDP there must be ports, so it is asked for. */
static void granted_other(struct rtsp_client *c, const struct rtsp_transport *r)
{
	rtsp_client_quirk(c, RTSP_QUIRK_OTHER_TRANSPORT);
	if (r->tcp && c->transport == RTSP_CLIENT_AUTO && !c->track[0].set_up && !c->track[1].set_up) {
		c->by = RTSP_CLIENT_TCP;
		granted_tcp(c, r);
	} else if (!switch_transport(c)) {
		fail_set_up(c, GAP_UNSUPPORTED, r->tcp ? "the camera will not send by UDP: set transport: auto"
						: "the camera will not send over TCP: set transport: auto");
	}
}

void rtsp_client_granted(struct rtsp_client *c, const struct rtsp_message *m)
{
	/* One that is missing or cannot be read grants what was asked for. */
	struct rtsp_transport asked = {.tcp = c->by == RTSP_CLIENT_TCP, .channel = {-1, -1}, .client_port = {-1, -1}, .server_port = {-1, -1}};
	struct rtsp_transport r = asked;
	struct span v;

	if (rtsp_message_header(m, "Transport", &v)) {
		if (memmem(v.p, v.n, "= ", 2))
			rtsp_client_quirk(c, RTSP_QUIRK_TRANSPORT_BLANKS);
		if (rtsp_transport_next(&v, &r))
			r = asked;
	}
	if (r.tcp != asked.tcp)
		granted_other(c, &r);
	else if (r.tcp)
		granted_tcp(c, &r);
	else
		granted_udp(c, &r);
}

/* Answers of the caller; one that comes too late is passed over. */

static bool pay(struct rtsp_client *c, unsigned track, enum rtsp_client_owed what, int64_t now_us)
{
	c->now_us = now_us;
	if (c->phase != ASKING || what == OWED_NOTHING || c->owed != what || c->asked_track != track)
		return false;
	c->owed = OWED_NOTHING;
	return true;
}

void rtsp_client_udp_port(struct rtsp_client *c, unsigned track, uint16_t port, int64_t now_us)
{
	if (port == 0 || port % 2) {
		rtsp_client_udp_failed(c, track, now_us);
		return;
	}
	if (!pay(c, track, OWED_PORT, now_us))
		return;
	c->track[track].port = port;
	rtsp_client_ask(c, SETUP);
}

void rtsp_client_udp_ready(struct rtsp_client *c, unsigned track, int64_t now_us)
{
	if (pay(c, track, OWED_READY, now_us))
		set_up(c);
}

void rtsp_client_udp_failed(struct rtsp_client *c, unsigned track, int64_t now_us)
{
	if (!pay(c, track, c->owed, now_us))
		return;
	if (!give_up_sound(c) && !switch_transport(c))
		rtsp_client_fail(c, GAP_OVERLOAD, "no UDP ports could be had for the camera's stream");
}
