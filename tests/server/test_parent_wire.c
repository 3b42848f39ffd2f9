/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When roles that run are joined anew. */
#include <criterion/criterion.h>

#include <event2/event.h>

#include "tests/server/parent_rig.h"

enum { STORE, INGEST, CHILDREN };

static void setup(void)
{
	rig_begin((const enum role_kind[CHILDREN]){ROLE_STORE, ROLE_INGEST}, CHILDREN);
	rig.camera[0].telling = event_new(rig.p.base, -1, 0, parent_tell_state, &rig.camera[0]);
	cr_assert_not_null(rig.camera[0].telling);
	child_wire(&rig.child[INGEST]);
}

static void teardown(void)
{
	event_free(rig.camera[0].telling);
	rig_end();
}

TestSuite(wire, .init = setup, .fini = teardown, .timeout = 30);

/* How many rings ingest was given since it was asked last, to begin with or to go on in. */
static unsigned rings(bool goes_on)
{
	static union msg_body m;
	enum msg_type type;
	unsigned n = 0;

	while ((type = rig_heard(INGEST, &m)) != MSG_NONE)
		if (type == MSG_RING_STORE) {
			cr_expect_eq(m.ring_store.goes_on, goes_on);
			n++;
		}
	return n;
}

/* How many store was. */
static unsigned rings_of_store(void)
{
	static union msg_body m;
	enum msg_type type;
	unsigned n = 0;

	while ((type = rig_heard(STORE, &m)) != MSG_NONE)
		n += type == MSG_RING_FROM && m.ring_from.role == ROLE_INGEST;
	return n;
}

static void taken(void)
{
	RIG_SAY(INGEST, MSG_RING_STORE, (struct msg_ring_store){.goes_on = true});
}

static void dropped(uint64_t n)
{
	RIG_SAY(INGEST, MSG_CAMERA_STATE, (struct msg_camera_state){.camera = 0, .phase = CAMERA_STREAMING, .dropped_ring = n, .dropped_store = n});
}

Test(wire, a_ring_grows_for_cameras_that_a_reload_brought_once_something_did_not_fit)
{
	cr_expect_eq(rings(false), 1);
	dropped(1);
	cr_expect_eq(rings(true), 0, "as large as it would be anew");
	rig.site.ncameras = 100;
	dropped(1);
	cr_expect_eq(rings(true), 0, "nothing was lost since they came");
	dropped(2);
	cr_expect_eq(rings(true), 1);
	dropped(3);
	cr_expect_eq(rings(true), 0, "as large as it would be anew");
	rig.site.ncameras = 2;
}

/* While ingest still puts into the earlier one, store has to take from it. */
Test(wire, store_hears_of_a_larger_ring_when_ingest_has_taken_it)
{
	cr_expect_eq(rings_of_store(), 1);
	rings(false);
	taken();
	cr_expect_eq(rings_of_store(), 0, "one that nobody gave it");
	rig.site.ncameras = 100;
	dropped(1);
	rig.site.ncameras = 300;
	dropped(2);
	cr_expect_eq(rings(true), 1, "one after the other");
	cr_expect_eq(rings_of_store(), 0);
	taken();
	taken();
	cr_expect_eq(rings_of_store(), 1);
	dropped(3);
	cr_expect_eq(rings(true), 1, "the next one");
	child_wire(&rig.child[STORE]);
	cr_expect_eq(rings(false), 1, "a new store knows nothing of what went before");
	cr_expect_eq(rings_of_store(), 1);
	taken();
	cr_expect_eq(rings_of_store(), 0, "the one before");
	rig.site.ncameras = 2;
}
