/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/encoder.h"

#include <errno.h>
#include <stdlib.h>

#include "codec/encoder_ops.h"

struct encoder {
	const struct encoder_ops *ops;
	void *state;
	unsigned width, height;
	int64_t last_pts;              /* INT64_MIN: no picture yet */
	struct track track;
};

static const struct encoder_ops *const all[] = {&encoder_x264};

static bool settings_are_good(const struct encoder_settings *s)
{
	return s->width >= 16 && s->width <= 4096 && s->width % 2 == 0 &&
		s->height >= 16 && s->height <= 4096 && s->height % 2 == 0 &&
		s->fps <= 240 && s->bitrate_bps >= 16000 && s->bitrate_bps <= 1000000000 && s->crf <= 51 &&
		s->speed < ENCODER_SPEEDS && s->latency < ENCODER_LATENCIES && s->profile < ENCODER_PROFILES;
}

static const struct encoder_ops *ops_of(enum codec codec)
{
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i]->codec == codec)
			return all[i];
	return NULL;
}

int encoder_open(struct encoder **ret, const struct encoder_settings *s)
{
	const struct encoder_ops *ops = ops_of(s->codec);
	struct encoder *e;
	int rc;

	if (!settings_are_good(s))
		return -EINVAL;
	if (!ops)
		return -ENOTSUP;
	e = calloc(1, sizeof *e);
	if (!e)
		return -ENOMEM;
	e->ops = ops;
	e->width = s->width;
	e->height = s->height;
	e->last_pts = INT64_MIN;
	rc = ops->open(&e->state, &e->track, s);
	if (rc)
		free(e);
	else
		*ret = e;
	return rc;
}

void encoder_free(struct encoder **ep)
{
	struct encoder *e = *ep;

	if (!e)
		return;
	e->ops->free(e->state);
	free(e);
	*ep = NULL;
}

const struct track *encoder_track(const struct encoder *e)
{
	return &e->track;
}

static bool picture_fits(const struct encoder *e, const struct picture *p)
{
	return p->format == PICTURE_420 && p->bits == 8 && p->width == e->width && p->height == e->height && p->pts > e->last_pts;
}

int encoder_encode(struct encoder *e, const struct picture *p, bool key, const uint8_t *still, struct au *ret)
{
	bool first = e->last_pts == INT64_MIN;

	if (!picture_fits(e, p))
		return -EINVAL;
	e->last_pts = p->pts;
	return e->ops->encode(e->state, p, key || first, still, ret);
}

void encoder_mend(struct encoder *e)
{
	e->ops->mend(e->state);
}

int encoder_drain(struct encoder *e, struct au *ret)
{
	return e->ops->drain(e->state, ret);
}
