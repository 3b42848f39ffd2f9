/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parent tells store: alarms for the log, and which renditions are not for viewers. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "tests/server/store_rig.h"

#define ALL 7u
#define COPY 1u

static struct rig r;
static unsigned wanted;

static void setup(void)
{
	rig_begin(&r);
}

static void teardown(void) { rig_end(&r); }

TestSuite(store_told, .init = setup, .fini = teardown, .timeout = 120);

static bool has_smalls(struct rig *x) { return x->segments[2] >= wanted; }

static void tell(const struct msg_alarm *m)
{
	cr_assert_eq(channel_say(r.store.parent, MSG_ALARM, m, NULL, 0), 0);
}

Test(store_told, alarms_are_entries)
{
	struct verify_report *report;
	int64_t now_us = clock_wall_us();

	rig_start(&r);
	rig_epoch(&r, now_us - 10000000);
	rig_feed(&r, 2, ALL, 500);
	tell(&(struct msg_alarm){.kind = ALARM_OVERLOAD, .begin = true, .at_us = now_us - 5000123, .detail = "frame rate halved"});
	tell(&(struct msg_alarm){.kind = ALARM_OVERLOAD, .at_us = now_us - 1000000, .detail = "over"});
	tell(&(struct msg_alarm){.camera = MSG_ALARM_SITE, .kind = ALARM_DISK, .begin = true, .at_us = now_us - 900000, .detail = "the disk will be full in less than 2 h"});
	tell(&(struct msg_alarm){.camera = 9, .kind = ALARM_OVERLOAD, .at_us = now_us, .detail = "of no camera"});
	wanted = 2;
	cr_assert(rig_until(&r, has_smalls, 60000));
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_count_entries(&r, "alarm/v1"), 3);
	cr_assert_eq(rig_count_entries(&r, "alarm/v1\ncamera -\n"), 1);
	cr_assert_eq(rig_count_entries(&r, "alarm overload\nstate begin\ndetail frame rate halved\n"), 1);
	cr_assert_eq(rig_count_entries(&r, "state end\ndetail over\n"), 1);
	cr_assert_eq(rig_stop_store(&r), 0);
	report = rig_verify(&r);
	cr_assert(report->nalarms == 3 && report->alarm[0].begin && !report->alarm[1].begin && report->alarm[2].begin);
	cr_assert_str_eq(report->alarm[0].camera, "gate-1");
	verify_free(&report);
	rig_assert_clean(&r, 4);
}

Test(store_told, what_is_hidden_is_archived_and_not_given_to_serve)
{
	r.hidden = COPY;
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 10000000);
	rig_feed(&r, 3, ALL, 500);
	wanted = 3;
	cr_assert(rig_until(&r, has_smalls, 60000));
	cr_assert(rig_settle(&r));
	cr_expect(r.tracks[0] == 0 && r.segments[0] == 0 && r.oldest[0] == 0);
	for (uint8_t kind = MSG_WANT_SEGMENT; kind <= MSG_WANT_PROOF; kind++) {
		cr_assert(rig_want(&r, &(struct msg_want){.kind = kind, .number = 1}));
		cr_expect_eq(r.have.status, MSG_HAVE_NONE, "kind %u", kind);
	}
	rig_link_serve(&r);
	rig_run(&r, 300);
	cr_expect(r.tracks[0] == 0 && r.segments[0] == 0, "nor to a new one");
	cr_assert_eq(rig_count_entries(&r, "rendition copy"), 3);
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 6);
}

static bool has_taken(struct rig *x) { return x->taken == wanted; }

static void say(enum msg_type type, const void *body)
{
	cr_assert_eq(channel_say(r.store.parent, type, body, NULL, 0), 0);
}

/* With a reload of the site file: the account ends at once, and goes on when the camera is here again, under numbers that follow. */
Test(store_told, a_camera_that_goes_and_comes_again_is_accounted_for)
{
	int64_t now_us = clock_wall_us();

	rig_start(&r);
	rig_epoch(&r, now_us - 20000000);
	rig_feed(&r, 3, ALL, 500);
	wanted = 3;
	cr_assert(rig_until(&r, has_smalls, 60000));
	say(MSG_CAMERA_GONE, &(struct msg_camera_gone){0});
	say(MSG_CAMERA_GONE, &(struct msg_camera_gone){7});
	rig_settle(&r);
	rig_feed(&r, 1, ALL, 500);  /* of a moment ago */
	say(MSG_STORE_CAMERA, &(struct msg_store_camera){.name = "gate-1"});
	wanted = 1;
	cr_assert(rig_until(&r, has_taken, 20000));
	rig_epoch(&r, clock_wall_us());
	rig_feed(&r, 2, ALL, 500);
	wanted = 5;
	cr_assert(rig_until(&r, has_smalls, 60000));
	cr_assert(rig_settle(&r));
	cr_expect_eq(rig_count_entries(&r, "why removed"), 2);
	cr_expect_eq(rig_count_entries(&r, "number 5\n"), 3);
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 10);
}

static bool has_begun(struct rig *x) { return x->state.entries > 0; }
static bool has_configs(struct rig *x) { return x->state.entries > 3; }

Test(store_told, a_changed_site_file_is_an_entry)
{
	struct msg_store_config m = {.changes = 3, .archive_max_bytes = 1 << 30, .change = "camera a: source\nuser b added\narchive.max_size"};
	struct msg_store_config many = {.changes = 12, .change = "1\n2\n3\n4\n5\n6\n7\n8"}, none = {.site_sha256 = {0xab}};
	struct verify_report *report;

	rig_start(&r);
	say(MSG_STORE_CAMERA, &(struct msg_store_camera){.camera = 1, .name = "porch"});
	wanted = 1;
	cr_assert(rig_until(&r, has_taken, 20000));
	/* Before start/v1 there is no entry: that one names the file. */
	cr_assert(rig_until(&r, has_begun, 20000));
	say(MSG_STORE_CONFIG, &m);
	say(MSG_STORE_CONFIG, &many);
	say(MSG_STORE_CONFIG, &none);
	cr_assert(rig_until(&r, has_configs, 20000));
	cr_assert(rig_settle(&r));
	cr_expect_eq(rig_count_entries(&r, "changes 3\nchange camera a: source\nchange user b added\nchange archive.max_size\n"), 1);
	cr_expect_eq(rig_count_entries(&r, "site sha256:ab00"), 1);
	cr_assert_eq(rig_stop_store(&r), 0);
	report = rig_verify(&r);
	cr_expect(report->nconfigs == 3 && report->config[1].changes == 12 && report->config[1].nchange == ENTRY_CHANGES_MAX && report->config[2].changes == 0);
	verify_free(&report);
}
