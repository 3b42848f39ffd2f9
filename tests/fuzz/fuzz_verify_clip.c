/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is a clip whose owner means harm: a bundle of entries, each of which gets a proof; behind an "=" line the names of
 * its files; behind another the bytes that each .mp4 holds. verify must end, and never say that it holds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "seal/proof.h"
#include "seal/tile.h"
#include "seal/verify.h"

#define PROOFS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct rd bundle, names, film;
};

/* What stands before an "=" line, and r behind it; all of it where there is none. */
static struct rd until_split(struct rd *r)
{
	const uint8_t *at = rd_left(r) ? memmem(r->p, rd_left(r), "\n=\n", 3) : NULL;
	struct rd part = rd_sub(r, at ? (size_t)(at + 1 - r->p) : rd_left(r));

	if (at)
		rd_bytes(r, 2);
	return part;
}

static bool entry_at(const struct input *in, uint64_t index, const uint8_t **ret, size_t *ret_n)
{
	struct rd bundle = in->bundle;

	for (uint64_t i = 0; i <= index; i++)
		if (tile_bundle_next(&bundle, ret, ret_n) != 1)
			return false;
	return true;
}

static int get(void *ctx, const char *path, struct buf *out)
{
	const struct input *in = ctx;
	struct proof p = {.note = "example.com/foo\n5\nAAAA\n", .note_len = 23};
	const uint8_t *entry;
	size_t n;

	if (!strcmp(path, "checkpoint"))
		return buf_append(out, p.note, p.note_len);
	if (strncmp(path, "proofs/", 7) || text_u64(path + 7, strspn(path + 7, "0123456789"), PROOFS_MAX, &p.index))
		return -ENOENT;
	if (!entry_at(in, p.index, &entry, &n))
		return -ENOENT;
	memcpy(p.entry, entry, n);
	p.entry_len = n;
	return proof_write(out, &p);
}

static int hash(void *ctx, const char *path, uint64_t max_bytes, struct hasher *h, uint64_t *ret_bytes)
{
	(void)ctx, (void)path, (void)max_bytes, (void)h, (void)ret_bytes;
	return -ENOENT;
}

static int part(void *ctx, const char *path, uint64_t at, size_t n, struct buf *out)
{
	const struct input *in = ctx;
	struct rd film = in->film;

	if (strlen(path) % 7 == 0)
		return -EACCES;
	if (at > rd_left(&film))
		return 0;
	rd_bytes(&film, (size_t)at);
	return buf_append(out, film.p, n < rd_left(&film) ? n : rd_left(&film));
}

static int list(void *ctx, const char *folder, int (*each)(void *arg, const char *path), void *arg)
{
	const struct input *in = ctx;
	struct rd names = in->names;
	char path[4096];
	int rc = 0;

	for (unsigned i = 0; i < PROOFS_MAX && !rc; i++) {
		snprintf(path, sizeof path, "%s/proofs/%u.tlog-proof", folder, i);
		rc = each(arg, path);
	}
	while (rd_left(&names) && !rc) {
		const uint8_t *stop = memchr(names.p, '\n', rd_left(&names));
		size_t n = stop ? (size_t)(stop - names.p) : rd_left(&names);

		snprintf(path, sizeof path, "%s/%.*s", folder, (int)(n < 4000 ? n : 4000), (const char *)names.p);
		rc = each(arg, path);
		rd_bytes(&names, n + (stop != NULL));
	}
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
	static const struct verify_filter all = {NULL, INT64_MIN, INT64_MAX};
	struct rd r = rd_init(size ? data : (const uint8_t *)"", size);
	struct input in;
	struct verify_source src = {.get = get, .hash = hash, .list = list, .part = part, .ctx = &in};
	struct verify_report *report = NULL;
	struct key_public k;
	struct buf out;

	in.bundle = until_split(&r);
	in.names = until_split(&r);
	in.film = r;
	if (key_parse_vkey(vkey, sizeof vkey - 1, &k, NULL) || verify_run_clip(&src, &k, &all, &report))
		return 0;
	if (verify_status(report) == 0)
		abort();
	buf_init(&out, 4u << 20);
	if (verify_print(report, &out) || verify_print_json(report, &out))
		abort();
	buf_free(&out);
	verify_free(&report);
	return 0;
}
