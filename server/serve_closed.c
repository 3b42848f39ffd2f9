/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_closed.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/serve.h"

void serve_closed(struct serve *s, enum serve_closed cause, const char *from)
{
	static const char *const name[] = {[SERVE_CLOSED_HANDSHAKE] = "handshake", [SERVE_CLOSED_REQUEST] = "request",
		[SERVE_CLOSED_SLOW] = "slow", [SERVE_CLOSED_STARVED] = "starved"};
	uint64_t *count[] = {[SERVE_CLOSED_HANDSHAKE] = &s->state.closed_handshake, [SERVE_CLOSED_REQUEST] = &s->state.closed_request,
		[SERVE_CLOSED_SLOW] = &s->state.closed_slow, [SERVE_CLOSED_STARVED] = &s->state.closed_starved,
		[SERVE_CLOSED_IDLE] = &s->state.closed_idle};
	struct serve_closed_log *log = &s->closed[cause];
	int64_t now_us = clock_mono_us();

	++*count[cause];
	s->state.slow_closed += cause != SERVE_CLOSED_IDLE;
	if (cause == SERVE_CLOSED_IDLE || (log->at_us && now_us - log->at_us < SERVE_CLOSED_LOG_US))
		return;
	log_warn("viewer-closed", "cause=%s from=%s times=%" PRIu64, name[cause], from, *count[cause] - log->said);
	log->at_us = now_us;
	log->said = *count[cause];
}
