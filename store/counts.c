/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/counts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rd.h"
#include "base/wr.h"
#include "store/archive.h"

#define MAGIC "casemate-counts/1\n"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define RECORD_BYTES (8 + 8 + 4)
#define FILE_MAX_BYTES (MAGIC_LEN + (size_t)COUNTS_FOLDERS_MAX * RECORD_BYTES + HASH_BYTES)

int counts_write(const struct counts_folder *folder, unsigned n, struct buf *out)
{
	size_t len = MAGIC_LEN + (size_t)n * RECORD_BYTES + HASH_BYTES;
	uint8_t *room = n <= COUNTS_FOLDERS_MAX ? buf_reserve(out, len) : NULL;
	struct wr w = wr_init(room, room ? len : 0);
	struct hash sum;

	if (!room)
		return -ENOBUFS;
	wr_str(&w, MAGIC);
	for (unsigned i = 0; i < n; i++) {
		wr_u64(&w, folder[i].no);
		wr_u64(&w, folder[i].bytes);
		wr_u32(&w, folder[i].kept);
	}
	hash_bytes(w.p, w.len, &sum);
	wr_bytes(&w, sum.b, HASH_BYTES);
	buf_commit(out, w.len);
	return 0;
}

static bool sum_is_right(const uint8_t *p, size_t n)
{
	struct hash sum;

	if (n < MAGIC_LEN + HASH_BYTES || memcmp(p, MAGIC, MAGIC_LEN))
		return false;
	hash_bytes(p, n - HASH_BYTES, &sum);
	return memcmp(sum.b, p + n - HASH_BYTES, HASH_BYTES) == 0;
}

static bool read_folder(struct rd *r, const struct counts_folder *before, struct counts_folder *ret)
{
	*ret = (struct counts_folder){.no = rd_u64(r), .bytes = rd_u64(r)};
	ret->kept = rd_u32(r);
	return ret->no <= ENTRY_NUMBER_MAX / ARCHIVE_FOLDER && (!before || before->no < ret->no) && ret->kept <= ARCHIVE_FOLDER &&
	       ret->bytes <= (uint64_t)ret->kept * ARCHIVE_SEGMENT_MAX;
}

int counts_read(const void *p, size_t len, struct counts_folder **ret, unsigned *ret_n)
{
	struct counts_folder *folder;
	struct rd r;
	size_t n;

	if (len > FILE_MAX_BYTES || !sum_is_right(p, len) || (len - MAGIC_LEN - HASH_BYTES) % RECORD_BYTES)
		return -EBADMSG;
	n = (len - MAGIC_LEN - HASH_BYTES) / RECORD_BYTES;
	folder = calloc(n + 1, sizeof *folder);
	if (!folder)
		return -ENOMEM;
	r = rd_init((const uint8_t *)p + MAGIC_LEN, n * RECORD_BYTES);
	for (size_t i = 0; i < n; i++) {
		if (!read_folder(&r, i ? &folder[i - 1] : NULL, &folder[i])) {
			free(folder);
			return -EBADMSG;
		}
	}
	*ret = folder;
	*ret_n = (unsigned)n;
	return 0;
}

static void path_of(const char *camera, const char *rendition, char out[ARCHIVE_PATH])
{
	snprintf(out, ARCHIVE_PATH, "index/%s/%s/counts", camera, rendition);
}

int counts_load(int dirfd, const char *camera, const char *rendition, struct counts_folder **ret, unsigned *ret_n)
{
	char path[ARCHIVE_PATH];
	struct buf b;
	int rc;

	path_of(camera, rendition, path);
	buf_init(&b, FILE_MAX_BYTES);
	rc = io_read_file(dirfd, path, &b);
	if (!rc)
		rc = counts_read(buf_data(&b), b.len, ret, ret_n);
	buf_free(&b);
	return rc;
}

void counts_save(int dirfd, const char *camera, const char *rendition, const struct counts_folder *folder, unsigned n)
{
	char path[ARCHIVE_PATH], made[ARCHIVE_PATH + 4];
	struct buf b;
	int fd, rc;

	path_of(camera, rendition, path);
	snprintf(made, sizeof made, "%s.tmp", path);
	buf_init(&b, FILE_MAX_BYTES);
	if (counts_write(folder, n, &b) == 0) {
		fd = openat(dirfd, made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
		rc = fd < 0 ? -errno : io_write_all(fd, buf_data(&b), b.len);
		if (fd >= 0)
			close(fd);
		if (rc || renameat(dirfd, made, dirfd, path) < 0)
			unlinkat(dirfd, made, 0);
	}
	buf_free(&b);
}
