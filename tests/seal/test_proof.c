/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "seal/proof.h"

/* A log of two entries; the proof is of the first. */
static struct key_private *key;
static struct buf note, text;
static struct entry_segment segment = {.camera = "gate-1", .rendition = "copy", .number = 1, .bytes = 3, .duration_ms = 2000};
static struct proof made;

static void make(void)
{
	struct entry e = {.kind = ENTRY_SEGMENT};
	struct tree t = {0};
	struct hash leaf[2], root;

	buf_init(&note, NOTE_MAX_BYTES);
	buf_init(&text, PROOF_MAX_BYTES);
	hash_bytes("abc", 3, &segment.media);
	e.segment = segment;
	cr_assert_eq(entry_write(&e, made.entry, &made.entry_len), 0);
	hash_leaf(made.entry, made.entry_len, &leaf[0]);
	hash_leaf("stop/v1\n", 8, &leaf[1]);
	tree_append(&t, &leaf[0]);
	tree_append(&t, &leaf[1]);
	tree_root(&t, &root);
	cr_assert_eq(key_generate("site", &key), 0);
	cr_assert_eq(checkpoint_sign(&note, t.size, &root, key), 0);
	made.path[made.npath++] = leaf[1];
	made.note = (const char *)buf_data(&note);
	made.note_len = note.len;
	cr_assert_eq(proof_write(&text, &made), 0);
}

static void drop(void)
{
	key_free(&key);
	buf_free(&note);
	buf_free(&text);
}

TestSuite(proof, .init = make, .fini = drop);

Test(proof, proves_its_segment)
{
	struct entry_segment s;
	struct checkpoint c;
	struct proof p;
	const char *why = "";

	cr_assert_eq(proof_parse(buf_data(&text), text.len, &p, &why), 0, "%s", why);
	cr_assert_eq(proof_verify_segment(&p, key_public_of(key), &segment.media, &s, &c, &why), 0, "%s", why);
	cr_assert(s.number == 1 && c.size == 2 && p.index == 0);
}

Test(proof, not_of_other_bytes_and_not_by_another_key)
{
	struct key_private *other = NULL;
	struct entry_segment s;
	struct checkpoint c;
	struct hash media;
	struct proof p;
	const char *why = NULL;

	hash_bytes("abd", 3, &media);
	cr_assert_eq(proof_parse(buf_data(&text), text.len, &p, NULL), 0);
	cr_assert_eq(proof_verify_segment(&p, key_public_of(key), &media, &s, &c, &why), -EBADMSG);
	cr_assert_str_eq(why, "the segment's bytes are not those that were sealed");
	cr_assert_eq(key_generate("site", &other), 0);
	cr_assert_eq(proof_verify(&p, key_public_of(other), &c, NULL), -ENOKEY);
	p.index = 1;
	cr_assert_eq(proof_verify(&p, key_public_of(key), &c, NULL), -EBADMSG);
	key_free(&other);
}

/* No byte of a proof is without meaning: whichever is changed, it no longer proves the segment. */
Test(proof, every_changed_byte_is_seen)
{
	for (size_t i = 0; i < text.len; i++) {
		struct entry_segment s;
		struct checkpoint c;
		struct proof p;

		buf_data(&text)[i] ^= 1;
		cr_assert(proof_parse(buf_data(&text), text.len, &p, NULL) || proof_verify_segment(&p, key_public_of(key), &segment.media, &s, &c, NULL),
			"byte %zu", i);
		buf_data(&text)[i] ^= 1;
		cr_assert(proof_parse(buf_data(&text), i, &p, NULL) || proof_verify(&p, key_public_of(key), &c, NULL), "cut at %zu", i);
	}
}

Test(proof, bounds)
{
	struct proof p = made;
	struct buf b;

	buf_init(&b, 2 * PROOF_MAX_BYTES);
	p.npath = TREE_PROOF_MAX;
	cr_assert_eq(proof_write(&b, &p), 0);
	cr_assert_eq(proof_parse(buf_data(&b), b.len, &p, NULL), 0);
	cr_assert_eq(p.npath, TREE_PROOF_MAX);
	p.npath++;
	cr_assert_eq(proof_write(&b, &p), -EINVAL);
	p = made;
	p.entry_len = 0;
	cr_assert_eq(proof_write(&b, &p), -EINVAL);
	buf_clear(&b);
	buf_append_str(&b, "c2sp.org/tlog-proof@v1\nextra YQ==\nindex 0\n");
	for (int i = 0; i <= TREE_PROOF_MAX; i++)
		buf_append_str(&b, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
	buf_append_str(&b, "\nx");
	cr_assert_eq(proof_parse(buf_data(&b), b.len, &p, NULL), -EBADMSG);
	buf_free(&b);
}
