/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parent carries between workers and sign, and for whom. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/parent.h"

/* sign and the worker of camera 1, whose "720p" is signed and whose "360p" is not. */
enum { SIGN, WORKER, CHILDREN };
static const enum role_kind kinds[CHILDREN] = {ROLE_SIGN, ROLE_TRANSCODE};
#define SIGNED RENDITION_ENCODED
#define PLAIN (RENDITION_ENCODED + 1)

static struct site site;
static struct site_camera site_camera[2];
static struct parent p;
static struct child child[CHILDREN];
static struct camera_live camera[2];
static int ear[CHILDREN], bell[2];

static void setup(void)
{
	site_camera[0] = (struct site_camera){.name = "gate"};
	site_camera[1] = (struct site_camera){.name = "yard", .nrenditions = 2, .rendition = {{.name = "720p", .sign = SITE_SIGN_ONVIF}, {.name = "360p"}}};
	site = (struct site){.camera = site_camera, .ncameras = 2, .ingest_processes = 1, .serve_processes = 1};
	p = (struct parent){.site = &site, .base = event_base_new(), .child = child, .nchildren = CHILDREN, .camera = camera};
	cr_assert_eq(pipe2(bell, O_CLOEXEC | O_NONBLOCK), 0);
	for (unsigned i = 0; i < 2; i++)
		camera[i] = (struct camera_live){.parent = &p, .index = i};
	for (unsigned i = 0; i < CHILDREN; i++) {
		struct channel_ends ends = {.me = ROLE_PARENT, .peer = kinds[i], .answers = parent_answers, .ctx = &child[i]};
		int pair[2];

		child[i] = (struct child){.parent = &p, .kind = kinds[i], .index = i == WORKER, .phase = CHILD_READY, .log_fd = -1, .watch_fd = -1,
			.ring_in = -1, .ring_in_bell = bell[1], .ring_out = -1, .ring_out_bell = -1, .started_us = clock_mono_us()};
		cr_assert_eq(channel_pair(pair), 0);
		child[i].channel = channel_new(p.base, pair[0], &ends);
		ear[i] = pair[1];
		child[i].pid = fork();
		while (child[i].pid == 0)
			pause();
	}
}

static void teardown(void)
{
	for (unsigned i = 0; i < CHILDREN; i++) {
		kill(child[i].pid, SIGKILL);
		waitpid(child[i].pid, NULL, 0);
		channel_free(&child[i].channel);
		if (child[i].killer)
			event_free(child[i].killer);
		close(ear[i]);
	}
	memset(child, 0, sizeof child);
	close(bell[0]);
	close(bell[1]);
	event_base_free(p.base);
}

TestSuite(parent_media, .init = setup, .fini = teardown, .timeout = 60);

static enum msg_type heard(unsigned who, union msg_body *ret)
{
	static uint8_t packet[MSG_MAX];
	enum msg_type type;
	ssize_t n = recv(ear[who], packet, sizeof packet, MSG_DONTWAIT);

	if (n <= 0)
		return MSG_NONE;
	cr_assert_eq(msg_decode(packet, (size_t)n, &type, ret), 0);
	return type;
}

static void ask(unsigned cam, unsigned rendition)
{
	struct msg_sei_ask m = {.camera = (uint16_t)cam, .rendition = (uint8_t)rendition, .gop = 3, .nals = 50, .start_us = 1, .end_us = 2,
		.hash = {1}, .linked = {2}, .camera_name = "gate", .rendition_name = "copy"};

	parent_sei_ask(&child[WORKER], &m);
}

Test(parent_media, what_a_worker_asks_goes_to_sign_in_the_sites_names)
{
	static union msg_body m;

	ask(1, SIGNED);
	cr_assert_eq(heard(SIGN, &m), MSG_SEI_ASK);
	cr_expect(m.sei_ask.camera == 1 && m.sei_ask.rendition == SIGNED && m.sei_ask.gop == 3 && m.sei_ask.nals == 50 && m.sei_ask.hash[0] == 1);
	cr_expect_str_eq(m.sei_ask.camera_name, "yard");
	cr_expect_str_eq(m.sei_ask.rendition_name, "720p");
	cr_expect_not(child[WORKER].killed);
}

Test(parent_media, an_answer_goes_to_the_cameras_worker_and_wakes_it)
{
	static struct msg_sei sei = {.camera = 1, .rendition = SIGNED, .gop = 3, .start_us = 1, .nal_len = 2, .nal = {6, 5}};
	static union msg_body m;
	uint8_t rings[64];

	parent_sei(&p, &sei);
	cr_assert_eq(heard(WORKER, &m), MSG_SEI);
	cr_expect(m.sei.gop == 3 && m.sei.nal_len == 2);
	cr_expect_eq(read(bell[0], rings, sizeof rings), 8);
	sei.camera = 0;  /* has no worker any more */
	parent_sei(&p, &sei);
	sei.camera = 9;
	parent_sei(&p, &sei);
	child[WORKER].phase = CHILD_STARTING;
	sei.camera = 1;
	parent_sei(&p, &sei);
	cr_expect_eq(heard(WORKER, &m), MSG_NONE);
}

Test(parent_media, nothing_is_signed_that_the_site_does_not_have_signed)
{
	static union msg_body m;

	ask(1, PLAIN);
	site_camera[1].rendition[0].gone = true;
	ask(1, SIGNED);
	cr_expect_eq(heard(SIGN, &m), MSG_NONE);
	cr_expect_not(child[WORKER].killed, "it may be of a moment ago");
}

Test(parent_media, who_asks_for_another_camera_is_ended)
{
	static union msg_body m;

	ask(0, SIGNED);
	cr_expect_eq(heard(SIGN, &m), MSG_NONE);
	cr_expect(child[WORKER].killed);
}

Test(parent_media, who_asks_for_a_rendition_that_is_none_is_ended)
{
	ask(1, RENDITION_COPY);
	cr_expect(child[WORKER].killed);
}

Test(parent_media, who_asks_too_often_is_not_heard)
{
	static union msg_body m;
	unsigned n = 0;

	for (int i = 0; i < 1000; i++)
		ask(1, SIGNED);
	while (heard(SIGN, &m) == MSG_SEI_ASK)
		n++;
	/* of one second, or of the two that it fell into, or of as many as a slow machine needs */
	cr_expect(n >= 32 && n < 1000, "%u", n);
}
