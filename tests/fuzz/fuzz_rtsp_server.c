/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client's bytes, to a camera's server without and with a login, and to one that answers late and knows TCP alone; the first byte says in
 * what pieces. Replies stay bounded and readable.
 */
#include <errno.h>
#include <stdlib.h>

#include "net/rtsp_login.h"
#include "net/rtsp_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rtsp_server_login *whom;
static bool slow;             /* what the host is asked, it does not know at once */
static unsigned asked;

static int log_in(void *ctx, const struct rtsp_server_ask *ask)
{
	return whom && rtsp_login_check(whom, "0a0b0c", ask) ? -EACCES : 0;
}

static void challenge(void *ctx, struct buf *to)
{
	if (rtsp_login_challenge(to, whom->realm, "0a0b0c", (1u << DIGEST_ALGORITHMS) - 1, false))
		abort();
}

static int describe(void *ctx, const char *path, struct buf *sdp)
{
	if (slow && ++asked % 3)
		return -EAGAIN;
	return buf_append_str(sdp, "v=0\r\n");
}

static int setup(void *ctx, const char *path, unsigned track, const struct rtsp_server_transport *t, uint16_t ret_port[2], uint32_t *ret_ssrc)
{
	if (track >= RTSP_SERVER_TRACKS || (t->udp && (!t->client_port[0] || !t->client_port[1])))
		abort();
	return slow && ++asked % 2 ? -EAGAIN : 0;
}

static int play(void *ctx, struct rtsp_server_start start[RTSP_SERVER_TRACKS])
{
	if (slow && ++asked % 2)
		return -EAGAIN;
	++*(int *)ctx;
	return 0;
}

static void pause_sending(void *ctx)
{
	--*(int *)ctx;
}

static void teardown(void *ctx)
{
	*(int *)ctx = 0;
}

static const struct rtsp_server_host host = {.login = log_in, .challenge = challenge, .describe = describe, .setup = setup, .play = play, .teardown = teardown};
static const struct rtsp_server_host late = {.tcp_only = true, .describe = describe, .setup = setup, .play = play, .pause = pause_sending, .teardown = teardown};

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

static int feed(struct rtsp_server *s, struct buf *in, struct buf *out)
{
	int e;

	while ((e = rtsp_server_feed(s, in, out)) == RTSP_SERVER_WAITS)
		if (!slow)
			abort();
	return e;
}

static void run(const uint8_t *data, size_t size, size_t step, const struct rtsp_server_host *which)
{
	static const uint8_t random[16];
	struct rtsp_server s;
	struct buf in, out;
	int plays = 0;

	buf_init(&in, RTSP_INPUT_MAX + 65536);
	buf_init(&out, RTSP_SERVER_OUT_MAX);
	slow = which == &late;
	rtsp_server_init(&s, which, &plays, random);
	for (size_t at = 0; at < size; at += step) {
		if (buf_append(&in, data + at, size - at < step ? size - at : step) || feed(&s, &in, &out))
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
	whom = NULL;
	run(data + 1, size - 1, data[0] ? data[0] : 65536, &host);
	run(data + 1, size - 1, data[0] ? data[0] : 65536, &late);
	whom = &login;
	run(data + 1, size - 1, data[0] ? data[0] : 65536, &host);
	return 0;
}
