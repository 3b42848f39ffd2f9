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

/*
 * A run that begins while its key is handed over has the key before still: by then that one signs nothing that is new, and what holds for the run
 * is what holds for the next one. From a run of that one on it is over.
 */
static bool is_handing_over(struct verify *v, const char owner[ENTRY_VKEY])
{
	if (strcmp(v->turn.by, owner) == 0)
		return true;
	*v->turn.by = 0;
	return false;
}

void verify_start_key(struct verify *v, const struct entry_start *s)
{
	const char *owner = *s->root ? s->root : s->key, *signs = owner;

	if (is_handing_over(v, owner)) {
		signs = v->turn.key;
	} else if (strcmp(v->log_key, s->key)) {
		note_key(v->report, s->time_us, s->key, s->root, *s->root ? "certificate" : "start");
		memcpy(v->log_key, s->key, sizeof v->log_key);
	}
	if (!is_known(v, s->key) && !is_known(v, owner) && !is_known(v, signs) && !*v->strange_key)
		memcpy(v->strange_key, signs, sizeof v->strange_key);
}

void verify_key_change(struct verify *v, const struct entry_key *k)
{
	note_key(v->report, k->time_us, k->key, k->by, k->why);
	memcpy(v->log_key, k->key, sizeof v->log_key);
	v->turn = *k;
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
