/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The RTSP client and the RTSP server of the house talk to each other in memory; the scene travels from end to end. */
#include <criterion/criterion.h>
#include <errno.h>

#include "camera/scene.h"
#include "camera/source.h"
#include "camera/tone.h"
#include "codec/decoder.h"
#include "media/aac.h"
#include "media/h264.h"
#include "net/rtcp.h"
#include "net/rtp.h"
#include "net/rtp_aac.h"
#include "net/rtp_video.h"
#include "net/rtp_send.h"
#include "net/rtsp_client.h"
#include "net/rtsp_login.h"

#define SECOND INT64_C(1000000)
#define WALL INT64_C(1700000000000000)

static struct source *source;
static struct rtp_send rtp[2];
static struct rtsp_server_transport transport[2];
static bool playing;
static int64_t now = 5 * SECOND;

#define NONCE "0a0b0c"
static const struct rtsp_server_login *whom;

static int log_in(void *ctx, const struct rtsp_server_ask *ask)
{
	return whom && rtsp_login_check(whom, NONCE, ask) ? -EACCES : 0;
}

static void challenge(void *ctx, struct buf *to)
{
	rtsp_login_challenge(to, whom->realm, NONCE, (1u << DIGEST_ALGORITHMS) - 1, false);
}

static int describe(void *ctx, const char *path, struct buf *sdp)
{
	const struct track *tracks[2] = {&source->track[0], &source->track[1]};

	return strcmp(path, "/7") ? -ENOENT : rtp_send_sdp(sdp, "cam", tracks, source->ntracks);
}

static int setup(void *ctx, const char *path, unsigned track, const struct rtsp_server_transport *t, uint16_t ret_port[2], uint32_t *ret_ssrc)
{
	uint8_t random[12] = {1, 2, 3, (uint8_t)track, 0xff, 0xff, 0xff, 0x80, 9, 9, 9, 9};

	rtp_send_init(&rtp[track], &source->track[track], random);
	transport[track] = *t;
	*ret_ssrc = rtp[track].ssrc;
	return 0;
}

static int play(void *ctx, struct rtsp_server_start start[RTSP_SERVER_TRACKS])
{
	playing = true;
	for (unsigned i = 0; i < 2; i++)
		start[i] = (struct rtsp_server_start){rtp[i].sequence, rtp_send_timestamp(&rtp[i], 0)};
	return 0;
}

static void teardown(void *ctx)
{
	playing = false;
}

static const struct rtsp_server_host host = {.login = log_in, .challenge = challenge, .describe = describe, .setup = setup, .play = play, .teardown = teardown};

static struct rtsp_server server;
static struct rtsp_client *client;
static struct buf in, out;  /* of the server */

/* What the client's side makes of it. */
static struct rtp_video h264;
static struct rtp_aac aac;
static struct decoder *decoder;
static unsigned described, began, failed, done, reports, pictures, sounds;
static enum gap_why why_failed;
static uint32_t last_number;

static void take_unit(void *ctx, const struct rtp_video_au *u)
{
	/* The timestamps wrap early in the stream. */
	int64_t pts = (int32_t)(u->timestamp - rtp[0].first_timestamp);
	struct au au = {.dts = pts, .pts = pts, .key = u->key, .data = u->data, .len = u->len};
	struct picture p;

	cr_assert_eq(decoder_feed(decoder, &au), 0);
	while (decoder_picture(decoder, &p)) {
		cr_assert_eq(scene_read_number(p.plane[0], p.stride[0], p.width, p.height, &last_number), 0);
		pictures++;
	}
}

static void take_frame(void *ctx, const struct rtp_audio_frame *f)
{
	sounds++;
}

static void take_media(const struct rtsp_client_event *e)
{
	struct rtcp_report report;
	struct rtp_packet p;
	const char *why;

	if (e->rtcp) {
		cr_assert_eq(rtcp_parse(e->data, e->len, rtp[e->track].ssrc, &report, &why), 0, "%s", why);
		cr_assert(report.has_sender);
		cr_expect_leq(llabs(rtcp_ntp_to_us(report.sender.ntp) - WALL), 1);
		reports++;
		return;
	}
	cr_assert_eq(rtp_parse(e->data, e->len, &p, &why), 0, "%s", why);
	cr_assert_eq(p.ssrc, rtp[e->track].ssrc);
	if (e->track == RTSP_CLIENT_VIDEO)
		rtp_video_feed(&h264, &p, false, now);
	else
		rtp_aac_feed(&aac, &p, false, now);
}

static void take_events(void)
{
	struct rtsp_client_event e;

	while (rtsp_client_next(client, now, &e) == 1) {
		described += e.kind == RTSP_CLIENT_DESCRIBED;
		began += e.kind == RTSP_CLIENT_PLAYING;
		done += e.kind == RTSP_CLIENT_DONE;
		if (e.kind == RTSP_CLIENT_FAILED) {
			failed++;
			why_failed = e.why;
		}
		if (e.kind == RTSP_CLIENT_MEDIA)
			take_media(&e);
	}
}

/* Bytes to and fro until neither has anything to say. */
static void talk(void)
{
	struct buf *said = rtsp_client_out(client);

	while (said->len || out.len) {
		cr_assert_eq(buf_append(&in, buf_data(said), said->len), 0);
		buf_clear(said);
		cr_assert_eq(rtsp_server_feed(&server, &in, &out), 0);
		while (out.len) {
			size_t n = out.len < 1000 ? out.len : 1000;

			rtsp_client_feed(client, buf_data(&out), n, now);
			take_events();
			buf_consume(&out, n);
		}
	}
}

static void put_frame(void *ctx, const uint8_t *packet, size_t n)
{
	uint8_t head[4] = {'$', *(const uint8_t *)ctx, (uint8_t)(n >> 8), (uint8_t)n};

	cr_assert_eq(buf_append(&out, head, 4), 0);
	cr_assert_eq(buf_append(&out, packet, n), 0);
}

static void send_report(unsigned track)
{
	uint8_t packet[128];
	struct wr w = wr_init(packet, sizeof packet);

	rtp_send_report(&rtp[track], WALL, 0, "cam", &w);
	put_frame(&transport[track].channel[1], packet, w.len);
}

static void send_unit(void)
{
	int64_t due = source->ops->due_us(source);
	struct source_unit u;

	cr_assert_eq(source->ops->next(source, due, WALL + due, &u), 0);
	if (u.track == 0)
		cr_assert_eq(rtp_send_au(&rtp[0], u.au.pts, u.au.data, u.au.len, put_frame, &transport[0].channel[0]), 0);
	else
		cr_assert_eq(rtp_send_au(&rtp[1], u.au.pts, u.au.data, u.au.len, put_frame, &transport[1].channel[0]), 0);
	talk();
}

static void begin(const char *url, const struct rtsp_server_login *login, const char *password, bool allow_md5)
{
	struct source_scene_settings scene = {.width = 640, .height = 360, .fps = 25, .sound = true, .name = "cam"};
	struct rtsp_client_config config = {.url = url, .user = password ? "tom" : NULL, .password = password, .allow_md5 = allow_md5};
	static const uint8_t random[16] = {4, 5, 6};

	described = began = failed = done = reports = pictures = sounds = 0;
	cr_assert_eq(source_open_scene(&source, &scene), 0);
	whom = login;
	rtsp_server_init(&server, &host, NULL, random);
	buf_init(&in, 1u << 20);
	buf_init(&out, 8u << 20);
	cr_assert_eq(rtsp_client_new(&config, &client), 0);
	cr_assert_eq(decoder_open(&decoder, &source->track[0], 0), 0);
	rtp_video_init(&h264, CODEC_H264, take_unit, NULL);
	rtp_aac_init(&aac, 1024, take_frame, NULL);
	rtsp_client_start(client, now);
	talk();
}

static void end(void)
{
	rtsp_server_end(&server);
	rtsp_client_free(&client);
	rtp_video_free(&h264);
	rtp_aac_free(&aac);
	decoder_free(&decoder);
	source_free(&source);
	buf_free(&in);
	buf_free(&out);
}

Test(both_ends, the_scene_arrives)
{
	static const struct rtsp_server_login login = {"casemate", "tom", "geheim"};
	static const struct { const struct rtsp_server_login *login; const char *password; bool md5; } c[] = {
		{NULL, NULL, true}, {NULL, "unasked", true}, {&login, "geheim", true}, {&login, "geheim", false},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		uint32_t rtptime;

		begin("rtsp://192.0.2.1:8554/7", c[i].login, c[i].password, c[i].md5);
		cr_assert(described == 1 && began == 1 && !failed && playing, "case %zu", i);
		cr_expect(!transport[0].udp && !transport[1].udp);
		cr_expect(rtsp_client_rtptime(client, RTSP_CLIENT_VIDEO, &rtptime) && rtptime == rtp[0].first_timestamp);
		cr_expect_str_eq(rtsp_client_left_out(client), "");
		source->ops->start(source, 0);
		send_report(0);
		send_report(1);
		for (int n = 0; n < 100; n++)
			send_unit();
		rtp_video_end(&h264);
		/* 100 units are 35 pictures and 65 frames of sound, give or take one. */
		cr_expect(pictures >= 34 && pictures <= 36 && pictures + sounds == 100, "%u and %u", pictures, sounds);
		cr_expect_eq(last_number, pictures - 1);
		cr_expect_eq(reports, 2);
		cr_expect(h264.damaged_lost + h264.damaged_broken == 0 && aac.dropped == 0 && decoder_counts(decoder)->errors == 0);
		cr_expect_eq(rtsp_client_counters(client)->unknown_frames, 0);
		rtsp_client_stop(client, now);
		talk();
		cr_expect(done == 1 && !playing);
		end();
	}
}

Test(both_ends, a_keep_alive_is_answered)
{
	static const uint8_t message[] = {0, 0, 0, 2, 0x06, 0x80};  /* SEI */
	unsigned asked = 0;

	begin("rtsp://192.0.2.1:8554/7", NULL, NULL, true);
	/* Two timeouts long; something on either track each second keeps it from being taken for silent. */
	for (int i = 0; i < 2 * RTSP_SERVER_TIMEOUT_S; i++) {
		now += SECOND;
		rtsp_client_tick(client, now);
		asked += rtsp_client_out(client)->len > 0;
		cr_assert_eq(rtp_send_au(&rtp[0], i * 90000, message, sizeof message, put_frame, &transport[0].channel[0]), 0);
		cr_assert_eq(rtp_send_au(&rtp[1], i * TONE_RATE, (const uint8_t *)"sound", 5, put_frame, &transport[1].channel[0]), 0);
		talk();
	}
	cr_expect_geq(asked, 3);
	cr_expect_eq(failed, 0);
	cr_expect(playing);
	end();
}

Test(both_ends, refusals_have_names)
{
	static const struct rtsp_server_login login = {"casemate", "tom", "geheim"};

	begin("rtsp://192.0.2.1:8554/7", &login, "falsch", true);
	cr_expect(failed == 1 && why_failed == GAP_AUTHENTICATION && !playing);
	end();
	begin("rtsp://192.0.2.1:8554/7", &login, NULL, true);
	cr_expect(failed == 1 && why_failed == GAP_AUTHENTICATION);
	end();
	begin("rtsp://192.0.2.1:8554/8", NULL, NULL, true);
	cr_expect_eq(failed, 1);
	end();
}
