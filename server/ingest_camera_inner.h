/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_CAMERA_INNER_H
#define SERVER_INGEST_CAMERA_INNER_H
/* What the parts of a camera inside ingest share: the connection (ingest_camera.c), its ports (ingest_ports.c), what is told (ingest_say.c). */
#include "net/rtsp_client.h"
#include "server/ingest_backoff.h"
#include "server/ingest_camera.h"
#include "server/ingest_link.h"
#include "server/ingest_stream.h"
#include "server/ingest_udp.h"

enum ingest_port_step { INGEST_PORT_NONE, INGEST_PORT_OPENING, INGEST_PORT_CONNECTING };

/* A track's way by UDP, as far as it is agreed on. */
struct ingest_port {
	enum ingest_port_step step;       /* what the parent was asked for this connection */
	unsigned owed;                    /* the parent's answers still to come, also those to earlier connections' questions */
	struct ingest_udp udp;
};

struct ingest_camera {
	struct ingest_site *site;
	struct msg_ingest_camera conf;    /* but for the password */
	char *password;                   /* secret memory; NULL if none */
	struct ingest_tls tls;
	enum camera_phase phase;
	int64_t since_us;                 /* wall clock: in this phase since */
	bool stopping, ending, begun;     /* ending: the TEARDOWN is on its way; begun: the stream knows its tracks */
	bool left;                        /* it only ends: what is said of the camera is another's to say */
	bool quick, datagrams, closely;   /* as which it is counted in site->pace */
	uint16_t chunk_ms[INGEST_TRACKS]; /* wanted by somebody who watches closely; 0: nobody does */

	struct ingest_link link;
	int64_t linked_us;                /* monotonic: the connection's begin */
	struct rtsp_client *client;
	struct ingest_port port[INGEST_TRACKS];
	enum rtsp_client_transport prefer;
	struct ingest_stream *stream;
	struct ingest_ring transcode;
	struct ingest_onvif *onvif;       /* NULL: the site names none */

	struct ingest_backoff backoff;
	int64_t retry_us, running_us;     /* monotonic; running_us: footage is taken since, 0: none is */
	int64_t stated_us, reported_us;
	uint32_t stated_longest_s;
	uint64_t reconnects;
	enum gap_why why, logged_why;
	int64_t logged_us;
	char detail[INGEST_TLS_TEXT];
};

/* ingest_camera.c: takes events, sends what is to be sent; false when the connection is over. */
bool ingest_camera_drain(struct ingest_camera *c);
/* One packet, however it came. */
void ingest_camera_packet(struct ingest_camera *c, unsigned track, bool rtcp, const uint8_t *p, size_t n, struct ingest_now t);
struct ingest_now ingest_camera_now(void);
/* Wakes the worker for what waits in its ring, and says so when footage began or ended. Store is woken once a round (ingest.c). */
void ingest_camera_kick(struct ingest_camera *c);

/* ingest_say.c: tells the parent how the camera is. */
void ingest_say_state(struct ingest_camera *c);
/* ... and what the camera said of itself on this connection. */
void ingest_say_offer(struct ingest_camera *c);

/* ingest_ports.c: the client wants ports, or named the camera's. */
void ingest_ports_open(struct ingest_camera *c, unsigned track);
void ingest_ports_connect(struct ingest_camera *c, unsigned track, uint16_t rtp_port, uint16_t rtcp_port);
void ingest_ports_close(struct ingest_camera *c);

#endif
