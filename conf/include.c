/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/include.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "conf/loader.h"
#include "conf/rights.h"

#define PATTERN_MAX 100
#define FOLDER_MAX (SITE_PART_NAME - PATTERN_MAX - 2)
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

struct include {
	struct site *site;
	struct site_report *report;
	const struct schema_key *key;
	struct complaint_at at;          /* of the value */
	char folder[FOLDER_MAX + 1], pattern[PATTERN_MAX + 1];
	char *name[SITE_PARTS_MAX];      /* owned; of the folder's files that match */
	unsigned n;
};

static void complain(struct include *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void complain(struct include *in, const char *fmt, ...)
{
	struct loader l = {.report = in->report};
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	loader_complain(&l, in->key, in->at, "%s", text);
}

/* Where the folder ends, in what says one folder and which of its files; 0 for anything else. */
static size_t folder_of(const struct ytree_node *n)
{
	const char *slash = n->kind == YTREE_SCALAR ? strrchr(n->text, '/') : NULL;
	size_t folder = slash ? (size_t)(slash - n->text) : 0, name = slash ? strlen(slash + 1) : 0;

	if (!name || name > PATTERN_MAX || slash[1] == '.' || strspn(slash + 1, LETTERS "*?") != name)
		return 0;
	return folder <= FOLDER_MAX && n->text[0] != '~' && strcspn(n->text, "*?\"\\") >= folder ? folder : 0;
}

void include_set(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	if (!folder_of(n))
		loader_complain(l, k, n->at, "\"%s\" is not %s: one folder, of at most %d bytes, and letters, digits, '.', '_' and '-' behind it",
				loader_quote(n->text, n->len).text, schema_type_text(k->type), FOLDER_MAX);
}

static bool take_pattern(struct include *in, const struct ytree_node *n)
{
	size_t folder = folder_of(n);

	snprintf(in->folder, sizeof in->folder, "%.*s", (int)folder, folder ? n->text : "");
	snprintf(in->pattern, sizeof in->pattern, "%s", folder ? n->text + folder + 1 : "");
	return folder > 0;
}

/* A descriptor, or -errno. */
static int open_folder(const struct include *in)
{
	const char *slash = strrchr(in->site->file, '/');
	char path[PATH_MAX];
	int fd;

	if ((size_t)snprintf(path, sizeof path, "%.*s%s", in->folder[0] == '/' ? 0 : (int)(slash - in->site->file + 1), in->site->file, in->folder) >= sizeof path)
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* One entry of the folder; false when there is no going on. */
static bool take_name(struct include *in, const char *name, int *rc)
{
	if (name[0] == '.' || !rights_match(in->pattern, name))
		return true;
	if (strlen(name) > PATTERN_MAX || name[strspn(name, LETTERS)]) {
		complain(in, "a file's name \"%s\" is not at most %d letters, digits, '.', '_' and '-': rename it", loader_quote(name, strlen(name)).text, PATTERN_MAX);
		return true;
	}
	if (in->n == SITE_PARTS_MAX - 1) {
		complain(in, "more than %d files: put several cameras into one", SITE_PARTS_MAX - 1);
		return false;
	}
	in->name[in->n] = strdup(name);
	*rc = in->name[in->n] ? 0 : -ENOMEM;
	in->n += !*rc;
	return !*rc;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of their names, whatever the folder's is. */
static int list_folder(struct include *in, DIR *dir)
{
	const struct dirent *e;
	unsigned seen = 0;
	int rc = 0;

	errno = 0;
	while ((e = readdir(dir)) && take_name(in, e->d_name, &rc)) {
		if (++seen > INCLUDE_ENTRIES_MAX) {
			complain(in, "there is more than %d things in %s: give the cameras a folder of their own", INCLUDE_ENTRIES_MAX, in->folder);
			break;
		}
		errno = 0;
	}
	if (!rc && !e && errno)
		complain(in, "%s: %s", in->folder, strerror(errno));
	qsort(in->name, in->n, sizeof *in->name, by_bytes);
	return rc;
}

static void complain_file(struct include *in, unsigned part, int rc)
{
	struct complaint_at at = {(int)part * SITE_LINES, 0};

	if (rc == -ENOBUFS)
		complaint_add(in->report, at, NULL, "with this file the site has more than %u bytes", SITE_FILE_MAX);
	else if (rc == -ELOOP)
		complaint_add(in->report, at, NULL, "this is a symbolic link, which is not followed: put the file itself there");
	else if (rc == -EINVAL)
		complaint_add(in->report, at, NULL, "this is not a file: remove it, or leave it out of include:");
	else if (rc == -EACCES)
		complaint_add(in->report, at, NULL, "%s: the user that runs casemate must be able to read it", strerror(-rc));
	else
		complaint_add(in->report, at, NULL, "%s", strerror(-rc));
}

static int read_file(struct include *in, int folder, const char *name)
{
	struct site *site = in->site;
	struct site_part *part = &site->part[site->nparts];
	int fd = io_open_regular(folder, name, O_RDONLY | O_NOFOLLOW, 0), rc = fd;

	*part = (struct site_part){.at = site->bytes.len};
	snprintf(part->name, sizeof part->name, "%.*s/%.*s", FOLDER_MAX, in->folder, PATTERN_MAX, name);
	if (fd >= 0) {
		rc = io_read_all(fd, &site->bytes);
		close(fd);
	}
	part->len = site->bytes.len - part->at;
	if (rc < 0)
		complain_file(in, site->nparts, rc);
	site->nparts++;
	return rc == -ENOMEM || rc == -ENOBUFS ? rc : 0;
}

static int read_folder(struct include *in, int fd)
{
	DIR *dir = fdopendir(fd);
	int rc;

	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	rc = list_folder(in, dir);
	for (unsigned i = 0; i < in->n && !rc; i++)
		rc = read_file(in, fd, in->name[i]);
	closedir(dir);
	return rc == -ENOBUFS ? 0 : rc;
}

int include_read(struct site *site, const struct ytree_node *value, struct site_report *report)
{
	struct include *in = calloc(1, sizeof *in);
	int fd = -EINVAL, rc = 0;

	if (!in)
		return -ENOMEM;
	*in = (struct include){.site = site, .report = report, .key = schema_find("", "include", strlen("include")), .at = value->at};
	if (take_pattern(in, value)) {
		fd = open_folder(in);
		if (fd < 0)
			complain(in, "the folder %s: %s", in->folder, strerror(-fd));
		else
			rc = read_folder(in, fd);
	}
	for (unsigned i = 0; i < in->n; i++)
		free(in->name[i]);
	free(in);
	return rc;
}
