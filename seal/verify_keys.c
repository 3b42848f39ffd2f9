/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify's account of the site's keys: which signed from when on, by what the log says. Who begins with a later key meets earlier
 * ones in the log's first entries; they are in order when key/v1 entries lead from them to a key that is known.
 */
#include <stdio.h>
#include <string.h>

#include "seal/verify_state.h"

static bool is_known(const struct verify *v, const char vkey[ENTRY_VKEY])
{
	struct key_public k;

	return key_parse_vkey(vkey, strlen(vkey), &k, NULL) == 0 && keychain_find(&v->keys, &k) >= 0;
}

static void note_key(struct verify_report *r, int64_t time_us, const char key[ENTRY_VKEY], const char by[ENTRY_VKEY], const char *why)
{
	struct verify_key *k = &r->key[r->nkeys < VERIFY_KEYS_MAX ? r->nkeys : VERIFY_KEYS_MAX - 1];

	r->nkeys++;
	k->from_us = time_us;
	memcpy(k->vkey, key, sizeof k->vkey);
	memcpy(k->by, by, sizeof k->by);
	snprintf(k->why, sizeof k->why, "%s", why);
}

void verify_start_key(struct verify *v, const struct entry_start *s)
{
	if (strcmp(v->log_key, s->key)) {
		note_key(v->report, s->time_us, s->key, s->root, *s->root ? "certificate" : "start");
		memcpy(v->log_key, s->key, sizeof v->log_key);
	}
	if (!is_known(v, s->key) && !(*s->root && is_known(v, s->root)) && !*v->strange_key)
		memcpy(v->strange_key, *s->root ? s->root : s->key, sizeof v->strange_key);
}

void verify_key_change(struct verify *v, const struct entry_key *k)
{
	note_key(v->report, k->time_us, k->key, k->by, k->why);
	memcpy(v->log_key, k->key, sizeof v->log_key);
	if (strcmp(v->strange_key, k->by))
		return;
	if (is_known(v, k->key))
		*v->strange_key = 0;
	else
		memcpy(v->strange_key, k->key, sizeof v->strange_key);
}

void verify_keys_end(struct verify *v)
{
	if (*v->strange_key)
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, NULL, "a start entry names another key than the one given, and no entries lead from it to that one");
}
