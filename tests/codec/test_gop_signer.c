/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <libavutil/mem.h>
#include <libavutil/sha.h>
#include <string.h>

#include "base/wr.h"
#include "codec/gop_signer.h"

#define ASKED_MAX 16

static struct {
	struct media_signing_gop gop[ASKED_MAX];
	unsigned n, certificates;
} asked;
static struct gop_signer *s;

static void ask(void *ctx, const struct media_signing_gop *g)
{
	cr_assert_eq(ctx, &asked);
	if (g->number == 0)
		asked.certificates++;
	else
		asked.gop[asked.n++] = *g;
}

static void setup(void)
{
	memset(&asked, 0, sizeof asked);
	cr_assert_eq(gop_signer_new(&s, &(struct gop_signer_hooks){ask, &asked}), 0);
	gop_signer_begin(s);
}

static void teardown(void) { gop_signer_free(&s); }

TestSuite(gop_signer, .init = setup, .fini = teardown);

static void sha256(const uint8_t *p, size_t n, uint8_t ret[32])
{
	struct AVSHA *sha = av_sha_alloc();

	av_sha_init(sha, 256);
	av_sha_update(sha, p, n);
	av_sha_final(sha, ret);
	av_free(sha);
}

/* Slices: the first begins a picture (its second byte's highest bit), of an IDR picture or another. */
static const uint8_t idr_a[] = {0x65, 0x88, 0x84, 1}, idr_b[] = {0x65, 0x88, 0x84, 2}, idr_more[] = {0x65, 0x12, 0x34}, p_a[] = {0x41, 0x9a, 7},
	p_b[] = {0x41, 0x9a, 8, 9};
static const uint8_t other_sei[] = {0x06, 1, 1, 0x55, 0x80};
static const uint8_t sei_1[] = {0x06, 5, 0x11, 0x80}, sei_2[] = {0x06, 5, 0x22, 0x80}, certificate[] = {0x06, 5, 0xcc, 0x80};

#define UNIT(x) {x, sizeof x}
struct unit {
	const uint8_t *p;
	size_t n;
};

static size_t put(uint8_t *mem, size_t cap, const struct unit *u, unsigned n)
{
	struct wr w = wr_init(mem, cap);

	for (unsigned i = 0; i < n; i++) {
		wr_u32(&w, (uint32_t)u[i].n);
		wr_bytes(&w, u[i].p, u[i].n);
	}
	cr_assert(!w.bad);
	return w.len;
}

/* Feeds one access unit; what comes of it must be just the wanted units. */
static void feed(int64_t at_us, const struct unit *in, unsigned nin, const struct unit *want, unsigned nwant)
{
	static uint8_t mem[4096], wanted[4096];
	struct au au = {.capture_us = at_us, .pts = at_us, .dts = at_us, .data = mem, .len = put(mem, sizeof mem, in, nin)}, out;
	size_t n = put(wanted, sizeof wanted, want, nwant);

	cr_assert_eq(gop_signer_add(s, &au, &out), 0);
	cr_assert(out.pts == au.pts && out.capture_us == au.capture_us);
	cr_assert_eq(out.len, n);
	cr_assert_arr_eq(out.data, wanted, n);
}

#define FEED(at, ...) feed(at, (const struct unit[]){__VA_ARGS__}, sizeof (const struct unit[]){__VA_ARGS__} / sizeof(struct unit), \
	(const struct unit[]){__VA_ARGS__}, sizeof (const struct unit[]){__VA_ARGS__} / sizeof(struct unit))

Test(gop_signer, hashes_as_the_specification_says)
{
	uint8_t a[32], one[32], pair[64], list[3 * 32], zeros[32] = {0}, want[32];

	FEED(1000, UNIT(other_sei), UNIT(idr_a), UNIT(idr_more));
	FEED(2000, UNIT(p_a));
	cr_assert_eq(asked.n, 0);
	FEED(3000, UNIT(idr_b));
	FEED(4000, UNIT(p_b));
	FEED(5000, UNIT(idr_a));
	cr_assert_eq(asked.n, 2);

	sha256(idr_a, sizeof idr_a, a);
	memcpy(list, a, 32);
	memcpy(pair, a, 32);
	sha256(idr_more, sizeof idr_more, one);
	memcpy(pair + 32, one, 32);
	sha256(pair, 64, list + 32);
	sha256(p_a, sizeof p_a, one);
	memcpy(pair + 32, one, 32);
	sha256(pair, 64, list + 64);
	sha256(list, sizeof list, want);
	cr_assert(asked.gop[0].number == 1 && asked.gop[0].nals == 3 && asked.gop[0].start_us == 1000 && asked.gop[0].end_us == 3000);
	cr_assert_arr_eq(asked.gop[0].hash, want, 32);
	cr_assert_arr_eq(asked.gop[0].linked, zeros, 32);
	cr_assert(asked.gop[1].number == 2 && asked.gop[1].nals == 2 && asked.gop[1].start_us == 3000 && asked.gop[1].end_us == 5000);
	cr_assert_arr_eq(asked.gop[1].linked, a, 32);
}

Test(gop_signer, zero_bytes_at_a_slices_end_are_not_of_it)
{
	static const uint8_t padded[] = {0x65, 0x88, 0x84, 1, 0, 0};
	struct media_signing_gop plain;

	FEED(1, UNIT(idr_a));
	FEED(2, UNIT(idr_b));
	plain = asked.gop[0];
	gop_signer_begin(s);
	FEED(1, UNIT(padded));
	FEED(2, UNIT(idr_b));
	cr_assert_arr_eq(asked.gop[1].hash, plain.hash, 32);
}

Test(gop_signer, an_answer_goes_before_the_next_picture)
{
	FEED(1, UNIT(idr_a));
	FEED(2, UNIT(idr_b));
	gop_signer_answer(s, 1, 1, sei_1, sizeof sei_1);
	feed(3, (const struct unit[]){UNIT(p_a)}, 1, (const struct unit[]){UNIT(sei_1), UNIT(p_a)}, 2);
	FEED(4, UNIT(p_a));
	cr_assert(gop_signer_counts(s).signed_gops == 1 && gop_signer_counts(s).unsigned_gops == 0);
}

Test(gop_signer, late_answers_go_in_order_before_a_later_picture)
{
	FEED(1, UNIT(idr_a));
	FEED(2, UNIT(idr_b));
	FEED(3, UNIT(idr_a));
	gop_signer_answer(s, 2, 2, sei_2, sizeof sei_2);
	gop_signer_answer(s, 1, 1, sei_1, sizeof sei_1);
	feed(4, (const struct unit[]){UNIT(idr_b)}, 1, (const struct unit[]){UNIT(sei_1), UNIT(sei_2), UNIT(idr_b)}, 3);
	cr_assert_eq(gop_signer_counts(s).signed_gops, 2);
}

Test(gop_signer, a_group_without_an_answer_is_unsigned)
{
	for (int64_t i = 0; i <= GOP_SIGNER_ASKED + 2; i++)
		FEED(i, UNIT(idr_a));
	cr_assert_eq(asked.n, GOP_SIGNER_ASKED + 2);
	cr_assert_eq(gop_signer_counts(s).unsigned_gops, 2);
	gop_signer_answer(s, 1, 0, sei_1, sizeof sei_1);
	FEED(99, UNIT(p_a));
	gop_signer_begin(s);
	cr_assert(gop_signer_counts(s).signed_gops == 0 && gop_signer_counts(s).unsigned_gops == GOP_SIGNER_ASKED + 3);
}

Test(gop_signer, answers_that_nobody_waits_for_are_let_pass)
{
	static uint8_t large[MEDIA_SIGNING_SEI_MAX + 1];

	FEED(1, UNIT(idr_a));
	FEED(2, UNIT(idr_b));
	gop_signer_answer(s, 0, 1, sei_1, sizeof sei_1);
	gop_signer_answer(s, 2, 2, sei_1, sizeof sei_1);
	gop_signer_answer(s, 1, 7, sei_1, sizeof sei_1);
	gop_signer_answer(s, 1, 1, sei_1, 0);
	gop_signer_answer(s, 1, 1, large, sizeof large);
	gop_signer_answer(s, UINT32_MAX, 1, sei_1, sizeof sei_1);
	FEED(3, UNIT(p_a));
	gop_signer_answer(s, 1, 1, sei_1, sizeof sei_1);
	gop_signer_answer(s, 1, 1, sei_2, sizeof sei_2);
	feed(4, (const struct unit[]){UNIT(p_a)}, 1, (const struct unit[]){UNIT(sei_1), UNIT(p_a)}, 2);
	gop_signer_answer(s, 1, 1, sei_1, sizeof sei_1);
	FEED(5, UNIT(p_a));
}

Test(gop_signer, a_stream_begins_with_its_certificate)
{
	cr_assert_eq(asked.certificates, 1);
	FEED(1, UNIT(idr_a));
	FEED(2, UNIT(idr_b));
	cr_assert_eq(asked.certificates, 2, "asked for again as long as it is not there");
	gop_signer_certificate(s, certificate, 0);
	gop_signer_certificate(s, certificate, sizeof certificate);
	gop_signer_answer(s, 1, 1, sei_1, sizeof sei_1);
	feed(3, (const struct unit[]){UNIT(p_a)}, 1, (const struct unit[]){UNIT(certificate), UNIT(sei_1), UNIT(p_a)}, 3);
	FEED(4, UNIT(idr_a));
	gop_signer_begin(s);
	feed(5, (const struct unit[]){UNIT(idr_a)}, 1, (const struct unit[]){UNIT(certificate), UNIT(idr_a)}, 2);
	cr_assert_eq(asked.certificates, 2);
}

Test(gop_signer, a_stream_begins_anew_with_the_first_group)
{
	uint8_t zeros[32] = {0};

	FEED(1, UNIT(idr_a));
	FEED(2, UNIT(idr_b));
	gop_signer_answer(s, 1, 1, sei_1, sizeof sei_1);
	gop_signer_begin(s);
	FEED(3, UNIT(p_a));  /* of no group */
	FEED(4, UNIT(idr_a));
	FEED(5, UNIT(idr_b));
	cr_assert(asked.n == 2 && asked.gop[1].number == 1 && asked.gop[1].nals == 1);
	cr_assert_arr_eq(asked.gop[1].linked, zeros, 32);
}

Test(gop_signer, more_slices_than_can_be_told_of_are_not_signed)
{
	FEED(1, UNIT(idr_a));
	for (int i = 0; i < UINT16_MAX; i++)
		FEED(2, UNIT(p_a));
	FEED(3, UNIT(idr_a));
	cr_assert_eq(asked.n, 0);
	cr_assert_eq(gop_signer_counts(s).unsigned_gops, 1);
}
