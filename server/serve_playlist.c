/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_playlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "media/playlist.h"

#define PLAYLIST_MAX_BYTES (256u << 10)
#define AHEAD_NUMBERS 2           /* segments beyond the newest that may be asked for; parts: the Advance Part Limit (6.2.5.2) */
#define AHEAD_PART_MS 3000u
#define AHEAD_PARTS 3u

/* What a playlist is made of. */
struct draft {
	struct playlist_media media;
	struct playlist_live live;
	struct serve_listed line[SERVE_LISTED_MOST];
	struct playlist_segment segment[SERVE_LISTED_MOST], open;
	char init[SERVE_LISTED_MOST + 1][PLAYLIST_HEX + 1];
	struct playlist_part *part;
	unsigned parts;
	struct playlist_report report[RENDITIONS_MAX];
};

static unsigned count_all(const struct draft *d, const struct serve_under_way *open)
{
	unsigned n = open ? open->parts.n : 0;

	for (size_t i = 0; i < d->media.nsegments; i++)
		n += d->line[i].segment ? d->line[i].segment->parts.n : 0;
	return n;
}

static void put_parts(struct draft *d, const struct serve_part_list *l, unsigned n, uint32_t timescale, struct playlist_parts *ret)
{
	*ret = (struct playlist_parts){.part = d->part + d->parts, .n = n, .tag = l->tag};
	for (unsigned i = 0; i < n; i++) {
		uint64_t us = l->part[i].duration * 1000000 / timescale;

		d->part[d->parts++] = (struct playlist_part){.duration_us = us, .independent = l->part[i].independent};
		if (us > d->live.part_target_ms * UINT64_C(1000))  /* whatever store says: what is said of all parts has to hold */
			d->live.part_target_ms = (uint32_t)((us + 999) / 1000);
	}
}

/* A player is told that parts are at least 85 % of the target (4.4.4.9). */
static bool may_list(const struct serve_rendition *r, const struct serve_part_list *l)
{
	return l->all && l->target_ms == r->parts.target_ms;
}

/* They may have been listed while the segment was under way. */
static bool has_to_go(const struct serve_rendition *r, const struct serve_part_list *l)
{
	return l->n && !may_list(r, l);
}

/* Tags of parts go in the order in which they stand (6.2.2): where those of a segment have to, or of one that is a gap now, so have all before it. */
static size_t parts_from(const struct draft *d, const struct serve_rendition *r)
{
	size_t i = d->media.nsegments;

	while (i > 0 && d->line[i - 1].segment && !has_to_go(r, &d->line[i - 1].segment->parts))
		i--;
	return i;
}

static void put_segments(struct draft *d, const struct serve_rendition *r)
{
	size_t from = parts_from(d, r);

	for (size_t i = 0; i < d->media.nsegments; i++) {
		const struct serve_listed *l = &d->line[i];

		hex_encode(l->init_sha256, PLAYLIST_HEX / 2, d->init[i]);
		d->segment[i] = (struct playlist_segment){.number = l->at.number, .duration_us = l->at.duration_us, .capture_us = l->at.start_us,
			.init = d->init[i], .gap = !l->segment, .independent = l->segment && l->segment->m.independent,
			.discontinuity = i > 0 && l->at.discontinuity != d->line[i - 1].at.discontinuity};
		if (l->segment && i >= from && may_list(r, &l->segment->parts))
			put_parts(d, &l->segment->parts, l->segment->parts.n, l->segment->m.timescale, &d->segment[i].parts);
	}
}

static void put_open(struct draft *d, const struct serve_under_way *u)
{
	unsigned n = u->parts.n - u->part_grows;

	if (!n)
		return;
	hex_encode(u->init_sha256, PLAYLIST_HEX / 2, d->init[SERVE_LISTED_MOST]);
	d->open = (struct playlist_segment){.number = u->number, .capture_us = u->chunk[0].capture_us, .init = d->init[SERVE_LISTED_MOST],
		.independent = u->parts.part[0].independent, .discontinuity = u->discontinuity != d->line[d->media.nsegments - 1].at.discontinuity};
	put_parts(d, &u->parts, n, u->timescale, &d->open.parts);
	d->media.open = &d->open;
}

/* What is newest of another rendition, as its own playlist has it: of parts, where such are listed (RFC 8216bis 4.4.5.4), though what follows has none. */
static void put_report(struct draft *d, const struct serve_rendition *r)
{
	const struct serve_under_way *u = serve_parts_listed(r);
	unsigned n = u ? u->parts.n - u->part_grows : 0, at = r->n;
	uint64_t number = r->window[at - 1].m.number + (n > 0), whole = number, us = 0;

	while (!n && at-- > 0 && us < UINT64_C(1000000) * PLAYLIST_PART_TARGETS * d->media.target_s) {
		const struct serve_segment *s = &r->window[at];

		if (has_to_go(r, &s->parts))
			break;
		number = s->m.number;
		n = may_list(r, &s->parts) ? s->parts.n : 0;
		us += serve_media_duration_us(&s->m);
	}
	d->report[d->live.nreports++] = (struct playlist_report){.name = r->set.name, .number = n ? number : whole, .has_part = n > 0, .part = n - 1};
}

static void put_reports(struct draft *d, const struct serve_camera *c, const struct serve_rendition *r)
{
	for (unsigned i = 0; i < RENDITION_SNAPSHOT; i++) {
		const struct serve_rendition *other = c->rendition[i];

		if (other && other != r && other->n && !serve_media_is_asleep(other))
			put_report(d, other);
	}
}

static void put_live(struct draft *d, const struct serve_camera *c, const struct serve_rendition *r)
{
	struct serve_part_name hint;

	d->live.has_hint = d->parts && serve_parts_hint(r, &hint);
	if (d->live.has_hint) {
		d->live.hint_number = hint.number;
		d->live.hint_part = hint.part;
		d->live.hint_tag = hint.tag;
	}
	if (d->parts && d->live.part_target_ms < r->parts.target_ms)
		d->live.part_target_ms = r->parts.target_ms;
	put_reports(d, c, r);
}

/* 0, or a negative errno: there is nothing to list. */
static int draft(struct draft *d, const struct serve_camera *c, const struct serve_rendition *r)
{
	const struct serve_under_way *open = serve_parts_listed(r);
	unsigned parts;

	d->media = (struct playlist_media){.segment = d->segment, .target_s = c->target_s, .live = &d->live};
	d->live.report = d->report;
	d->media.nsegments = serve_line_list(c, r, d->line);
	if (!d->media.nsegments)
		return -ENOENT;
	d->media.discontinuities = d->line[0].at.discontinuity;
	parts = count_all(d, open);
	d->part = parts ? calloc(parts, sizeof *d->part) : NULL;
	if (parts && !d->part)
		return -ENOMEM;
	put_segments(d, r);
	if (open)
		put_open(d, open);
	put_live(d, c, r);
	return 0;
}

static struct serve_bytes *write_draft(struct draft *d, bool skip)
{
	struct serve_bytes *bytes = NULL;
	struct buf b;

	d->live.skip = skip;
	buf_init(&b, PLAYLIST_MAX_BYTES);
	if (playlist_media(&b, &d->media) == 0)
		serve_bytes_copy(buf_data(&b), b.len, &bytes);
	buf_free(&b);
	return bytes;
}

struct serve_bytes *serve_playlist_of(struct serve_camera *c, struct serve_rendition *r, bool skip)
{
	struct serve_bytes **kept = skip ? &r->delta : &r->playlist;
	struct draft d = {0};

	if (!r->n || serve_media_is_asleep(r))
		return NULL;
	if (!*kept && draft(&d, c, r) == 0)
		*kept = write_draft(&d, skip);
	free(d.part);
	return *kept;
}

static uint64_t newest_number(const struct serve_rendition *r)
{
	return r->n ? r->window[r->n - 1].m.number : 0;
}

bool serve_playlist_has(const struct serve_rendition *r, const struct serve_part_name *name)
{
	const struct serve_under_way *u = serve_parts_listed(r);

	if (newest_number(r) >= name->number)
		return true;
	return u && name->part != SERVE_WHOLE && u->number == name->number && u->parts.n - u->part_grows > name->part;
}

static bool is_too_far(const struct serve_rendition *r, const struct http_reload *want)
{
	uint32_t target_ms = r->parts.target_ms;
	uint64_t ahead = target_ms && target_ms < 1000 ? (AHEAD_PART_MS + target_ms - 1) / target_ms : AHEAD_PARTS;
	uint64_t newest = newest_number(r);

	if (want->number <= newest)
		return false;
	return want->number - newest > AHEAD_NUMBERS || (want->has_part && want->part >= serve_parts_count(r, want->number) + ahead);
}

enum serve_reload serve_playlist_look(const struct serve_rendition *r, const struct http_reload *want, struct serve_part_name *ret)
{
	const struct serve_segment *s = want->has_number ? serve_media_find(r, want->number) : NULL;
	struct serve_part_name name = {.number = want->number, .part = want->has_part ? want->part : SERVE_WHOLE};

	if (!want->has_number)
		return SERVE_RELOAD_HERE;
	if (is_too_far(r, want))
		return SERVE_RELOAD_TOO_FAR;
	/* Behind the last part of a segment comes the first of the next one. */
	if (want->has_part && want->number == newest_number(r) && s && s->parts.all && want->part >= s->parts.n)
		name = (struct serve_part_name){.number = want->number + 1};
	*ret = name;
	return serve_playlist_has(r, &name) ? SERVE_RELOAD_HERE : SERVE_RELOAD_COMES;
}

int64_t serve_playlist_patience_us(const struct serve_camera *c)
{
	return 3000000ll * (c->target_s ? c->target_s : 1);
}
