/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "store/archive_state.h"
#include "store/index.h"

uint64_t archive_bytes(const struct archive *a)
{
	return a->bytes;
}

void archive_segment_path(const char *camera, const char *rendition, uint64_t number, bool unfinished, char out[ARCHIVE_PATH])
{
	snprintf(out, ARCHIVE_PATH, "footage/%s/%s/%06" PRIu64 "/%" PRIu64 ".m4s%s", camera, rendition, number / ARCHIVE_FOLDER, number,
		 unfinished ? ".tmp" : "");
}

void archive_init_path(const char *camera, const char *rendition, const uint8_t prefix[ARCHIVE_PREFIX], char out[ARCHIVE_PATH])
{
	char hex[2 * ARCHIVE_PREFIX + 1];

	hex_encode(prefix, ARCHIVE_PREFIX, hex);
	snprintf(out, ARCHIVE_PATH, "footage/%s/%s/init-%s.mp4", camera, rendition, hex);
}

int archive_read_slot(int dirfd, const char *camera, const char *rendition, uint64_t number, struct archive_slot *ret)
{
	return index_read(dirfd, camera, rendition, number, ret);
}

static int read_whole(int dirfd, const char *path, size_t max, struct buf *out)
{
	struct buf b;
	int rc;

	buf_init(&b, max);
	rc = io_read_file(dirfd, path, &b);
	if (rc == -ENOBUFS)
		rc = -EFBIG;
	if (!rc)
		rc = buf_append(out, buf_data(&b), b.len);
	buf_free(&b);
	return rc;
}

int archive_read_segment(int dirfd, const char *camera, const char *rendition, uint64_t number, struct buf *out)
{
	char path[ARCHIVE_PATH];

	archive_segment_path(camera, rendition, number, false, path);
	return read_whole(dirfd, path, ARCHIVE_SEGMENT_MAX, out);
}

int archive_read_init(int dirfd, const char *camera, const char *rendition, const uint8_t prefix[ARCHIVE_PREFIX], struct buf *out)
{
	char path[ARCHIVE_PATH];
	size_t before = out->len;
	struct hash h;
	int rc;

	archive_init_path(camera, rendition, prefix, path);
	rc = read_whole(dirfd, path, ARCHIVE_INIT_MAX, out);
	if (rc)
		return rc;
	hash_bytes(buf_data(out) + before, out->len - before, &h);
	if (memcmp(h.b, prefix, ARCHIVE_PREFIX) == 0)
		return 0;
	out->len = before;
	return -EBADMSG;
}

/* --- counting --------------------------------------------------------------------------- */

struct shelf *archive_find_shelf(const struct archive *a, const char *camera, const char *rendition)
{
	for (unsigned i = 0; i < a->nshelves; i++)
		if (!strcmp(a->shelf[i].camera, camera) && !strcmp(a->shelf[i].rendition, rendition))
			return &a->shelf[i];
	return NULL;
}

struct shelf *archive_shelf_of(struct archive *a, const char *camera, const char *rendition)
{
	struct shelf *s = archive_find_shelf(a, camera, rendition);

	if (s || a->nshelves == ARCHIVE_SHELVES_MAX)
		return s;
	if (a->nshelves == a->cap) {
		unsigned cap = a->cap ? a->cap * 2 : 16;

		s = realloc(a->shelf, cap * sizeof *s);
		if (!s)
			return NULL;
		a->shelf = s;
		a->cap = cap;
	}
	s = &a->shelf[a->nshelves++];
	*s = (struct shelf){0};
	snprintf(s->camera, sizeof s->camera, "%s", camera);
	snprintf(s->rendition, sizeof s->rendition, "%s", rendition);
	return s;
}

/* The folder's count, made where it belongs by number; mostly it is the last. */
static struct counts_folder *folder_of(struct shelf *s, uint64_t no)
{
	unsigned i = s->nfolders;
	struct counts_folder *f;

	while (i && s->folder[i - 1].no >= no)
		i--;
	if (i < s->nfolders && s->folder[i].no == no)
		return &s->folder[i];
	if (s->nfolders == s->cap) {
		unsigned cap = s->cap ? s->cap * 2 : 16;

		f = realloc(s->folder, cap * sizeof *f);
		if (!f)
			return NULL;
		s->folder = f;
		s->cap = cap;
	}
	memmove(&s->folder[i + 1], &s->folder[i], (s->nfolders - i) * sizeof *s->folder);
	s->nfolders++;
	s->folder[i] = (struct counts_folder){.no = no};
	return &s->folder[i];
}

int archive_count_folder(struct archive *a, struct shelf *s, const struct counts_folder *counted)
{
	struct counts_folder *f = folder_of(s, counted->no);

	if (!f)
		return -ENOMEM;
	f->kept += counted->kept;
	f->bytes += counted->bytes;
	s->bytes += counted->bytes;
	a->bytes += counted->bytes;
	return 0;
}

int archive_count(struct archive *a, struct shelf *s, uint64_t number, const struct archive_slot *slot)
{
	struct counts_folder *f = folder_of(s, number / ARCHIVE_FOLDER);

	if (!f)
		return -ENOMEM;
	f->kept++;
	f->bytes += slot->bytes;
	s->bytes += slot->bytes;
	a->bytes += slot->bytes;
	if (number > s->newest)
		s->newest = number;
	if (s->oldest && number < s->oldest)
		s->oldest = 0;
	return 0;
}

/* As archive_count, and when that began a folder all counts are written down. */
static int count_new(struct archive *a, struct shelf *s, uint64_t number, const struct archive_slot *slot)
{
	unsigned before = s->nfolders;
	int rc = archive_count(a, s, number, slot);

	if (!rc && s->nfolders > before)
		counts_save(a->dirfd, s->camera, s->rendition, s->folder, s->nfolders);
	return rc;
}

static void drop_folder(struct shelf *s, struct counts_folder *f)
{
	unsigned i = (unsigned)(f - s->folder);

	memmove(f, f + 1, (s->nfolders - i - 1) * sizeof *f);
	s->nfolders--;
}

void archive_uncount(struct archive *a, struct shelf *s, uint64_t number, const struct archive_slot *slot)
{
	struct counts_folder *f = folder_of(s, number / ARCHIVE_FOLDER);

	if (!f)
		return;
	f->kept -= f->kept > 0;
	f->bytes -= slot->bytes < f->bytes ? slot->bytes : f->bytes;
	s->bytes -= slot->bytes < s->bytes ? slot->bytes : s->bytes;
	a->bytes -= slot->bytes < a->bytes ? slot->bytes : a->bytes;
	if (number == s->oldest)
		s->oldest = 0;
	if (f->kept == 0)
		drop_folder(s, f);
}

bool archive_look_up_oldest(struct archive *a, struct shelf *s)
{
	struct index_page page;

	while (!s->oldest && s->nfolders) {
		struct counts_folder *f = &s->folder[0];
		bool passed = false;

		if (index_read_page(a->dirfd, s->camera, s->rendition, f->no, &page) == 0) {
			for (unsigned i = 0; i < ARCHIVE_FOLDER && !s->oldest; i++) {
				if (!page.slot[i].kept)
					continue;
				if (f->no * ARCHIVE_FOLDER + i <= s->passed) {
					passed = true;
					continue;
				}
				s->oldest = f->no * ARCHIVE_FOLDER + i;
				s->oldest_us = page.slot[i].start_us;
			}
		}
		if (!s->oldest && passed)
			break;
		if (!s->oldest) {
			s->bytes -= f->bytes;
			a->bytes -= f->bytes;
			drop_folder(s, f);
		}
	}
	return s->oldest != 0;
}

struct archive_range archive_range(const struct archive *a, const char *camera, const char *rendition)
{
	struct shelf *s = archive_find_shelf(a, camera, rendition);
	struct archive_range r = {0};

	if (s && archive_look_up_oldest((struct archive *)(uintptr_t)a, s))
		r = (struct archive_range){.oldest = s->oldest, .newest = s->newest, .bytes = s->bytes};
	return r;
}

void archive_free(struct archive **ap)
{
	struct archive *a = *ap;

	if (!a)
		return;
	*ap = NULL;
	for (unsigned i = 0; i < a->nshelves; i++)
		free(a->shelf[i].folder);
	free(a->shelf);
	free(a);
}

/* --- writing ---------------------------------------------------------------------------- */

int archive_write_init(struct archive *a, const char *camera, const char *rendition, const struct hash *sha256, const void *p, size_t n)
{
	char path[ARCHIVE_PATH];
	struct buf old;
	int rc;

	buf_init(&old, ARCHIVE_INIT_MAX);
	rc = archive_read_init(a->dirfd, camera, rendition, sha256->b, &old);
	buf_free(&old);
	if (rc == 0)
		return 0;
	archive_init_path(camera, rendition, sha256->b, path);
	rc = io_make_folders(a->dirfd, path);
	return rc ? rc : io_replace_file(a->dirfd, path, p, n, 0600);
}

int archive_begin(struct archive *a, const char *camera, const char *rendition, uint64_t number, const struct archive_slot *slot, int *ret_fd)
{
	char path[ARCHIVE_PATH];
	int fd, rc;

	archive_segment_path(camera, rendition, number, true, path);
	rc = index_write(a->dirfd, camera, rendition, number, slot);
	if (rc)
		return rc;
	fd = openat(a->dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == ENOENT) {
		rc = io_make_folders(a->dirfd, path);
		if (rc)
			return rc;
		fd = openat(a->dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int archive_finish(struct archive *a, const char *camera, const char *rendition, uint64_t number, const struct archive_slot *slot, int fd)
{
	char from[ARCHIVE_PATH], to[ARCHIVE_PATH];
	struct shelf *s = archive_shelf_of(a, camera, rendition);
	struct archive_slot kept = *slot;
	int rc;

	if (!s)
		return -ENOMEM;
	if (fd >= 0 && fdatasync(fd) < 0)
		return -errno;
	archive_segment_path(camera, rendition, number, true, from);
	archive_segment_path(camera, rendition, number, false, to);
	if (renameat(a->dirfd, from, a->dirfd, to) < 0)
		return -errno;
	kept.kept = true;
	rc = index_write(a->dirfd, camera, rendition, number, &kept);
	return rc ? rc : count_new(a, s, number, &kept);
}

void archive_abandon(struct archive *a, const char *camera, const char *rendition, uint64_t number)
{
	char path[ARCHIVE_PATH];

	archive_segment_path(camera, rendition, number, true, path);
	unlinkat(a->dirfd, path, 0);
}

int archive_note(struct archive *a, const char *camera, const char *rendition, uint64_t number, const struct archive_slot *slot)
{
	struct shelf *s = archive_shelf_of(a, camera, rendition);
	struct archive_slot old;
	int rc;

	if (!s)
		return -ENOMEM;
	if (index_read(a->dirfd, camera, rendition, number, &old) == 0 && old.kept)
		archive_uncount(a, s, number, &old);
	rc = index_write(a->dirfd, camera, rendition, number, slot);
	return rc || !slot->kept ? rc : count_new(a, s, number, slot);
}
