/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/ladder.h"

#include <errno.h>
#include <stdlib.h>

#define SCENE_EVERY_90K (TIMESCALE_VIDEO / 2)
#define SCENE_SIDE_MAX 16384
#define STEPS_MEAN 8
#define STEP_MAX (10 * TIMESCALE_VIDEO)  /* a longer one is a hole, not a rate */

static uint64_t area(const struct output *o)
{
	return (uint64_t)o->want.width * o->want.height;
}

/* Places one in order: behind those as large. */
static void put_in_order(struct ladder *l, unsigned n)
{
	struct output *o = &l->output[n];

	for (; n > 0 && area(l->order[n - 1]) < area(o); n--)
		l->order[n] = l->order[n - 1];
	l->order[n] = o;
}

int ladder_init(struct ladder *l, const struct transcoder_settings *s, const struct packager_hooks *hooks)
{
	int rc = 0;

	*l = (struct ladder){.settings = s};
	for (unsigned i = 0; i < s->nrenditions && !rc; i++) {
		if (ladder_find(l, s->rendition[i].number))
			return -EINVAL;
		rc = output_init(&l->output[i], &s->rendition[i], s, hooks);
		if (rc)
			return rc;
		put_in_order(l, i);
		l->n++;
	}
	return ladder_arrange(l);
}

void ladder_free(struct ladder *l)
{
	for (unsigned i = 0; i < l->n; i++)
		output_free(&l->output[i]);
	l->n = 0;
}

struct output *ladder_find(struct ladder *l, unsigned rendition)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->output[i].want.number == rendition)
			return &l->output[i];
	return NULL;
}

static unsigned running(const struct ladder *l)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->n; i++)
		n += l->output[i].running;
	return n;
}

bool ladder_runs(const struct ladder *l)
{
	return running(l) > 0;
}

unsigned ladder_steps_max(const struct ladder *l)
{
	unsigned n = running(l);

	return n ? LADDER_RATE_STEPS + (n - 1) + 1 : 0;
}

bool ladder_makes_only_cuts(const struct ladder *l)
{
	return l->steps && l->steps >= ladder_steps_max(l);
}

/* Shapes that differ by less than the scaler's tolerance: scaled from each other, no bars come and none are cut. */
static bool same_shape(const struct output *a, const struct output *b)
{
	uint64_t x = (uint64_t)a->want.width * b->want.height, y = (uint64_t)b->want.width * a->want.height;

	return (x > y ? x - y : y - x) * 50 <= x;
}

static bool takes_part(const struct output *o)
{
	return o->running && !o->given_up;
}

static struct output *nearest_larger(const struct ladder *l, unsigned i)
{
	const struct output *o = l->order[i];

	while (i-- > 0) {
		struct output *above = l->order[i];

		if (takes_part(above) && same_shape(above, o) && above->want.width >= o->want.width && above->want.height >= o->want.height)
			return above;
	}
	return NULL;
}

/* The one to be given up next: of the lowest priority, and of those the last. */
static struct output *least_wanted(struct ladder *l)
{
	struct output *least = NULL;

	for (unsigned i = 0; i < l->n; i++)
		if (takes_part(&l->output[i]) && (!least || l->output[i].want.priority <= least->want.priority))
			least = &l->output[i];
	return least;
}

static void choose_given_up(struct ladder *l)
{
	unsigned n = running(l), give_up = l->steps > LADDER_RATE_STEPS ? l->steps - LADDER_RATE_STEPS : 0;

	for (unsigned i = 0; i < l->n; i++)
		l->output[i].given_up = false;
	for (; give_up > 0 && n > 1; n--, give_up--)
		least_wanted(l)->given_up = true;
}

int ladder_arrange(struct ladder *l)
{
	int rc = 0;

	choose_given_up(l);
	for (unsigned i = 0; i < l->n; i++) {
		struct output *o = l->order[i];
		int rc_one = takes_part(o) ? 0 : output_end(o);

		if (!rc_one)
			rc_one = output_set_parent(o, takes_part(o) ? nearest_larger(l, i) : NULL);
		rc = rc ? rc : rc_one;
	}
	return rc;
}

int ladder_set_steps(struct ladder *l, unsigned steps)
{
	if (steps == l->steps)
		return 0;
	l->steps = steps;
	return ladder_arrange(l);
}

int ladder_end(struct ladder *l)
{
	int rc = 0;

	for (unsigned i = 0; i < l->n; i++) {
		int rc_one = output_end(&l->output[i]);

		l->output[i].from_segment = 0;
		rc = rc ? rc : rc_one;
	}
	return rc;
}

static unsigned rate_of(const struct ladder *l)
{
	return l->step > 0 ? (unsigned)((TIMESCALE_VIDEO + l->step / 2) / l->step) : 0;
}

static void learn_rate(struct ladder *l, int64_t step)
{
	if (step <= 0 || step > STEP_MAX)
		return;
	l->step += l->step ? (step - l->step) / STEPS_MEAN : step;
}

static int add(struct output *o, const struct output_picture *p)
{
	if (!output_has_begun(o)) {
		int rc;

		if (!p->lane.cut || p->lane.segment < o->from_segment)
			return 0;
		rc = output_begin(o, p);
		if (rc)
			return rc;
	}
	return output_add(o, p);
}

/*
 * What the camera gave, since noise is part of what is looked at; only luma is, so of 8 bits any format will do. Of more, what
 * became of it.
 */
static bool picture_to_look_at(const struct ladder *l, const struct lane_picture *p, struct picture *ret)
{
	*ret = p->picture;
	ret->format = PICTURE_420;
	if (p->picture.bits == 8 && p->picture.format != PICTURE_GBR)
		return p->picture.width >= SCALE_MIN && p->picture.width <= SCENE_SIDE_MAX && p->picture.height >= SCALE_MIN;
	for (unsigned i = 0; i < l->n; i++) {
		*ret = l->order[i]->made;
		if (l->order[i]->made_number == l->pictures && !l->order[i]->denoise)
			return true;
	}
	return false;
}

static void look_at_scene(struct ladder *l, const struct lane_picture *p)
{
	int64_t pts = p->picture.pts;
	struct scene_stats stats;
	struct picture picture;

	if (p->blind_since_us || (pts < l->scene_due && pts > l->scene_due - SCENE_EVERY_90K) || !picture_to_look_at(l, p, &picture))
		return;
	scene_measure(&picture, l->settings->cpu, &stats);
	l->scene_bits = scene_add(&l->scene, &stats, p->keys != l->scene_keys, pts);
	l->scene_keys = p->keys;
	l->looked++;
	l->scene_due = pts + SCENE_EVERY_90K;
}

static struct output_picture describe(struct ladder *l, const struct lane_picture *p, uint64_t epoch)
{
	return (struct output_picture){.lane = *p, .number = ++l->pictures, .epoch = epoch, .fps = rate_of(l),
		.fps_step = l->steps < LADDER_RATE_STEPS ? l->steps : LADDER_RATE_STEPS, .only_cuts = ladder_makes_only_cuts(l)};
}

int ladder_show(struct ladder *l, const struct lane_picture *p, uint64_t epoch, bool behind)
{
	struct output_picture all = describe(l, p, epoch);
	int rc = 0;

	all.behind = behind;
	learn_rate(l, p->step);
	for (unsigned i = 0; i < l->n && !rc; i++)
		if (takes_part(l->order[i]))
			rc = add(l->order[i], &all);
	if (!rc)
		look_at_scene(l, p);
	return rc;
}

int ladder_show_to(struct ladder *l, struct output *o, const struct lane_picture *p, uint64_t epoch)
{
	struct output_picture one = describe(l, p, epoch);

	return add(o, &one);
}
