/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries as text. A value outside its grammar sets bad, so nothing is written that would not be read. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/wr.h"
#include "seal/entry.h"
#include "seal/entry_words.h"

static void put_name(struct wr *w, const char *field, const char name[ENTRY_NAME])
{
	if (!text_is_name(name, strnlen(name, ENTRY_NAME)))
		w->bad = true;
	wr_fmt(w, "%s %.*s\n", field, ENTRY_NAME, name);
}

/* One of several names in a line. */
static void put_word(struct wr *w, const char name[ENTRY_NAME])
{
	if (!text_is_name(name, strnlen(name, ENTRY_NAME)))
		w->bad = true;
	wr_fmt(w, " %.*s", ENTRY_NAME, name);
}

static void put_sha256(struct wr *w, const char *field, const struct hash *h)
{
	char hex[HASH_HEX];

	hash_hex(h, hex);
	wr_fmt(w, "%s sha256:%s\n", field, hex);
}

static void put_leaf(struct wr *w, const char *field, const struct hash *h)
{
	char hex[HASH_HEX];

	hash_hex(h, hex);
	wr_fmt(w, "%s %s\n", field, hex);
}

static void put_time(struct wr *w, const char *field, int64_t us)
{
	char text[CLOCK_TEXT];
	int64_t back;

	clock_text(us, text);
	if (clock_parse(text, CLOCK_TEXT - 1, &back) || back != us)
		w->bad = true;
	wr_fmt(w, "%s %s\n", field, text);
}

static void put_number(struct wr *w, const char *field, uint64_t v)
{
	if (v == 0 || v > ENTRY_NUMBER_MAX)
		w->bad = true;
	wr_fmt(w, "%s %" PRIu64 "\n", field, v);
}

/* Printable ASCII, no blank at either end. */
static void put_text(struct wr *w, const char *field, const char *s, size_t cap)
{
	size_t n = strnlen(s, cap);

	if (n == 0 || n == cap || s[0] == ' ' || s[n - 1] == ' ')
		w->bad = true;
	for (size_t i = 0; i < n; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			w->bad = true;
	wr_fmt(w, "%s %.*s\n", field, (int)n, s);
}

/* 0 is one, unlike in put_number. */
static void put_count(struct wr *w, const char *field, uint64_t v)
{
	if (v > ENTRY_NUMBER_MAX)
		w->bad = true;
	wr_fmt(w, "%s %" PRIu64 "\n", field, v);
}

static void write_signature(struct wr *w, const struct entry_segment *s)
{
	const char *word = entry_signature_word(s->signature);
	char hex[HASH_HEX];

	if (!word || (s->has_certificate && !entry_signature_certifies(s->signature))) {
		w->bad = true;
		return;
	}
	hash_hex(&s->certificate, hex);
	wr_fmt(w, "camera-signature %s%s%s\n", word, s->has_certificate ? " sha256:" : "", s->has_certificate ? hex : "");
}

/* What the camera sent: nobody encoded it. */
static bool is_copy(const char *rendition)
{
	return !strcmp(rendition, "copy");
}

static void write_segment(struct wr *w, const struct entry_segment *s)
{
	if (s->duration_ms > ENTRY_DURATION_MAX_MS || (s->has_encoder && is_copy(s->rendition)))
		w->bad = true;
	put_name(w, "segment/v1\ncamera", s->camera);
	put_name(w, "rendition", s->rendition);
	put_number(w, "number", s->number);
	put_sha256(w, "init", &s->init);
	put_sha256(w, "media", &s->media);
	put_number(w, "bytes", s->bytes);
	put_time(w, "start", s->start_us);
	wr_fmt(w, "duration %u.%03u\n", s->duration_ms / 1000, s->duration_ms % 1000);
	wr_fmt(w, "clock %s %u\n", s->clock_rtcp ? "rtcp" : "arrival", s->clock_error_ms);
	put_sha256(w, "source", &s->source);
	write_signature(w, s);
	if (s->has_encoder)
		put_leaf(w, "encoder", &s->encoder);
	put_leaf(w, "previous", &s->previous);
}

static void write_gap(struct wr *w, const struct entry_gap *g)
{
	if (g->from_us > g->to_us)
		w->bad = true;
	put_name(w, "gap/v1\ncamera", g->camera);
	put_time(w, "from", g->from_us);
	put_time(w, "to", g->to_us);
	put_name(w, "why", g->why);
}

static void write_delete(struct wr *w, const struct entry_delete *d)
{
	if (d->from_number > d->to_number)
		w->bad = true;
	put_time(w, "delete/v1\ntime", d->time_us);
	put_name(w, "camera", d->camera);
	put_name(w, "rendition", d->rendition);
	put_number(w, "from-number", d->from_number);
	put_number(w, "to-number", d->to_number);
	put_count(w, "bytes", d->bytes);
	put_name(w, "why", d->why);
}

static void put_binary(struct wr *w, const struct entry_binary *b)
{
	char field[sizeof "binary " + ENTRY_NAME];

	if (!text_is_name(b->name, strnlen(b->name, ENTRY_NAME)))
		w->bad = true;
	snprintf(field, sizeof field, "binary %.*s", ENTRY_NAME, b->name);
	put_sha256(w, field, &b->hash);
}

static void write_start(struct wr *w, const struct entry_start *s)
{
	if (s->nkeep < 1 || s->nkeep > ENTRY_KEEP_MAX || s->nbinaries > ENTRY_BINARIES_MAX) {
		w->bad = true;
		return;
	}
	put_time(w, "start/v1\ntime", s->time_us);
	put_text(w, "program", s->program, sizeof s->program);
	put_sha256(w, "build", &s->build);
	put_sha256(w, "site", &s->site);
	put_text(w, "key", s->key, sizeof s->key);
	if (s->root[0])
		put_text(w, "root", s->root, sizeof s->root);
	wr_str(w, "keep");
	for (unsigned i = 0; i < s->nkeep; i++)
		put_word(w, s->keep[i]);
	wr_str(w, "\n");
	if (s->has_sbom)
		put_sha256(w, "sbom", &s->sbom);
	for (unsigned i = 0; i < s->nbinaries; i++)
		put_binary(w, &s->binary[i]);
}

static void write_stop(struct wr *w, const struct entry_stop *s)
{
	put_time(w, "stop/v1\ntime", s->time_us);
	put_name(w, "why", s->why);
}

static void write_alarm(struct wr *w, const struct entry_alarm *a)
{
	size_t n = strnlen(a->detail, sizeof a->detail);

	put_name(w, "alarm/v1\ncamera", a->camera);
	put_time(w, "time", a->time_us);
	put_name(w, "alarm", a->alarm);
	wr_fmt(w, "state %s\n", a->begin ? "begin" : "end");
	put_text(w, "detail", a->detail, sizeof a->detail);
	if (strspn(a->detail, "abcdefghijklmnopqrstuvwxyz0123456789 -") < n)
		w->bad = true;
}

static void write_config(struct wr *w, const struct entry_config *c)
{
	unsigned named = c->changes < ENTRY_CHANGES_MAX ? c->changes : ENTRY_CHANGES_MAX;

	if (c->nchange != named) {
		w->bad = true;
		return;
	}
	put_time(w, "config/v1\ntime", c->time_us);
	put_sha256(w, "site", &c->site);
	wr_fmt(w, "changes %u\n", c->changes);
	for (unsigned i = 0; i < named; i++) {
		put_text(w, "change", c->change[i], sizeof c->change[i]);
		if (strspn(c->change[i], "abcdefghijklmnopqrstuvwxyz0123456789 -./:_") < strnlen(c->change[i], sizeof c->change[i]))
			w->bad = true;
	}
}

static void write_encoder(struct wr *w, const struct entry_encoder *c)
{
	if (is_copy(c->rendition))
		w->bad = true;
	put_time(w, "encoder/v1\ntime", c->time_us);
	put_name(w, "camera", c->camera);
	put_name(w, "rendition", c->rendition);
	put_text(w, "encoder", c->encoder, sizeof c->encoder);
	put_text(w, "settings", c->settings, sizeof c->settings);
}

/* The address in its one spelling, that of inet_ntop(3), or "-". */
static bool is_address(const char a[ENTRY_ADDRESS])
{
	char again[INET6_ADDRSTRLEN];
	struct in6_addr in;

	if (strnlen(a, ENTRY_ADDRESS) == ENTRY_ADDRESS)
		return false;
	if (!strcmp(a, "-"))
		return true;
	for (int i = 0; i < 2; i++) {
		int family = i ? AF_INET6 : AF_INET;

		if (inet_pton(family, a, &in) == 1 && inet_ntop(family, &in, again, sizeof again))
			return !strcmp(a, again);
	}
	return false;
}

static void write_login(struct wr *w, const struct entry_login *l)
{
	if (!is_address(l->address))
		w->bad = true;
	put_time(w, "login/v1\ntime", l->time_us);
	put_name(w, "user", l->user);
	wr_fmt(w, "address %.*s\nresult %s\n", ENTRY_ADDRESS, l->address, l->accepted ? "accepted" : "refused");
	put_number(w, "count", l->count);
	if (l->by_certificate)
		wr_fmt(w, "by certificate\n");
}

static void put_beside(struct wr *w, const struct entry_export *x)
{
	const struct entry_beside *b = &x->beside;

	if (!text_is_name(b->rendition, strnlen(b->rendition, ENTRY_NAME)) || !strncmp(b->rendition, x->rendition, ENTRY_NAME))
		w->bad = true;
	if (!b->segments || b->segments > ENTRY_NUMBER_MAX || !b->bytes || b->bytes > ENTRY_NUMBER_MAX)
		w->bad = true;
	wr_fmt(w, "beside %.*s %" PRIu64 " %" PRIu64 "\n", ENTRY_NAME, b->rendition, b->segments, b->bytes);
}

static void write_export(struct wr *w, const struct entry_export *x)
{
	bool beside = *x->beside.rendition;

	if (x->from_us > x->to_us)
		w->bad = true;
	put_time(w, beside ? "export/v2\ntime" : "export/v1\ntime", x->time_us);
	put_name(w, "user", x->user);
	put_name(w, "camera", x->camera);
	put_name(w, "rendition", x->rendition);
	put_time(w, "from", x->from_us);
	put_time(w, "to", x->to_us);
	put_count(w, "segments", x->segments);
	put_count(w, "bytes", x->bytes);
	if (beside)
		put_beside(w, x);
}

static void write_key(struct wr *w, const struct entry_key *k)
{
	put_time(w, "key/v1\ntime", k->time_us);
	put_text(w, "key", k->key, sizeof k->key);
	put_text(w, "by", k->by, sizeof k->by);
	put_name(w, "why", k->why);
}

static void put_ways(struct wr *w, unsigned by)
{
	if (!by || by >> ENTRY_BY_COUNT)
		w->bad = true;
	wr_str(w, "by");
	for (unsigned i = 0; i < ENTRY_BY_COUNT; i++)
		if (by >> i & 1)
			wr_fmt(w, " %s", entry_by_word((enum entry_watch_by)i));
	wr_str(w, "\n");
}

static void write_watch(struct wr *w, const struct entry_watch *e)
{
	if (!is_address(e->address) || e->nrenditions < 1 || e->nrenditions > ENTRY_WATCHED_MAX || e->from_number > e->to_number || e->from_us > e->to_us) {
		w->bad = true;
		return;
	}
	put_name(w, "watch/v1\nuser", e->user);
	wr_fmt(w, "address %.*s\n", ENTRY_ADDRESS, e->address);
	put_name(w, "camera", e->camera);
	put_ways(w, e->by);
	wr_str(w, "renditions");
	for (unsigned i = 0; i < e->nrenditions; i++)
		put_word(w, e->rendition[i]);
	wr_str(w, "\n");
	put_number(w, "from-number", e->from_number);
	put_number(w, "to-number", e->to_number);
	put_time(w, "from", e->from_us);
	put_time(w, "to", e->to_us);
	put_count(w, "bytes", e->bytes);
}

int entry_write(const struct entry *e, uint8_t out[ENTRY_MAX_BYTES], size_t *ret_n)
{
	uint8_t text[4 * ENTRY_MAX_BYTES];
	struct wr w = wr_init(text, sizeof text);

	switch (e->kind) {
	case ENTRY_SEGMENT: write_segment(&w, &e->segment); break;
	case ENTRY_GAP: write_gap(&w, &e->gap); break;
	case ENTRY_DELETE: write_delete(&w, &e->del); break;
	case ENTRY_START: write_start(&w, &e->start); break;
	case ENTRY_STOP: write_stop(&w, &e->stop); break;
	case ENTRY_ALARM: write_alarm(&w, &e->alarm); break;
	case ENTRY_CONFIG: write_config(&w, &e->config); break;
	case ENTRY_ENCODER: write_encoder(&w, &e->encoder); break;
	case ENTRY_LOGIN: write_login(&w, &e->login); break;
	case ENTRY_EXPORT: write_export(&w, &e->export); break;
	case ENTRY_KEY: write_key(&w, &e->key); break;
	case ENTRY_WATCH: write_watch(&w, &e->watch); break;
	default: return -EINVAL;
	}
	if (w.bad)
		return -EINVAL;
	if (w.len > ENTRY_MAX_BYTES)
		return -EMSGSIZE;
	memcpy(out, text, w.len);
	*ret_n = w.len;
	return 0;
}
