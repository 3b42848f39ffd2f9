/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transcode: one process for one camera. It is given two rings and what to make
 * of the one for the other, seals itself, and from then on only reads its
 * doorbell, works, and wakes store.
 *
 *     from     what                       function
 *     parent   MSG_TRANSCODE_CAMERA       on_camera
 *     parent   MSG_TRANSCODE_RENDITION    on_rendition
 *     parent   MSG_TRANSCODE_RINGS        on_rings
 *     parent   MSG_RENDITION_RUN, sealed  hear (the doorbell rings too)
 *     parent   MSG_PART_LENGTH, sealed    hear (the same)
 *     parent   MSG_SEI, sealed            hear (the same)
 *     parent   MSG_LOOK, sealed           hear (the same)
 *     parent   MSG_STOP, sealed           hear (the same)
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "codec/pump.h"
#include "server/policy.h"
#include "server/role.h"
#include "server/transcode_say.h"

#define REPORT_EVERY_US 10000000  /* one line about what was left out, at most */
#define TURN_US 100000            /* so long it works at most, before it says how it is and hears the parent */

struct transcode {
	struct role role;
	char name[SITE_NAME];
	struct transcoder_settings settings;
	struct ring in, out;
	int doorbell;
	bool has_camera, has_rings;
	struct pump pump;
	bool stopping;
	struct transcode_say say;
	struct transcoder_counts reported;
	int64_t reported_us;
};

/* The coarse clock: where the machine has no clock that can be read from user space, the fine one is a system call. */
static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static _Noreturn void give_up(const struct transcode *t, const char *event, const char *why)
{
	log_error(event, "camera=%s why=\"%s\"", t->name, why);
	_exit(1);
}

/* The site file's words and the codecs' are the same numbers. */
_Static_assert((int)SITE_DENOISE_HIGH == (int)DENOISE_HIGH && (int)SITE_STYLE_MOSAIC == (int)MASK_MOSAIC && SITE_MASK_WHOLE == MASK_WHOLE &&
	(int)SITE_LATENCY_NORMAL == (int)ENCODER_NORMAL && (int)SITE_PROFILE_MAIN == (int)ENCODER_MAIN &&
	(int)SITE_PROFILE_BASELINE == (int)ENCODER_BASELINE && MSG_MASKS_MAX <= MASKS_MAX, "settings that mean the same");

static void on_camera(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct transcode *t = ctx;

	const struct msg_transcode_camera *c = &m->transcode_camera;
	struct transcoder_settings *s = &t->settings;
	struct site_mask mask;

	s->camera = c->camera;
	s->sound = c->sound;
	s->look_s = c->look_s;
	s->overlay = c->overlay;
	s->denoise = (enum denoise_strength)c->denoise;
	s->cpu = (enum cpu_level)c->cpu;
	snprintf(s->site, sizeof s->site, "%s", c->site);
	snprintf(s->name, sizeof s->name, "%s", c->name);
	for (s->nmasks = 0; s->nmasks < MASKS_MAX && msg_get_mask(c, s->nmasks, &mask); s->nmasks++)
		s->mask[s->nmasks] = (struct mask){.x = (uint16_t)mask.x, .y = (uint16_t)mask.y, .width = (uint16_t)mask.width,
			.height = (uint16_t)mask.height, .style = (uint8_t)mask.style};
	if (s->cpu > cpu_best())
		give_up(t, "bad-setting", "instructions that this machine does not have");
	memcpy(t->name, c->name, sizeof t->name);
	t->has_camera = true;
}

/* Of a group of pictures, or of the certificates. An answer that does not come is one that is not waited for. */
static void ask(void *ctx, uint8_t rendition, const struct media_signing_gop *g)
{
	const struct transcode *t = ctx;
	struct msg_sei_ask m = {.camera = t->settings.camera, .rendition = rendition, .gop = g->number, .nals = g->nals, .start_us = g->start_us,
		.end_us = g->end_us};

	memcpy(m.hash, g->hash, sizeof m.hash);
	memcpy(m.linked, g->linked, sizeof m.linked);
	transcode_ask(ROLE_CHANNEL_FD, &m);
}

static void on_rendition(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct msg_transcode_rendition *r = &m->transcode_rendition;
	struct transcode *t = ctx;

	if (t->settings.nrenditions == TRANSCODER_RENDITIONS_MAX)
		give_up(t, "bad-setting", "too many renditions");
	t->settings.rendition[t->settings.nrenditions++] = (struct transcoder_rendition){
		.number = r->rendition, .width = r->width, .height = r->height, .fps = r->fps, .bitrate_bps = r->bitrate_bps, .crf = r->crf,
		.latency = (enum encoder_latency)r->latency, .profile = (enum encoder_profile)r->profile, .priority = r->priority,
		.on_demand = r->on_demand, .sign = r->sign};
}

static void on_rings(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct transcode *t = ctx;

	if (t->has_rings)
		give_up(t, "bad-setting", "rings were given twice");
	if (ring_open(&t->in, fds[0], -1) || ring_open(&t->out, fds[2], fds[3]))
		give_up(t, "bad-setting", "a ring cannot be mapped");
	t->doorbell = fds[1];
	t->has_rings = true;
	fds[1] = fds[3] = -1;
}

/* The seal knows both by number (policy.h). Without a loop the doorbell is where this role sleeps, so it must block. */
static void place_doorbells(struct transcode *t)
{
	int in = fcntl(t->doorbell, F_DUPFD_CLOEXEC, TRANSCODE_STORE_FD + 1), out = fcntl(t->out.doorbell, F_DUPFD_CLOEXEC, TRANSCODE_STORE_FD + 1);

	close(t->doorbell);
	close(t->out.doorbell);
	if (in < 0 || out < 0 || dup3(in, TRANSCODE_DOORBELL_FD, O_CLOEXEC) < 0 || dup3(out, TRANSCODE_STORE_FD, O_CLOEXEC) < 0 ||
	    fcntl(TRANSCODE_DOORBELL_FD, F_SETFL, O_RDWR) < 0)
		give_up(t, "bad-setting", "no doorbell");
	close(in);
	close(out);
	t->doorbell = TRANSCODE_DOORBELL_FD;
	t->out.doorbell = TRANSCODE_STORE_FD;
}

static const struct channel_answer settings[] = {
	{MSG_TRANSCODE_CAMERA, on_camera},
	{MSG_TRANSCODE_RENDITION, on_rendition},
	{MSG_TRANSCODE_RINGS, on_rings},
	{MSG_NONE, NULL},
};

static void report_pictures(const struct transcode *t, const struct transcoder_counts *c, const struct transcoder_counts *r)
{
	if (c->behind != r->behind || c->errors != r->errors || c->refused != r->refused || c->skipped_aus != r->skipped_aus)
		log_warn("pictures-left-out", "camera=%s behind=%" PRIu64 " damaged=%" PRIu64 " store-full=%" PRIu64 " skipped=%" PRIu64,
			t->name, c->behind - r->behind, c->errors - r->errors, c->refused - r->refused, c->skipped_aus - r->skipped_aus);
}

static void report_sound(const struct transcode *t, const struct sound_counts *c, const struct sound_counts *r)
{
	if (c->errors != r->errors || c->refused != r->refused || c->skipped_aus != r->skipped_aus)
		log_warn("sound-left-out", "camera=%s damaged=%" PRIu64 " store-full=%" PRIu64 " skipped=%" PRIu64,
			t->name, c->errors - r->errors, c->refused - r->refused, c->skipped_aus - r->skipped_aus);
}

/* Says what was left out since the last line, if anything and not too often. */
static void report(struct transcode *t, int64_t now)
{
	struct transcoder_counts c;

	if (now - t->reported_us < REPORT_EVERY_US)
		return;
	c = transcoder_counts(t->pump.transcoder);
	report_pictures(t, &c, &t->reported);
	report_sound(t, &c.sound, &t->reported.sound);
	t->reported = c;
	t->reported_us = now;
}

static void wait_for_doorbell(struct transcode *t)
{
	uint8_t rings[4096];  /* of a pipe as many as there are; an eventfd counts them itself */
	ssize_t n = read(t->doorbell, rings, sizeof rings);

	if (n <= 0 && errno != EINTR)
		give_up(t, "doorbell", n ? strerror(errno) : "nobody is left to ring it");
}

static const char *why_over(int rc)
{
	switch (rc) {
	case -EBADMSG:
		return "ingest sent what it never would";
	case -ENOMEM:
		return "memory is at its limit";
	default:
		return "the encoder failed";
	}
}

/* For a while; whether more waits. */
static bool work(struct transcode *t)
{
	const char *why;
	int rc;

	while ((rc = pump_run(&t->pump, &why)) == -ENOTSUP)
		log_warn("cannot-transcode", "camera=%s why=\"%s\"", t->name, why);
	if (rc && rc != -EAGAIN)
		give_up(t, "transcode-over", why_over(rc));
	return rc == -EAGAIN;
}

static void obey(struct transcode *t, enum msg_type type, const union msg_body *m)
{
	int rc = 0;

	if (type == MSG_STOP)
		t->stopping = true;
	else if (type == MSG_SEI && m->sei.camera == t->settings.camera)
		transcoder_answer(t->pump.transcoder, m->sei.rendition, m->sei.gop, m->sei.start_us, m->sei.nal, m->sei.nal_len);
	else if (type == MSG_RENDITION_RUN && m->rendition_run.camera == t->settings.camera)
		rc = pump_switch(&t->pump, m->rendition_run.rendition, m->rendition_run.run);
	else if (type == MSG_PART_LENGTH && m->part_length.camera == t->settings.camera)
		rc = transcoder_part(t->pump.transcoder, m->part_length.rendition, m->part_length.chunk_ms);
	else if (type == MSG_LOOK && m->look.camera == t->settings.camera)
		rc = transcoder_look(t->pump.transcoder, m->look.every_s);
	else
		give_up(t, "parent-message", "not for a sealed transcode");
	if (rc == -ENOENT)
		give_up(t, "parent-message", "of a rendition that is not there");
	if (rc)
		give_up(t, "transcode-over", why_over(rc));
}

/* Sealed, so by plain read: the channel's answers need recvmsg. */
static void hear(struct transcode *t)
{
	static union msg_body body;
	static uint8_t packet[MSG_SEI_PACKET_MAX];
	enum msg_type type;
	ssize_t n = 0;

	while (!t->stopping && (n = read(ROLE_CHANNEL_FD, packet, sizeof packet)) != -1) {
		if (n == 0)
			t->stopping = true;  /* the parent is gone */
		else if (msg_decode(packet, (size_t)n, &type, &body) == 0)
			obey(t, type, &body);
		else
			give_up(t, "parent-message", "that cannot be read");
	}
	t->stopping |= n < 0 && errno != EAGAIN && errno != EINTR;
}

int main(void)
{
	static struct transcode t;
	bool more = false;
	int rc;

	role_begin(&t.role, ROLE_TRANSCODE, NULL);
	role_settings(&t.role, settings, &t);
	if (!t.has_camera || !t.has_rings)
		give_up(&t, "bad-setting", "no camera or no rings");
	place_doorbells(&t);
	t.settings.ask = ask;
	t.settings.ask_ctx = &t;
	rc = pump_open(&t.pump, &t.settings, &t.in, &t.out, now_us);
	if (rc)
		give_up(&t, "bad-setting", strerror(-rc));
	t.pump.turn_us = TURN_US;
	t.say.fd = ROLE_CHANNEL_FD;
	role_seal(&t.role);
	do {
		if (!more)
			wait_for_doorbell(&t);
		more = work(&t);
		report(&t, now_us());
		transcode_say(&t.say, &t.settings, t.pump.transcoder, now_us());
		hear(&t);
	} while (!t.stopping);
	while (work(&t))
		;
	pump_finish(&t.pump);
	_exit(0);
}
