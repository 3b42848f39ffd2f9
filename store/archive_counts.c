/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index/CAMERA/RENDITION/counts: what was kept of each folder when the last one began. It spares a start the reading of a page for
 * each thousand segments ever kept. A help, as the index is: not waited for on the disk, with a hash over itself, and where it is
 * missing or torn the pages are read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rd.h"
#include "base/wr.h"
#include "store/archive_state.h"

#define MAGIC "casemate-counts/1\n"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define RECORD_BYTES (8 + 8 + 4)
#define COUNTS_MAX_BYTES (MAGIC_LEN + (size_t)ARCHIVE_FOLDERS_MAX * RECORD_BYTES + HASH_BYTES)

static void counts_path(const char *camera, const char *rendition, char out[ARCHIVE_PATH])
{
	snprintf(out, ARCHIVE_PATH, "index/%s/%s/counts", camera, rendition);
}

static int encode(const struct shelf *s, struct buf *out)
{
	size_t n = MAGIC_LEN + s->nfolders * RECORD_BYTES + HASH_BYTES;
	uint8_t *room = buf_reserve(out, n);
	struct wr w = wr_init(room, room ? n : 0);
	struct hash sum;

	if (!room)
		return -ENOBUFS;
	wr_str(&w, MAGIC);
	for (unsigned i = 0; i < s->nfolders; i++) {
		wr_u64(&w, s->folder[i].no);
		wr_u64(&w, s->folder[i].bytes);
		wr_u32(&w, s->folder[i].kept);
	}
	hash_bytes(w.p, w.len, &sum);
	wr_bytes(&w, sum.b, HASH_BYTES);
	buf_commit(out, w.len);
	return 0;
}

/* All of it, or none where it does not fit its hash. */
static void decode(const struct buf *b, struct folder *ret, unsigned *ret_n)
{
	const uint8_t *p = buf_data(b);
	unsigned n = (unsigned)((b->len - MAGIC_LEN - HASH_BYTES) / RECORD_BYTES);
	struct rd r = rd_init(p + MAGIC_LEN, b->len - MAGIC_LEN - HASH_BYTES);
	struct hash sum;

	hash_bytes(p, b->len - HASH_BYTES, &sum);
	if (memcmp(p, MAGIC, MAGIC_LEN) || memcmp(sum.b, p + b->len - HASH_BYTES, HASH_BYTES))
		n = 0;
	for (unsigned i = 0; i < n; i++) {
		ret[i] = (struct folder){.no = rd_u64(&r), .bytes = rd_u64(&r)};
		ret[i].kept = rd_u32(&r);
	}
	*ret_n = n;
}

int archive_read_counts(const struct archive *a, const struct shelf *s, struct folder **ret, unsigned *ret_n)
{
	char path[ARCHIVE_PATH];
	struct buf b;
	int rc = 0;

	*ret = NULL;
	*ret_n = 0;
	counts_path(s->camera, s->rendition, path);
	buf_init(&b, COUNTS_MAX_BYTES);
	if (io_read_file(a->dirfd, path, &b) == 0 && b.len >= MAGIC_LEN + RECORD_BYTES + HASH_BYTES) {
		*ret = malloc(b.len / RECORD_BYTES * sizeof **ret);
		if (*ret)
			decode(&b, *ret, ret_n);
		else
			rc = -ENOMEM;
	}
	buf_free(&b);
	return rc;
}

void archive_write_counts(const struct archive *a, const struct shelf *s)
{
	char path[ARCHIVE_PATH], made[ARCHIVE_PATH + 4];
	struct buf b;
	int fd, rc;

	counts_path(s->camera, s->rendition, path);
	snprintf(made, sizeof made, "%s.tmp", path);
	buf_init(&b, COUNTS_MAX_BYTES);
	if (encode(s, &b) == 0) {
		fd = openat(a->dirfd, made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
		rc = fd < 0 ? -errno : io_write_all(fd, buf_data(&b), b.len);
		if (fd >= 0)
			close(fd);
		if (rc || renameat(a->dirfd, made, a->dirfd, path) < 0)
			unlinkat(a->dirfd, made, 0);
	}
	buf_free(&b);
}
