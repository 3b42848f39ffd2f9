/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is an archive whose owner means harm: a bundle of entries, and behind
 * an "=" line the paths of its files. verify must end, and never say that it holds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seal/tile.h"
#include "seal/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *bundle, *paths;
	size_t nbundle, npaths;
	unsigned width;
};

static int get(void *ctx, const char *path, struct buf *out)
{
	const struct input *in = ctx;

	if (!strcmp(path, "log/checkpoint"))
		return buf_append_str(out, "example.com/foo\n5\nAAAA\n");
	return strncmp(path, "log/tile/entries/000", 20) ? -ENOENT : buf_append(out, in->bundle, in->nbundle);
}

static int hash(void *ctx, const char *path, uint64_t max_bytes, struct hasher *h, uint64_t *ret_bytes)
{
	if (strlen(path) % 2)
		return -ENOENT;
	if (max_bytes < 3)
		return -EFBIG;
	hasher_update(h, "abc", 3);
	*ret_bytes = 3;
	return 0;
}

static int list(void *ctx, const char *folder, int (*each)(void *arg, const char *path), void *arg)
{
	const struct input *in = ctx;
	char path[4096];
	int rc = 0;

	if (!strcmp(folder, "log/tile")) {
		snprintf(path, sizeof path, in->width < TILE_WIDTH ? "log/tile/entries/000.p/%u" : "log/tile/entries/000", in->width);
		return in->width ? each(arg, path) : 0;
	}
	for (const uint8_t *p = in->paths, *end = p + in->npaths; p < end && !rc;) {
		const uint8_t *stop = memchr(p, '\n', (size_t)(end - p));
		size_t n = stop ? (size_t)(stop - p) : (size_t)(end - p);

		snprintf(path, sizeof path, "footage/%.*s", (int)(n < 4000 ? n : 4000), (const char *)p);
		rc = each(arg, path);
		p += n + (stop != NULL);
	}
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
	static const struct verify_filter all = {NULL, INT64_MIN, INT64_MAX};
	const uint8_t *split = size ? memmem(data, size, "\n=\n", 3) : NULL;
	struct input in = {.bundle = data, .nbundle = split ? (size_t)(split + 1 - data) : size, .width = 1};
	struct verify_source src = {.get = get, .hash = hash, .list = list, .ctx = &in};
	struct verify_report *r = NULL;
	struct key_public k;
	struct buf out;

	in.paths = split ? split + 3 : data + size;
	in.npaths = (size_t)(data + size - in.paths);
	for (struct rd bundle = rd_init(in.bundle, in.nbundle); in.width < TILE_WIDTH; in.width++) {
		const uint8_t *p;
		size_t n;

		if (tile_bundle_next(&bundle, &p, &n) != 1 || rd_left(&bundle) == 0)
			break;
	}
	if (key_parse_vkey(vkey, sizeof vkey - 1, &k, NULL) || verify_run(&src, &k, &all, &r))
		return 0;
	if (verify_status(r) == 0)
		abort();
	buf_init(&out, 4u << 20);
	if (verify_print(r, &out) || verify_print_json(r, &out))
		abort();
	buf_free(&out);
	verify_free(&r);
	return 0;
}
