/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_TRANSCODE_SAY_H
#define SERVER_TRANSCODE_SAY_H
/*
 * What the parent is told of a worker: how each rendition goes, then the whole. Each
 * few seconds, and as soon as something begins or ends. Written straight to the channel, which
 * does not block: what it does not take is told the next time.
 */
#include "codec/transcoder.h"
#include "server/msg.h"

#define TRANSCODE_SAY_US 2000000

struct transcode_say {
	int fd;                         /* the channel's */
	struct msg_worker_state told;
	bool running[TRANSCODER_RENDITIONS_MAX], given_up[TRANSCODER_RENDITIONS_MAX];
	unsigned fps_step[TRANSCODER_RENDITIONS_MAX];
	int64_t told_us;                /* 0: nothing yet */
};

/* Whether it is due, or has changed. */
void transcode_say(struct transcode_say *s, const struct transcoder_settings *set, const struct transcoder *t, int64_t now_us);

/* Asks for an SEI; when the channel takes nothing more, nobody is asked. */
void transcode_ask(int fd, const struct msg_sei_ask *m);

#endif
