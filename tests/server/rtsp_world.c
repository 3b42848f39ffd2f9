/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/rtsp_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "media/packager.h"
#include "server/serve_limit.h"
#include "server/serve_login.h"
#include "server/serve_viewing.h"
#include "server/serve_watch.h"

#define PICTURE_TICKS 3600
#define BEGUN_US INT64_C(1790000000000000)
#define NEED(x) do { if (!(x)) { fprintf(stderr, "rtsp_world: %s\n", #x); abort(); } } while (0)

static const struct track pictures = {.codec = CODEC_H264, .timescale = 90000, .width = 1280, .height = 720, .profile = 100, .level = 31,
	.config = {1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 23, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xb4, 0x02, 0x80, 0x2d, 0xd0, 0x80, 0x00, 0x00,
		0x03, 0x00, 0x80, 0x00, 0x01, 0x5f, 0x90, 0x07, 0x8c, 0x19, 1, 0, 4, 0x68, 0xef, 0x0b, 0xcb},
	.config_len = 38};
static const struct track sound = {.codec = CODEC_AAC, .timescale = 48000, .rate = 48000, .channels = 1, .profile = 2, .config = {0x11, 0x88}, .config_len = 2};
static const char *const names[WORLD_USERS] = {"anna", "tom"};

struct serve_rtsp world_rtsp;
struct serve_conn world_conn;
struct world_heard world_heard;
static struct serve serve;
static struct buf in, out;
static uint32_t discontinuity;
static int64_t begun_us;
static struct { uint64_t number; int64_t dts; } at[2][RENDITIONS_MAX];

/* --- what stands around the session ------------------------------------------------------------- */

void log_line(enum log_level level, const char *event, const char *fmt, ...) {}
void serve_conn_ready(struct serve_conn *c) { world_heard.ready++; }
void serve_conn_deadline(struct serve_conn *c, int64_t in_us) {}
void serve_limit_refused(struct serve *s, enum serve_limit limit, const char *who) { world_heard.limited++; }
void serve_login_tell(struct serve *s) {}
/* Nobody shows a certificate here. */
bool serve_certificate_viewer(const struct serve *s, const struct serve_peer *peer, struct serve_viewer *ret) { return false; }
void serve_certificate_let_in(struct serve *s, const struct serve_peer *peer) {}
void login_book_add(struct login_book *b, const struct msg_login *m) { world_heard.logins += m->accepted; world_heard.refused += !m->accepted; }
void serve_closed(struct serve *s, enum serve_closed why, const char *who) { world_heard.closed_slow += why == SERVE_CLOSED_SLOW; }
void serve_watch_say(struct serve *s, struct serve_camera *c, unsigned rendition, int64_t now_us) {}
struct track serve_watch_track(const struct msg_serve_rendition *set, uint32_t fps_milli) { return pictures; }
void serve_watch_closely(struct serve *s, struct serve_camera *c, unsigned rendition, unsigned chunk_ms, int64_t now_us) { world_heard.watched_closely++; }
void serve_viewing_note(struct serve *s, const struct serve_peer *to, unsigned user, enum msg_viewing_by by, const struct serve_camera *c,
			unsigned rendition, uint64_t number, uint64_t bytes) {}

struct serve_viewer serve_rights_viewer(const struct serve *s, unsigned user) { return (struct serve_viewer){.user = (int)user}; }
bool serve_rights_is(const struct serve *s, const struct serve_viewer *v, int64_t now_us) { return v->user >= 0 && !world_heard.sees_nothing; }
bool serve_rights_may(const struct serve *s, const struct serve_viewer *v, enum serve_right right, unsigned camera, int64_t now_us)
{
	return v->user >= 0 && camera == 0 && !world_heard.sees_nothing;
}
int serve_rights_follow(const struct serve *s, struct serve_rights_follower *f) { return 0; }
void serve_rights_unfollow(struct serve_rights_follower *f) {}

int serve_auth_find(const struct serve_auth *a, const char *name)
{
	for (int i = 0; i < WORLD_USERS; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

const char *serve_auth_name(const struct serve_auth *a, unsigned user) { return names[user]; }
uint32_t serve_auth_version(const struct serve_auth *a, unsigned user) { return world_heard.version; }
unsigned serve_auth_digests(const struct serve_auth *a) { return 1u << DIGEST_SHA256 | 1u << DIGEST_MD5; }

enum serve_auth_answer serve_auth_check(struct serve_auth *a, uint64_t address, const char *name, const char *password, int64_t now_us,
					struct serve_auth_ask *ask, unsigned *ret_user, unsigned *ret_wait_s)
{
	int user = serve_auth_find(a, name);

	world_heard.guesses++;
	*ret_wait_s = 1;
	if (world_heard.slow_down)
		return SERVE_AUTH_TOO_SOON;
	if (user < 0 || world_heard.thinks || strcmp(password, WORLD_PASSWORD)) {
		ask->job = ask;
		return SERVE_AUTH_WAIT;
	}
	*ret_user = (unsigned)user;
	return SERVE_AUTH_USER;
}

void serve_auth_cancel(struct serve_auth_ask *ask) { ask->job = NULL; }

int serve_auth_check_digest(struct serve_auth *a, uint64_t address, const struct digest_claim *claim, const char *method, int let_in,
			    int64_t now_us, unsigned *ret_user)
{
	int user = serve_auth_find(a, claim->user);
	uint8_t ha1[DIGEST_HA1_MAX];

	world_heard.guesses++;
	if (world_heard.slow_down)
		return -EBUSY;
	if (user < 0 || (claim->algorithm == DIGEST_MD5 && user != WORLD_TOM))
		return -EACCES;
	NEED(!digest_ha1(claim->algorithm, claim->user, WORLD_SITE, WORLD_PASSWORD, ha1));
	*ret_user = (unsigned)user;
	return digest_check(claim, ha1, method);
}

void world_verdict(bool right)
{
	struct serve_auth_ask *ask = &world_rtsp.ask;

	NEED(ask->job);
	ask->job = NULL;
	ask->done(ask, right ? WORLD_ANNA : -1);
}

/* --- what store sealed --------------------------------------------------------------------------- */

struct serve_rendition *world_rendition(unsigned camera, unsigned rendition)
{
	return serve.media->camera[camera].rendition[rendition];
}

void world_init(unsigned camera, unsigned rendition, enum codec codec, const void *p, size_t n)
{
	const struct track *t = codec_is_video(codec) ? &pictures : &sound;
	struct serve_rendition *r = world_rendition(camera, rendition);
	struct serve_track *to = &r->track[r->ntracks ? r->ntracks - 1 : 0];

	if (r->ntracks)
		serve_bytes_unref(&to->init);
	r->ntracks = 1;
	to->m = (struct msg_track){.camera = (uint16_t)camera, .rendition = (uint8_t)rendition, .codec = (uint8_t)codec, .width = t->width, .height = t->height,
		.timescale = t->timescale, .rate = t->rate, .channels = t->channels, .profile = t->profile, .level = t->level};
	to->m.init_sha256[0] = (uint8_t)(1 + rendition);
	NEED(!serve_bytes_copy(p, n, &to->init));
}

void world_store(unsigned camera, unsigned rendition, const void *p, size_t n)
{
	struct serve_rendition *r = world_rendition(camera, rendition);
	struct serve_segment s = {.m = {.camera = (uint16_t)camera, .rendition = (uint8_t)rendition, .number = ++at[camera][rendition].number, .discontinuity = discontinuity,
		.independent = true, .start_us = begun_us, .timescale = 90000, .bytes = n}};

	s.m.init_sha256[0] = (uint8_t)(1 + rendition);
	NEED(!serve_bytes_copy(p, n, &s.bytes));
	if (r->n == SERVE_WINDOW) {
		serve_bytes_unref(&r->window[0].bytes);
		memmove(r->window, r->window + 1, --r->n * sizeof *r->window);
	}
	r->window[r->n++] = s;
}

struct made {
	unsigned camera, rendition;
	enum codec codec;
	struct buf bytes;
};

static int take_record(void *ctx, const struct record *r)
{
	struct made *m = ctx;

	if (r->kind == RECORD_INIT)
		world_init(m->camera, m->rendition, m->codec, r->init.init, r->init.len);
	return r->kind == RECORD_PART ? buf_append(&m->bytes, r->part.data, r->part.len) : 0;
}

static void make(unsigned camera, unsigned rendition, const struct track *track, unsigned n, int64_t step, size_t first_bytes, size_t bytes)
{
	static struct packager p;
	static uint8_t data[4096];
	struct made m = {.camera = camera, .rendition = rendition, .codec = track->codec};
	struct packager_hooks hooks = {.emit = take_record, .ctx = &m};
	int64_t *dts = &at[camera][rendition].dts;

	buf_init(&m.bytes, 8u << 20);
	packager_init(&p, &hooks, 200);
	NEED(!packager_begin(&p, (uint16_t)camera, (uint8_t)rendition, 1, track));
	for (unsigned i = 0; i < n; i++, *dts += step) {
		size_t len = i ? bytes : first_bytes;
		struct au au = {.dts = *dts, .pts = *dts, .capture_us = begun_us, .key = i == 0, .data = data, .len = len};

		memset(data, (int)i, sizeof data);
		if (codec_is_video(track->codec)) {
			data[0] = data[1] = 0;
			data[2] = (uint8_t)((len - 4) >> 8);
			data[3] = (uint8_t)(len - 4);
			data[4] = i ? 0x41 : 0x65;
		}
		NEED(!packager_add(&p, &au, 1));
	}
	NEED(!packager_flush(&p));
	packager_free(&p);
	NEED(m.bytes.len);
	world_store(camera, rendition, buf_data(&m.bytes), m.bytes.len);
	buf_free(&m.bytes);
}

void world_pictures(unsigned camera, unsigned rendition, unsigned n)
{
	make(camera, rendition, &pictures, n, PICTURE_TICKS, 3000, 400);
	begun_us += n * INT64_C(40000);
}

void world_sound(unsigned n) { make(0, RENDITION_AUDIO, &sound, n, 1024, 100, 100); }

void world_break(int64_t us)
{
	discontinuity++;
	begun_us += us;
	for (unsigned i = 0; i < RENDITIONS_MAX; i++)
		at[0][i].dts = 0;
}

void world_clock(int64_t us) { begun_us += us; }

/* --- the connection ------------------------------------------------------------------------------- */

static void add_camera(unsigned camera, const char *name)
{
	static const char *const renditions[] = {[RENDITION_COPY] = "copy", [RENDITION_AUDIO] = "audio", [RENDITION_ENCODED] = "360p"};
	struct msg_serve_camera c = {.camera = (uint16_t)camera, .segment_ms = 2000};

	strcpy(c.name, name);
	NEED(!serve_media_set_camera(serve.media, &c));
	for (unsigned i = 0; i < sizeof renditions / sizeof *renditions; i++) {
		struct msg_serve_rendition r = {.camera = (uint16_t)camera, .rendition = (uint8_t)i};

		if (!renditions[i])
			continue;
		strcpy(r.name, renditions[i]);
		NEED(!serve_media_set_rendition(serve.media, &r));
	}
}

void world_begin(bool encrypted)
{
	static const uint8_t random[16] = {1, 2, 3};

	world_heard = (struct world_heard){0};
	memset(at, 0, sizeof at);
	discontinuity = 1;
	begun_us = BEGUN_US;
	serve = (struct serve){.site = {.origin = WORLD_SITE, .users = WORLD_USERS, .cameras = 2}, .conns_max = 1000, .media = serve_media_new()};
	NEED(serve.media);
	add_camera(0, "gate");
	add_camera(1, "vault");
	world_conn = (struct serve_conn){.serve = &serve, .encrypted = encrypted, .peer = {.user = -1, .name = "192.0.2.7"}};
	world_rtsp = (struct serve_rtsp){.conn = &world_conn, .serve = &serve, .camera = -1, .viewer.user = -1};
	buf_init(&in, RTSP_IN_MAX);
	buf_init(&out, 2 * RTSP_SERVER_OUT_MAX);
	rtsp_server_init(&world_rtsp.engine, &serve_rtsp_host, &world_rtsp, random);
}

void world_end(void)
{
	rtsp_server_end(&world_rtsp.engine);
	serve_rtsp_forget(&world_rtsp);
	buf_free(&in);
	buf_free(&out);
	serve_media_free(&serve.media);
}

const char *world_again(void)
{
	static char reply[2][2 * RTSP_SERVER_OUT_MAX + 1];
	static unsigned which;
	int rc;

	world_rtsp.waits = false;
	buf_consume(&out, out.len);
	rc = rtsp_server_feed(&world_rtsp.engine, &in, &out);
	if (rc != RTSP_SERVER_WAITS)
		serve_rtsp_forget(&world_rtsp);
	NEED((rc == RTSP_SERVER_WAITS) == world_rtsp.waits);
	if (rc < 0)
		rtsp_server_end(&world_rtsp.engine);
	which ^= 1;
	if (out.len)
		memcpy(reply[which], buf_data(&out), out.len);
	reply[which][out.len] = 0;
	return reply[which];
}

const char *world_say(const void *p, size_t n)
{
	if (buf_append(&in, p, n))
		return "";
	return world_again();
}

const char *world_ask(const char *method, const char *path, const char *more)
{
	char text[2000];
	int n = snprintf(text, sizeof text, "%s rtsp://h/%s RTSP/1.0\r\nCSeq: 1\r\n%s\r\n", method, path, more);

	NEED(n > 0 && (size_t)n < sizeof text);
	return world_say(text, (size_t)n);
}

ssize_t world_play(uint8_t *p, size_t n, const char **why)
{
	ssize_t len = serve_rtsp_track_fill(&world_rtsp, p, n, why);
	struct rd r = rd_init(p, len > 0 ? (size_t)len : 0);

	while (rd_left(&r)) {
		uint8_t mark = rd_u8(&r), channel = rd_u8(&r);
		uint16_t size = rd_u16(&r);
		struct rd packet = rd_sub(&r, size);

		NEED(!r.bad && mark == '$' && size >= RTP_SEND_HEADER && size <= RTP_SEND_PACKET_MAX && rd_u8(&packet) >> 6 == 2);
		NEED(channel == world_rtsp.track[0].channel[0] || channel == world_rtsp.track[0].channel[1] || channel == world_rtsp.track[1].channel[0] ||
		     channel == world_rtsp.track[1].channel[1]);
	}
	return len;
}
