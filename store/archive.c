/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "store/index.h"

/* One folder of a rendition: what is counted of it. */
struct folder {
	uint64_t no, bytes;
	unsigned kept;
};

struct shelf {
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	struct folder *folder;           /* by rising number; only those that hold something */
	unsigned nfolders, cap;
	uint64_t bytes, newest;
	uint64_t oldest;                 /* 0: to be looked up */
	int64_t oldest_us;
};

struct archive {
	int dirfd;
	struct shelf *shelf;
	unsigned nshelves, cap;
	uint64_t bytes;
};

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

static struct shelf *find_shelf(const struct archive *a, const char *camera, const char *rendition)
{
	for (unsigned i = 0; i < a->nshelves; i++)
		if (!strcmp(a->shelf[i].camera, camera) && !strcmp(a->shelf[i].rendition, rendition))
			return &a->shelf[i];
	return NULL;
}

static struct shelf *shelf_of(struct archive *a, const char *camera, const char *rendition)
{
	struct shelf *s = find_shelf(a, camera, rendition);

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
static struct folder *folder_of(struct shelf *s, uint64_t no)
{
	unsigned i = s->nfolders;
	struct folder *f;

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
	s->folder[i] = (struct folder){.no = no};
	return &s->folder[i];
}

static int count(struct archive *a, struct shelf *s, uint64_t number, const struct archive_slot *slot)
{
	struct folder *f = folder_of(s, number / ARCHIVE_FOLDER);

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

static void drop_folder(struct shelf *s, struct folder *f)
{
	unsigned i = (unsigned)(f - s->folder);

	memmove(f, f + 1, (s->nfolders - i - 1) * sizeof *f);
	s->nfolders--;
}

static void uncount(struct archive *a, struct shelf *s, uint64_t number, const struct archive_slot *slot)
{
	struct folder *f = folder_of(s, number / ARCHIVE_FOLDER);

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

/* Finds the shelf's oldest segment; false when it holds none. Folders whose slots say that nothing is kept are forgotten. */
static bool look_up_oldest(struct archive *a, struct shelf *s)
{
	struct index_page page;

	while (!s->oldest && s->nfolders) {
		struct folder *f = &s->folder[0];

		if (index_read_page(a->dirfd, s->camera, s->rendition, f->no, &page) == 0) {
			for (unsigned i = 0; i < ARCHIVE_FOLDER && !s->oldest; i++) {
				if (!page.slot[i].kept)
					continue;
				s->oldest = f->no * ARCHIVE_FOLDER + i;
				s->oldest_us = page.slot[i].start_us;
			}
		}
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
	struct shelf *s = find_shelf(a, camera, rendition);
	struct archive_range r = {0};

	if (s && look_up_oldest((struct archive *)(uintptr_t)a, s))
		r = (struct archive_range){.oldest = s->oldest, .newest = s->newest, .bytes = s->bytes};
	return r;
}

/* --- the scan at a start ---------------------------------------------------------------- */

/* Calls visit for each name in path that is a folder or file we could have made. A folder that is not there holds nothing. */
static int each_name(const struct archive *a, const char *path, int (*visit)(void *ctx, const char *name), void *ctx)
{
	int fd = openat(a->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	struct dirent *d;
	DIR *dir;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (!rc && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			rc = visit(ctx, d->d_name);
	closedir(dir);
	return rc;
}

/* Six digits or more. */
static bool is_folder(const char *name, uint64_t *ret)
{
	size_t n = strlen(name), zeros = strspn(name, "0");

	if (zeros == n && n)
		zeros--;
	return n >= 6 && text_u64(name + zeros, n - zeros, ENTRY_NUMBER_MAX / ARCHIVE_FOLDER, ret) == 0;
}

struct scan {
	struct archive *a;
	struct shelf *shelf;
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	bool stale;
};

static int scan_folder(void *ctx, const char *name)
{
	struct scan *sc = ctx;
	struct index_page page;
	uint64_t no;
	int rc;

	if (!is_folder(name, &no))
		return 0;
	rc = index_read_page(sc->a->dirfd, sc->camera, sc->rendition, no, &page);
	if (rc == -ENOENT) {
		sc->stale = true;
		return 0;
	}
	for (unsigned i = 0; !rc && i < ARCHIVE_FOLDER; i++)
		if (page.slot[i].kept)
			rc = count(sc->a, sc->shelf, no * ARCHIVE_FOLDER + i, &page.slot[i]);
	return rc;
}

static int scan_rendition(void *ctx, const char *name)
{
	struct scan *sc = ctx;
	char path[ARCHIVE_PATH];

	if (!text_is_name(name, strlen(name)))
		return 0;
	snprintf(sc->rendition, sizeof sc->rendition, "%s", name);
	sc->shelf = shelf_of(sc->a, sc->camera, name);
	if (!sc->shelf)
		return -ENOMEM;
	snprintf(path, sizeof path, "footage/%s/%s", sc->camera, name);
	return each_name(sc->a, path, scan_folder, sc);
}

static int scan_camera(void *ctx, const char *name)
{
	struct scan *sc = ctx;
	char path[ARCHIVE_PATH];

	if (!text_is_name(name, strlen(name)))
		return 0;
	snprintf(sc->camera, sizeof sc->camera, "%s", name);
	snprintf(path, sizeof path, "footage/%s", name);
	return each_name(sc->a, path, scan_rendition, sc);
}

int archive_open(int dirfd, struct archive **ret, bool *ret_stale)
{
	struct scan sc = {.a = calloc(1, sizeof *sc.a)};
	int rc;

	if (!sc.a)
		return -ENOMEM;
	sc.a->dirfd = dirfd;
	rc = each_name(sc.a, "footage", scan_camera, &sc);
	if (rc) {
		archive_free(&sc.a);
		return rc;
	}
	*ret = sc.a;
	*ret_stale = sc.stale;
	return 0;
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

/* --- the newest folders ----------------------------------------------------------------- */

/* The files of one folder, a bit each: no sorting, which in glibc asks the system how much memory it has. */
struct listing {
	uint64_t folder[2];              /* the highest two numbers + 1, 0 for none; highest first */
	uint64_t no;                     /* of what whole and unfinished say */
	bool whole[ARCHIVE_FOLDER], unfinished[ARCHIVE_FOLDER];
};

static int list_folder(void *ctx, const char *name)
{
	struct listing *l = ctx;
	uint64_t no;

	if (!is_folder(name, &no))
		return 0;
	no++;
	if (no > l->folder[0]) {
		l->folder[1] = l->folder[0];
		l->folder[0] = no;
	} else if (no > l->folder[1]) {
		l->folder[1] = no;
	}
	return 0;
}

static int list_file(void *ctx, const char *name)
{
	struct listing *l = ctx;
	size_t n = strspn(name, "0123456789");
	bool unfinished = !strcmp(name + n, ".m4s.tmp");
	uint64_t number;

	if ((!unfinished && strcmp(name + n, ".m4s")) || text_u64(name, n, ENTRY_NUMBER_MAX, &number) || number / ARCHIVE_FOLDER != l->no)
		return 0;
	(unfinished ? l->unfinished : l->whole)[number % ARCHIVE_FOLDER] = true;
	return 0;
}

static int list_folders(const struct archive *a, const struct shelf *s, struct listing *l)
{
	char path[ARCHIVE_PATH];

	*l = (struct listing){0};
	snprintf(path, sizeof path, "footage/%s/%s", s->camera, s->rendition);
	return each_name(a, path, list_folder, l);
}

/* The i-th of the listed folders; false when there is none. */
static bool list_files(const struct archive *a, const struct shelf *s, unsigned i, struct listing *l, int *rc)
{
	char path[ARCHIVE_PATH];

	if (*rc || !l->folder[i])
		return false;
	l->no = l->folder[i] - 1;
	memset(l->whole, 0, sizeof l->whole);
	memset(l->unfinished, 0, sizeof l->unfinished);
	snprintf(path, sizeof path, "footage/%s/%s/%06" PRIu64, s->camera, s->rendition, l->no);
	*rc = each_name(a, path, list_file, l);
	return *rc == 0;
}

static int each_of(const struct shelf *s, const struct listing *l, archive_found *found, void *ctx)
{
	int rc = 0;

	for (unsigned k = 0; k < ARCHIVE_FOLDER && !rc; k++) {
		uint64_t number = l->no * ARCHIVE_FOLDER + k;

		if (l->whole[k])
			rc = found(ctx, s->camera, s->rendition, number, false);
		if (l->unfinished[k] && !rc)
			rc = found(ctx, s->camera, s->rendition, number, true);
	}
	return rc;
}

int archive_each_new(struct archive *a, archive_found *found, void *ctx)
{
	struct listing l;
	int rc = 0;

	for (unsigned i = 0; i < a->nshelves && !rc; i++) {
		struct shelf *s = &a->shelf[i];

		rc = list_folders(a, s, &l);
		for (int k = 1; k >= 0; k--)
			if (list_files(a, s, (unsigned)k, &l, &rc))
				rc = each_of(s, &l, found, ctx);
	}
	return rc;
}

int archive_highest(const struct archive *a, const char *camera, uint64_t *ret)
{
	uint64_t highest = 0;
	struct listing l;
	int rc = 0;

	for (unsigned i = 0; i < a->nshelves && !rc; i++) {
		if (strcmp(a->shelf[i].camera, camera))
			continue;
		rc = list_folders(a, &a->shelf[i], &l);
		if (!list_files(a, &a->shelf[i], 0, &l, &rc))
			continue;
		for (unsigned k = 0; k < ARCHIVE_FOLDER; k++)
			if ((l.whole[k] || l.unfinished[k]) && l.no * ARCHIVE_FOLDER + k > highest)
				highest = l.no * ARCHIVE_FOLDER + k;
	}
	if (!rc)
		*ret = highest;
	return rc;
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
	rc = io_make_folders(a->dirfd, path);
	if (!rc)
		rc = index_write(a->dirfd, camera, rendition, number, slot);
	if (rc)
		return rc;
	fd = openat(a->dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int archive_finish(struct archive *a, const char *camera, const char *rendition, uint64_t number, const struct archive_slot *slot, int fd)
{
	char from[ARCHIVE_PATH], to[ARCHIVE_PATH];
	struct shelf *s = shelf_of(a, camera, rendition);
	struct archive_slot kept = *slot;
	int rc;

	if (!s)
		return -ENOMEM;
	if (fdatasync(fd) < 0)
		return -errno;
	archive_segment_path(camera, rendition, number, true, from);
	archive_segment_path(camera, rendition, number, false, to);
	if (renameat(a->dirfd, from, a->dirfd, to) < 0)
		return -errno;
	kept.kept = true;
	rc = index_write(a->dirfd, camera, rendition, number, &kept);
	return rc ? rc : count(a, s, number, &kept);
}

void archive_abandon(struct archive *a, const char *camera, const char *rendition, uint64_t number)
{
	char path[ARCHIVE_PATH];

	archive_segment_path(camera, rendition, number, true, path);
	unlinkat(a->dirfd, path, 0);
}

int archive_note(struct archive *a, const char *camera, const char *rendition, uint64_t number, const struct archive_slot *slot)
{
	struct shelf *s = shelf_of(a, camera, rendition);
	struct archive_slot old;
	int rc;

	if (!s)
		return -ENOMEM;
	if (index_read(a->dirfd, camera, rendition, number, &old) == 0 && old.kept)
		uncount(a, s, number, &old);
	rc = index_write(a->dirfd, camera, rendition, number, slot);
	return rc || !slot->kept ? rc : count(a, s, number, slot);
}

/* --- retention -------------------------------------------------------------------------- */

#define RUN_SPAN_US (60 * (int64_t)1000000)   /* what one delete entry takes of a rendition while others hold as old footage */

static struct shelf *oldest_shelf(struct archive *a, int64_t *ret_next_us)
{
	struct shelf *best = NULL;

	*ret_next_us = INT64_MAX;
	for (unsigned i = 0; i < a->nshelves; i++) {
		struct shelf *s = &a->shelf[i];

		if (!look_up_oldest(a, s))
			continue;
		if (!best || s->oldest_us < best->oldest_us) {
			*ret_next_us = best ? best->oldest_us : INT64_MAX;
			best = s;
		} else if (s->oldest_us < *ret_next_us) {
			*ret_next_us = s->oldest_us;
		}
	}
	return best;
}

bool archive_oldest(struct archive *a, uint64_t need_bytes, struct archive_run *ret)
{
	struct index_page page;
	struct archive_run run = {0};
	struct shelf *s;
	int64_t next_us;

	s = oldest_shelf(a, &next_us);
	if (!s || index_read_page(a->dirfd, s->camera, s->rendition, s->oldest / ARCHIVE_FOLDER, &page))
		return false;
	for (unsigned i = (unsigned)(s->oldest % ARCHIVE_FOLDER); i < ARCHIVE_FOLDER && run.bytes < need_bytes; i++) {
		const struct archive_slot *slot = &page.slot[i];

		if (!slot->kept)
			continue;
		if (run.bytes && next_us < INT64_MAX - RUN_SPAN_US && slot->start_us > next_us + RUN_SPAN_US)
			break;
		run.to = s->oldest / ARCHIVE_FOLDER * ARCHIVE_FOLDER + i;
		run.bytes += slot->bytes;
	}
	run.from = s->oldest;
	snprintf(run.camera, sizeof run.camera, "%s", s->camera);
	snprintf(run.rendition, sizeof run.rendition, "%s", s->rendition);
	*ret = run;
	return run.bytes > 0;
}

int archive_remove(struct archive *a, const struct archive_run *run)
{
	struct shelf *s = find_shelf(a, run->camera, run->rendition);
	char path[ARCHIVE_PATH];
	struct index_page page;
	int rc, first = 0;

	if (!s || run->from > run->to || run->from / ARCHIVE_FOLDER != run->to / ARCHIVE_FOLDER)
		return -EINVAL;
	rc = index_read_page(a->dirfd, s->camera, s->rendition, run->from / ARCHIVE_FOLDER, &page);
	for (uint64_t n = run->from; n <= run->to && !rc; n++) {
		struct archive_slot *slot = &page.slot[n % ARCHIVE_FOLDER];

		if (!slot->kept)
			continue;
		archive_segment_path(s->camera, s->rendition, n, false, path);
		if (unlinkat(a->dirfd, path, 0) < 0 && errno != ENOENT) {
			first = first ? first : -errno;
			continue;
		}
		uncount(a, s, n, slot);
		slot->kept = false;
		rc = index_write(a->dirfd, s->camera, s->rendition, n, slot);
	}
	archive_segment_path(s->camera, s->rendition, run->to, false, path);
	*strrchr(path, '/') = 0;
	unlinkat(a->dirfd, path, AT_REMOVEDIR);  /* when it was the last */
	return rc ? rc : first;
}
