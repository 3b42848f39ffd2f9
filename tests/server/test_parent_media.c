/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parent carries between workers and sign, and for whom. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "tests/server/parent_rig.h"

/* sign and the worker of camera 1, whose "720p" is signed and whose "360p" is not. */
enum { SIGN, WORKER, CHILDREN };
#define SIGNED RENDITION_ENCODED
#define PLAIN (RENDITION_ENCODED + 1)

static void setup(void)
{
	rig.site_camera[0] = (struct site_camera){.name = "gate"};
	rig.site_camera[1] = (struct site_camera){.name = "yard", .nrenditions = 2, .rendition = {{.name = "720p", .sign = SITE_SIGN_ONVIF}, {.name = "360p"}}};
	rig_begin((const enum role_kind[CHILDREN]){ROLE_SIGN, ROLE_TRANSCODE}, CHILDREN);
	rig.child[WORKER].index = 1;
}

TestSuite(parent_media, .init = setup, .fini = rig_end, .timeout = 60);

static void ask(unsigned cam, unsigned rendition)
{
	struct msg_sei_ask m = {.camera = (uint16_t)cam, .rendition = (uint8_t)rendition, .gop = 3, .nals = 50, .start_us = 1, .end_us = 2,
		.hash = {1}, .linked = {2}, .camera_name = "gate", .rendition_name = "copy"};

	parent_sei_ask(&rig.child[WORKER], &m);
}

Test(parent_media, what_a_worker_asks_goes_to_sign_in_the_sites_names)
{
	static union msg_body m;

	ask(1, SIGNED);
	cr_assert_eq(rig_heard(SIGN, &m), MSG_SEI_ASK);
	cr_expect(m.sei_ask.camera == 1 && m.sei_ask.rendition == SIGNED && m.sei_ask.gop == 3 && m.sei_ask.nals == 50 && m.sei_ask.hash[0] == 1);
	cr_expect_str_eq(m.sei_ask.camera_name, "yard");
	cr_expect_str_eq(m.sei_ask.rendition_name, "720p");
	cr_expect_not(rig.child[WORKER].killed);
}

Test(parent_media, an_answer_goes_to_the_cameras_worker_and_wakes_it)
{
	static struct msg_sei sei = {.camera = 1, .rendition = SIGNED, .gop = 3, .start_us = 1, .nal_len = 2, .nal = {6, 5}};
	static union msg_body m;
	uint8_t rings[64];

	parent_sei(&rig.p, &sei);
	cr_assert_eq(rig_heard(WORKER, &m), MSG_SEI);
	cr_expect(m.sei.gop == 3 && m.sei.nal_len == 2);
	cr_expect_eq(read(rig.bell[0], rings, sizeof rings), 8);
	sei.camera = 0;  /* has no worker any more */
	parent_sei(&rig.p, &sei);
	sei.camera = 9;
	parent_sei(&rig.p, &sei);
	rig.child[WORKER].phase = CHILD_STARTING;
	sei.camera = 1;
	parent_sei(&rig.p, &sei);
	cr_expect_eq(rig_heard(WORKER, &m), MSG_NONE);
}

Test(parent_media, nothing_is_signed_that_the_site_does_not_have_signed)
{
	static union msg_body m;

	ask(1, PLAIN);
	rig.site_camera[1].rendition[0].gone = true;
	ask(1, SIGNED);
	cr_expect_eq(rig_heard(SIGN, &m), MSG_NONE);
	cr_expect_not(rig.child[WORKER].killed, "it may be of a moment ago");
}

Test(parent_media, who_asks_for_another_camera_is_ended)
{
	static union msg_body m;

	ask(0, SIGNED);
	cr_expect_eq(rig_heard(SIGN, &m), MSG_NONE);
	cr_expect(rig.child[WORKER].killed);
}

Test(parent_media, who_asks_for_a_rendition_that_is_none_is_ended)
{
	ask(1, RENDITION_COPY);
	cr_expect(rig.child[WORKER].killed);
}

Test(parent_media, who_asks_too_often_is_not_heard)
{
	static union msg_body m;
	unsigned n = 0;

	for (int i = 0; i < 1000; i++)
		ask(1, SIGNED);
	while (rig_heard(SIGN, &m) == MSG_SEI_ASK)
		n++;
	/* of one second, or of the two that it fell into, or of as many as a slow machine needs */
	cr_expect(n >= 32 && n < 1000, "%u", n);
}
