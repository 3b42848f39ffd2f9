/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_limit.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/serve.h"

void serve_limit_refused(struct serve *s, enum serve_limit limit, const char *who)
{
	static const char *const name[] = {[SERVE_LIMIT_ADDRESS] = "address", [SERVE_LIMIT_USER] = "user", [SERVE_LIMIT_LOGIN] = "login",
		[SERVE_LIMIT_DEMAND] = "demand"};
	uint64_t *count[] = {[SERVE_LIMIT_ADDRESS] = &s->state.refused_address, [SERVE_LIMIT_USER] = &s->state.refused_user,
		[SERVE_LIMIT_LOGIN] = &s->state.refused_login, [SERVE_LIMIT_DEMAND] = &s->state.refused_demand};
	int64_t now_us = clock_mono_us();

	s->state.refused++;
	++*count[limit];
	if (s->limits.log[limit].at_us && now_us - s->limits.log[limit].at_us < SERVE_LIMIT_LOG_US)
		return;
	log_warn("viewer-refused", "limit=%s of=%s times=%" PRIu64, name[limit], who, *count[limit] - s->limits.log[limit].said);
	s->limits.log[limit].at_us = now_us;
	s->limits.log[limit].said = *count[limit];
}
