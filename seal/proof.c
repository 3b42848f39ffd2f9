/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/proof.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "seal/lines.h"

int proof_write(struct buf *out, const struct proof *p)
{
	char entry[ENTRY_MAX_BYTES / 3 * 4 + 8];
	size_t before = out->len;
	int rc;

	if (p->entry_len < 1 || p->entry_len > ENTRY_MAX_BYTES || p->npath > TREE_PROOF_MAX || p->note_len > NOTE_MAX_BYTES)
		return -EINVAL;
	base64_encode(p->entry, p->entry_len, entry);
	rc = buf_append_fmt(out, "c2sp.org/tlog-proof@v1\nextra %s\nindex %" PRIu64 "\n", entry, p->index);
	for (size_t i = 0; !rc && i < p->npath; i++)
		rc = lines_put_hash(out, &p->path[i]);
	if (!rc)
		rc = buf_append_str(out, "\n");
	if (!rc)
		rc = buf_append(out, p->note, p->note_len);
	if (rc)
		out->len = before;
	return rc;
}

static bool read_entry(struct rd *r, struct proof *p)
{
	struct rd v = lines_value(r, "extra ");

	return !r->bad && base64_decode(lines_text(&v), rd_left(&v), p->entry, sizeof p->entry, &p->entry_len) == 0 && p->entry_len > 0;
}

/* Up to the empty line. */
static bool read_path(struct rd *r, struct proof *p)
{
	for (;;) {
		struct rd line = lines_until(r, '\n');

		if (line.bad)
			return false;
		if (rd_left(&line) == 0)
			return true;
		if (p->npath == TREE_PROOF_MAX || !lines_hash(&line, &p->path[p->npath]))
			return false;
		p->npath++;
	}
}

int proof_parse(const void *bytes, size_t n, struct proof *ret, const char **why)
{
	struct rd r = rd_init(bytes, n), index;
	struct proof p = {0};
	const char *reason;

	why = why ? why : &reason;
	*why = n > PROOF_MAX_BYTES ? "the proof is too long" : "not a proof: its first line is not c2sp.org/tlog-proof@v1";
	lines_expect(&r, "c2sp.org/tlog-proof@v1\n");
	if (n > PROOF_MAX_BYTES || r.bad)
		return -EBADMSG;
	*why = "the proof's entry is missing or malformed";
	if (!read_entry(&r, &p))
		return -EBADMSG;
	*why = "the proof's index is missing or malformed";
	index = lines_value(&r, "index ");
	if (text_u64(lines_text(&index), rd_left(&index), TREE_SIZE_MAX - 1, &p.index))
		return -EBADMSG;
	*why = "a hash of the proof is malformed, or the empty line after them is missing";
	if (!read_path(&r, &p))
		return -EBADMSG;
	p.note = lines_text(&r);
	p.note_len = rd_left(&r);
	*ret = p;
	return 0;
}

int proof_verify(const struct proof *p, const struct key_public *k, struct checkpoint *ret, const char **why)
{
	const char *reason;
	struct checkpoint c;
	struct hash leaf;
	int rc;

	why = why ? why : &reason;
	rc = checkpoint_open(p->note, p->note_len, k, &c, why);
	if (rc)
		return rc;
	hash_leaf(p->entry, p->entry_len, &leaf);
	rc = tree_check_inclusion(p->index, c.size, &leaf, p->path, p->npath, &c.root);
	if (rc)
		*why = "the entry is not in the log that the checkpoint signs";
	else
		*ret = c;
	return rc;
}

int proof_verify_segment(const struct proof *p, const struct key_public *k, const struct hash *media,
	struct entry_segment *ret_segment, struct checkpoint *ret, const char **why)
{
	const char *reason;
	struct checkpoint c;
	struct entry e;
	int rc;

	why = why ? why : &reason;
	rc = proof_verify(p, k, &c, why);
	if (!rc)
		rc = entry_parse(p->entry, p->entry_len, &e, why);
	if (rc)
		return rc;
	if (e.kind != ENTRY_SEGMENT || !hash_same(&e.segment.media, media)) {
		*why = e.kind == ENTRY_SEGMENT ? "the segment's bytes are not those that were sealed" : "the entry is not about a segment";
		return -EBADMSG;
	}
	*ret_segment = e.segment;
	*ret = c;
	return 0;
}
