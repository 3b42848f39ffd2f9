/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/pump.h"

#include <errno.h>

static int put(void *ctx, const struct record *r)
{
	struct pump *p = ctx;
	int rc = record_put(p->out, r);

	p->put |= rc == 0;
	return rc;
}

static void wake(struct pump *p)
{
	if (p->put)
		ring_kick(p->out);
	p->put = false;
}

int pump_open(struct pump *p, const struct transcoder_settings *s, struct ring *in, struct ring *out, int64_t (*now_us)(void))
{
	*p = (struct pump){.in = in, .out = out, .now_us = now_us};
	buf_init(&p->record, ring_record_max(in));
	return transcoder_new(&p->transcoder, s, put, p);
}

void pump_close(struct pump *p)
{
	transcoder_free(&p->transcoder);
	buf_free(&p->record);
}

/* How long the ring was not empty, at the record just taken. */
static int64_t late_us(struct pump *p, int64_t now)
{
	if (!p->busy)
		p->busy_since_us = now;
	p->busy = true;
	return now - p->busy_since_us;
}

/* Whether to leave pictures out. */
static bool is_behind(struct pump *p, int64_t late)
{
	uint64_t waiting = ring_waiting(p->in);

	if (late > PUMP_PATIENCE_US || waiting > p->in->size / 2)
		p->behind = true;
	if (waiting == 0)
		p->busy = p->behind = false;
	return p->behind;
}

/* What the work since from_us says about how much of it there may be. */
static int judge(struct pump *p, int64_t from_us, int64_t now)
{
	int64_t late = p->busy ? now - p->busy_since_us : 0;
	unsigned max = transcoder_overload_max(p->transcoder);

	return transcoder_overload(p->transcoder, overload_worked(&p->overload, from_us, now, late, max));
}

/* *at_us: when it begins; then, when it ended. */
static int handle(struct pump *p, int64_t *at_us, const char **why)
{
	int64_t from = *at_us;
	struct record r;
	int rc, rc_judge;

	if (record_decode(buf_data(&p->record), p->record.len, &r))
		return -EBADMSG;
	rc = transcoder_feed(p->transcoder, &r, is_behind(p, late_us(p, from)), why);
	*at_us = p->now_us();
	rc_judge = judge(p, from, *at_us);
	wake(p);
	return rc_judge ? rc_judge : rc;
}

int pump_run(struct pump *p, const char **why)
{
	int64_t at = p->now_us(), began = at;
	int rc;

	while ((rc = ring_get(p->in, &p->record)) == 1) {
		rc = handle(p, &at, why);
		if (rc)
			return rc;
		if (p->turn_us && at - began >= p->turn_us)
			return -EAGAIN;
	}
	return rc;
}

int pump_switch(struct pump *p, unsigned rendition, bool run)
{
	int rc = transcoder_run(p->transcoder, rendition, run);

	p->busy = false;
	wake(p);
	return rc;
}

int pump_finish(struct pump *p)
{
	int rc = transcoder_finish(p->transcoder);

	wake(p);
	return rc;
}
