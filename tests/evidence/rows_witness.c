/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A clip with two checkpoints: the newest, and an earlier one that witnesses have cosigned, under which the proofs of what it covers are. */
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "seal/consistency.h"
#include "seal/proof.h"
#include "seal/tile.h"

#define BIT_STEP 9

static int leaf_tile(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *ret)
{
	const struct archive *a = ctx;

	for (unsigned i = 0; i < width; i++) {
		struct tree t = {0};

		for (uint64_t k = 0; level && k < TILE_WIDTH; k++)
			tree_append(&t, &a->leaf[(index * TILE_WIDTH + i) * TILE_WIDTH + k]);
		if (level)
			tree_root(&t, &ret[i]);
		else
			ret[i] = a->leaf[index * TILE_WIDTH + i];
	}
	return 0;
}

/* That the log's newest checkpoint extends that of its first size entries. */
static void consistency(struct archive *a, uint64_t size, struct buf *out)
{
	struct tree_source src = {leaf_tile, a};
	struct hash path[TREE_PROOF_MAX];
	size_t n;

	if (tree_prove_consistency(size, a->size, &src, path, &n) || consistency_write(out, path, n))
		abort();
}

static void note_of(struct archive *a, uint64_t size, const struct key_private *key, const char *more, struct buf *out)
{
	const struct archive_file *f;

	archive_checkpoint(a, size, key);
	f = archive_find(a, "log/checkpoint");
	if (buf_append(out, f->p, f->n) || buf_append_str(out, more))
		abort();
	archive_checkpoint(a, a->size, a->key);
}

/* The clip with a second checkpoint beside its own. */
static struct archive *two_checkpoints(struct archive *site, uint64_t size)
{
	struct archive *clip = evidence_clip(site);
	char path[VERIFY_PATH];
	struct buf b;

	for (uint64_t i = 0; i < size; i++) {
		snprintf(path, sizeof path, "proofs/%ju.tlog-proof", (uintmax_t)i);
		if (!archive_find(clip, path))
			continue;
		buf_init(&b, PROOF_MAX_BYTES);
		evidence_proof(site, i, size, NULL, &b);
		archive_put(clip, path, buf_data(&b), b.len);
		buf_free(&b);
	}
	buf_init(&b, CHECKPOINT_MAX_BYTES);
	note_of(site, size, site->key, EVIDENCE_UNKNOWN, &b);
	archive_put(clip, "cosigned", buf_data(&b), b.len);
	buf_clear(&b);
	consistency(site, size, &b);
	archive_put(clip, "consistency", buf_data(&b), b.len);
	buf_free(&b);
	return clip;
}

static void begin(struct evidence *e, struct archive *clip, const char *verdict, const char *what)
{
	evidence_row(e, "clip", verdict, "with what witnesses have cosigned beside it: %s", what);
	evidence_become(e, e->clip, clip, "");
}

static void put(struct evidence *e, struct archive *clip, const char *verdict, const char *path, const void *p, size_t n, const char *what)
{
	begin(e, clip, verdict, what);
	evidence_put(e, path, p, n);
}

static void row_of(struct evidence *e, struct archive *clip, const char *verdict, const char *path, const struct buf *b, const char *what)
{
	put(e, clip, verdict, path, buf_data(b), b->len, what);
}

/* Whole, and so on: begin() has put the file there, and this takes it away. */
static void gone(struct evidence *e, struct archive *clip, const char *verdict, const char *path, const char *what)
{
	struct archive_file *f = archive_find(clip, path), kept = {.n = f->n, .p = malloc(f->n)};

	if (!kept.p)
		abort();
	memcpy(kept.p, f->p, f->n);
	archive_remove(clip, path);
	begin(e, clip, verdict, what);
	archive_put(clip, path, kept.p, kept.n);
	free(kept.p);
}

static void sizes(struct evidence *e, uint64_t exported)
{
	const uint64_t size[] = {exported, evidence_entry(e->site, "gate", "copy", EVIDENCE_SEGMENT), TILE_WIDTH, 200, 1, e->site->size - 1, e->site->size};

	for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
		struct archive *clip = two_checkpoints(e->site, size[i]);
		char what[64];

		snprintf(what, sizeof what, "the first %ju entries", (uintmax_t)size[i]);
		begin(e, clip, "good", what);
		archive_free(&clip);
	}
}

static void flips(struct evidence *e, struct archive *clip, const char *path)
{
	const struct archive_file *f = archive_find(clip, path);

	for (size_t at = 2; at < f->n - strlen(EVIDENCE_UNKNOWN); at += BIT_STEP) {
		begin(e, clip, "log", path);
		evidence_flip(e, f, at);
	}
}

static void proofs_of_it(struct evidence *e, struct archive *clip)
{
	static const struct { enum evidence_edit how; const char *what; } edit[] = {
		{EVIDENCE_DROP, "a hash less"}, {EVIDENCE_TWICE, "a hash twice"}, {EVIDENCE_SWAP, "two hashes change places"}};
	const struct archive_file *f = archive_find(clip, "consistency");
	struct buf b;

	flips(e, clip, "consistency");
	buf_init(&b, 2 * CONSISTENCY_MAX_BYTES);
	for (size_t k = 0; k < sizeof edit / sizeof *edit; k++)
		for (unsigned i = 0; evidence_line(f->p, f->n, i, edit[k].how, &b); i++)
			row_of(e, clip, "log", "consistency", &b, edit[k].what);
	buf_free(&b);
	put(e, clip, "log", "consistency", "", 0, "an empty consistency proof");
	put(e, clip, "log", "consistency", "hello\n", 6, "no consistency proof");
	put(e, clip, "log", "consistency", f->p, f->n - 1, "a consistency proof that is cut off");
	gone(e, clip, "log", "consistency", "no consistency proof is there");
}

static void notes(struct evidence *e, struct archive *clip, uint64_t size)
{
	struct key_private *foreign = evidence_make_key(EVIDENCE_ORIGIN, 2);
	struct archive *fork = evidence_site();
	struct buf b;

	flips(e, clip, "cosigned");
	gone(e, clip, "log", "cosigned", "the second checkpoint is gone, and proofs are under it");
	buf_init(&b, CHECKPOINT_MAX_BYTES);
	note_of(e->site, size, e->site->key, "", &b);
	row_of(e, clip, "good", "cosigned", &b, "without the signature of somebody unknown");
	buf_clear(&b);
	note_of(e->site, size - 1, e->site->key, "", &b);
	row_of(e, clip, "log", "cosigned", &b, "a checkpoint of one entry less");
	buf_clear(&b);
	note_of(e->site, size, foreign, "", &b);
	row_of(e, clip, "log", "cosigned", &b, "a checkpoint by another key");
	buf_clear(&b);
	fork->leaf[3].b[0] ^= 1;
	note_of(fork, size, fork->key, "", &b);
	row_of(e, clip, "log", "cosigned", &b, "a checkpoint of another log");
	buf_clear(&b);
	archive_stop(fork, EVIDENCE_AT(EVIDENCE_LAST) + 90000000);
	note_of(fork, fork->size, fork->key, "", &b);
	row_of(e, clip, "log", "cosigned", &b, "a checkpoint of more entries than the newest");
	row_of(e, clip, "log", "cosigned", &(struct buf){0}, "an empty one");
	buf_free(&b);
	archive_free(&fork);
	key_free(&foreign);
}

/* Which of both checkpoints a proof is under does not matter; that they are of one log does. */
static void mixed(struct evidence *e, uint64_t size)
{
	struct archive *clip = two_checkpoints(e->site, size), *one = evidence_clip(e->site), *fork = evidence_site(), *forked;
	const struct archive_file *newest = archive_find(clip, "checkpoint"), *cosigned = archive_find(clip, "cosigned");

	for (size_t i = 0; i < one->nfiles; i++)
		if (i % 2 && !strncmp(one->file[i].path, "proofs/", 7))
			archive_put(clip, one->file[i].path, one->file[i].p, one->file[i].n);
	begin(e, clip, "good", "every other proof under the newest");
	begin(e, clip, "log", "the two checkpoints change places");
	evidence_put(e, "checkpoint", cosigned->p, cosigned->n);
	evidence_put(e, "cosigned", newest->p, newest->n);
	fork->leaf[fork->size - 1].b[0] ^= 1;
	archive_checkpoint(fork, fork->size, fork->key);
	forked = two_checkpoints(fork, size);
	archive_put(clip, "checkpoint", archive_find(forked, "checkpoint")->p, archive_find(forked, "checkpoint")->n);
	begin(e, clip, "log", "the newest is of another log that begins alike");
	archive_free(&forked);
	archive_free(&fork);
	archive_free(&one);
	archive_free(&clip);
}

void evidence_witness_rows(struct evidence *e)
{
	uint64_t exported = e->site->size - 3;   /* behind it are the two exports and the stop entry */
	struct archive *clip = two_checkpoints(e->site, exported);

	sizes(e, exported);
	proofs_of_it(e, clip);
	notes(e, clip, exported);
	mixed(e, exported);
	archive_free(&clip);
}
