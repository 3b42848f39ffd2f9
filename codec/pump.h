/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_PUMP_H
#define CODEC_PUMP_H
/*
 * A transcoder between two rings: takes what waits in the one, puts what comes
 * of it into the other. It never waits: the role does, on the doorbell.
 *
 * It keeps up as long as it finds the ring empty now and then. When it has not for
 * OVERLOAD_LATE_US, something is given up for as long as need be (overload.h); when it
 * has not for PUMP_PATIENCE_US, or more than half of the ring waits, it is behind, and
 * leaves pictures out (transcoder.h) until the ring is empty: so a machine that is too
 * slow shows fewer pictures, but none much later than that.
 */
#include "base/ring.h"
#include "codec/overload.h"
#include "codec/transcoder.h"

#define PUMP_PATIENCE_US 1000000

struct pump {
	struct transcoder *transcoder;
	struct ring *in, *out;         /* borrowed */
	struct buf record;
	int64_t (*now_us)(void);
	int64_t busy_since_us;         /* the ring was last known to be empty */
	bool busy, behind;
	struct overload overload;
	bool put;                      /* something for store since it was last woken */
	int64_t turn_us;               /* for its user to set: pump_run comes back after so long, though more waits; 0: it does not */
};

/* The rings are borrowed for as long as the pump lives; now_us is a clock that only goes forward. 0, -EINVAL or -ENOMEM as transcoder_new. */
int pump_open(struct pump *p, const struct transcoder_settings *s, struct ring *in, struct ring *out, int64_t (*now_us)(void));
void pump_close(struct pump *p);
/*
 * Handles every waiting record and wakes store after each that gave it something. 0 when the ring is empty; -EAGAIN when
 * its turn is over before (call again); -ENOTSUP after a track that can't be decoded, *why in words (say so, then call again). Anything else is the end:
 * -EBADMSG for bytes that ingest would never send, -ENOMEM, -EIO.
 */
int pump_run(struct pump *p, const char **why);
/* As transcoder_run: store is woken for what comes of it. */
int pump_switch(struct pump *p, unsigned rendition, bool run);
/* The stream ends: everything under way goes out. 0 or as pump_run. */
int pump_finish(struct pump *p);

#endif
