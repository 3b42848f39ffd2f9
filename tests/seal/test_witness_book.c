/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seal/witness_book.h"

#define WITNESSES 4
#define NOW_US 1000000000000000ll

static struct key_private *witness[WITNESSES], *site;
static struct witness_book *book;
static int64_t clock_s = 1000;

static void begin(const char *groups)
{
	char text[4096], vkey[KEY_VKEY];
	struct witness_policy p;
	const char *why = "";
	size_t n = 0;

	book = calloc(1, sizeof *book);
	cr_assert_eq(key_generate("site", &site), 0);
	for (int i = 0; i < WITNESSES; i++) {
		struct cosign_public c;
		char name[] = {(char)('a' + i), 0};

		cr_assert_eq(key_generate(name, &witness[i]), 0);
		cr_assert_eq(cosign_make_public(name, key_public_of(witness[i])->raw, &c), 0);
		cosign_vkey(&c, vkey);
		n += (size_t)snprintf(text + n, sizeof text - n, "witness %s %s\n", name, vkey);
	}
	n += (size_t)snprintf(text + n, sizeof text - n, "%s", groups);
	cr_assert_eq(witness_policy_parse(text, n, &p, NULL, &why), 0, "%s", why);
	witness_book_begin(book, &p);
}

static void end(void)
{
	for (int i = 0; i < WITNESSES; i++)
		key_free(&witness[i]);
	key_free(&site);
	free(book);
}

/* The site's checkpoint of that many entries. */
static void checkpoint(struct buf *b, uint64_t size)
{
	struct hash root;

	hash_bytes(&size, sizeof size, &root);
	buf_init(b, NOTE_MAX_BYTES);
	cr_assert_eq(checkpoint_sign(b, size, &root, site), 0);
}

static int take(uint64_t size, const char *who)
{
	struct checkpoint c;
	struct note note;
	const char *why = "";
	struct buf b;
	int rc;

	checkpoint(&b, size);
	cr_assert_eq(checkpoint_open(buf_data(&b), b.len, key_public_of(site), &c, NULL), 0);
	for (; *who; who++) {
		cr_assert_eq(note_parse(buf_data(&b), b.len, &note, NULL), 0);
		cr_assert_eq(cosign_write(&b, note.text, note.text_len, clock_s++, witness[*who - 'a']), 0);
	}
	rc = witness_book_take(book, buf_data(&b), b.len, &c, key_public_of(site), NOW_US, &why);
	buf_free(&b);
	return rc;
}

/* "7:ab": a note of 7 entries that a and b cosigned; "-": none. */
static const char *shape(const struct witness_book_note *n, char out[32])
{
	int len = snprintf(out, 32, "%d:", (int)n->size);

	if (!n->n)
		return "-";
	for (int i = 0; i < WITNESSES; i++)
		if (n->verdict.witness[i].seen)
			out[len++] = (char)('a' + i);
	out[len] = 0;
	return out;
}

static void expect(const char *best, const char *wanted, const char *newest)
{
	char a[32], b[32], c[32];

	cr_assert_str_eq(shape(&book->best, a), best, "best");
	cr_assert_str_eq(shape(&book->wanted, b), wanted, "wanted (best %s)", best);
	cr_assert_str_eq(shape(&book->newest, c), newest, "newest (best %s)", best);
}

TestSuite(witness_book, .fini = end);

/* Each comes at a time of its own, cosigns what is wanted, then the newest. */
Test(witness_book, three_of_three_meet_though_they_never_come_together)
{
	begin("group g all a b c\nquorum g\n");
	expect("-", "-", "-");
	cr_assert_eq(take(10, "a"), 1);
	expect("10:a", "10:a", "10:a");
	cr_assert_eq(take(10, "b"), 1);
	cr_assert_eq(take(20, "b"), 1);
	expect("20:b", "10:ab", "20:b");
	cr_assert_eq(take(10, "c"), 1);
	expect("10:abc", "20:b", "20:b");
	cr_assert_eq(take(30, "c"), 1);
	/* c has never seen 20, and is at 30: nothing comes of 20 any more. */
	expect("10:abc", "30:c", "30:c");
	cr_assert_eq(take(30, "a"), 1);
	cr_assert_eq(take(40, "a"), 1);
	expect("10:abc", "30:ac", "40:a");
	cr_assert_eq(take(30, "b"), 1);
	expect("30:abc", "40:a", "40:a");
}

Test(witness_book, quorum_of_one_is_met_at_once)
{
	begin("quorum a\n");
	cr_assert_eq(take(5, "a"), 1);
	expect("5:a", "-", "5:a");
	cr_assert_eq(take(9, "b"), 1);
	expect("5:a", "9:b", "9:b");
	cr_assert_eq(take(7, "a"), 1);
	expect("7:a", "9:b", "9:b");
	cr_assert_eq(take(12, "a"), 1);
	expect("12:a", "-", "12:a");
}

Test(witness_book, older_and_known_ones_change_nothing)
{
	begin("group g 2 a b c\nquorum g\n");
	cr_assert_eq(take(10, "ab"), 1);
	expect("10:ab", "-", "10:ab");
	cr_assert_eq(take(8, "ab"), 0);
	cr_assert_eq(take(9, "c"), 0);
	expect("10:ab", "-", "10:ab");
	cr_assert_eq(take(10, "c"), 1);
	expect("10:abc", "-", "10:abc");
}

Test(witness_book, a_later_line_of_the_same_witness_replaces_its_earlier_one)
{
	size_t n;

	begin("quorum a\n");
	cr_assert_eq(take(10, "a"), 1);
	n = book->best.n;
	for (int i = 0; i < 100; i++)
		cr_assert_eq(take(10, "a"), 1);
	cr_assert_eq(book->best.n, n, "it does not grow");
	cr_assert_eq(book->best.verdict.newest_us, (clock_s - 1) * 1000000);
	clock_s = 1;
	cr_assert_eq(take(10, "a"), 0, "nor does an older one replace it");
}

Test(witness_book, keeps_only_lines_of_the_site_and_its_witnesses)
{
	static const char junk[] = "\xe2\x80\x94 stranger AAAAAAE=\n\xe2\x80\x94 site AAAAAAE=\n\xe2\x80\x94 a AAAAAAE=\n";
	struct checkpoint c;
	struct note note;
	struct buf b;

	begin("quorum a\n");
	checkpoint(&b, 3);
	cr_assert_eq(checkpoint_open(buf_data(&b), b.len, key_public_of(site), &c, NULL), 0);
	cr_assert_eq(note_parse(buf_data(&b), b.len, &note, NULL), 0);
	cr_assert_eq(cosign_write(&b, note.text, note.text_len, 5, witness[0]), 0);
	cr_assert_eq(buf_append_str(&b, junk), 0);
	cr_assert_eq(witness_book_take(book, buf_data(&b), b.len, &c, key_public_of(site), NOW_US, NULL), 1);
	cr_assert_eq(book->best.n, b.len - strlen(junk));
	buf_free(&b);
}

Test(witness_book, refuses_what_no_witness_has_signed)
{
	struct checkpoint c = {.size = 3};
	const char *why = NULL;
	struct buf b;
	uint8_t *p;

	begin("quorum none\n");
	cr_assert_eq(take(3, ""), -ENOKEY);
	cr_assert_eq(witness_book_take(book, "junk", 4, &c, key_public_of(site), NOW_US, &why), -EBADMSG);
	cr_assert(why);
	checkpoint(&b, 3);
	{
		struct note note;

		cr_assert_eq(note_parse(buf_data(&b), b.len, &note, NULL), 0);
		cr_assert_eq(cosign_write(&b, note.text, note.text_len, 5, witness[0]), 0);
	}
	p = buf_data(&b) + b.len - 20;
	*p = *p == 'A' ? 'B' : 'A';
	cr_assert_eq(witness_book_take(book, buf_data(&b), b.len, &c, key_public_of(site), NOW_US, &why), -EKEYREJECTED);
	expect("-", "-", "-");
	buf_free(&b);
}

/* What was written down before a restart, the wanted one first. */
Test(witness_book, comes_back_from_two_notes)
{
	struct witness_book *before = calloc(1, sizeof *before);
	struct checkpoint c;

	begin("group g all a b c\nquorum g\n");
	take(10, "abc");
	take(20, "a");
	take(30, "a");
	expect("10:abc", "20:a", "30:a");
	*before = *book;
	witness_book_begin(book, &before->policy);
	cr_assert_eq(checkpoint_open(before->wanted.bytes, before->wanted.n, key_public_of(site), &c, NULL), 0);
	cr_assert_eq(witness_book_take(book, before->wanted.bytes, before->wanted.n, &c, key_public_of(site), NOW_US, NULL), 1);
	cr_assert_eq(checkpoint_open(before->best.bytes, before->best.n, key_public_of(site), &c, NULL), 0);
	cr_assert_eq(witness_book_take(book, before->best.bytes, before->best.n, &c, key_public_of(site), NOW_US, NULL), 1);
	expect("10:abc", "20:a", "20:a");
	free(before);
}
