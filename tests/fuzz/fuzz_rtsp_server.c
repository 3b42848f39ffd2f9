/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client's bytes, once with and once without a login; the first byte says in what pieces. Replies stay bounded and readable. */
#include <stdlib.h>

#include "net/rtsp_message.h"
#include "net/rtsp_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int describe(void *ctx, const char *path, struct buf *sdp)
{
	return buf_append_str(sdp, "v=0\r\n");
}

static int setup(void *ctx, const char *path, unsigned track, const struct rtsp_server_transport *t, uint16_t ret_port[2], uint32_t *ret_ssrc)
{
	if (track >= RTSP_SERVER_TRACKS || (t->udp && (!t->client_port[0] || !t->client_port[1])))
		abort();
	return 0;
}

static void play(void *ctx, struct rtsp_server_start start[RTSP_SERVER_TRACKS])
{
	++*(int *)ctx;
}

static void teardown(void *ctx)
{
	*(int *)ctx = 0;
}

static const struct rtsp_server_host host = {describe, setup, play, teardown};

/* Every reply must be one that our own parser takes, and answer no more than it was asked. */
static void check_replies(struct buf *out)
{
	struct rtsp_message m;
	const char *why;

	while (out->len) {
		if (rtsp_message_parse(buf_data(out), out->len, &m, &why) != 1 || m.kind != RTSP_RESPONSE)
			abort();
		buf_consume(out, m.size);
	}
}

static void run(const uint8_t *data, size_t size, size_t step, const struct rtsp_server_login *login)
{
	static const uint8_t random[24];
	struct rtsp_server s;
	struct buf in, out;
	int plays = 0;

	buf_init(&in, RTSP_INPUT_MAX + 65536);
	buf_init(&out, RTSP_SERVER_OUT_MAX);
	rtsp_server_init(&s, &host, &plays, login, random);
	for (size_t at = 0; at < size; at += step) {
		if (buf_append(&in, data + at, size - at < step ? size - at : step) || rtsp_server_feed(&s, &in, &out))
			break;
		if (plays > 1)
			abort();
		check_replies(&out);
	}
	rtsp_server_end(&s);
	if (plays)
		abort();
	buf_free(&in);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rtsp_server_login login = {"realm", "user", "password"};

	if (size < 2)
		return 0;
	run(data + 1, size - 1, data[0] ? data[0] : 65536, NULL);
	run(data + 1, size - 1, data[0] ? data[0] : 65536, &login);
	return 0;
}
