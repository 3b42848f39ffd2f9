/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/index.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rd.h"
#include "base/wr.h"

#define FLAG_USED 1u
#define FLAG_ENTRY 2u
#define FLAG_KEPT 4u
#define FLAGS_AT 3                /* the byte of a slot that holds them: integers are big-endian */

static void page_path(const char *camera, const char *rendition, uint64_t folder, char out[ARCHIVE_PATH])
{
	snprintf(out, ARCHIVE_PATH, "index/%s/%s/%06" PRIu64, camera, rendition, folder);
}

static void encode(const struct archive_slot *s, uint8_t out[INDEX_SLOT_BYTES])
{
	struct wr w = wr_init(out, INDEX_SLOT_BYTES);

	wr_u32(&w, FLAG_USED | (s->has_entry ? FLAG_ENTRY : 0) | (s->kept ? FLAG_KEPT : 0));
	wr_u32(&w, s->bytes);
	wr_u64(&w, s->entry);
	wr_u64(&w, (uint64_t)s->start_us);
	wr_u32(&w, s->timescale);
	wr_bytes(&w, s->init, ARCHIVE_PREFIX);
	wr_u32(&w, 0);
}

/* False for an empty slot. */
static bool decode(const uint8_t *p, struct archive_slot *ret)
{
	struct rd r = rd_init(p, INDEX_SLOT_BYTES);
	uint32_t flags = rd_u32(&r);

	*ret = (struct archive_slot){.has_entry = flags & FLAG_ENTRY, .kept = flags & FLAG_KEPT};
	ret->bytes = rd_u32(&r);
	ret->entry = rd_u64(&r);
	ret->start_us = (int64_t)rd_u64(&r);
	ret->timescale = rd_u32(&r);
	memcpy(ret->init, rd_bytes(&r, ARCHIVE_PREFIX), ARCHIVE_PREFIX);
	return flags & FLAG_USED;
}

int index_read(int dirfd, const char *camera, const char *rendition, uint64_t number, struct archive_slot *ret)
{
	uint8_t bytes[INDEX_SLOT_BYTES];
	char path[ARCHIVE_PATH];
	struct archive_slot slot;
	ssize_t n;
	int fd, rc;

	page_path(camera, rendition, number / ARCHIVE_FOLDER, path);
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = pread(fd, bytes, sizeof bytes, (off_t)(number % ARCHIVE_FOLDER * INDEX_SLOT_BYTES));
	rc = n < 0 ? -errno : n == INDEX_SLOT_BYTES && decode(bytes, &slot) ? 0 : -ENOENT;
	close(fd);
	if (!rc)
		*ret = slot;
	return rc;
}

int index_read_page(int dirfd, const char *camera, const char *rendition, uint64_t folder, struct index_page *ret)
{
	char path[ARCHIVE_PATH];
	struct buf b;
	int rc;

	page_path(camera, rendition, folder, path);
	buf_init(&b, ARCHIVE_FOLDER * INDEX_SLOT_BYTES);
	rc = io_read_file(dirfd, path, &b);
	if (!rc) {
		*ret = (struct index_page){0};
		for (size_t i = 0; i < b.len / INDEX_SLOT_BYTES; i++)
			decode(buf_data(&b) + i * INDEX_SLOT_BYTES, &ret->slot[i]);
	}
	buf_free(&b);
	return rc;
}

int index_write(int dirfd, const char *camera, const char *rendition, uint64_t number, const struct archive_slot *slot)
{
	uint8_t bytes[INDEX_SLOT_BYTES];
	char path[ARCHIVE_PATH];
	ssize_t n;
	int fd, rc = 0;

	page_path(camera, rendition, number / ARCHIVE_FOLDER, path);
	fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == ENOENT) {
		rc = io_make_folders(dirfd, path);
		if (rc)
			return rc;
		fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	if (fd < 0)
		return -errno;
	encode(slot, bytes);
	n = pwrite(fd, bytes, sizeof bytes, (off_t)(number % ARCHIVE_FOLDER * INDEX_SLOT_BYTES));
	if (n != INDEX_SLOT_BYTES)
		rc = n < 0 ? -errno : -ENOSPC;
	close(fd);
	return rc;
}

int index_unkeep(int dirfd, const char *camera, const char *rendition, uint64_t folder, const bool gone[ARCHIVE_FOLDER])
{
	uint8_t bytes[ARCHIVE_FOLDER * INDEX_SLOT_BYTES];
	unsigned from = 0, to = ARCHIVE_FOLDER;
	char path[ARCHIVE_PATH];
	int fd, rc = 0;
	ssize_t n;

	while (from < to && !gone[from])
		from++;
	while (to > from && !gone[to - 1])
		to--;
	if (from == to)
		return 0;
	page_path(camera, rendition, folder, path);
	fd = openat(dirfd, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	n = pread(fd, bytes, (to - from) * INDEX_SLOT_BYTES, (off_t)from * INDEX_SLOT_BYTES);
	if (n < 0)
		rc = -errno;
	for (unsigned i = 0; i < to - from && n >= (ssize_t)(i + 1) * INDEX_SLOT_BYTES; i++)
		if (gone[from + i])
			bytes[i * INDEX_SLOT_BYTES + FLAGS_AT] &= (uint8_t)~FLAG_KEPT;
	if (n > 0) {
		ssize_t wrote = pwrite(fd, bytes, (size_t)n, (off_t)from * INDEX_SLOT_BYTES);

		if (wrote != n)
			rc = wrote < 0 ? -errno : -ENOSPC;
	}
	close(fd);
	return rc;
}
