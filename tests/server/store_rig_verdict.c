/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What verify says of the archive as it lies there, and what its log holds. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "seal/tile.h"
#include "tests/server/store_rig.h"

static int get(void *ctx, const char *path, struct buf *out)
{
	struct rig *r = ctx;

	return io_read_file(r->archive, path, out);
}

static int hash_it(void *ctx, const char *path, uint64_t max_bytes, struct hasher *h, uint64_t *ret_bytes)
{
	struct buf b;
	int rc;

	buf_init(&b, max_bytes);
	rc = get(ctx, path, &b);
	if (!rc) {
		hasher_update(h, buf_data(&b), b.len);
		*ret_bytes = b.len;
	}
	buf_free(&b);
	return rc == -ENOBUFS ? -EFBIG : rc;
}

static int list(void *ctx, const char *folder, int (*each)(void *arg, const char *path), void *arg)
{
	struct rig *r = ctx;
	int fd = openat(r->archive, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return -errno;
	while (!rc && (d = readdir(dir))) {
		char path[512];
		struct stat st;

		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
		if (fstatat(r->archive, path, &st, 0) < 0)
			rc = -errno;
		else
			rc = S_ISDIR(st.st_mode) ? list(ctx, path, each, arg) : each(arg, path);
	}
	closedir(dir);
	return rc;
}

struct verify_report *rig_verify(struct rig *r)
{
	struct verify_source src = {.get = get, .hash = hash_it, .list = list, .ctx = r};
	struct verify_filter all = {.from_us = INT64_MIN, .to_us = INT64_MAX};
	struct verify_report *report;

	cr_assert_eq(verify_run(&src, &r->key, &all, &report), 0);
	return report;
}

void rig_assert_clean(struct rig *r, uint64_t good_at_least)
{
	struct verify_report *report = rig_verify(r);
	uint64_t good = 0;
	struct buf b;

	buf_init(&b, 1 << 20);
	verify_print(report, &b);
	for (size_t i = 0; i < report->nrenditions; i++)
		good += report->rendition[i].good;
	cr_assert_eq(verify_status(report), 0, "%s:\n%.*s", r->dir, (int)b.len, (const char *)buf_data(&b));
	cr_assert_geq(good, good_at_least);
	buf_free(&b);
	verify_free(&report);
}

unsigned rig_count_entries(struct rig *r, const char *text)
{
	unsigned found = 0;

	for (uint64_t i = 0; i < r->checkpoint.size; i += TILE_WIDTH) {
		struct tile t = {.entries = true, .index = i / TILE_WIDTH, .width = tile_width(r->checkpoint.size, 0, i / TILE_WIDTH)};
		char path[TILE_PATH + 4] = "log/";
		const uint8_t *p;
		struct buf b;
		struct rd rd;
		size_t n;

		tile_path(&t, path + 4);
		buf_init(&b, TILE_BUNDLE_MAX_BYTES);
		cr_assert_eq(io_read_file(r->archive, path, &b), 0, "%s", path);
		rd = rd_init(buf_data(&b), b.len);
		while (tile_bundle_next(&rd, &p, &n) == 1)
			found += memmem(p, n, text, strlen(text)) != NULL;
		buf_free(&b);
	}
	return found;
}
