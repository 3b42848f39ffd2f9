/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's reading of a single segment: its proof, then its bytes. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "seal/proof.h"
#include "seal/verify_state.h"

/* The proof as it is there; false when it is not, or is none. */
static bool read_proof(struct verify *v, const char *path, struct proof *ret)
{
	const char *why;
	int rc = v->src->get(v->src->ctx, path, &v->bundle);

	if (rc == -ENOENT)
		verify_add(v, VERIFY_UNREADABLE, NULL, NULL, 0, 0, path, "there is no proof; save the segment's .tlog-proof beside it, or give --proof FILE");
	else if (rc && rc != -ENOBUFS)
		verify_add_unreadable(v, path, rc);
	if (rc && rc != -ENOBUFS)
		return false;
	why = "the proof is too long";
	if (!rc)
		rc = proof_parse(buf_data(&v->bundle), v->bundle.len, ret, &why);
	if (rc)
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, path, "%s", why);
	return rc == 0;
}

/* Whether the proof leads to a checkpoint by the key, and what it proves is a segment. */
static bool check_proof(struct verify *v, const char *path, const struct proof *p, struct entry_segment *ret)
{
	struct checkpoint c;
	struct buf note;
	struct hash leaf;
	struct entry e;
	const char *why;
	int rc = verify_open_checkpoint(v, p->note, p->note_len, &c, &why);

	if (rc == -ENOMEM)
		v->error = rc;
	if (rc) {
		verify_add(v, VERIFY_UNSIGNED, NULL, NULL, 0, 0, path, "%s", why);
		return false;
	}
	v->report->is_signed = true;
	v->report->checkpoint = c;
	note = (struct buf){.mem = v->bundle.mem, .off = (size_t)((const uint8_t *)p->note - v->bundle.mem), .len = p->note_len};
	verify_keep_note(&v->report->note, &note, &c);
	hash_leaf(p->entry, p->entry_len, &leaf);
	why = "the entry is not in the log that the checkpoint signs";
	rc = tree_check_inclusion(p->index, c.size, &leaf, p->path, p->npath, &c.root);
	if (!rc)
		rc = entry_parse(p->entry, p->entry_len, &e, &why);
	if (!rc && e.kind != ENTRY_SEGMENT) {
		why = "the entry is not about a segment";
		rc = -EBADMSG;
	}
	if (rc)
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, path, "%s", why);
	else
		*ret = e.segment;
	return rc == 0;
}

static void check_bytes(struct verify *v, const char *path, const struct entry_segment *s)
{
	struct verify_track *t = verify_track_get(v, s->camera, s->rendition);
	uint64_t bytes = 0;
	struct hash h;
	int rc;

	if (!t)
		return;
	verify_count_segment(v, t, s);
	rc = verify_hash_file(v, path, s->bytes, &h, &bytes);
	if (rc && rc != -EFBIG) {
		verify_add_unreadable(v, path, rc);
	} else if (rc || bytes != s->bytes || !hash_same(&h, &s->media)) {
		verify_rendition_of(v, t)->changed++;
		verify_add(v, VERIFY_CHANGED, s->camera, s->rendition, s->number, s->number, path, "the segment's bytes are not those that were sealed");
	} else {
		verify_rendition_of(v, t)->good++;
		verify_rendition_of(v, t)->good_bytes += bytes;
	}
}

void verify_segment(struct verify *v)
{
	struct entry_segment s;
	struct proof p;

	v->report->entries = 1;
	buf_free(&v->bundle);
	buf_init(&v->bundle, PROOF_MAX_BYTES);
	if (read_proof(v, v->proof_path, &p) && check_proof(v, v->proof_path, &p, &s))
		check_bytes(v, v->segment_path, &s);
}
