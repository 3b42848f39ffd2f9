/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_viewing.h"

#include <stdio.h>

#include "base/clock.h"
#include "server/serve_exchange.h"

/* The first of a viewer at once, so that it is known whatever becomes of this process. */
static const struct watch_pace pace = {.interval_us = 2000000, .idle_us = 0};

void serve_viewing_note(struct serve *s, const struct serve_peer *to, unsigned user, enum msg_viewing_by by, const struct serve_camera *c,
                        unsigned rendition, uint64_t number, uint64_t bytes)
{
	int64_t now_us = clock_wall_us();
	struct msg_viewing m = {.user = (uint16_t)user, .camera = c->set.camera, .renditions = (uint16_t)(1u << rendition), .by = (uint8_t)(1u << by),
		.from_number = number, .to_number = number, .bytes = bytes, .from_us = now_us, .to_us = now_us};
	unsigned before = s->views.waiting;

	if (!number || number > MSG_VIEWING_NUMBER_MAX)
		return;
	snprintf(m.address, sizeof m.address, "%s", *to->name ? to->name : "-");
	watch_book_add(&s->views, &m, clock_mono_us());
	if (s->views.waiting > before)
		serve_viewing_tell(s);
}

void serve_viewing_tell(struct serve *s)
{
	int64_t now_us = clock_mono_us();
	struct msg_viewing m;

	while (s->views.waiting && watch_book_next(&s->views, now_us, &pace, s->role.stopping, &m))
		if (channel_say(s->role.parent, MSG_VIEWING, &m, NULL, 0) < 0)
			return;
}
