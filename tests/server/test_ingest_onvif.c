/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/server/ingest_world.h"

TestSuite(ingest_onvif, .fini = rig_end, .timeout = 60);

/* The service's side: one request on the connection that the role wanted, answered. */
static void answer_onvif(const char *what, const char *body)
{
	struct timeval patience = {20, 0};
	char asked[16384], reply[4096];
	size_t n = 0;
	int pair[2], len;

	/* A busy machine must not make the camera a silent one; no picture is a key frame. */
	while (!rig.heard.onvif_dial) {
		rig.pictures = rig.pictures % 25 ? rig.pictures : rig.pictures + 1;
		rig_show(1);
		rig_hear();
	}
	rig.heard.onvif_dial = false;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	rig_say(MSG_DIALED, &(struct msg_dialed){.camera = 5, .what = DIAL_ONVIF}, &pair[1], 1);
	close(pair[1]);
	do {
		ssize_t k = recv(pair[0], asked + n, sizeof asked - 1 - n, 0);

		cr_assert_gt(k, 0);
		n += (size_t)k;
		asked[n] = 0;
	} while (!strstr(asked, "Envelope>"));
	cr_expect(strstr(asked, "POST /onvif/") == asked && strstr(asked, what), "%s", asked);
	len = snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	cr_assert_eq(send(pair[0], reply, (size_t)len, 0), len);
	close(pair[0]);
}

/* No key frame, and none after RTCP's feedback: the service is asked, step by step, and the stream goes on. */
Test(ingest_onvif, is_asked_where_feedback_does_not_help)
{
	struct msg_ingest_camera m = rig_camera;

	strcpy(m.onvif_host, "192.0.2.1:80");
	strcpy(m.onvif_url, "http://192.0.2.1:80/onvif/device_service");
	rig_begin(&m, -1);
	rig_connect();
	rig_play("rtsp");
	rig.pictures = 1;
	rig_show(10);
	answer_onvif("GetSystemDateAndTime", "<x/>");
	answer_onvif("GetCapabilities", "<tt:Media><tt:XAddr>http://198.51.100.7/onvif/Media</tt:XAddr></tt:Media>");
	answer_onvif("GetProfiles", "<trt:Profiles token=\"P\">");
	answer_onvif("SetSynchronizationPoint", "<x/>");
	rig_hear_phase(CAMERA_STREAMING);
	cr_expect_gt(rig.heard.state.key_requests, 0);
}
