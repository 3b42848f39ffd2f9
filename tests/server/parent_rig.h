/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_PARENT_RIG_H
#define TESTS_PARENT_RIG_H
/* A parent whose roles are ready and do nothing; what it tells them the test reads. */
#include "server/parent.h"

#define RIG_CHILDREN 4

struct parent_rig {
	struct site site;
	struct site_camera site_camera[2];
	struct parent p;
	struct camera_live camera[2];
	struct child child[RIG_CHILDREN + 1];  /* and room for one that comes later */
	unsigned children;                     /* that were there from the beginning */
	int ear[RIG_CHILDREN];                 /* the children's ends of their channels */
	int bell[2];                           /* of every worker's first ring: [0] is where it would wait */
};
extern struct parent_rig rig;

/* With the two cameras of rig.site_camera, and a child of each of these kinds, in this order; a worker is camera 0's. */
void rig_begin(const enum role_kind *kind, unsigned n);
void rig_end(void);
/* What this child says, as its channel would hand it over. */
void rig_say(unsigned who, enum msg_type type, const void *body, size_t n);
#define RIG_SAY(who, type, ...) rig_say(who, type, &(__VA_ARGS__), sizeof(__VA_ARGS__))
/* The next message that this child was sent; MSG_NONE if there is none. */
enum msg_type rig_heard(unsigned who, union msg_body *ret);

#endif
