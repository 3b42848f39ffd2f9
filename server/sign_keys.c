/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/sign_keys.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "seal/entry.h"
#include "seal/keychain.h"
#include "server/wiping.h"

static_assert(MSG_VKEY == KEY_VKEY && MSG_VKEY == ENTRY_VKEY && MSG_KEY_NOTE_MAX == KEYCHAIN_NOTE_MAX, "a key goes through all of them");

int sign_keys_read(const char *origin, int fd, struct key_private **ret, const char **why)
{
	struct buf pem;
	off_t at = 0;
	int rc;

	*why = "reading the file";
	wiping_begin();
	rc = secret_buf(&pem, KEY_FILE_MAX);
	while (!rc) {
		ssize_t n = pread(fd, buf_data(&pem) + pem.len, KEY_FILE_MAX - pem.len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n < 0 ? -errno : 1;
			break;
		}
		buf_commit(&pem, (size_t)n);
		at += n;
	}
	if (rc > 0)
		rc = key_read(origin, buf_data(&pem), pem.len, ret, why);
	wiping_end();
	secret_buf_free(&pem);
	return rc;
}

void sign_keys_turn(struct sign_keys *k)
{
	key_free(&k->now);
	k->now = k->next;
	k->next = NULL;
	memcpy(k->vkey, k->next_vkey, sizeof k->vkey);
	*k->next_vkey = 0;
	memcpy(k->certifier, k->next_certifier, sizeof k->certifier);
	*k->next_certifier = 0;
	memcpy(k->note, k->next_note, sizeof k->note);
	k->note_len = k->next_note_len;
	k->next_note_len = 0;
}

const char *sign_keys_own(const struct sign_keys *k)
{
	return *k->certifier ? k->certifier : k->vkey;
}

const char *sign_keys_heir(const struct sign_keys *k)
{
	return *k->next_certifier ? k->next_certifier : k->next_vkey;
}

int sign_keys_fit(struct sign_keys *k, struct sign_state *state)
{
	struct hash own, next;

	sign_state_hash(sign_keys_own(k), &own);
	if (sign_state_is_new(state))
		state->key = own;
	if (hash_same(&state->key, &own))
		return 0;
	if (!k->next)
		return -EKEYREJECTED;
	sign_state_hash(sign_keys_heir(k), &next);
	if (!hash_same(&state->key, &next))
		return -EKEYREJECTED;
	sign_keys_turn(k);
	return 0;
}

void sign_keys_catch_up(struct sign_keys *k, struct sign_state *state)
{
	sign_state_hash(sign_keys_heir(k), &state->key);
	state->turn = (struct sign_turn){0};
	sign_keys_turn(k);
}

int sign_keys_begin_turn(struct sign_keys *k, struct sign_state *state, int64_t now_us)
{
	struct entry e = {.kind = ENTRY_KEY, .key = {.why = "rotation"}};
	uint8_t bytes[ENTRY_MAX_BYTES];
	struct hash next;
	size_t n;
	int rc;

	sign_state_hash(sign_keys_heir(k), &next);
	rc = sign_state_begin_turn(state, &next, now_us / 1000 * 1000);
	if (rc)
		return rc;
	e.key.time_us = state->turn.time_us;
	memcpy(e.key.key, sign_keys_heir(k), sizeof e.key.key);
	memcpy(e.key.by, sign_keys_own(k), sizeof e.key.by);
	rc = entry_write(&e, bytes, &n);
	if (!rc)
		hash_leaf(bytes, n, &k->turn_leaf);
	return rc;
}

int sign_keys_turn_note(struct sign_keys *k, const struct sign_state *state)
{
	const char *heir = sign_keys_heir(k);
	struct key_public made_known;
	struct buf note;
	int rc;

	k->note_len = 0;
	if (*k->certifier)
		return -EAGAIN;
	rc = key_parse_vkey(heir, strlen(heir), &made_known, NULL);
	buf_init(&note, sizeof k->note);
	if (!rc)
		rc = keychain_write(&note, &made_known, state->turn.time_us, state->turn.size, k->now);
	if (!rc) {
		memcpy(k->note, buf_data(&note), note.len);
		k->note_len = note.len;
	}
	buf_free(&note);
	return rc;
}

int sign_keys_take_note(struct sign_keys *k, const struct sign_state *state, const uint8_t *note, size_t n)
{
	struct key_public token, heir;
	struct keychain chain = {0};
	int rc = n <= sizeof k->note && key_parse_vkey(k->certifier, strlen(k->certifier), &token, NULL) == 0 ? 0 : -EBADMSG;

	if (!rc)
		rc = key_parse_vkey(sign_keys_heir(k), strlen(sign_keys_heir(k)), &heir, NULL);
	if (!rc)
		rc = keychain_begin(&chain, &token);
	if (!rc)
		rc = keychain_add(&chain, note, n, NULL);
	if (!rc && (chain.nkeys != 2 || chain.unknown || !key_same(&chain.key[1].key, &heir) || chain.key[0].until != state->turn.size ||
		    chain.key[1].since_us != state->turn.time_us))
		rc = -EBADMSG;
	keychain_free(&chain);
	if (rc)
		return rc;
	memcpy(k->note, note, n);
	k->note_len = n;
	return 0;
}

void sign_keys_drop_next(struct sign_keys *k)
{
	key_free(&k->next);
	*k->next_vkey = *k->next_certifier = 0;
}

void sign_keys_free(struct sign_keys *k)
{
	key_free(&k->now);
	key_free(&k->next);
}
