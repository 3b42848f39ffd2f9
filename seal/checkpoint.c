/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "base/wr.h"
#include "seal/lines.h"
#include "seal/tree.h"

int checkpoint_sign(struct buf *out, uint64_t size, const struct hash *root, const struct key_private *k)
{
	char body[KEY_NAME + 80], base64[48];
	struct wr w = wr_init(body, sizeof body);

	base64_encode(root->b, HASH_BYTES, base64);
	wr_fmt(&w, "%s\n%" PRIu64 "\n%s\n", key_public_of(k)->name, size, base64);
	return note_write(out, body, w.len, k);
}

static int parse_body(const struct note *note, struct checkpoint *ret, const char **why)
{
	struct rd r = rd_init(note->text, note->text_len);
	struct rd origin = lines_until(&r, '\n'), size = lines_until(&r, '\n'), root = lines_until(&r, '\n');
	struct checkpoint c = {0};
	size_t n = 0;

	*why = "the checkpoint is not origin, size and root on lines of their own";
	if (root.bad || !key_is_name(lines_text(&origin), rd_left(&origin)))
		return -EBADMSG;
	if (text_u64(lines_text(&size), rd_left(&size), TREE_SIZE_MAX, &c.size))
		return -EBADMSG;
	if (base64_decode(lines_text(&root), rd_left(&root), c.root.b, HASH_BYTES, &n) || n != HASH_BYTES)
		return -EBADMSG;
	/* Extension lines are not empty (tlog-checkpoint), else the note could be split in another place. */
	for (struct rd more = r; rd_left(&more);) {
		struct rd line = lines_until(&more, '\n');

		if (line.bad || rd_left(&line) == 0)
			return -EBADMSG;
	}
	memcpy(c.origin, origin.p, rd_left(&origin));
	*ret = c;
	return 0;
}

static int parse(const void *p, size_t n, struct note *ret_note, struct checkpoint *ret, const char **why)
{
	int rc = note_parse(p, n, ret_note, why);

	return rc ? rc : parse_body(ret_note, ret, why);
}

int checkpoint_parse(const void *p, size_t n, struct checkpoint *ret, const char **why)
{
	struct note note;
	const char *reason;

	return parse(p, n, &note, ret, why ? why : &reason);
}

int checkpoint_open(const void *p, size_t n, const struct key_public *k, struct checkpoint *ret, const char **why)
{
	struct checkpoint c;
	struct note note;
	const char *reason;
	int rc;

	why = why ? why : &reason;
	rc = parse(p, n, &note, &c, why);
	if (rc)
		return rc;
	rc = note_verify(&note, k);
	if (rc == 0 && (strcmp(c.origin, k->name) || k->type == KEY_TYPE_P256))
		rc = -ENOKEY;
	if (rc)
		*why = rc == -ENOKEY ? "the checkpoint is not of this site's log: no signature by the key" :
			rc == -EKEYREJECTED ? "the checkpoint's signature is wrong: it was changed after it was signed" : "out of memory";
	else
		*ret = c;
	return rc;
}
