/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's report, for people and as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "seal/verify.h"

const char *verify_kind_name(enum verify_kind k)
{
	static const char *const name[VERIFY_KINDS] = {
		[VERIFY_CHANGED] = "changed", [VERIFY_MISSING] = "missing", [VERIFY_EXTRA] = "extra", [VERIFY_ORDER] = "order",
		[VERIFY_UNSIGNED] = "unsigned", [VERIFY_UNACCOUNTED] = "unaccounted", [VERIFY_LOG] = "log", [VERIFY_UNWITNESSED] = "unwitnessed",
		[VERIFY_UNREADABLE] = "unreadable",
	};

	return (unsigned)k < VERIFY_KINDS ? name[k] : "unknown";
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

static void print_problem(const struct verify_problem *p, struct sheet *out)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];

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
		say(out, " (%s)", p->path);
	say(out, "\n");
}

static void print_rendition(const struct verify_rendition *r, struct sheet *out)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];

	clock_text(r->from_us, from);
	clock_text(r->to_us, to);
	say(out, "%s/%s: %" PRIu64 " of %" PRIu64 " segments hold", r->camera, r->rendition, r->good, r->segments);
	if (r->deleted)
		say(out, ", %" PRIu64 " deleted by entry", r->deleted);
	if (r->not_kept)
		say(out, ", %" PRIu64 " logged only (this rendition is not archived)", r->not_kept);
	if (r->not_offered)
		say(out, ", %" PRIu64 " older ones not offered", r->not_offered);
	if (r->not_asked)
		say(out, ", %" PRIu64 " not asked for", r->not_asked);
	say(out, "; %s to %s\n", from, to);
}

static void print_gaps(const struct verify_report *r, struct sheet *out)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];

	for (uint64_t i = 0; i < least(r->ngaps, VERIFY_GAPS_MAX); i++) {
		const struct verify_gap *g = &r->gap[i];

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

#define SHORT_HEX 16    /* digits of a hash for people; the JSON has it whole */

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

static void print_verdict(const struct verify_report *r, struct sheet *out)
{
	uint64_t good = 0, bytes = 0;

	for (size_t i = 0; i < r->nrenditions; i++) {
		good += r->rendition[i].good;
		bytes += r->rendition[i].good_bytes;
	}
	if (verify_status(r) == 1)
		say(out, "NOT VERIFIED: %" PRIu64 " thing%s do%s not hold\n", r->nproblems, r->nproblems == 1 ? "" : "s",
			r->nproblems == 1 ? "es" : "");
	else if (verify_status(r) == 2)
		say(out, "could not tell: %s\n", r->nunreadable ? "something could not be read" : "no segment was there to be checked");
	else
		say(out, "verified: %" PRIu64 " segments, %" PRIu64 " bytes, as sealed by %s\n", good, bytes, r->checkpoint.origin);
}

int verify_print(const struct verify_report *r, struct buf *to)
{
	struct sheet sheet = {.out = to}, *out = &sheet;

	if (r->checkpoint.origin[0])
		say(out, "log of %s: %" PRIu64 " entries, signed\n", r->checkpoint.origin, r->checkpoint.size);
	for (size_t i = 0; i < r->nrenditions; i++)
		print_rendition(&r->rendition[i], out);
	print_gaps(r, out);
	print_alarms(r, out);
	print_configs(r, out);
	print_all_programs(r, out);
	if (r->crashes)
		say(out, "note: %" PRIu64 " of %" PRIu64 " runs ended without a stop entry (killed, or power was lost)\n", r->crashes, r->starts);
	if (r->unfinished)
		say(out, "note: %" PRIu64 " files are still being written, or were when the site was cut off\n", r->unfinished);
	if (r->leftover)
		say(out, "note: %" PRIu64 " files of deleted segments are still there\n", r->leftover);
	for (uint64_t i = 0; i < least(r->nproblems, VERIFY_PROBLEMS_MAX); i++)
		print_problem(&r->problem[i], out);
	if (r->nproblems > VERIFY_PROBLEMS_MAX)
		say(out, "and %" PRIu64 " more\n", r->nproblems - VERIFY_PROBLEMS_MAX);
	print_verdict(r, out);
	return sheet.full ? -ENOBUFS : 0;
}

static void time_member(struct json *j, const char *name, int64_t us)
{
	char text[CLOCK_TEXT];

	clock_text(us, text);
	json_str(j, name, us ? text : NULL);
}

static void json_problem(struct json *j, const struct verify_problem *p)
{
	json_open(j, NULL, '{');
	json_str(j, "kind", verify_kind_name(p->kind));
	json_str(j, "camera", p->camera[0] ? p->camera : NULL);
	json_str(j, "rendition", p->rendition[0] ? p->rendition : NULL);
	json_int(j, "first", (int64_t)p->first);
	json_int(j, "last", (int64_t)p->last);
	time_member(j, "from", p->from_us);
	time_member(j, "to", p->to_us);
	json_str(j, "path", p->path[0] ? p->path : NULL);
	json_str(j, "text", p->text);
	json_close(j, '}');
}

static void json_rendition(struct json *j, const struct verify_rendition *r)
{
	json_open(j, NULL, '{');
	json_str(j, "camera", r->camera);
	json_str(j, "rendition", r->rendition);
	json_int(j, "segments", (int64_t)r->segments);
	json_int(j, "good", (int64_t)r->good);
	json_int(j, "good_bytes", (int64_t)r->good_bytes);
	json_int(j, "deleted", (int64_t)r->deleted);
	json_int(j, "not_kept", (int64_t)r->not_kept);
	json_int(j, "not_offered", (int64_t)r->not_offered);
	json_int(j, "not_asked", (int64_t)r->not_asked);
	json_int(j, "first", (int64_t)r->first);
	json_int(j, "last", (int64_t)r->last);
	time_member(j, "from", r->from_us);
	time_member(j, "to", r->to_us);
	json_close(j, '}');
}

static void json_gaps(struct json *j, const struct verify_report *r)
{
	json_open(j, "gaps", '[');
	for (uint64_t i = 0; i < least(r->ngaps, VERIFY_GAPS_MAX); i++) {
		json_open(j, NULL, '{');
		json_str(j, "camera", r->gap[i].camera);
		time_member(j, "from", r->gap[i].from_us);
		time_member(j, "to", r->gap[i].to_us);
		json_str(j, "why", r->gap[i].why);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_int(j, "gaps_total", (int64_t)r->ngaps);
}

static void json_alarms(struct json *j, const struct verify_report *r)
{
	json_open(j, "alarms", '[');
	for (uint64_t i = 0; i < least(r->nalarms, VERIFY_ALARMS_MAX); i++) {
		json_open(j, NULL, '{');
		json_str(j, "camera", r->alarm[i].camera);
		time_member(j, "time", r->alarm[i].time_us);
		json_str(j, "alarm", r->alarm[i].alarm);
		json_str(j, "state", r->alarm[i].begin ? "begin" : "end");
		json_str(j, "detail", r->alarm[i].detail);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_int(j, "alarms_total", (int64_t)r->nalarms);
}

static void json_configs(struct json *j, const struct verify_report *r)
{
	char hex[HASH_HEX];

	json_open(j, "configs", '[');
	for (uint64_t i = 0; i < least(r->nconfigs, VERIFY_CONFIGS_MAX); i++) {
		const struct entry_config *c = &r->config[i];

		hash_hex(&c->site, hex);
		json_open(j, NULL, '{');
		time_member(j, "time", c->time_us);
		json_str(j, "site", hex);
		json_int(j, "changes", c->changes);
		json_open(j, "change", '[');
		for (unsigned k = 0; k < c->nchange; k++)
			json_str(j, NULL, c->change[k]);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
	json_int(j, "configs_total", (int64_t)r->nconfigs);
}

static void json_programs(struct json *j, const struct verify_report *r)
{
	char hex[HASH_HEX];

	json_open(j, "programs", '[');
	for (uint64_t i = 0; i < least(r->nprograms, VERIFY_PROGRAMS_MAX); i++) {
		const struct entry_start *s = &r->programs[i];

		json_open(j, NULL, '{');
		time_member(j, "from", s->time_us);
		json_str(j, "program", s->program);
		hash_hex(&s->sbom, hex);
		json_str(j, "sbom", s->has_sbom ? hex : NULL);
		json_open(j, "binaries", '{');
		for (unsigned k = 0; k < s->nbinaries; k++) {
			hash_hex(&s->binary[k].hash, hex);
			json_str(j, s->binary[k].name, hex);
		}
		json_close(j, '}');
		json_close(j, '}');
	}
	json_close(j, ']');
	json_int(j, "programs_total", (int64_t)r->nprograms);
}

int verify_print_json(const struct verify_report *r, struct buf *out)
{
	static const char *const verdict[] = {"verified", "not verified", "could not tell"};
	struct json j = json_init(out);

	json_open(&j, NULL, '{');
	json_str(&j, "verdict", verdict[verify_status(r)]);
	json_int(&j, "status", verify_status(r));
	json_str(&j, "origin", r->checkpoint.origin[0] ? r->checkpoint.origin : NULL);
	json_int(&j, "size", (int64_t)r->checkpoint.size);
	json_int(&j, "entries", (int64_t)r->entries);
	json_int(&j, "bytes", (int64_t)r->bytes);
	json_int(&j, "starts", (int64_t)r->starts);
	json_int(&j, "stops", (int64_t)r->stops);
	json_int(&j, "crashes", (int64_t)r->crashes);
	json_int(&j, "unfinished", (int64_t)r->unfinished);
	json_int(&j, "leftover", (int64_t)r->leftover);
	json_open(&j, "renditions", '[');
	for (size_t i = 0; i < r->nrenditions; i++)
		json_rendition(&j, &r->rendition[i]);
	json_close(&j, ']');
	json_gaps(&j, r);
	json_alarms(&j, r);
	json_configs(&j, r);
	json_programs(&j, r);
	json_open(&j, "problems", '[');
	for (uint64_t i = 0; i < least(r->nproblems, VERIFY_PROBLEMS_MAX); i++)
		json_problem(&j, &r->problem[i]);
	json_close(&j, ']');
	json_int(&j, "problems_total", (int64_t)r->nproblems);
	json_close(&j, '}');
	return j.bad || buf_append_str(out, "\n") ? -ENOBUFS : 0;
}
