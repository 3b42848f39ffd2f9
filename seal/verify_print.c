/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's report for people: the verdict, what does not hold, what is there and what is not, what to do next. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "seal/verify.h"

#define SHORT_HEX 16    /* digits of a hash for people; the JSON has it whole */
#define SHORT_TEXT 100  /* characters of an encoder's settings likewise */
#define COLUMNS 120

const char *verify_kind_name(enum verify_kind k)
{
	static const char *const name[VERIFY_KINDS] = {
		[VERIFY_CHANGED] = "changed", [VERIFY_MISSING] = "missing", [VERIFY_EXTRA] = "extra", [VERIFY_ORDER] = "order",
		[VERIFY_UNSIGNED] = "unsigned", [VERIFY_UNACCOUNTED] = "unaccounted", [VERIFY_LOG] = "log", [VERIFY_UNWITNESSED] = "unwitnessed",
		[VERIFY_UNREADABLE] = "unreadable",
	};

	return (unsigned)k < VERIFY_KINDS ? name[k] : "unknown";
}

const char *verify_signature_name(enum entry_signature s)
{
	static const char *const name[VERIFY_SIGNATURES] = {
		[ENTRY_SIGNATURE_NONE] = "none", [ENTRY_SIGNATURE_VALID] = "valid", [ENTRY_SIGNATURE_INVALID] = "invalid",
		[ENTRY_SIGNATURE_STRIPPED] = "stripped", [ENTRY_SIGNATURE_ONVIF] = "onvif", [ENTRY_SIGNATURE_AXIS] = "axis",
	};

	return (unsigned)s < VERIFY_SIGNATURES ? name[s] : "unknown";
}

void verify_fingerprint(const struct key_public *k, char out[HASH_HEX])
{
	char vkey[KEY_VKEY];
	struct hasher hasher;
	struct hash h;

	key_vkey(k, vkey);
	hasher_init(&hasher);
	hasher_update(&hasher, vkey, strlen(vkey));
	hasher_update(&hasher, "\n", 1);
	hasher_final(&hasher, &h);
	hash_hex(&h, out);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Remembers that something did not fit, so that it is asked once. */
struct sheet {
	struct buf *out;
	bool full;
};

static void say(struct sheet *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct sheet *s, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof line || buf_append(s->out, line, (size_t)n))
		s->full = true;
}

/* A vkey without its last part, which is of no use to the eye: its name and key id. */
static int short_key(const char *vkey)
{
	const char *plus = strchr(vkey, '+');

	plus = plus ? strchr(plus + 1, '+') : NULL;
	return plus ? (int)(plus - vkey) : (int)strlen(vkey);
}

static void say_amount(struct sheet *out, uint64_t segments, uint64_t bytes)
{
	static const struct { double of; const char *unit; } step[] = {{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}};
	unsigned i = 0;

	while (i < 3 && (double)bytes < step[i].of)
		i++;
	say(out, "%" PRIu64 " segment%s, %.1f %s", segments, segments == 1 ? "" : "s", (double)bytes / step[i].of, step[i].unit);
}

static void say_segment(struct sheet *out, const struct verify_rendition *r)
{
	char start[CLOCK_TEXT];
	int64_t ms = (r->to_us - r->from_us) / 1000;

	clock_text(r->from_us, start);
	say(out, "%s/%s segment %" PRIu64 ", %s, %" PRId64 ".%03d s", r->camera, r->rendition, r->first, start, ms / 1000, (int)(ms % 1000));
}

static void print_verdict(const struct verify_report *r, struct sheet *out)
{
	uint64_t good = 0, bytes = 0;
	char hex[HASH_HEX];

	for (size_t i = 0; i < r->nrenditions; i++) {
		good += r->rendition[i].good;
		bytes += r->rendition[i].good_bytes;
	}
	if (verify_status(r) == 1 && r->shape == VERIFY_SEGMENT) {
		say(out, "NOT VERIFIED: %s\n", r->problem[0].text);
		return;
	}
	if (verify_status(r) == 1) {
		say(out, "NOT VERIFIED: %" PRIu64 " thing%s do%s not hold\n", r->nproblems, r->nproblems == 1 ? "" : "s", r->nproblems == 1 ? "es" : "");
		return;
	}
	if (verify_status(r) == 2) {
		say(out, "could not tell: %s\n", r->nunreadable ? "something could not be read" : "nothing to check: no segment of what was asked for is there");
		return;
	}
	say(out, r->own_key ? "whole and unchanged under the key that came with it: " : "verified: ");
	if (r->shape == VERIFY_SEGMENT && r->nrenditions == 1)
		say_segment(out, r->rendition);
	else
		say_amount(out, good, bytes);
	say(out, ", as sealed by %s\n", r->checkpoint.origin);
	if (!r->own_key)
		return;
	verify_fingerprint(&r->given, hex);
	say(out, "Compare that key with the one that you have from elsewhere; SHA-256 of site.key.pub:\n  %s\n", hex);
}

static void print_log(const struct verify_report *r, struct sheet *out)
{
	char vkey[KEY_VKEY];

	if (!r->checkpoint.origin[0])
		return;
	key_vkey(&r->given, vkey);
	say(out, "log of %s: %" PRIu64 " entries, signed; verified with %s %.*s\n", r->checkpoint.origin, r->checkpoint.size,
		r->own_key ? "its own key" : "the key", short_key(vkey), vkey);
}

static void say_age(struct sheet *out, int64_t us)
{
	int64_t s = us > 0 ? us / 1000000 : 0;

	if (s < 120)
		say(out, "%" PRId64 " s", s);
	else if (s < 7200)
		say(out, "%" PRId64 " min", s / 60);
	else if (s < 2 * 86400)
		say(out, "%" PRId64 " h", s / 3600);
	else
		say(out, "%" PRId64 " days", s / 86400);
}

static void print_witness(const struct verify_quorum *q, unsigned i, struct sheet *out)
{
	char at[CLOCK_TEXT], name[4 * WITNESS_POLICY_NAME];

	/* Who made the policy named him. */
	text_escape(q->policy.witness[i].name, strlen(q->policy.witness[i].name), name, sizeof name);
	say(out, "  witness %s: ", name);
	if (!q->size || !q->verdict.witness[i].seen) {
		say(out, "has not cosigned it\n");
		return;
	}
	clock_text(q->verdict.witness[i].time_us, at);
	say(out, "%s, ", at);
	say_age(out, q->now_us - q->verdict.witness[i].time_us);
	say(out, " ago\n");
}

/* What is newer than what they have seen, nobody but the site vouches for. */
static void print_uncosigned(const struct verify_report *r, struct sheet *out)
{
	char from[CLOCK_TEXT];

	say(out, "  the %" PRIu64 " entries after these are not cosigned", r->note.at.size - r->quorum.size);
	if (r->uncosigned) {
		clock_text(r->uncosigned_us, from);
		say(out, ": %" PRIu64 " segment%s, from %s on", r->uncosigned, r->uncosigned == 1 ? "" : "s", from);
	}
	say(out, "\n");
}

static void print_quorum(const struct verify_report *r, struct sheet *out)
{
	const struct verify_quorum *q = &r->quorum;

	if (!q->is_judged)
		return;
	say(out, "witnesses: %s, by the policy that %s; ", q->size && q->verdict.met ? "enough" : "NOT ENOUGH", q->is_needed ? "was given" : "came with it");
	say(out, "%u of %u cosigned", q->size ? q->verdict.cosigned : 0, q->policy.nwitnesses);
	if (q->size && q->verdict.cosigned) {
		say(out, " the first %" PRIu64 " entries, the newest ", q->size);
		say_age(out, q->now_us - q->verdict.newest_us);
		say(out, " ago");
	}
	say(out, "\n");
	if (q->size && !q->is_listed)
		say(out, "  the policy is for other logs than this\n");
	if (q->size && q->verdict.cosigned && q->is_part)
		print_uncosigned(r, out);
	for (unsigned i = 0; i < q->policy.nwitnesses; i++)
		print_witness(q, i, out);
}

static void print_problem(const struct verify_problem *p, struct sheet *out)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];
	size_t begin = out->out->len;

	say(out, "%s:", verify_kind_name(p->kind));
	if (p->camera[0])
		say(out, " %s%s%s", p->camera, p->rendition[0] ? "/" : "", p->rendition);
	if (p->first && p->last > p->first)
		say(out, " segments %" PRIu64 " to %" PRIu64, p->first, p->last);
	else if (p->first && p->last == 0)
		say(out, " segments from %" PRIu64 " on", p->first);
	else if (p->first)
		say(out, " segment %" PRIu64, p->first);
	if (p->to_us) {
		clock_text(p->from_us, from);
		clock_text(p->to_us, to);
		say(out, " %s to %s", from, to);
	}
	say(out, "%s%s", p->camera[0] ? ": " : " ", p->text);
	if (p->path[0])
		say(out, "%s (%s)", out->out->len - begin + strlen(p->path) + 3 > COLUMNS ? "\n   " : "", p->path);
	say(out, "\n");
}

static void print_problems(const struct verify_report *r, struct sheet *out)
{
	for (uint64_t i = 0; i < least(r->nproblems, VERIFY_PROBLEMS_MAX); i++)
		print_problem(&r->problem[i], out);
	if (r->nproblems > VERIFY_PROBLEMS_MAX)
		say(out, "and %" PRIu64 " more\n", r->nproblems - VERIFY_PROBLEMS_MAX);
}

static void say_count(struct sheet *out, const char *what, uint64_t n, unsigned *said)
{
	if (n)
		say(out, "%s%" PRIu64 " %s", (*said)++ ? ", " : "      ", n, what);
}

/* "no", or each kind with how many. */
static void signatures(const struct verify_rendition *r, char *out, size_t cap)
{
	size_t n = 0;

	snprintf(out, cap, "no");
	for (unsigned i = ENTRY_SIGNATURE_NONE + 1; i < VERIFY_SIGNATURES && n < cap; i++)
		if (r->signature[i])
			n += (size_t)snprintf(out + n, cap - n, "%s%s %" PRIu64, n ? ", " : "", verify_signature_name((enum entry_signature)i), r->signature[i]);
}

static void print_rendition(const struct verify_rendition *r, struct sheet *out)
{
	const char *source = r->clock_rtcp && r->clock_arrival ? "both" : r->clock_rtcp ? "rtcp" : "arrival";
	char clock[64] = "-", signed_by[64];
	unsigned said = 0;

	if (r->clock_rtcp || r->clock_arrival)
		snprintf(clock, sizeof clock, "%s %" PRIu32 ", %" PRIu32 " ms", source, r->clock_typical_ms, r->clock_worst_ms);
	signatures(r, signed_by, sizeof signed_by);
	say(out, "  %-12s %9" PRIu64 " %9" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "  %-26s %s\n", r->rendition, r->segments, r->good, r->changed,
		r->missing, r->deleted, clock, signed_by);
	say_count(out, "logged only (this rendition is not archived)", r->not_kept, &said);
	say_count(out, "older ones not offered", r->not_offered, &said);
	say_count(out, "not asked for", r->not_asked, &said);
	if (said)
		say(out, "\n");
}

static void print_reasons(const struct verify_account *a, struct sheet *out)
{
	if (a->gap_us == 0)
		return;
	say(out, "  without footage: %.1f s", (double)a->gap_us / 1e6);
	for (unsigned i = 0; i < a->nreasons; i++)
		if (a->reason[i].us)
			say(out, "%s %s %.1f s", i ? "," : ":", a->reason[i].why, (double)a->reason[i].us / 1e6);
	say(out, "\n");
}

/* When a camera's first segment began, and its last one ended. */
static bool span(const struct verify_report *r, const char *camera, int64_t *ret_from_us, int64_t *ret_to_us)
{
	*ret_from_us = INT64_MAX;
	*ret_to_us = INT64_MIN;
	for (size_t i = 0; i < r->nrenditions; i++) {
		const struct verify_rendition *v = &r->rendition[i];

		if (strcmp(v->camera, camera) || !v->segments)
			continue;
		*ret_from_us = v->from_us < *ret_from_us ? v->from_us : *ret_from_us;
		*ret_to_us = v->to_us > *ret_to_us ? v->to_us : *ret_to_us;
	}
	return *ret_from_us <= *ret_to_us;
}

static void print_camera(const struct verify_report *r, const struct verify_account *a, struct sheet *out)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];
	int64_t from_us, to_us;

	if (span(r, a->camera, &from_us, &to_us)) {
		clock_text(from_us, from);
		clock_text(to_us, to);
		say(out, "%s, %s to %s\n", a->camera, from, to);
		say(out, "  %-12s %9s %9s %8s %8s %8s  %-26s %s\n", "rendition", "segments", "hold", "changed", "missing", "removed", "clock: usual, worst error",
			"signed by the camera");
	} else {
		say(out, "%s, no footage\n", a->camera);
	}
	for (size_t i = 0; i < r->nrenditions; i++)
		if (!strcmp(r->rendition[i].camera, a->camera))
			print_rendition(&r->rendition[i], out);
	print_reasons(a, out);
}

/* One of no time only says that an account was opened or closed. */
static void print_gaps(const struct verify_report *r, struct sheet *out)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];

	for (uint64_t i = 0; i < least(r->ngaps, VERIFY_GAPS_MAX); i++) {
		const struct verify_gap *g = &r->gap[i];

		if (g->from_us == g->to_us)
			continue;
		clock_text(g->from_us, from);
		clock_text(g->to_us, to);
		say(out, "gap: %s %s to %s (%.1f s): %s\n", g->camera, from, to, (double)(g->to_us - g->from_us) / 1e6, g->why);
	}
	if (r->ngaps > VERIFY_GAPS_MAX)
		say(out, "and %" PRIu64 " more gaps\n", r->ngaps - VERIFY_GAPS_MAX);
}

static void print_alarms(const struct verify_report *r, struct sheet *out)
{
	char at[CLOCK_TEXT];

	for (uint64_t i = 0; i < least(r->nalarms, VERIFY_ALARMS_MAX); i++) {
		const struct entry_alarm *a = &r->alarm[i];

		clock_text(a->time_us, at);
		say(out, "alarm: %s %s %s: %s\n", a->camera, at, a->alarm, a->detail);
	}
	if (r->nalarms > VERIFY_ALARMS_MAX)
		say(out, "and %" PRIu64 " more alarms\n", r->nalarms - VERIFY_ALARMS_MAX);
}

static void print_configs(const struct verify_report *r, struct sheet *out)
{
	char at[CLOCK_TEXT];

	for (uint64_t i = 0; i < least(r->nconfigs, VERIFY_CONFIGS_MAX); i++) {
		const struct entry_config *c = &r->config[i];

		clock_text(c->time_us, at);
		say(out, "site file changed: %s", at);
		for (unsigned k = 0; k < c->nchange; k++)
			say(out, "%s %s", k ? "," : ":", c->change[k]);
		if (c->changes > c->nchange)
			say(out, " and %" PRIu32 " more", c->changes - c->nchange);
		say(out, "\n");
	}
	if (r->nconfigs > VERIFY_CONFIGS_MAX)
		say(out, "and %" PRIu64 " more changes of the site file\n", r->nconfigs - VERIFY_CONFIGS_MAX);
}

/* before is NULL or the programs that ran until then: what is as it was needs no words. */
static void print_programs(const struct entry_start *s, const struct entry_start *before, struct sheet *out)
{
	char at[CLOCK_TEXT], hex[HASH_HEX];

	clock_text(s->time_us, at);
	say(out, "programs: %s %s", at, s->program);
	for (unsigned i = 0; i < s->nbinaries; i++) {
		const struct entry_binary *b = &s->binary[i];

		if (before && i < before->nbinaries && !strcmp(before->binary[i].name, b->name) && hash_same(&before->binary[i].hash, &b->hash))
			continue;
		hash_hex(&b->hash, hex);
		say(out, ", %s %.*s", b->name, SHORT_HEX, hex);
	}
	if (s->has_sbom) {
		hash_hex(&s->sbom, hex);
		say(out, ", sbom %.*s", SHORT_HEX, hex);
	}
	say(out, "\n");
}

static void print_all_programs(const struct verify_report *r, struct sheet *out)
{
	for (uint64_t i = 0; i < least(r->nprograms, VERIFY_PROGRAMS_MAX); i++)
		print_programs(&r->programs[i], i ? &r->programs[i - 1] : NULL, out);
	if (r->nprograms > VERIFY_PROGRAMS_MAX)
		say(out, "and %" PRIu64 " more times that the programs changed\n", r->nprograms - VERIFY_PROGRAMS_MAX);
}

static void print_keys(const struct verify_report *r, struct sheet *out)
{
	char at[CLOCK_TEXT];

	for (uint64_t i = 0; i < least(r->nkeys, VERIFY_KEYS_MAX); i++) {
		const struct verify_key *k = &r->key[i];

		clock_text(k->from_us, at);
		say(out, "key: %s %.*s", at, short_key(k->vkey), k->vkey);
		if (k->by[0])
			say(out, ", %s by %.*s", k->why, short_key(k->by), k->by);
		say(out, "\n");
	}
	if (r->nkeys > VERIFY_KEYS_MAX)
		say(out, "and %" PRIu64 " more keys\n", r->nkeys - VERIFY_KEYS_MAX);
}

static void print_encoders(const struct verify_report *r, struct sheet *out)
{
	char at[CLOCK_TEXT];

	for (uint64_t i = 0; i < least(r->nencoders, VERIFY_ENCODERS_MAX); i++) {
		const struct entry_encoder *e = &r->encoder[i];

		clock_text(e->time_us, at);
		say(out, "encoder: %s %s/%s %s\n  %.*s%s\n", at, e->camera, e->rendition, e->encoder, SHORT_TEXT, e->settings,
			strlen(e->settings) > SHORT_TEXT ? "..." : "");
	}
	if (r->nencoders > VERIFY_ENCODERS_MAX)
		say(out, "and %" PRIu64 " more changes of encoders\n", r->nencoders - VERIFY_ENCODERS_MAX);
}

static void print_people(const struct verify_report *r, struct sheet *out)
{
	char at[CLOCK_TEXT], from[CLOCK_TEXT], to[CLOCK_TEXT];

	if (r->logins || r->refusals)
		say(out, "logins: %" PRIu64 " accepted, %" PRIu64 " refused\n", r->logins, r->refusals);
	if (r->views)
		say(out, "who watched what: %" PRIu64 " entries\n", r->views);
	for (uint64_t i = 0; i < least(r->nexports, VERIFY_EXPORTS_MAX); i++) {
		const struct entry_export *e = &r->export[i];

		clock_text(e->time_us, at);
		clock_text(e->from_us, from);
		clock_text(e->to_us, to);
		say(out, "export: %s by %s, %s/%s %s to %s\n", at, e->user, e->camera, e->rendition, from, to);
	}
	if (r->nexports > VERIFY_EXPORTS_MAX)
		say(out, "and %" PRIu64 " more exports\n", r->nexports - VERIFY_EXPORTS_MAX);
}

static void print_notes(const struct verify_report *r, struct sheet *out)
{
	if (r->crashes && r->shape == VERIFY_ARCHIVE)
		say(out, "note: %" PRIu64 " of %" PRIu64 " runs ended without a stop entry (killed, or power was lost)\n", r->crashes, r->starts);
	if (r->unfinished)
		say(out, "note: %" PRIu64 " files are still being written, or were when the site was cut off\n", r->unfinished);
	if (r->leftover)
		say(out, "note: %" PRIu64 " files of deleted segments are still there\n", r->leftover);
	if (r->shape == VERIFY_CLIP && !r->nexports)
		say(out, "note: no entry says how much was exported: that something was left out at its ends would not show\n");
}

/* One line for each kind of thing that does not hold. */
static void print_next(const struct verify_report *r, struct sheet *out)
{
	static const char *const next[VERIFY_KINDS] = {
		[VERIFY_CHANGED] = "look for another copy of what was changed: the same entries prove it wherever it lies",
		[VERIFY_MISSING] = "look for the missing files elsewhere: put back, they can be verified like the others",
		[VERIFY_EXTRA] = "do not rely on a file that no entry names; find out who put it there",
		[VERIFY_ORDER] = "keep every copy of the log; who has an older checkpoint can tell which one was first",
		[VERIFY_UNSIGNED] = "see that the key is the site's own; if the site was only cut off, start it once and verify again",
		[VERIFY_UNACCOUNTED] = "ask what happened then; the site itself gives no reason",
		[VERIFY_LOG] = "fetch the log, or its damaged files, from the site or another copy, and verify again",
		[VERIFY_UNWITNESSED] = "ask the witnesses for the newest checkpoint that they have seen, and compare",
		[VERIFY_UNREADABLE] = "see that the files can be read (rights, disk, connection), and verify again",
	};
	bool seen[VERIFY_KINDS] = {false};

	for (uint64_t i = 0; i < least(r->nproblems, VERIFY_PROBLEMS_MAX); i++)
		seen[r->problem[i].kind] = true;
	if (verify_status(r) == 1)
		say(out, "what to do: keep these files as they are, and work on a copy\n");
	for (unsigned k = 0; k < VERIFY_KINDS; k++)
		if (seen[k])
			say(out, "%s %s: %s\n", verify_status(r) == 1 ? "           " : "what to do,", verify_kind_name((enum verify_kind)k), next[k]);
}

int verify_print(const struct verify_report *r, struct buf *to)
{
	struct sheet sheet = {.out = to}, *out = &sheet;

	print_verdict(r, out);
	print_problems(r, out);
	if (r->shape != VERIFY_SEGMENT) {
		print_log(r, out);
		print_quorum(r, out);
		for (size_t i = 0; i < r->naccounts; i++)
			print_camera(r, &r->account[i], out);
		print_gaps(r, out);
		print_alarms(r, out);
		print_configs(r, out);
		print_all_programs(r, out);
		print_keys(r, out);
		print_encoders(r, out);
		print_people(r, out);
		print_notes(r, out);
	} else {
		print_quorum(r, out);
	}
	print_next(r, out);
	return sheet.full ? -ENOBUFS : 0;
}
