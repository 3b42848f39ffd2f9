/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_CLOSED_H
#define SERVER_SERVE_CLOSED_H
/*
 * Connections that serve ended on its own account: counted by cause, for the status, and logged, of each cause at most each
 * SERVE_CLOSED_LOG_US, with how many there were since. Who is idle is counted alone: that is how most connections end.
 */
#include <stdint.h>

#define SERVE_CLOSED_LOG_US 10000000

/*
 * HANDSHAKE: not done in SERVE_HEAD_US. REQUEST: begun, and not whole by then. SLOW: took less of what is for him than
 * SERVE_SLOW_BYTES in SERVE_SLOW_US, or of a stream by RTSP less than it brings. STARVED: store did not give what he was to get.
 * IDLE: no request in SERVE_IDLE_US.
 */
enum serve_closed {
	SERVE_CLOSED_HANDSHAKE, SERVE_CLOSED_REQUEST, SERVE_CLOSED_SLOW, SERVE_CLOSED_STARVED, SERVE_CLOSED_IDLE, SERVE_CLOSED_COUNT
};

/* Of each cause: when it was logged last, and how many had been closed by then. */
struct serve_closed_log {
	int64_t at_us;
	uint64_t said;
};

struct serve;

/* from: the viewer's address, as it may stand in the log. */
void serve_closed(struct serve *s, enum serve_closed cause, const char *from);

#endif
