/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_RIG_ROLE_H
#define TESTS_SERVER_RIG_ROLE_H
/* A role's program as the server starts it, with the test as its parent. */
#include <sys/types.h>

#include "server/roles.h"

/* channel stays the caller's to close. What the role logs is copied to the test's standard error. The pid. */
pid_t rig_start_role(enum role_kind role, int channel);

#endif
