/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's report as JSON. */
#include <errno.h>

#include "base/clock.h"
#include "base/json.h"
#include "seal/verify.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
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

static void json_clock(struct json *j, const struct verify_rendition *r)
{
	json_open(j, "clock", '{');
	json_int(j, "rtcp", (int64_t)r->clock_rtcp);
	json_int(j, "arrival", (int64_t)r->clock_arrival);
	json_int(j, "typical_ms", r->clock_typical_ms);
	json_int(j, "worst_ms", r->clock_worst_ms);
	json_close(j, '}');
}

static void json_signatures(struct json *j, const struct verify_rendition *r)
{
	json_open(j, "camera_signatures", '{');
	for (unsigned i = 0; i < VERIFY_SIGNATURES; i++)
		if (r->signature[i])
			json_int(j, verify_signature_name((enum entry_signature)i), (int64_t)r->signature[i]);
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
	json_int(j, "changed", (int64_t)r->changed);
	json_int(j, "missing", (int64_t)r->missing);
	json_int(j, "deleted", (int64_t)r->deleted);
	json_int(j, "not_kept", (int64_t)r->not_kept);
	json_int(j, "not_offered", (int64_t)r->not_offered);
	json_int(j, "not_asked", (int64_t)r->not_asked);
	json_int(j, "first", (int64_t)r->first);
	json_int(j, "last", (int64_t)r->last);
	time_member(j, "from", r->from_us);
	time_member(j, "to", r->to_us);
	json_clock(j, r);
	json_signatures(j, r);
	json_close(j, '}');
}

static void json_accounts(struct json *j, const struct verify_report *r)
{
	json_open(j, "cameras", '[');
	for (size_t i = 0; i < r->naccounts; i++) {
		const struct verify_account *a = &r->account[i];

		json_open(j, NULL, '{');
		json_str(j, "camera", a->camera);
		json_int(j, "gaps", (int64_t)a->gaps);
		json_num(j, "gap_seconds", (double)a->gap_us / 1e6, 3);
		json_open(j, "reasons", '[');
		for (unsigned k = 0; k < a->nreasons; k++) {
			json_open(j, NULL, '{');
			json_str(j, "why", a->reason[k].why);
			json_int(j, "gaps", (int64_t)a->reason[k].gaps);
			json_num(j, "seconds", (double)a->reason[k].us / 1e6, 3);
			json_close(j, '}');
		}
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
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

static void json_keys(struct json *j, const struct verify_report *r)
{
	json_open(j, "keys", '[');
	for (uint64_t i = 0; i < least(r->nkeys, VERIFY_KEYS_MAX); i++) {
		json_open(j, NULL, '{');
		time_member(j, "from", r->key[i].from_us);
		json_str(j, "key", r->key[i].vkey);
		json_str(j, "by", r->key[i].by[0] ? r->key[i].by : NULL);
		json_str(j, "why", r->key[i].why);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_int(j, "keys_total", (int64_t)r->nkeys);
}

static void json_encoders(struct json *j, const struct verify_report *r)
{
	json_open(j, "encoders", '[');
	for (uint64_t i = 0; i < least(r->nencoders, VERIFY_ENCODERS_MAX); i++) {
		json_open(j, NULL, '{');
		time_member(j, "from", r->encoder[i].time_us);
		json_str(j, "camera", r->encoder[i].camera);
		json_str(j, "rendition", r->encoder[i].rendition);
		json_str(j, "encoder", r->encoder[i].encoder);
		json_str(j, "settings", r->encoder[i].settings);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_int(j, "encoders_total", (int64_t)r->nencoders);
}

static void json_beside(struct json *j, const struct entry_beside *b)
{
	json_open(j, "beside", '{');
	json_str(j, "rendition", b->rendition);
	json_int(j, "segments", (int64_t)b->segments);
	json_int(j, "bytes", (int64_t)b->bytes);
	json_close(j, '}');
}

static void json_people(struct json *j, const struct verify_report *r)
{
	json_open(j, "logins", '{');
	json_int(j, "accepted", (int64_t)least(r->logins, INT64_MAX));
	json_int(j, "refused", (int64_t)least(r->refusals, INT64_MAX));
	json_close(j, '}');
	json_int(j, "views", (int64_t)least(r->views, INT64_MAX));
	json_open(j, "exports", '[');
	for (uint64_t i = 0; i < least(r->nexports, VERIFY_EXPORTS_MAX); i++) {
		const struct entry_export *e = &r->export[i];

		json_open(j, NULL, '{');
		time_member(j, "time", e->time_us);
		json_str(j, "user", e->user);
		json_str(j, "camera", e->camera);
		json_str(j, "rendition", e->rendition);
		time_member(j, "from", e->from_us);
		time_member(j, "to", e->to_us);
		json_int(j, "segments", (int64_t)e->segments);
		json_int(j, "bytes", (int64_t)e->bytes);
		if (*e->beside.rendition)
			json_beside(j, &e->beside);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_int(j, "exports_total", (int64_t)r->nexports);
}

static void json_quorum(struct json *j, const struct verify_report *r)
{
	const struct verify_quorum *q = &r->quorum;

	if (!q->is_judged)
		return;
	json_open(j, "witnesses", '{');
	json_bool(j, "met", q->size && q->verdict.met);
	json_bool(j, "needed", q->is_needed);
	json_bool(j, "listed", q->is_listed);
	json_int(j, "size", (int64_t)q->size);
	json_int(j, "later_segments", q->is_part ? (int64_t)r->uncosigned : 0);
	time_member(j, "later_from", q->is_part ? r->uncosigned_us : 0);
	json_int(j, "cosigned", q->size ? q->verdict.cosigned : 0);
	time_member(j, "newest", q->size ? q->verdict.newest_us : 0);
	time_member(j, "quorum", q->size ? q->verdict.quorum_us : 0);
	json_open(j, "witness", '[');
	for (unsigned i = 0; i < q->policy.nwitnesses; i++) {
		json_open(j, NULL, '{');
		json_str(j, "name", q->policy.witness[i].name);
		time_member(j, "cosigned", q->size && q->verdict.witness[i].seen ? q->verdict.witness[i].time_us : 0);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void json_head(struct json *j, const struct verify_report *r)
{
	static const char *const verdict[] = {"verified", "not verified", "could not tell"};
	const char *word = verdict[verify_status(r)];
	static const char *const shape[] = {[VERIFY_ARCHIVE] = "archive", [VERIFY_CLIP] = "clip", [VERIFY_SEGMENT] = "segment"};
	char vkey[KEY_VKEY];

	/* Who looks at one word must not take the clip's own key for the site's. */
	json_str(j, "verdict", r->own_key && verify_status(r) == 0 ? "verified-by-own-key" : word);
	json_int(j, "status", verify_status(r));
	json_str(j, "shape", shape[r->shape]);
	json_str(j, "origin", r->checkpoint.origin[0] ? r->checkpoint.origin : NULL);
	key_vkey(&r->given, vkey);
	json_str(j, "key", vkey);
	json_bool(j, "key_came_with_it", r->own_key);
	json_int(j, "size", (int64_t)r->checkpoint.size);
	json_int(j, "entries", (int64_t)r->entries);
	json_int(j, "bytes", (int64_t)r->bytes);
	json_int(j, "starts", (int64_t)r->starts);
	json_int(j, "stops", (int64_t)r->stops);
	json_int(j, "crashes", (int64_t)r->crashes);
	json_int(j, "unfinished", (int64_t)r->unfinished);
	json_int(j, "leftover", (int64_t)r->leftover);
}

int verify_print_json(const struct verify_report *r, struct buf *out)
{
	struct json j = json_init(out);

	json_open(&j, NULL, '{');
	json_head(&j, r);
	json_open(&j, "renditions", '[');
	for (size_t i = 0; i < r->nrenditions; i++)
		json_rendition(&j, &r->rendition[i]);
	json_close(&j, ']');
	json_accounts(&j, r);
	json_gaps(&j, r);
	json_alarms(&j, r);
	json_configs(&j, r);
	json_programs(&j, r);
	json_keys(&j, r);
	json_encoders(&j, r);
	json_people(&j, r);
	json_quorum(&j, r);
	json_open(&j, "problems", '[');
	for (uint64_t i = 0; i < least(r->nproblems, VERIFY_PROBLEMS_MAX); i++)
		json_problem(&j, &r->problem[i]);
	json_close(&j, ']');
	json_int(&j, "problems_total", (int64_t)r->nproblems);
	json_close(&j, '}');
	return j.bad || buf_append_str(out, "\n") ? -ENOBUFS : 0;
}
