/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/entry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/wr.h"
#include "seal/lines.h"

static const char *const signature_word[] = {
	[ENTRY_SIGNATURE_NONE] = "none", [ENTRY_SIGNATURE_VALID] = "valid",
	[ENTRY_SIGNATURE_INVALID] = "invalid", [ENTRY_SIGNATURE_STRIPPED] = "stripped",
};
#define SIGNATURE_WORDS (sizeof signature_word / sizeof *signature_word)

/* Writing: a value outside its grammar sets bad, so nothing is written that would not be read. */

static void put_name(struct wr *w, const char *field, const char name[ENTRY_NAME])
{
	if (!text_is_name(name, strnlen(name, ENTRY_NAME)))
		w->bad = true;
	wr_fmt(w, "%s %.*s\n", field, ENTRY_NAME, name);
}

static void put_sha256(struct wr *w, const char *field, const struct hash *h)
{
	char hex[HASH_HEX];

	hash_hex(h, hex);
	wr_fmt(w, "%s sha256:%s\n", field, hex);
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

static void write_signature(struct wr *w, const struct entry_segment *s)
{
	char hex[HASH_HEX];

	if ((unsigned)s->signature >= SIGNATURE_WORDS || (s->has_certificate && s->signature == ENTRY_SIGNATURE_NONE)) {
		w->bad = true;
		return;
	}
	hash_hex(&s->certificate, hex);
	wr_fmt(w, "camera-signature %s%s%s\n", signature_word[s->signature], s->has_certificate ? " sha256:" : "",
		s->has_certificate ? hex : "");
}

static void write_segment(struct wr *w, const struct entry_segment *s)
{
	char previous[HASH_HEX];

	if (s->duration_ms > ENTRY_DURATION_MAX_MS)
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
	hash_hex(&s->previous, previous);
	wr_fmt(w, "previous %s\n", previous);
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
	wr_fmt(w, "bytes %" PRIu64 "\n", d->bytes);
	put_name(w, "why", d->why);
	if (d->bytes > ENTRY_NUMBER_MAX)
		w->bad = true;
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
	wr_str(w, "keep");
	for (unsigned i = 0; i < s->nkeep; i++) {
		if (!text_is_name(s->keep[i], strnlen(s->keep[i], ENTRY_NAME)))
			w->bad = true;
		wr_fmt(w, " %.*s", ENTRY_NAME, s->keep[i]);
	}
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

/*
 * Reading: every value is taken leniently into its field, and what was read is
 * then written again and compared. So there is one grammar, the writers', and
 * it holds to the byte.
 */

static void get_text(struct rd *r, const char *field, char *out, size_t cap)
{
	struct rd v = lines_value(r, field);
	size_t n = rd_left(&v);

	if (n >= cap) {
		r->bad = true;
		return;
	}
	if (n)
		memcpy(out, v.p, n);
	out[n] = 0;
}

static void get_hash(struct rd *r, const char *field, struct hash *ret)
{
	struct rd v = lines_value(r, field);

	if (hash_parse_hex(lines_text(&v), rd_left(&v), ret))
		r->bad = true;
}

static void get_time(struct rd *r, const char *field, int64_t *ret)
{
	struct rd v = lines_value(r, field);

	if (clock_parse(lines_text(&v), rd_left(&v), ret))
		r->bad = true;
}

static void get_number(struct rd *r, const char *field, uint64_t *ret)
{
	struct rd v = lines_value(r, field);

	if (text_u64(lines_text(&v), rd_left(&v), ENTRY_NUMBER_MAX, ret))
		r->bad = true;
}

static void get_duration(struct rd *r, uint32_t *ret_ms)
{
	struct rd v = lines_value(r, "duration "), s = lines_until(&v, '.');
	uint64_t seconds = 0, ms = 0;
	const char *digits = lines_text(&v);
	size_t n = rd_left(&v);

	/* text_u64 takes no leading zeros; that there are three digits is seen when it is written again. */
	for (; n > 1 && *digits == '0'; n--)
		digits++;
	if (text_u64(lines_text(&s), rd_left(&s), ENTRY_DURATION_MAX_MS / 1000, &seconds) || text_u64(digits, n, 999, &ms))
		r->bad = true;
	*ret_ms = (uint32_t)(seconds * 1000 + ms);
}

static void get_clock(struct rd *r, struct entry_segment *s)
{
	struct rd v = lines_value(r, "clock "), source = lines_until(&v, ' ');
	uint64_t ms = 0;

	s->clock_rtcp = lines_is(&source, "rtcp");
	if (text_u64(lines_text(&v), rd_left(&v), UINT32_MAX, &ms))
		r->bad = true;
	s->clock_error_ms = (uint32_t)ms;
}

static void get_signature(struct rd *r, struct entry_segment *s)
{
	struct rd v = lines_value(r, "camera-signature "), rest = v, word = lines_until(&rest, ' ');

	s->has_certificate = !word.bad;
	if (word.bad)
		word = v;
	for (unsigned i = 0; i < SIGNATURE_WORDS; i++)
		if (lines_is(&word, signature_word[i]))
			s->signature = (enum entry_signature)i;
	if (!s->has_certificate)
		return;
	lines_expect(&rest, "sha256:");
	if (hash_parse_hex(lines_text(&rest), rd_left(&rest), &s->certificate))
		r->bad = true;
}

static void read_segment(struct rd *r, struct entry *e)
{
	struct entry_segment *s = &e->segment;

	get_text(r, "camera ", s->camera, sizeof s->camera);
	get_text(r, "rendition ", s->rendition, sizeof s->rendition);
	get_number(r, "number ", &s->number);
	get_hash(r, "init sha256:", &s->init);
	get_hash(r, "media sha256:", &s->media);
	get_number(r, "bytes ", &s->bytes);
	get_time(r, "start ", &s->start_us);
	get_duration(r, &s->duration_ms);
	get_clock(r, s);
	get_hash(r, "source sha256:", &s->source);
	get_signature(r, s);
	get_hash(r, "previous ", &s->previous);
}

static void read_gap(struct rd *r, struct entry *e)
{
	get_text(r, "camera ", e->gap.camera, sizeof e->gap.camera);
	get_time(r, "from ", &e->gap.from_us);
	get_time(r, "to ", &e->gap.to_us);
	get_text(r, "why ", e->gap.why, sizeof e->gap.why);
}

static void read_delete(struct rd *r, struct entry *e)
{
	struct entry_delete *d = &e->del;

	get_time(r, "time ", &d->time_us);
	get_text(r, "camera ", d->camera, sizeof d->camera);
	get_text(r, "rendition ", d->rendition, sizeof d->rendition);
	get_number(r, "from-number ", &d->from_number);
	get_number(r, "to-number ", &d->to_number);
	get_number(r, "bytes ", &d->bytes);
	get_text(r, "why ", d->why, sizeof d->why);
}

static void get_keep(struct rd *r, struct entry_start *s)
{
	struct rd v = lines_value(r, "keep");

	while (rd_left(&v) && !r->bad) {
		const uint8_t *blank = rd_bytes(&v, 1), *end = memchr(v.p, ' ', rd_left(&v));
		size_t n = end ? (size_t)(end - v.p) : rd_left(&v);

		if (*blank != ' ' || n >= ENTRY_NAME || s->nkeep == ENTRY_KEEP_MAX) {
			r->bad = true;
			return;
		}
		memcpy(s->keep[s->nkeep++], rd_bytes(&v, n), n);
	}
}

static bool begins(const struct rd *r, const char *prefix)
{
	return !r->bad && rd_left(r) >= strlen(prefix) && !memcmp(r->p, prefix, strlen(prefix));
}

static void get_binary(struct rd *r, struct entry_binary *b)
{
	struct rd v = lines_value(r, "binary "), name = lines_until(&v, ' ');

	if (name.bad || rd_left(&name) >= sizeof b->name) {
		r->bad = true;
		return;
	}
	memcpy(b->name, name.p, rd_left(&name));
	lines_expect(&v, "sha256:");
	if (v.bad || hash_parse_hex(lines_text(&v), rd_left(&v), &b->hash))
		r->bad = true;
}

static void read_start(struct rd *r, struct entry *e)
{
	struct entry_start *s = &e->start;

	get_time(r, "time ", &s->time_us);
	get_text(r, "program ", s->program, sizeof s->program);
	get_hash(r, "build sha256:", &s->build);
	get_hash(r, "site sha256:", &s->site);
	get_text(r, "key ", s->key, sizeof s->key);
	get_keep(r, s);
	s->has_sbom = begins(r, "sbom ");
	if (s->has_sbom)
		get_hash(r, "sbom sha256:", &s->sbom);
	while (s->nbinaries < ENTRY_BINARIES_MAX && begins(r, "binary "))
		get_binary(r, &s->binary[s->nbinaries++]);
}

static void read_stop(struct rd *r, struct entry *e)
{
	get_time(r, "time ", &e->stop.time_us);
	get_text(r, "why ", e->stop.why, sizeof e->stop.why);
}

static void read_alarm(struct rd *r, struct entry *e)
{
	struct rd state;

	get_text(r, "camera ", e->alarm.camera, sizeof e->alarm.camera);
	get_time(r, "time ", &e->alarm.time_us);
	get_text(r, "alarm ", e->alarm.alarm, sizeof e->alarm.alarm);
	state = lines_value(r, "state ");
	e->alarm.begin = lines_is(&state, "begin");
	get_text(r, "detail ", e->alarm.detail, sizeof e->alarm.detail);
}

static void read_config(struct rd *r, struct entry *e)
{
	struct entry_config *c = &e->config;
	uint64_t changes = 0;

	get_time(r, "time ", &c->time_us);
	get_hash(r, "site sha256:", &c->site);
	get_number(r, "changes ", &changes);
	if (changes > UINT32_MAX)
		r->bad = true;
	c->changes = (uint32_t)changes;
	while (c->nchange < ENTRY_CHANGES_MAX && begins(r, "change "))
		get_text(r, "change ", c->change[c->nchange++], ENTRY_CHANGE);
}

static const struct {
	const char *line;
	void (*read)(struct rd *r, struct entry *e);
} kinds[] = {
	[ENTRY_SEGMENT] = {"segment/v1", read_segment}, [ENTRY_GAP] = {"gap/v1", read_gap}, [ENTRY_DELETE] = {"delete/v1", read_delete},
	[ENTRY_START] = {"start/v1", read_start}, [ENTRY_STOP] = {"stop/v1", read_stop},
	[ENTRY_ALARM] = {"alarm/v1", read_alarm}, [ENTRY_CONFIG] = {"config/v1", read_config},
};

/* [a-z]{1,32}/v<number> */
static bool is_kind(const struct rd *line)
{
	struct rd version = *line, word = lines_until(&version, '/');
	uint64_t v;

	if (word.bad || rd_left(&word) < 1 || rd_left(&word) > 32 || rd_u8(&version) != 'v')
		return false;
	for (const uint8_t *p = word.p; p < word.end; p++)
		if (*p < 'a' || *p > 'z')
			return false;
	return !version.bad && text_u64(lines_text(&version), rd_left(&version), 9999, &v) == 0 && v > 0;
}

static int parse_other(const struct rd *line, const struct rd *rest, struct entry *e, const char **why)
{
	if (!is_kind(line)) {
		*why = "the first line names no kind of entry";
		return -EBADMSG;
	}
	if (!lines_are_utf8(rest->p, rd_left(rest)) || (rd_left(rest) && rest->end[-1] != '\n')) {
		*why = "not lines of UTF-8 text";
		return -EBADMSG;
	}
	e->kind = ENTRY_OTHER;
	memcpy(e->other, line->p, rd_left(line));
	return 0;
}

int entry_parse(const void *p, size_t n, struct entry *ret, const char **why)
{
	struct rd r = rd_init(p, n), line = lines_until(&r, '\n');
	uint8_t again[ENTRY_MAX_BYTES];
	struct entry e = {0};
	const char *reason;
	size_t len = 0, k = 0;

	why = why ? why : &reason;
	if (n > ENTRY_MAX_BYTES || line.bad) {
		*why = line.bad ? "not a line of text" : "longer than 1024 bytes";
		return -EBADMSG;
	}
	while (k < ENTRY_OTHER && !lines_is(&line, kinds[k].line))
		k++;
	e.kind = (enum entry_kind)k;
	if (k == ENTRY_OTHER) {
		int rc = parse_other(&line, &r, &e, why);

		if (rc == 0)
			*ret = e;
		return rc;
	}
	kinds[k].read(&r, &e);
	if (r.bad || entry_write(&e, again, &len) || len != n || memcmp(again, p, n)) {
		*why = "a line is missing, out of order or malformed";
		return -EBADMSG;
	}
	*ret = e;
	return 0;
}

bool entry_keeps(const struct entry_start *s, const char *rendition)
{
	for (unsigned i = 0; i < s->nkeep; i++)
		if (!strcmp(s->keep[i], rendition))
			return true;
	return false;
}
