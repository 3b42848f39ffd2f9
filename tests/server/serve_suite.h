/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_SERVE_SUITE_H
#define TESTS_SERVER_SERVE_SUITE_H
/* How a test of serve as its own process begins and ends: the world around it, a viewer who is connected, and what he was answered last. */
#include "tests/server/serve_world.h"
#include "tests/server/viewer.h"

extern struct world world;
extern struct viewer viewer;
extern struct response got;

/* For .init and .fini of a suite. */
void suite_start(void);
void suite_start_with(unsigned more);    /* cameras, as world_start_with */
void suite_stop(void);

/* A header line, CRLF and all; it lasts for eight calls more. */
const char *basic(const char *name, const char *password);
#define ALICE basic(WORLD_USER, WORLD_PASSWORD)
/* Of what was answered last; head_has says what is there instead. */
bool body_has(const char *text);
bool head_has(const char *name, const char *value);
/* The viewer anew, at this serve process. */
void reconnect(unsigned serve);

#endif
