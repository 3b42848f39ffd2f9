/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is how the client is configured (a byte of bits), then what a camera says, in pieces: a length byte, then
 * four times as many bytes. 0: some time passes; 255: a byte that says what the owner of the UDP ports does; 254: the camera closes.
 *
 * What the client sends must name the configured host; Basic is answered only where it may be; nothing leaves TLS; the
 * password is nowhere.
 */
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "net/rtsp_client.h"
#include "net/span.h"

#define UDP 255
#define CLOSED 254

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum bits { TRANSPORT = 3, TLS = 4, BASIC = 8, MD5 = 16, PREFER_UDP = 32, NO_AUDIO = 64 };

struct run {
	struct rtsp_client *c;
	int64_t now;
	uint8_t bits;
	bool password;                    /* it is somewhere in the input */
	bool over;
};

static void check_line(const struct run *run, struct span line)
{
	struct span word = line;

	if (span_begins_nocase(line, "Authorization: Basic") && !(run->bits & (TLS | BASIC)))
		abort();
	if (span_begins_nocase(line, "Transport: RTP/AVP;") && ((run->bits & TLS) || (run->bits & TRANSPORT) == RTSP_CLIENT_TCP))
		abort();
	if (!run->password && line.n && memmem(line.p, line.n, "se:cret", 7))
		abort();
	word = span_cut(&word, ' ');
	/* A request's line: its first word is neither a header's name nor the RTSP/1.0 of a response. */
	if (word.n > 1 && !memchr(word.p, ':', word.n) && !memchr(word.p, '/', word.n) &&
	    !span_begins_nocase(span_skip(line, word.n), " rtsp://192.0.2.1/"))
		abort();
}

static void check_event(const struct run *run, const struct rtsp_client_event *e)
{
	if (run->over || e->track >= RTSP_CLIENT_TRACKS)
		abort();
	if (e->kind == RTSP_CLIENT_MEDIA && e->len > 65535)
		abort();
	if (e->kind == RTSP_CLIENT_UDP_SERVER && (e->rtp_port < 1024 || e->rtcp_port < 1024))
		abort();
	if ((e->kind == RTSP_CLIENT_WANT_UDP || e->kind == RTSP_CLIENT_UDP_SERVER) && (run->bits & TLS))
		abort();
	if (e->kind == RTSP_CLIENT_FAILED && (!e->text || e->why == GAP_NONE))
		abort();
}

static void drain(struct run *run)
{
	struct buf *out = rtsp_client_out(run->c);
	struct rtsp_client_event e;
	struct span text;

	while (rtsp_client_next(run->c, run->now, &e) == 1) {
		check_event(run, &e);
		run->over = e.kind == RTSP_CLIENT_FAILED || e.kind == RTSP_CLIENT_DONE;
	}
	if (out->len > RTSP_CLIENT_OUT_MAX)
		abort();
	text = span_of(buf_data(out), out->len);
	while (text.n)
		check_line(run, span_cut(&text, '\n'));
	buf_clear(out);
}

static void ports(struct run *run, uint8_t what)
{
	unsigned track = what >> 2 & 1;

	switch (what & 3) {
	case 0:
		rtsp_client_udp_port(run->c, track, (uint16_t)(what << 8 | (what >> 3 & 1)), run->now);
		break;
	case 1:
		rtsp_client_udp_ready(run->c, track, run->now);
		break;
	case 2:
		rtsp_client_udp_failed(run->c, track, run->now);
		break;
	default:
		rtsp_client_media_seen(run->c, track, run->now);
	}
}

static void piece(struct run *run, struct rd *r)
{
	uint8_t what = rd_u8(r);
	size_t n = 4 * (size_t)what;

	if (what == 0) {
		run->now += 700000;
		rtsp_client_tick(run->c, run->now);
	} else if (what == UDP) {
		ports(run, rd_u8(r));
	} else if (what == CLOSED) {
		rtsp_client_closed(run->c);
	} else {
		n = n < rd_left(r) ? n : rd_left(r);
		rtsp_client_feed(run->c, rd_bytes(r, n), n, run->now);
	}
	drain(run);
}

static bool holds(struct span s, const char *word)
{
	for (; s.n >= strlen(word); s = span_skip(s, 1))
		if (span_begins_nocase(s, word))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	struct run run = {.bits = rd_u8(&r), .password = holds(span_of(data, size), "cret")};
	struct rtsp_client_config config = {.url = "rtsp://192.0.2.1/cam", .user = "user", .password = "se:cret",
		.allow_md5 = run.bits & MD5, .allow_basic = run.bits & BASIC, .tls = run.bits & TLS, .no_audio = run.bits & NO_AUDIO,
		.transport = (enum rtsp_client_transport)((run.bits & TRANSPORT) % 3), .prefer = run.bits & PREFER_UDP ? RTSP_CLIENT_UDP : RTSP_CLIENT_AUTO};

	if (rtsp_client_new(&config, &run.c))
		return 0;
	rtsp_client_start(run.c, run.now);
	drain(&run);
	while (rd_left(&r))
		piece(&run, &r);
	rtsp_client_stop(run.c, run.now);
	drain(&run);
	rtsp_client_tick(run.c, run.now + 2000000);
	drain(&run);
	if (!run.over)
		abort();
	rtsp_client_free(&run.c);
	return 0;
}
