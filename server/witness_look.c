/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/witness_look.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/rd.h"
#include "seal/tile.h"
#include "seal/tree.h"

/* Where tiles come from. */
struct tiles {
	const struct verify_source *src;
	uint64_t size;                  /* the newest checkpoint's: so wide are the tiles that are there */
	bool wide;
	int error;                      /* of the source, when it was not a matter of what the tiles say */
};

static int get_tile(const struct tiles *t, unsigned level, uint64_t index, unsigned width, struct buf *b)
{
	const struct tile tile = {.level = level, .index = index, .width = width};
	char path[TILE_PATH], full[TILE_PATH + 8];
	int rc;

	tile_path(&tile, path);
	snprintf(full, sizeof full, "log/%s", path);
	buf_clear(b);
	rc = t->src->get(t->src->ctx, full, b);
	return rc ? rc : b->len == (size_t)width * HASH_BYTES ? 0 : -EBADMSG;
}

/* The first `width` hashes of it, out of the tile as it is there. */
static int on_tile(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *ret)
{
	struct tiles *t = ctx;
	unsigned there = tile_width(t->size, level, index);
	struct buf b;
	int rc = -ENOENT;

	buf_init(&b, TILE_BYTES);
	/* While a folder is copied its log may have grown: the checkpoint is then older than a tile. */
	for (unsigned w = there; rc == -ENOENT && w <= TILE_WIDTH && (w == there || t->wide); w++)
		rc = get_tile(t, level, index, w, &b);
	if (!rc)
		memcpy(ret, buf_data(&b), (size_t)width * HASH_BYTES);
	buf_free(&b);
	t->error = rc;
	return rc;
}

/* Whether `is` begins with all of `was`, which has no more entries. */
static enum witness_found extends(const struct verify_source *src, bool wide, const struct witness_note *was, const struct witness_note *is,
	uint64_t newest, char why[WITNESS_WHY])
{
	struct tiles t = {.src = src, .size = newest, .wide = wide};
	const struct tree_source from = {on_tile, &t};
	struct hash path[TREE_PROOF_MAX];
	size_t n = 0;
	int rc;

	if (was->c.size == is->c.size && hash_same(&was->c.root, &is->c.root))
		return WITNESS_GOOD;
	rc = was->c.size && was->c.size < is->c.size ? tree_prove_consistency(was->c.size, is->c.size, &from, path, &n) : 0;
	if (rc) {
		snprintf(why, WITNESS_WHY, "the log's tiles cannot be read (%s), so nothing is said of it; try again", strerror(-(t.error ? t.error : rc)));
		return WITNESS_UNREADABLE;
	}
	if (was->c.size == 0 || tree_check_consistency(was->c.size, is->c.size, &was->c.root, &is->c.root, path, n) == 0)
		return WITNESS_GOOD;
	snprintf(why, WITNESS_WHY, "the log of %" PRIu64 " entries that it shows does not extend the %" PRIu64 " entries that were seen before: "
		"its history was rewritten", is->c.size, was->c.size);
	return WITNESS_FORK;
}

/* The log's own lines alone: what others have cosigned is no affair of the state. */
static void keep_text(const struct note *note, const struct key_public *signer, struct witness_note *ret)
{
	struct wr w = wr_init(ret->bytes, sizeof ret->bytes);

	wr_bytes(&w, note->text, note->text_len);
	wr_u8(&w, '\n');
	for (size_t i = 0; i < note->nsigs; i++) {
		const struct note_signature *s = &note->sig[i];

		if (memcmp(s->id, signer->id, sizeof s->id) || s->name_len != strlen(signer->name) || memcmp(s->name, signer->name, s->name_len))
			continue;
		wr_str(&w, "\xe2\x80\x94 ");
		wr_bytes(&w, s->name, s->name_len);
		wr_u8(&w, ' ');
		wr_bytes(&w, s->base64, s->base64_len);
		wr_u8(&w, '\n');
	}
	ret->n = w.bad ? 0 : w.len;
}

/* A checkpoint that one of the site's keys signed. 0; -ENOENT; another error with why. ret_mine: me has cosigned it already. */
static int read_note(const struct verify_source *src, const char *path, const struct keychain *keys, const struct cosign_public *me,
	struct witness_note *ret, unsigned *ret_which, bool *ret_mine, char why[WITNESS_WHY])
{
	const char *reason = "";
	struct note note;
	unsigned which = 0;
	struct buf b;
	int rc;

	buf_init(&b, NOTE_MAX_BYTES);
	rc = src->get(src->ctx, path, &b);
	if (rc) {
		snprintf(why, WITNESS_WHY, "%s: %s", path, strerror(-rc));
	} else {
		rc = keychain_checkpoint(keys, buf_data(&b), b.len, &ret->c, &which, &reason);
		snprintf(why, WITNESS_WHY, "%s: %s", path, reason);
	}
	if (!rc && note_parse(buf_data(&b), b.len, &note, NULL) == 0) {
		*ret_which = which;
		*ret_mine = cosign_verify(&note, me, NULL) == 0;
		keep_text(&note, &keys->key[which].key, ret);
	}
	buf_free(&b);
	return rc;
}

static int read_keys(const struct verify_source *src, const struct key_public *begin, struct keychain *ret, char why[WITNESS_WHY])
{
	const char *reason = "out of memory";
	struct buf b;
	int rc;

	buf_init(&b, KEYCHAIN_BYTES_MAX);
	rc = keychain_begin(ret, begin);
	if (!rc)
		rc = src->get(src->ctx, "log/keys", &b);
	if (rc == -ENOENT)
		rc = 0;
	else if (rc)
		reason = strerror(-rc);
	if (!rc && b.len)
		rc = keychain_add(ret, buf_data(&b), b.len, &reason);
	if (rc)
		snprintf(why, WITNESS_WHY, "log/keys: %s", reason);
	buf_free(&b);
	return rc;
}

/* What others have cosigned, if it is for me too: not less than was seen, and of the same history. */
static enum witness_found look_at_pending(const struct verify_source *src, bool wide, const struct keychain *keys, const struct witness_note *seen,
	const struct cosign_public *me, struct witness_look *ret)
{
	char why[WITNESS_WHY];
	enum witness_found found;
	bool mine = false;
	unsigned which = 0;

	/* One that cannot be read does not keep anybody from the newest. */
	if (read_note(src, "log/pending", keys, me, &ret->pending, &which, &mine, why) || mine || ret->pending.c.size < seen->c.size ||
	    ret->pending.c.size > ret->newest.c.size ||
	    (ret->pending.c.size == ret->newest.c.size && hash_same(&ret->pending.c.root, &ret->newest.c.root))) {
		ret->pending.n = 0;
		return WITNESS_GOOD;
	}
	ret->other = &ret->pending;
	found = extends(src, wide, seen, &ret->pending, ret->newest.c.size, ret->why);
	return found ? found : extends(src, wide, &ret->pending, &ret->newest, ret->newest.c.size, ret->why);
}

/* Who certified it, when it was certified. */
static unsigned root_of(const struct keychain *k, unsigned which)
{
	while (k->key[which].certified)
		which = k->key[which].by;
	return which;
}

/* The place of the key that what was seen rests on, or -1. */
static int seen_root(const struct keychain *k, const struct witness_state *s)
{
	struct checkpoint c;
	unsigned which = 0;

	if (s->keys.is_there)
		return keychain_find(k, &s->keys.root);
	return keychain_checkpoint(k, s->seen.bytes, s->seen.n, &c, &which, NULL) ? -1 : (int)root_of(k, which);
}

/*
 * Who has a key that was replaced can go on with what the witness saw, and hide the note of it or write another. What its successor signed is
 * extended only by that one and those after it.
 */
static enum witness_found look_at_signer(const struct keychain *k, const struct witness_state *s, unsigned which, struct witness_look *ret)
{
	bool same = ret->newest.c.size == s->seen.c.size && hash_same(&ret->newest.c.root, &s->seen.c.root);
	int root;

	if (!s->seen.n || (s->keys.is_there && !key_same(&s->keys.begin, &k->key[0].key)))
		return WITNESS_GOOD;
	root = seen_root(k, s);
	while (root >= 0 && (int)which != root && which)
		which = k->key[which].by;
	if ((int)which == root)
		return WITNESS_GOOD;
	snprintf(ret->why, sizeof ret->why, root < 0 ? "the key that signed what was seen is not among the site's keys any more: whoever signs now hides it, "
		"as the thief of a key that was replaced would" : "it is signed by a key that had been replaced by the one that signed what was seen");
	/* The last checkpoint of the old key, of a process that has not heard of the new one's first. */
	return same ? WITNESS_OLDER : WITNESS_FORK;
}

static enum witness_found look(const struct verify_source *src, bool wide, const struct keychain *keys, const struct witness_state *state,
	const struct cosign_public *me, struct witness_look *ret)
{
	const struct witness_note *seen = &state->seen;
	enum witness_found found;
	unsigned which = 0;
	bool mine = false;

	if (read_note(src, "log/checkpoint", keys, me, &ret->newest, &which, &mine, ret->why))
		return WITNESS_UNREADABLE;
	ret->keys = (struct witness_keys){.is_there = true, .begin = keys->key[0].key, .root = keys->key[root_of(keys, which)].key};
	if (ret->newest.c.size < seen->c.size) {
		snprintf(ret->why, sizeof ret->why, "it shows a log of %" PRIu64 " entries, and of %" PRIu64 " before: an older copy was put back, "
			"or it hides the newest", ret->newest.c.size, seen->c.size);
		return WITNESS_OLDER;
	}
	ret->other = &ret->newest;
	found = look_at_signer(keys, state, which, ret);
	if (!found)
		found = extends(src, wide, seen, &ret->newest, ret->newest.c.size, ret->why);
	return found ? found : look_at_pending(src, wide, keys, seen, me, ret);
}

enum witness_found witness_look(const struct verify_source *src, bool wide, const struct key_public *begin, const struct witness_state *seen,
	const struct cosign_public *me, struct witness_look *ret)
{
	enum witness_found found = WITNESS_UNREADABLE;
	struct keychain keys = {0};

	memset(ret, 0, sizeof *ret);
	if (read_keys(src, begin, &keys, ret->why) == 0)
		found = look(src, wide, &keys, seen, me, ret);
	keychain_free(&keys);
	return found;
}
