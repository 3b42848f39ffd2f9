/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a camera says, in pieces: a length byte, then that many bytes (0: some time passes). What the
 * client sends must name the configured host, and never be an answer to Basic.
 */
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "net/rtsp_client.h"
#include "net/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(struct span text)
{
	while (text.n && text.p[0] != '$') {
		struct span line = span_cut(&text, '\n'), word = line;

		if (span_begins_nocase(line, "Authorization: Basic"))
			abort();
		word = span_cut(&word, ' ');
		/* A request's line: its first word is neither a header's name nor the RTSP/1.0 of a response. */
		if (word.n > 1 && !memchr(word.p, ':', word.n) && !memchr(word.p, '/', word.n) &&
		    !span_begins_nocase(span_skip(line, word.n), " rtsp://192.0.2.1/"))
			abort();
	}
}

static void drain(struct rtsp_client *c, int64_t now)
{
	struct buf *out = rtsp_client_out(c);
	struct rtsp_client_event e;
	unsigned last = 0;

	while (rtsp_client_next(c, now, &e) == 1) {
		if (last)
			abort();
		last = e.kind == RTSP_CLIENT_FAILED || e.kind == RTSP_CLIENT_DONE;
		if (e.kind == RTSP_CLIENT_MEDIA && (e.track >= RTSP_CLIENT_TRACKS || e.len > 65535))
			abort();
	}
	if (out->len > RTSP_CLIENT_OUT_MAX)
		abort();
	check_lines(span_of(buf_data(out), out->len));
	buf_clear(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtsp_client_config config = {.url = "rtsp://192.0.2.1/cam", .user = "user", .password = "secret", .allow_md5 = true};
	struct rd r = rd_init(data, size);
	struct rtsp_client *c;
	int64_t now = 0;

	if (rtsp_client_new(&config, &c))
		return 0;
	rtsp_client_start(c, now);
	drain(c, now);
	while (rd_left(&r)) {
		size_t n = 4 * (size_t)rd_u8(&r);

		if (n == 0) {
			now += 700000;
			rtsp_client_tick(c, now);
		} else {
			n = n < rd_left(&r) ? n : rd_left(&r);
			rtsp_client_feed(c, rd_bytes(&r, n), n, now);
		}
		drain(c, now);
	}
	rtsp_client_stop(c, now);
	drain(c, now);
	rtsp_client_tick(c, now + 2000000);
	drain(c, now);
	rtsp_client_free(&c);
	return 0;
}
