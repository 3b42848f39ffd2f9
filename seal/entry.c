/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/entry.h"

#include <errno.h>
#include "base/clock.h"
#include "base/text.h"
#include "seal/entry_words.h"
#include "seal/lines.h"

static const struct {
	const char *word;
	bool certifies;
} signatures[] = {
	[ENTRY_SIGNATURE_NONE] = {"none", false}, [ENTRY_SIGNATURE_VALID] = {"valid", true},
	[ENTRY_SIGNATURE_INVALID] = {"invalid", true}, [ENTRY_SIGNATURE_STRIPPED] = {"stripped", true},
	[ENTRY_SIGNATURE_ONVIF] = {"unverified onvif", false}, [ENTRY_SIGNATURE_AXIS] = {"unverified axis", false},
};
#define SIGNATURES (sizeof signatures / sizeof *signatures)

const char *entry_signature_word(enum entry_signature s)
{
	return (unsigned)s < SIGNATURES ? signatures[s].word : NULL;
}

const char *entry_by_word(enum entry_watch_by by)
{
	static const char *const word[ENTRY_BY_COUNT] = {[ENTRY_BY_PAGE] = "page", [ENTRY_BY_PLAYER] = "player", [ENTRY_BY_RTSP] = "rtsp"};

	return word[by];
}

bool entry_signature_certifies(enum entry_signature s)
{
	return (unsigned)s < SIGNATURES && signatures[s].certifies;
}

/*
 * Reading: every value is taken leniently into its field, and what was read is
 * then written again and compared. So there is one grammar, the writers', and
 * it holds to the byte.
 */

static bool begins(const struct rd *r, const char *prefix)
{
	return !r->bad && rd_left(r) >= strlen(prefix) && !memcmp(r->p, prefix, strlen(prefix));
}

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

/* A word, or one that certifies with the certificate's hash behind it. */
static void get_signature(struct rd *r, struct entry_segment *s)
{
	struct rd v = lines_value(r, "camera-signature ");

	for (unsigned i = 0; i < SIGNATURES && !v.bad; i++) {
		struct rd rest = v;

		if (lines_is(&v, signatures[i].word))
			s->signature = (enum entry_signature)i;
		lines_expect(&rest, signatures[i].word);
		lines_expect(&rest, " sha256:");
		if (rest.bad)
			continue;
		s->signature = (enum entry_signature)i;
		s->has_certificate = true;
		if (hash_parse_hex(lines_text(&rest), rd_left(&rest), &s->certificate))
			r->bad = true;
	}
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
	s->has_encoder = begins(r, "encoder ");
	if (s->has_encoder)
		get_hash(r, "encoder ", &s->encoder);
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
	if (begins(r, "root "))
		get_text(r, "root ", s->root, sizeof s->root);
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

static void read_encoder(struct rd *r, struct entry *e)
{
	struct entry_encoder *c = &e->encoder;

	get_time(r, "time ", &c->time_us);
	get_text(r, "camera ", c->camera, sizeof c->camera);
	get_text(r, "rendition ", c->rendition, sizeof c->rendition);
	get_text(r, "encoder ", c->encoder, sizeof c->encoder);
	get_text(r, "settings ", c->settings, sizeof c->settings);
}

static void read_login(struct rd *r, struct entry *e)
{
	struct entry_login *l = &e->login;
	struct rd result;

	get_time(r, "time ", &l->time_us);
	get_text(r, "user ", l->user, sizeof l->user);
	get_text(r, "address ", l->address, sizeof l->address);
	result = lines_value(r, "result ");
	l->accepted = lines_is(&result, "accepted");
	get_number(r, "count ", &l->count);
	l->by_certificate = rd_left(r) > 0;
	if (l->by_certificate)
		lines_value(r, "by ");
}

static void get_beside(struct rd *r, struct entry_beside *b)
{
	struct rd v = lines_value(r, "beside "), name = lines_until(&v, ' '), segments = lines_until(&v, ' ');

	if (name.bad || rd_left(&name) >= sizeof b->rendition) {
		r->bad = true;
		return;
	}
	memcpy(b->rendition, name.p, rd_left(&name));
	if (text_u64(lines_text(&segments), rd_left(&segments), ENTRY_NUMBER_MAX, &b->segments) ||
	    text_u64(lines_text(&v), rd_left(&v), ENTRY_NUMBER_MAX, &b->bytes))
		r->bad = true;
}

static void read_export(struct rd *r, struct entry *e)
{
	struct entry_export *x = &e->export;

	get_time(r, "time ", &x->time_us);
	get_text(r, "user ", x->user, sizeof x->user);
	get_text(r, "camera ", x->camera, sizeof x->camera);
	get_text(r, "rendition ", x->rendition, sizeof x->rendition);
	get_time(r, "from ", &x->from_us);
	get_time(r, "to ", &x->to_us);
	get_number(r, "segments ", &x->segments);
	get_number(r, "bytes ", &x->bytes);
	if (begins(r, "beside "))
		get_beside(r, &x->beside);
}

static void read_key(struct rd *r, struct entry *e)
{
	get_time(r, "time ", &e->key.time_us);
	get_text(r, "key ", e->key.key, sizeof e->key.key);
	get_text(r, "by ", e->key.by, sizeof e->key.by);
	get_text(r, "why ", e->key.why, sizeof e->key.why);
}

/* The next of words with a blank between; false behind the last one. What is left is malformed when r is bad. */
static bool next_word(struct rd *v, struct rd *ret)
{
	const uint8_t *end;

	if (!rd_left(v))
		return false;
	end = memchr(v->p, ' ', rd_left(v));
	*ret = rd_init(v->p, end ? (size_t)(end - v->p) : rd_left(v));
	rd_bytes(v, rd_left(ret) + (end != NULL));
	return true;
}

static void get_ways(struct rd *r, struct entry_watch *w)
{
	struct rd v = lines_value(r, "by "), word;

	while (next_word(&v, &word))
		for (unsigned i = 0; i < ENTRY_BY_COUNT; i++)
			if (lines_is(&word, entry_by_word((enum entry_watch_by)i)))
				w->by |= 1u << i;
}

static void get_renditions(struct rd *r, struct entry_watch *w)
{
	struct rd v = lines_value(r, "renditions "), word;

	while (next_word(&v, &word)) {
		if (rd_left(&word) >= ENTRY_NAME || w->nrenditions == ENTRY_WATCHED_MAX) {
			r->bad = true;
			return;
		}
		memcpy(w->rendition[w->nrenditions++], word.p, rd_left(&word));
	}
}

static void read_watch(struct rd *r, struct entry *e)
{
	struct entry_watch *w = &e->watch;

	get_text(r, "user ", w->user, sizeof w->user);
	get_text(r, "address ", w->address, sizeof w->address);
	get_text(r, "camera ", w->camera, sizeof w->camera);
	get_ways(r, w);
	get_renditions(r, w);
	get_number(r, "from-number ", &w->from_number);
	get_number(r, "to-number ", &w->to_number);
	get_time(r, "from ", &w->from_us);
	get_time(r, "to ", &w->to_us);
	get_number(r, "bytes ", &w->bytes);
}

static const struct {
	const char *line;
	enum entry_kind kind;
	void (*read)(struct rd *r, struct entry *e);
} kinds[] = {
	{"segment/v1", ENTRY_SEGMENT, read_segment}, {"gap/v1", ENTRY_GAP, read_gap}, {"delete/v1", ENTRY_DELETE, read_delete},
	{"start/v1", ENTRY_START, read_start}, {"stop/v1", ENTRY_STOP, read_stop},
	{"alarm/v1", ENTRY_ALARM, read_alarm}, {"config/v1", ENTRY_CONFIG, read_config},
	{"encoder/v1", ENTRY_ENCODER, read_encoder}, {"login/v1", ENTRY_LOGIN, read_login},
	{"export/v1", ENTRY_EXPORT, read_export}, {"export/v2", ENTRY_EXPORT, read_export}, {"key/v1", ENTRY_KEY, read_key},
	{"watch/v1", ENTRY_WATCH, read_watch},
};
#define KINDS (sizeof kinds / sizeof *kinds)

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
	while (k < KINDS && !lines_is(&line, kinds[k].line))
		k++;
	if (k == KINDS) {
		int rc = parse_other(&line, &r, &e, why);

		if (rc == 0)
			*ret = e;
		return rc;
	}
	e.kind = kinds[k].kind;
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

int64_t entry_time_us(const struct entry *e, int64_t otherwise_us)
{
	switch (e->kind) {
	case ENTRY_SEGMENT: return e->segment.start_us + (int64_t)e->segment.duration_ms * 1000;
	case ENTRY_GAP: return e->gap.to_us;
	case ENTRY_DELETE: return e->del.time_us;
	case ENTRY_START: return e->start.time_us;
	case ENTRY_STOP: return e->stop.time_us;
	case ENTRY_ALARM: return e->alarm.time_us;
	case ENTRY_CONFIG: return e->config.time_us;
	case ENTRY_ENCODER: return e->encoder.time_us;
	case ENTRY_LOGIN: return e->login.time_us;
	case ENTRY_EXPORT: return e->export.time_us;
	case ENTRY_KEY: return e->key.time_us;
	case ENTRY_WATCH: return e->watch.to_us;
	case ENTRY_OTHER: break;
	}
	return otherwise_us;
}
