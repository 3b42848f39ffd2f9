/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/server/ingest_world.h"

#define PORTS "Transport: RTP/AVP;unicast;client_port=40000-40001;server_port=50000-50001\r\nSession: s\r\n"

TestSuite(ingest_udp, .fini = rig_end, .timeout = 60);

static void begin(enum site_transport transport, enum site_transport worked)
{
	struct msg_ingest_camera m = rig_camera;

	m.transport = transport;
	m.worked = worked;
	rig_begin(&m, -1);
	rig_connect();
	rig_describe("rtsp");
}

static void open_ports(int error, uint16_t port)
{
	rig_say(MSG_UDP_OPENED, &(struct msg_udp_opened){.camera = 5, .error = error, .port = port}, NULL, 0);
}

/* As the parent's: datagrams to and from one other socket. */
static void connect_ports(void)
{
	struct timeval patience = {20, 0};
	int rtp[2], rtcp[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, rtp), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, rtcp), 0);
	rig_say(MSG_UDP_CONNECTED, &(struct msg_udp_connected){.camera = 5}, (int[]){rtp[1], rtcp[1]}, 2);
	close(rtp[1]);
	close(rtcp[1]);
	rig.media[0] = rtp[0];
	rig.media[1] = rtcp[0];
	for (int i = 0; i < 2; i++)
		setsockopt(rig.media[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

static void hear_opens(unsigned n)
{
	while (rig.heard.opens < n)
		rig_hear();
}

/* From SETUP to PLAY. */
static void play(void)
{
	cr_expect(strstr(rig_answer("SETUP rtsp://192.0.2.1/yard/t ", PORTS, ""), "client_port=40000-40001"));
	while (rig.heard.connects < 1)
		rig_hear();
	cr_expect(rig.heard.connect.rtp_port == 50000 && rig.heard.connect.rtcp_port == 50001);
	connect_ports();
	rig_answer("PLAY rtsp://192.0.2.1/yard ", "", "");
	rig_hear_phase(CAMERA_STREAMING);
	cr_expect_eq(rig.heard.state.transport, SITE_TRANSPORT_UDP);
}

Test(ingest_udp, turns_datagrams_into_parts_and_ends_well)
{
	struct buf b;
	uint8_t knock[64];
	int status;

	buf_init(&b, PART_MAX_BYTES);
	begin(SITE_TRANSPORT_UDP, SITE_TRANSPORT_AUTO);
	hear_opens(1);
	open_ports(0, 40000);
	play();
	cr_expect_eq(recv(rig.media[0], knock, sizeof knock, 0), 12, "a firewall may have to see a packet first");
	cr_expect_eq(recv(rig.media[1], knock, sizeof knock, 0), 8);
	rig_show(60);
	cr_expect_eq(rig_next_record(&b, RECORD_INIT).init.rendition, RENDITION_COPY);
	cr_expect_eq(rig_next_record(&b, RECORD_SEGMENT_END).end.segment, 0);
	rig_say(MSG_STOP, NULL, NULL, 0);
	rig_answer("TEARDOWN rtsp://192.0.2.1/yard ", "", "");
	cr_expect_eq(rig_next_record(&b, RECORD_GAP).gap.why, GAP_STOPPED);
	cr_expect_eq(waitpid(rig.pid, &status, 0), rig.pid);
	rig.pid = 0;
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	cr_expect_lt(send(rig.media[0], "x", 1, 0), 0, "nobody listens any more");
	buf_free(&b);
}

Test(ingest_udp, is_what_auto_comes_to_where_tcp_is_refused)
{
	begin(SITE_TRANSPORT_AUTO, SITE_TRANSPORT_AUTO);
	cr_expect(strstr(rig_answer_status("SETUP rtsp://192.0.2.1/yard/t ", "461 Unsupported Transport", "", ""), "interleaved="));
	hear_opens(1);
	open_ports(0, 40000);
	play();
}

Test(ingest_udp, is_tried_first_where_it_worked_before)
{
	begin(SITE_TRANSPORT_AUTO, SITE_TRANSPORT_UDP);
	hear_opens(1);
	open_ports(0, 40000);
	play();
}

Test(ingest_udp, is_left_for_tcp_where_no_ports_can_be_had)
{
	begin(SITE_TRANSPORT_AUTO, SITE_TRANSPORT_UDP);
	hear_opens(1);
	open_ports(EMFILE, 0);
	rig_answer("SETUP rtsp://192.0.2.1/yard/t ", "Transport: RTP/AVP/TCP;interleaved=0-1\r\nSession: s\r\n", "");
	rig_answer("PLAY rtsp://192.0.2.1/yard ", "", "");
	rig_hear_phase(CAMERA_STREAMING);
	cr_expect_eq(rig.heard.state.transport, SITE_TRANSPORT_TCP);
}

Test(ingest_udp, gives_ports_back_and_takes_no_late_answer)
{
	begin(SITE_TRANSPORT_UDP, SITE_TRANSPORT_AUTO);
	hear_opens(1);
	shutdown(rig.camera, SHUT_RDWR);
	while (rig.heard.closes < 1)
		rig_hear();
	rig_hear_until(&rig.heard.dial);
	rig_connect();
	rig_describe("rtsp");
	hear_opens(2);
	open_ports(0, 30000);
	open_ports(0, 40000);
	play();
}
