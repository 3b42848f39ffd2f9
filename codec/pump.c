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

/* Whether to leave pictures out, at the record just taken. */
static bool is_behind(struct pump *p)
{
	uint64_t waiting = ring_waiting(p->in);
	int64_t now = p->now_us();

	if (!p->busy)
		p->busy_since_us = now;
	p->busy = true;
	if (now - p->busy_since_us > PUMP_PATIENCE_US || waiting > p->in->size / 2)
		p->behind = true;
	if (waiting == 0)
		p->busy = p->behind = false;
	return p->behind;
}

int pump_run(struct pump *p, const char **why)
{
	struct record r;
	int rc;

	while ((rc = ring_get(p->in, &p->record)) == 1) {
		if (record_decode(buf_data(&p->record), p->record.len, &r))
			return -EBADMSG;
		rc = transcoder_feed(p->transcoder, &r, is_behind(p), why);
		wake(p);
		if (rc)
			return rc;
	}
	return rc;
}

int pump_switch(struct pump *p, unsigned rendition, bool run)
{
	int rc = transcoder_run(p->transcoder, rendition, run);

	wake(p);
	return rc;
}

int pump_finish(struct pump *p)
{
	int rc = transcoder_finish(p->transcoder);

	wake(p);
	return rc;
}
