/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What status makes of a camera's state: which sentence, and with which mend. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/status_inner.h"

#define NOW 1795000000000000ll
#define MINUTE 60000000ll

Test(status, notes_say_what_is_wrong_and_the_mend)
{
	static const struct {
		const char *name;
		struct camera_live cam;
		const char *notes[3];     /* a part of each, in order */
	} cases[] = {
		{"well", {.known = true, .state = {.phase = CAMERA_STREAMING, .video = CODEC_H264, .key_us = NOW - 1000000, .key_interval_ms = 2000, .packets = 9}}, {NULL}},
		{"not heard of", {.state = {0}}, {NULL}},
		{"no picture", {.known = true, .state = {.phase = CAMERA_WAITING, .why = GAP_REFUSED, .detail = "no"}}, {"refused: no; nothing listens"}},
		{"another reason before", {.known = true, .lost_why = GAP_SILENT, .lost_us = NOW - 3 * MINUTE, .state = {.phase = CAMERA_WAITING, .why = GAP_CERTIFICATE}},
			{"certificate; it does not prove", "lost 3m ago: silent"}},
		{"back again", {.known = true, .lost_why = GAP_SILENT, .lost_us = NOW - 100, .lost_detail = "nothing for 5 s", .state = {.phase = CAMERA_STREAMING}},
			{"lost 0s ago: silent: nothing for 5 s"}},
		{"smart codec", {.known = true, .state = {.phase = CAMERA_STREAMING, .video = CODEC_H265, .key_us = NOW - 3 * MINUTE}},
			{"no key frame for 3m: "}},
		{"never a key frame", {.known = true, .state = {.phase = CAMERA_STREAMING, .video = CODEC_H264, .since_us = NOW - 2 * MINUTE}}, {"no key frame for 2m: "}},
		{"sound alone", {.known = true, .state = {.phase = CAMERA_STREAMING, .audio = CODEC_AAC, .since_us = NOW - 2 * MINUTE}}, {NULL}},
		{"rare key frames", {.known = true, .state = {.phase = CAMERA_STREAMING, .video = CODEC_H264, .key_us = NOW - 1000000, .key_interval_ms = 60000}},
			{"key frames 60s apart: "}},
		{"a bad network", {.known = true, .state = {.phase = CAMERA_STREAMING, .transport = SITE_TRANSPORT_UDP, .packets = 980, .lost = 20}},
			{"2.00 % of the packets lost: the network"}},
		{"a camera that leaves packets out", {.known = true, .state = {.phase = CAMERA_STREAMING, .transport = SITE_TRANSPORT_TCP, .packets = 99, .lost = 1}},
			{"1.00 % of the packets lost: they came over TCP"}},
		{"hardly any loss", {.known = true, .state = {.phase = CAMERA_STREAMING, .packets = 1000000, .lost = 20}}, {NULL}},
		{"a clock behind", {.known = true, .state = {.phase = CAMERA_STREAMING, .clock_offset_us = -61000000}}, {"its clock is 61s behind ours: set NTP"}},
		{"a clock ahead", {.known = true, .state = {.phase = CAMERA_STREAMING, .clock = CLOCK_RTCP, .clock_offset_us = 3000000}},
			{"its clock is 3s ahead of ours: set NTP on the camera; times here are the camera's"}},
		{"a slow machine and disk", {.known = true, .rendition[0].dropped_disk = 3, .rendition[1].dropped_disk = 4,
			.state = {.phase = CAMERA_STREAMING, .dropped_ring = 5, .left_out = "application"}},
			{"7 segments not archived", "5 dropped here", "left out: application"}},
		{"sound left out", {.known = true, .state = {.phase = CAMERA_STREAMING, .detail = "AAC in a form that is not carried"}}, {"AAC in a form"}},
		{"some packets before the first picture", {.known = true, .state = {.phase = CAMERA_STREAMING, .packets = 100, .dropped_camera = 49, .mended = 49}}, {NULL}},
		{"a broken stream and clock", {.known = true, .state = {.phase = CAMERA_STREAMING, .packets = 9000, .access_units = 3000, .dropped_camera = 60, .mended = 70}},
			{"60 packets or pictures of no use", "70 timestamps mended"}},
		{"numbers as large as can be", {.known = true, .state = {.phase = CAMERA_STREAMING, .packets = UINT64_MAX / 2, .lost = UINT64_MAX / 2, .since_us = AU_TIME_MAX, .key_us = -AU_TIME_MAX}},
			{"50.00 %"}},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct status_notes notes;
		unsigned n = 0;

		status_notes(&cases[i].cam, NOW, &notes);
		while (n < 3 && cases[i].notes[n])
			n++;
		cr_expect_eq(notes.n, n, "%s: %u notes, first: %s", cases[i].name, notes.n, notes.n ? notes.text[0] : "");
		for (unsigned k = 0; k < n && k < notes.n; k++)
			cr_expect(strstr(notes.text[k], cases[i].notes[k]) == notes.text[k], "%s: %s", cases[i].name, notes.text[k]);
	}
}

Test(status, every_reason_but_those_of_our_own_has_a_mend)
{
	for (uint8_t why = 0; why < GAP_WHY_COUNT; why++) {
		bool own = why == GAP_NONE || why == GAP_STARTING || why == GAP_RESTART || why == GAP_STOPPED ||
			why == GAP_RECONFIGURED || why == GAP_REMOVED || why == GAP_NOT_RUNNING || why == GAP_CRASHED || why == GAP_CLOCK_STEP;

		cr_expect_eq(!status_advice(why), own, "%s", gap_why_name(why));
	}
	cr_expect_null(status_advice(255));
}

#define CAMERAS 200

static struct site site;
static struct site_camera site_camera[CAMERAS];
static struct camera_live camera[CAMERAS];
static struct child child[2];
static struct parent p;

static void begin(void)
{
	site = (struct site){.origin = "a.example", .archive = (char[]){"/srv"}, .camera = site_camera, .ncameras = CAMERAS};
	p = (struct parent){.site = &site, .camera = camera, .child = child, .nchildren = 2};
	for (unsigned i = 0; i < CAMERAS; i++) {
		snprintf(site_camera[i].name, SITE_NAME, "camera-%03u", i);
		camera[i] = (struct camera_live){.parent = &p, .index = i, .known = true, .state = {.phase = CAMERA_STREAMING, .rate_bps = 2000000, .key_us = clock_wall_us()}};
	}
	child[0] = (struct child){.parent = &p, .kind = ROLE_STORE, .phase = CHILD_READY};
	child[1] = (struct child){.parent = &p, .kind = ROLE_SERVE, .phase = CHILD_READY};
}

TestSuite(status_screen, .init = begin);

/* The answer to that question, and how many lines it has; the longest has *ret_longest letters. */
static const char *answer(const char *question, unsigned *ret_lines, unsigned *ret_longest)
{
	static char text[200000];
	unsigned at = 0;
	struct buf out;

	buf_init(&out, sizeof text - 1);
	status_question(&p, question, &out);
	snprintf(text, sizeof text, "%.*s", (int)out.len, (const char *)buf_data(&out));
	buf_free(&out);
	*ret_lines = *ret_longest = 0;
	for (const char *s = text; *s; s++) {
		if (*s == '\033')
			s += strcspn(s, "m");
		else if (*s != '\n')
			at++;
		*ret_longest = at > *ret_longest ? at : *ret_longest;
		*ret_lines += *s == '\n';
		at = *s == '\n' ? 0 : at;
	}
	return text;
}

Test(status_screen, holds_two_hundred_cameras_the_sick_in_full_and_the_others_counted)
{
	unsigned lines, longest;
	const char *text = answer("text 24 80", &lines, &longest);

	cr_expect(lines <= 24 && longest <= 80, "%u %u", lines, longest);
	cr_expect_not_null(strstr(text, "200 cameras are well, 400.0 Mb/s of all"), "%s", text);
	cr_expect_null(strstr(text, "camera-1"));
	camera[150].state = (struct msg_camera_state){.phase = CAMERA_WAITING, .why = GAP_REFUSED, .detail = "no"};
	camera[7].alarm[ALARM_BLACK] = (struct alarm){.is = true, .on = true, .detail = "the picture is black"};
	child[1].phase = CHILD_DOWN;
	text = answer("colour 40 100", &lines, &longest);
	cr_expect(lines <= 40 && longest <= 100, "%u %u", lines, longest);
	cr_expect(strstr(text, "camera-150") && strstr(text, "camera-007") && strstr(text, "198 cameras are well") && strstr(text, "serve[0] is down"), "%s", text);
	for (unsigned i = 0; i < CAMERAS; i++)
		camera[i].state = (struct msg_camera_state){.phase = CAMERA_WAITING, .why = GAP_REFUSED};
	text = answer("text 30 80", &lines, &longest);
	cr_expect(lines <= 30, "%u", lines);
	cr_expect(strstr(text, "more cameras are not well: casemate status --all") && strstr(text, "\n0 cameras are well"), "%s", text);
	answer("text 1 1", &lines, &longest);
	cr_expect(longest == 1);
}

Test(status_screen, without_a_size_has_all)
{
	unsigned lines, longest;
	const char *text = answer("text", &lines, &longest);

	cr_expect_gt(lines, CAMERAS);
	cr_expect(strstr(text, "\nstore[0]") && strstr(text, "camera-000") && strstr(text, "camera-199") && !strchr(text, '\033'));
	cr_expect_not_null(strchr(answer("colour", &lines, &longest), '\033'));
}

Test(status_screen, of_one_camera)
{
	unsigned lines, longest;
	const char *text = answer("text camera camera-042", &lines, &longest);

	cr_expect(strstr(text, "camera-042") && !strstr(text, "camera-041"));
	cr_expect_not_null(strstr(answer("text camera nosuch", &lines, &longest), "refused\nthe site has no camera of that name\n"));
}
