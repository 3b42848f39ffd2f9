/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_PROBE_H
#define SERVER_PROBE_H
/* What casemate probe was asked and found (probe.c), and how it tells it (probe_print.c). */
#include <stdio.h>

#include "base/buf.h"
#include "server/msg.h"

struct probe_options {
	const char *name, *user, *password_file, *transport, *fingerprint, *ca;  /* NULL if not given; name always is */
	bool unverified, allow_basic;
	unsigned seconds;
};

struct probe_found {
	struct msg_camera_state state;    /* the last one */
	struct msg_camera_offer offer;
	bool has_offer;
};

/*
 * The camera's lines of a site file, below "cameras:": as asked, and with what was found (NULL: nothing yet).
 * 0 or -ENOBUFS.
 */
int probe_snippet(const struct probe_options *o, const char *url, const struct probe_found *found, struct buf *out);
/* All that is known of a camera that plays, then its lines. */
void probe_print(FILE *to, const struct probe_options *o, const char *url, const struct probe_found *found);
/* Why it does not, and what to do. */
void probe_print_failure(FILE *to, const char *url, const struct probe_found *found);

#endif
