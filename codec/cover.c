/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/cover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/scale.h"

struct cover {
	struct mask mask[MASKS_MAX];
	unsigned n;
	enum cpu_level cpu;
	/* For pictures of the size that the last one had. */
	struct frame *frame;
	struct masks *masks;
	struct scale *convert;   /* NULL: not needed yet */
};

int cover_new(struct cover **ret, const struct mask *m, unsigned n, enum cpu_level cpu)
{
	struct cover *c;

	if (n == 0 || n > MASKS_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		if (!mask_is_good(&m[i]))
			return -EINVAL;
	c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	memcpy(c->mask, m, n * sizeof *m);
	c->n = n;
	c->cpu = cpu;
	*ret = c;
	return 0;
}

static void forget(struct cover *c)
{
	frame_free(&c->frame);
	masks_free(&c->masks);
	scale_free(&c->convert);
}

void cover_free(struct cover **cp)
{
	if (!*cp)
		return;
	forget(*cp);
	free(*cp);
	*cp = NULL;
}

static unsigned even_side(uint64_t v)
{
	return v < SCALE_MIN ? SCALE_MIN : v > SCALE_MAX ? SCALE_MAX : (unsigned)(v + 1) & ~1u;
}

/* The copy's size: the picture's own, if the scaler reaches that far and it is even. */
static void size_of_copy(const struct picture *p, unsigned *ret_width, unsigned *ret_height)
{
	uint64_t longer = p->width > p->height ? p->width : p->height, most = longer > SCALE_MAX ? SCALE_MAX : longer;

	*ret_width = even_side(p->width * most / longer);
	*ret_height = even_side(p->height * most / longer);
}

static int prepare(struct cover *c, unsigned width, unsigned height)
{
	int rc;

	if (c->frame && c->frame->width[0] == width && c->frame->height[0] == height)
		return 0;
	forget(c);
	rc = frame_new(&c->frame, width, height);
	if (!rc)
		rc = masks_new(&c->masks, c->mask, c->n, width, height, c->cpu);
	if (rc)
		forget(c);
	return rc;
}

/* Pixels stay as they are shaped: of that the scaler is not told. */
static int convert(struct cover *c, const struct picture *p, struct picture *ret)
{
	struct picture square = *p;
	int rc = c->convert ? 0 : scale_new(&c->convert, c->frame->width[0], c->frame->height[0], c->cpu);

	square.sar_num = square.sar_den = 1;
	if (!rc)
		rc = scale_run(c->convert, &square, ret);
	if (rc)
		return rc;
	ret->sar_num = p->sar_num;
	ret->sar_den = p->sar_den;
	return 0;
}

static bool is_plain(const struct picture *p, const struct frame *f)
{
	return p->format == PICTURE_420 && p->bits == 8 && p->width == f->width[0] && p->height == f->height[0];
}

int cover_draw(struct cover *c, struct picture *p)
{
	unsigned width, height;
	struct picture plain;
	int rc;

	if (p->width == 0 || p->height == 0)
		return -EINVAL;
	size_of_copy(p, &width, &height);
	rc = prepare(c, width, height);
	plain = *p;
	if (!rc && !is_plain(p, c->frame))
		rc = convert(c, p, &plain);
	if (rc)
		return rc;
	frame_copy(c->frame, &plain);
	masks_draw(c->masks, c->frame);
	*p = c->frame->picture;
	return 1;
}
