/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking through the folders: all of them at a start, by their index; the newest ones file by file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "store/archive_state.h"
#include "store/index.h"

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
	struct counts_folder *counted;          /* of the rendition, when its last folder began */
	unsigned ncounted;
	uint8_t *found;                  /* of each of these, FOUND_ bits */
	unsigned pages;                  /* that had to be read */
	bool stale;
};

#define PAGES_FEW 4u   /* read at a start where the counts are those of the newest folder */

enum { FOUND_FOOTAGE = 1, FOUND_PAGE = 2 };

/* A folder's slots, one by one. */
static int read_page(struct scan *sc, uint64_t no)
{
	struct index_page page;
	int rc = index_read_page(sc->a->dirfd, sc->camera, sc->rendition, no, &page);

	sc->pages++;
	if (rc == -ENOENT) {
		sc->stale = true;
		return 0;
	}
	for (unsigned i = 0; !rc && i < ARCHIVE_FOLDER; i++)
		if (page.slot[i].kept)
			rc = archive_count(sc->a, sc->shelf, no * ARCHIVE_FOLDER + i, &page.slot[i]);
	return rc;
}

/* Its place among those that were counted, or -1. */
static int find_counted(const struct scan *sc, uint64_t no)
{
	unsigned from = 0, to = sc->ncounted;

	while (from < to) {
		unsigned middle = from + (to - from) / 2;

		if (sc->counted[middle].no == no)
			return (int)middle;
		if (sc->counted[middle].no < no)
			from = middle + 1;
		else
			to = middle;
	}
	return -1;
}

static int scan_folder(void *ctx, const char *name)
{
	struct scan *sc = ctx;
	uint64_t no;
	int i;

	if (!is_folder(name, &no))
		return 0;
	i = find_counted(sc, no);
	if (i < 0)
		return read_page(sc, no);
	sc->found[i] |= FOUND_FOOTAGE;
	return 0;
}

static int scan_page(void *ctx, const char *name)
{
	struct scan *sc = ctx;
	uint64_t no;
	int i = is_folder(name, &no) ? find_counted(sc, no) : -1;

	if (i >= 0)
		sc->found[i] |= FOUND_PAGE;
	return 0;
}

/*
 * Those that were counted and are still there. Retention takes from the oldest alone, and new segments came only to the last: of
 * these, and of the last but one, for what a crash may have left, the page says it.
 */
static int take_counted(struct scan *sc)
{
	bool oldest = true;
	int rc = 0;

	for (unsigned i = 0; i < sc->ncounted && !rc; i++) {
		if (!(sc->found[i] & FOUND_FOOTAGE))
			continue;
		if (oldest || i + 2 >= sc->ncounted || !(sc->found[i] & FOUND_PAGE))
			rc = read_page(sc, sc->counted[i].no);
		else
			rc = archive_count_folder(sc->a, sc->shelf, &sc->counted[i]);
		oldest = false;
	}
	return rc;
}

static int scan_folders(struct scan *sc)
{
	char path[ARCHIVE_PATH];
	int rc;

	snprintf(path, sizeof path, "footage/%s/%s", sc->camera, sc->rendition);
	rc = each_name(sc->a, path, scan_folder, sc);
	if (!rc && sc->ncounted) {
		snprintf(path, sizeof path, "index/%s/%s", sc->camera, sc->rendition);
		rc = each_name(sc->a, path, scan_page, sc);
	}
	return rc ? rc : take_counted(sc);
}

static int scan_rendition(void *ctx, const char *name)
{
	struct scan *sc = ctx;
	int rc;

	if (!text_is_name(name, strlen(name)))
		return 0;
	snprintf(sc->rendition, sizeof sc->rendition, "%s", name);
	sc->shelf = archive_shelf_of(sc->a, sc->camera, name);
	if (!sc->shelf)
		return -ENOMEM;
	sc->pages = 0;
	sc->counted = NULL;
	sc->ncounted = 0;
	/* Without counts, whatever keeps them from us, the pages are read. */
	(void)counts_load(sc->a->dirfd, sc->camera, sc->rendition, &sc->counted, &sc->ncounted);
	sc->found = calloc(sc->ncounted + 1, 1);
	rc = sc->found ? scan_folders(sc) : -ENOMEM;
	if (!rc && sc->pages > PAGES_FEW)
		counts_save(sc->a->dirfd, sc->camera, sc->rendition, sc->shelf->folder, sc->shelf->nfolders);
	free(sc->counted);
	free(sc->found);
	return rc;
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
