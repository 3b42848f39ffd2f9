/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seal/checkpoint.h"
#include "seal/cosign.h"

#define TEXT "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define LOG_LINE "\xe2\x80\x94 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
#define TIME_S 1679315147

static struct key_private *key(const char *name)
{
	struct key_private *k = NULL;

	cr_assert_eq(key_generate(name, &k), 0);
	return k;
}

static struct cosign_public public_of(const struct key_private *k)
{
	struct cosign_public c;

	cr_assert_eq(cosign_make_public(key_public_of(k)->name, key_public_of(k)->raw, &c), 0);
	return c;
}

/* TEXT with the log's line and one by k. */
static void cosigned(struct buf *b, const struct key_private *k, int64_t time_s)
{
	if (!b->max)
		buf_init(b, NOTE_MAX_BYTES);
	if (!b->len)
		cr_assert_eq(buf_append_str(b, TEXT "\n" LOG_LINE), 0);
	cr_assert_eq(cosign_write(b, TEXT, strlen(TEXT), time_s, k), 0);
}

static int verify(const struct buf *b, const struct cosign_public *c, int64_t *ret_time_s)
{
	struct note note;

	cr_assert_eq(note_parse(buf_data(b), b->len, &note, NULL), 0);
	return cosign_verify(&note, c, ret_time_s);
}

Test(cosign, vkey_both_ways)
{
	struct key_private *k = key("witness.example/w1");
	struct cosign_public c = public_of(k), back;
	char vkey[KEY_VKEY];

	cosign_vkey(&c, vkey);
	cr_assert_eq(cosign_parse_vkey(vkey, strlen(vkey), &back, NULL), 0);
	cr_assert_eq(memcmp(c.id, back.id, sizeof c.id), 0);
	cr_assert_str_eq(back.key.name, "witness.example/w1");
	cr_assert_neq(memcmp(c.id, c.key.id, sizeof c.id), 0, "another id than the same key would have as a log's");
	key_free(&k);
}

Test(cosign, refuses_other_vkeys)
{
	struct key_private *k = key("w");
	struct cosign_public c = public_of(k), untouched = {.key.name = "untouched"};
	char good[KEY_VKEY], log[KEY_VKEY], changed[KEY_VKEY];
	const char *const bad[] = {"", "+", "w+00000000+", "w+00000000+BA==", log, changed};

	cosign_vkey(&c, good);
	key_vkey(key_public_of(k), log);
	memcpy(changed, good, sizeof changed);
	changed[0] = 'v';
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *why = NULL;

		cr_assert_eq(cosign_parse_vkey(bad[i], strlen(bad[i]), &untouched, &why), -EINVAL, "%s", bad[i]);
		cr_assert(why);
		cr_assert_str_eq(untouched.key.name, "untouched");
	}
	key_free(&k);
}

Test(cosign, signs_and_verifies)
{
	struct key_private *w1 = key("w1"), *w2 = key("w2");
	struct cosign_public c1 = public_of(w1), c2 = public_of(w2);
	struct buf b = {0};
	int64_t time_s = 0;

	cosigned(&b, w1, TIME_S);
	cr_assert_eq(verify(&b, &c1, &time_s), 0);
	cr_assert_eq(time_s, TIME_S);
	cr_assert_eq(verify(&b, &c2, NULL), -ENOKEY);
	cosigned(&b, w2, TIME_S + 5);
	cosigned(&b, w1, TIME_S + 9);
	cr_assert_eq(verify(&b, &c1, &time_s), 0);
	cr_assert_eq(time_s, TIME_S + 9, "the newest of its lines");
	cr_assert_eq(verify(&b, &c2, &time_s), 0);
	cr_assert_eq(time_s, TIME_S + 5);
	buf_free(&b);
	key_free(&w1);
	key_free(&w2);
}

/* The first of w's lines, some bytes behind its name. */
static uint8_t *in_line(struct buf *b, const char *name, size_t at)
{
	char begin[64];
	uint8_t *p;

	snprintf(begin, sizeof begin, "\n\xe2\x80\x94 %s ", name);
	p = memmem(buf_data(b), b->len, begin, strlen(begin));
	cr_assert(p);
	return p + strlen(begin) + at;
}

Test(cosign, refuses_what_was_changed)
{
	struct key_private *w = key("w");
	struct cosign_public c = public_of(w);

	/* A byte of the time, of the signature; of the checkpoint's size and root. */
	for (int i = 0; i < 4; i++) {
		struct buf b = {0};
		uint8_t *p;

		cosigned(&b, w, TIME_S);
		p = i == 0 ? in_line(&b, "w", 12) : i == 1 ? in_line(&b, "w", 60) : buf_data(&b) + strlen("example.com/behind-the-sofa\n") + (i == 2 ? 3 : 12);
		*p = *p == 'A' ? 'B' : *p == '5' ? '6' : i == 2 ? '5' : 'A';
		cr_assert_eq(verify(&b, &c, NULL), -EKEYREJECTED, "case %d", i);
		buf_free(&b);
	}
	key_free(&w);
}

/* A log's signature by the same key is none by the witness, whichever id it bears. */
Test(cosign, is_no_logs_signature)
{
	struct key_private *w = key("example.com/behind-the-sofa");
	struct cosign_public c = public_of(w);
	struct checkpoint cp;
	struct buf b;

	buf_init(&b, NOTE_MAX_BYTES);
	cr_assert_eq(note_write(&b, TEXT, strlen(TEXT), w), 0);
	cr_assert_eq(verify(&b, &c, NULL), -ENOKEY);
	buf_clear(&b);
	cosigned(&b, w, TIME_S);
	cr_assert_eq(verify(&b, &c, NULL), 0);
	cr_assert_eq(checkpoint_open(buf_data(&b), b.len, key_public_of(w), &cp, NULL), -ENOKEY);
	buf_free(&b);
	key_free(&w);
}

Test(cosign, times_have_bounds)
{
	struct key_private *w = key("w");
	struct buf b;

	buf_init(&b, NOTE_MAX_BYTES);
	cr_assert_eq(cosign_write(&b, TEXT, strlen(TEXT), -1, w), -EINVAL);
	cr_assert_eq(cosign_write(&b, TEXT, strlen(TEXT), COSIGN_TIME_MAX_S + 1, w), -EINVAL);
	cr_assert_eq(cosign_write(&b, "no line", 7, 1, w), -EINVAL);
	cr_assert_eq(b.len, 0);
	cr_assert_eq(cosign_write(&b, TEXT, strlen(TEXT), 0, w), 0);
	buf_free(&b);
	key_free(&w);
}
