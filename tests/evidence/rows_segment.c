/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mutations of a single segment and of its proof. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "evidence.h"
#include "seal/proof.h"

#define SEGMENT "5.m4s"
#define PROOF "5.m4s.tlog-proof"

static void proof_row(struct evidence *e, const char *verdict, const struct buf *b, const char *what)
{
	evidence_row(e, "segment", verdict, "%s", what);
	evidence_put(e, PROOF, buf_data(b), b->len);
}

static void segment_row(struct evidence *e, const char *what, const void *p, size_t n)
{
	evidence_row(e, "segment", "changed", "%s", what);
	evidence_put(e, SEGMENT, p, n);
}

/* Bytes of the segment. */
static void bytes(struct evidence *e)
{
	size_t n = e->segment_bytes;
	uint8_t *copy = calloc(2, n + 1);
	const struct archive_file *other = archive_find(e->site, "footage/gate/copy/000001/1004.m4s");
	char what[64];

	assert(copy && other);
	memcpy(copy, e->segment, n);
	for (size_t at = 0; at < n; at += n / 40) {
		copy[at] ^= (uint8_t)(1u << at % 8);
		snprintf(what, sizeof what, "bit %zu of byte %zu of the segment", at % 8, at);
		segment_row(e, what, copy, n);
		copy[at] ^= (uint8_t)(1u << at % 8);
	}
	segment_row(e, "the segment without its last byte", copy, n - 1);
	segment_row(e, "the segment without its first byte", copy + 1, n - 1);
	segment_row(e, "half of the segment", copy, n / 2);
	segment_row(e, "none of the segment", copy, 0);
	segment_row(e, "the segment with another byte behind", copy, n + 1);
	memcpy(copy + n, copy, n);
	segment_row(e, "the segment twice", copy, 2 * n);
	segment_row(e, "the next segment in its place", other->p, other->n);
	evidence_row(e, "segment", "unreadable", "no segment");
	evidence_gone(e, SEGMENT);
	evidence_row(e, "segment", "unreadable", "no proof");
	evidence_gone(e, PROOF);
	free(copy);
}

static void with_entry(struct evidence *e, const struct proof *clean, const struct buf *entry, const char *what, const char *which)
{
	struct proof p = *clean;
	char said[160];
	struct buf out;

	buf_init(&out, PROOF_MAX_BYTES);
	memcpy(p.entry, buf_data(entry), entry->len);
	p.entry_len = entry->len;
	if (proof_write(&out, &p))
		abort();
	snprintf(said, sizeof said, "the entry with %s %s", what, which);
	proof_row(e, "log", &out, said);
	buf_free(&out);
}

/* What the entry says. */
static void entry(struct evidence *e, const struct proof *p)
{
	static const struct { const char *field, *value; } other[] = {
		{"camera", "yard"}, {"camera", "gatf"}, {"camera", "GATE"}, {"rendition", "audio"}, {"rendition", "360p"}, {"number", "1004"}, {"number", "0"},
		{"number", "01003"}, {"bytes", "1"}, {"bytes", "-1"}, {"start", "2026-11-22T15:30:00.000Z"}, {"start", "2026-11-22T15:30:00Z"},
		{"duration", "2.001"}, {"duration", "0.000"}, {"duration", "2"}, {"clock", "rtcp 0"}, {"clock", "arrival 1"},
		{"camera-signature", "valid"}, {"camera-signature", "stripped"}, {"camera-signature", "good"},
		{"init", "sha256:0000000000000000000000000000000000000000000000000000000000000000"},
		{"media", "sha256:0000000000000000000000000000000000000000000000000000000000000000"},
		{"source", "sha256:0000000000000000000000000000000000000000000000000000000000000001"},
		{"previous", "0000000000000000000000000000000000000000000000000000000000000000"},
	};
	static const char *const how[] = {[EVIDENCE_DROP] = "gone", [EVIDENCE_TWICE] = "twice", [EVIDENCE_SWAP] = "and the next in the other order"};
	struct buf out;
	char which[32];

	buf_init(&out, ENTRY_MAX_BYTES);
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		if (evidence_value(p->entry, p->entry_len, other[i].field, other[i].value, &out))
			with_entry(e, p, &out, other[i].field, other[i].value);
	for (enum evidence_edit edit = EVIDENCE_DROP; edit <= EVIDENCE_SWAP; edit++) {
		for (unsigned i = 0; evidence_line(p->entry, p->entry_len, i, edit, &out); i++) {
			snprintf(which, sizeof which, "line %u", i);
			with_entry(e, p, &out, which, how[edit]);
		}
	}
	buf_free(&out);
}

static void with_index(struct evidence *e, const struct buf *proof, const char *value)
{
	char what[64];
	struct buf out;

	buf_init(&out, PROOF_MAX_BYTES);
	if (!evidence_value(buf_data(proof), proof->len, "index", value, &out))
		abort();
	snprintf(what, sizeof what, "index \"%s\"", value);
	proof_row(e, "log", &out, what);
	buf_free(&out);
}

static void index_of(struct evidence *e, const struct proof *p)
{
	static const char *const bad[] = {"0", "", "-1", "+1", "x", "72057594037927936", "18446744073709551616", "1 1"};
	char text[32];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		with_index(e, &e->proof, bad[i]);
	for (int i = -2; i <= 2; i++) {
		snprintf(text, sizeof text, "%" PRIu64, p->index + (uint64_t)i);
		if (i)
			with_index(e, &e->proof, text);
	}
	snprintf(text, sizeof text, "0%" PRIu64, p->index);
	with_index(e, &e->proof, text);
	snprintf(text, sizeof text, "%" PRIu64 " ", p->index);
	with_index(e, &e->proof, text);
	snprintf(text, sizeof text, "%" PRIu64, e->site->size);
	with_index(e, &e->proof, text);
}

static void with_path(struct evidence *e, const struct proof *p, const char *what, size_t i)
{
	struct buf out;
	char said[64];

	buf_init(&out, PROOF_MAX_BYTES);
	if (proof_write(&out, p))
		abort();
	snprintf(said, sizeof said, "hash %zu of the path %s", i, what);
	proof_row(e, "log", &out, said);
	buf_free(&out);
}

static void path(struct evidence *e, const struct proof *clean)
{
	for (size_t i = 0; i < clean->npath; i++) {
		struct proof p = *clean;

		p.path[i].b[i % HASH_BYTES] ^= 1;
		with_path(e, &p, "with another bit", i);
		p = *clean;
		memmove(&p.path[i], &p.path[i + 1], (p.npath - i - 1) * sizeof *p.path);
		p.npath--;
		with_path(e, &p, "left out", i);
		p = *clean;
		memmove(&p.path[i + 1], &p.path[i], (p.npath - i) * sizeof *p.path);
		p.npath++;
		with_path(e, &p, "twice", i);
		p = *clean;
		if (i + 1 == p.npath)
			continue;
		p.path[i] = clean->path[i + 1];
		p.path[i + 1] = clean->path[i];
		with_path(e, &p, "and the next in the other order", i);
	}
}

/* The proof as text: its lines before the checkpoint, and what is not one. */
static void lines(struct evidence *e)
{
	static const char *const text[] = {"", "\n", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v2\n", "hello"};
	struct buf out;

	buf_init(&out, PROOF_MAX_BYTES);
	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		buf_clear(&out);
		if (buf_append_str(&out, text[i]))
			abort();
		proof_row(e, "log", &out, "something else in the proof's place");
	}
	for (unsigned i = 0; i < 3; i++) {
		if (evidence_line(buf_data(&e->proof), e->proof.len, i, EVIDENCE_DROP, &out))
			proof_row(e, "log", &out, "a line at the proof's beginning left out");
		if (evidence_line(buf_data(&e->proof), e->proof.len, i, EVIDENCE_TWICE, &out))
			proof_row(e, "log", &out, "a line at the proof's beginning twice");
		if (evidence_line(buf_data(&e->proof), e->proof.len, i, EVIDENCE_SWAP, &out))
			proof_row(e, "log", &out, "two lines at the proof's beginning in the other order");
	}
	buf_clear(&out);
	if (buf_append(&out, buf_data(&e->proof), 200))
		abort();
	proof_row(e, "log", &out, "the proof cut off in its entry");
	buf_clear(&out);
	for (size_t i = 0; i < e->proof.len; i++)
		if (buf_append(&out, buf_data(&e->proof)[i] == '\n' ? "\r\n" : (const char *)buf_data(&e->proof) + i, buf_data(&e->proof)[i] == '\n' ? 2 : 1))
			abort();
	proof_row(e, "log", &out, "lines that end in CR LF");
	buf_free(&out);
}

static void with_note(struct evidence *e, const struct proof *clean, const char *verdict, const struct buf *note, const char *what)
{
	struct proof p = *clean;
	struct buf out;

	p.note = (const char *)buf_data(note);
	p.note_len = note->len;
	buf_init(&out, PROOF_MAX_BYTES);
	if (proof_write(&out, &p))
		abort();
	proof_row(e, verdict, &out, what);
	buf_free(&out);
}

/* Every tenth character of the checkpoint's text and of its signature. */
static void note_bytes(struct evidence *e, const struct proof *p)
{
	char what[64];
	struct buf note;

	buf_init(&note, NOTE_MAX_BYTES);
	for (size_t at = 0; at < p->note_len; at += 7) {
		buf_clear(&note);
		if (buf_append(&note, p->note, p->note_len))
			abort();
		buf_data(&note)[at] ^= 1;
		snprintf(what, sizeof what, "byte %zu of the checkpoint", at);
		with_note(e, p, "unsigned", &note, what);
	}
	for (unsigned i = 0; i < 5; i++) {
		if (evidence_line(p->note, p->note_len, i, EVIDENCE_DROP, &note))
			with_note(e, p, "unsigned", &note, "a line of the checkpoint left out");
		if (i < 3 && evidence_line(p->note, p->note_len, i, EVIDENCE_TWICE, &note))
			with_note(e, p, "unsigned", &note, "a line of the checkpoint twice");
		if (evidence_line(p->note, p->note_len, i, EVIDENCE_SWAP, &note))
			with_note(e, p, "unsigned", &note, "two lines of the checkpoint in the other order");
	}
	buf_clear(&note);
	if (buf_append(&note, p->note, p->note_len - 1))
		abort();
	with_note(e, p, "unsigned", &note, "the checkpoint without its last line feed");
	if (buf_append_str(&note, "\n\n"))
		abort();
	with_note(e, p, "unsigned", &note, "an empty line behind the checkpoint");
	buf_free(&note);
}

/* Lines that others may add, and ones that only the key's owner may. */
static void note_lines(struct evidence *e, const struct proof *p)
{
	struct key_private *other = evidence_make_key("witness.example", 9), *same_name = evidence_make_key(EVIDENCE_ORIGIN, 9);
	struct buf note, body;
	struct checkpoint c;
	char base64[48];

	buf_init(&note, NOTE_MAX_BYTES);
	buf_init(&body, 1024);
	if (checkpoint_parse(p->note, p->note_len, &c, NULL))
		abort();
	base64_encode(c.root.b, HASH_BYTES, base64);
	if (buf_append_fmt(&body, "%s\n%" PRIu64 "\n%s\nextension\n", EVIDENCE_ORIGIN, c.size, base64))
		abort();
	if (note_write(&note, buf_data(&body), body.len, e->site->key))
		abort();
	with_note(e, p, "good", &note, "a checkpoint with a signed extension line");
	buf_clear(&note);
	if (note_write(&note, buf_data(&body), body.len, other))
		abort();
	with_note(e, p, "unsigned", &note, "a checkpoint signed by another name's key");
	buf_clear(&note);
	if (note_write(&note, buf_data(&body), body.len, same_name))
		abort();
	with_note(e, p, "unsigned", &note, "a checkpoint signed by another key of this name");
	buf_clear(&note);
	if (buf_append(&note, p->note, p->note_len) || buf_append_str(&note, EVIDENCE_UNKNOWN))
		abort();
	with_note(e, p, "good", &note, "a signature line of somebody unknown");
	if (buf_append_str(&note, "\xe2\x80\x94 witness.example !\n"))
		abort();
	with_note(e, p, "unsigned", &note, "a signature line that is none");
	buf_free(&note);
	buf_free(&body);
	key_free(&other);
	key_free(&same_name);
}

static void proof_of(struct evidence *e, const char *verdict, uint64_t index, uint64_t size, const char *what)
{
	struct buf out;

	buf_init(&out, PROOF_MAX_BYTES);
	evidence_proof(e->site, index, size, NULL, &out);
	proof_row(e, verdict, &out, what);
	buf_free(&out);
}

static void other_proofs(struct evidence *e, uint64_t index)
{
	uint64_t all = e->site->size;

	proof_of(e, "good", index, index + 1, "a proof when it was the last entry");
	proof_of(e, "good", index, all - 3, "a proof under an earlier checkpoint");
	proof_of(e, "changed", evidence_entry(e->site, "gate", "copy", EVIDENCE_SEGMENT + 1), all, "the next segment's proof");
	proof_of(e, "changed", evidence_entry(e->site, "gate", "copy", EVIDENCE_SEGMENT - 1), all, "the segment before's proof");
	proof_of(e, "changed", evidence_entry(e->site, "gate", "audio", EVIDENCE_SEGMENT), all, "the sound's proof");
	proof_of(e, "changed", evidence_entry(e->site, "yard", "copy", EVIDENCE_SEGMENT), all, "another camera's proof");
	proof_of(e, "log", 0, all, "the proof of a start entry");
	proof_of(e, "log", all - 1, all, "the proof of a stop entry");
}

static void keys(struct evidence *e)
{
	struct key_private *other = evidence_make_key(EVIDENCE_ORIGIN, 2), *name = evidence_make_key("another.example", 1);

	evidence_row(e, "segment", "unsigned", "another key of the same name is given");
	evidence_key(e, key_public_of(other));
	evidence_row(e, "segment", "unsigned", "the same key by another name is given");
	evidence_key(e, key_public_of(name));
	key_free(&other);
	key_free(&name);
}

void evidence_segment_rows(struct evidence *e)
{
	struct proof p;

	if (proof_parse(buf_data(&e->proof), e->proof.len, &p, NULL))
		abort();
	bytes(e);
	entry(e, &p);
	index_of(e, &p);
	path(e, &p);
	lines(e);
	note_bytes(e, &p);
	note_lines(e, &p);
	other_proofs(e, p.index);
	keys(e);
}
