/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_line.h"

#include "media/playlist.h"
#include "server/serve_media.h"

#define CUT_OFF_US 300000    /* so much less than the others' segment of its number: sound and pictures are not cut at the same place */

static struct serve_cut cut_of(const struct msg_segment *s)
{
	return (struct serve_cut){.number = s->number, .start_us = s->start_us, .duration_us = serve_media_duration_us(s), .discontinuity = s->discontinuity,
		.sound = s->rendition == RENDITION_AUDIO};
}

void serve_line_note(struct serve_cut cut[SERVE_CUTS], const struct msg_segment *s)
{
	struct serve_cut *at = &cut[s->number % SERVE_CUTS];

	if (at->number < s->number || (at->number == s->number && at->sound))
		*at = cut_of(s);
}

/* Of a number that no rendition has: its share of the time between its neighbours. */
static struct serve_cut between(const struct msg_segment *before, const struct msg_segment *after, uint64_t number, uint64_t usual_us)
{
	struct serve_cut cut = cut_of(before);
	uint64_t missing = after->number - before->number - 1;
	int64_t from_us = before->start_us + (int64_t)cut.duration_us, us = after->start_us > from_us ? after->start_us - from_us : 0;

	cut.number = number;
	cut.duration_us = us / (int64_t)missing > 0 && before->discontinuity == after->discontinuity ? (uint64_t)us / missing : usual_us;
	cut.start_us = from_us + (int64_t)(cut.duration_us * (number - before->number - 1));
	return cut;
}

/* A gap lasts as long as a segment may: what is beyond lies between its date and the next one's. */
static struct serve_listed gap(const struct serve_camera *c, const struct serve_segment *before, const struct serve_segment *after, uint64_t number)
{
	const struct serve_cut *known = &c->cut[number % SERVE_CUTS];
	struct serve_listed l = {.init_sha256 = before->m.init_sha256};

	l.at = known->number == number ? *known : between(&before->m, &after->m, number, c->set.segment_ms * UINT64_C(1000));
	if (l.at.discontinuity < before->m.discontinuity || l.at.discontinuity > after->m.discontinuity)
		l.at.discontinuity = before->m.discontinuity;
	if (!playlist_fits(l.at.duration_us, c->target_s))
		l.at.duration_us = c->target_s * UINT64_C(1000000);
	return l;
}

/*
 * A worker that died left the beginning of a segment: the next one does not go on where that ends. Sound that ran ahead of its pictures is cut
 * behind them: its segment is longer than theirs, and the next one shorter, but ends where theirs does.
 */
static bool is_cut_off(const struct serve_camera *c, const struct serve_rendition *r, const struct msg_segment *s)
{
	const struct serve_cut *known = &c->cut[s->number % SERVE_CUTS];
	uint64_t slack_us = CUT_OFF_US + (r->set.fps ? 1000000 / r->set.fps : 0);

	int64_t early_us = known->start_us + (int64_t)known->duration_us - s->start_us - (int64_t)serve_media_duration_us(s);

	return known->number == s->number && known->discontinuity == s->discontinuity && (!known->sound || s->rendition == RENDITION_AUDIO) &&
	       serve_media_duration_us(s) + slack_us < known->duration_us && early_us > (int64_t)slack_us;
}

static struct serve_listed listed(const struct serve_camera *c, const struct serve_rendition *r, const struct serve_segment *s)
{
	struct serve_listed l = {.at = cut_of(&s->m), .segment = s, .init_sha256 = s->m.init_sha256};

	if (is_cut_off(c, r, &s->m)) {
		l.at = c->cut[s->m.number % SERVE_CUTS];
		l.segment = NULL;
	}
	if (!playlist_fits(l.at.duration_us, c->target_s)) {
		l.at.duration_us = c->target_s * UINT64_C(1000000);
		l.segment = NULL;
	}
	return l;
}

/* The newest numbers, newest first; how many. */
static size_t backwards(const struct serve_camera *c, const struct serve_rendition *r, struct serve_listed list[SERVE_LISTED_MOST])
{
	uint64_t least_us = c->target_s * UINT64_C(3000000), us = 0, number = r->window[r->n - 1].m.number;
	unsigned at = r->n - 1;
	size_t n = 0;

	for (; n < SERVE_LISTED_MOST && (n < SERVE_LISTED || us < least_us) && number > r->after; n++, number--) {
		if (number < r->window[at].m.number && (at-- == 0 || r->window[at].m.number <= r->after))
			break;
		if (at == 0 && !listed(c, r, &r->window[0]).segment)
			break;
		list[n] = number == r->window[at].m.number ? listed(c, r, &r->window[at]) : gap(c, &r->window[at], &r->window[at + 1], number);
		us += list[n].at.duration_us;
	}
	return n;
}

size_t serve_line_list(const struct serve_camera *c, const struct serve_rendition *r, struct serve_listed list[SERVE_LISTED_MOST])
{
	size_t n = r->n && c->target_s ? backwards(c, r, list) : 0;

	for (size_t i = 0; i < n / 2; i++) {
		struct serve_listed l = list[i];

		list[i] = list[n - 1 - i];
		list[n - 1 - i] = l;
	}
	return n;
}
