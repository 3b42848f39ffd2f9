/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate backup: keys, state and site files in one file, enciphered. Asks nothing of the server, which may run meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/options.h"
#include "conf/complaint.h"
#include "server/backup_ask.h"
#include "server/backup_find.h"
#include "server/backup_pack.h"
#include "server/backup_seal.h"
#include "server/commands.h"
#include "server/openssl.h"

#define CREDENTIALS_DEFAULT "/etc/casemate"
#define STATE_DEFAULT "/var/lib/casemate"
#define TRIES 5

static const char usage[] =
	"usage: casemate backup [-c SITE.yaml] [OPTION...] FILE\n"
	"Writes the site file and what it includes, keys, certificates, passwords and the key's\n"
	"state to FILE, enciphered under a passphrase. Footage and log are not in it. The server\n"
	"may run meanwhile.\n"
	"  -c, --config FILE           the site file (default " SITE_FILE_DEFAULT ")\n"
	"  -p, --passphrase-file FILE  the passphrase is its first line (else it is asked for, or\n"
	"                              without a terminal the first line of standard input)\n"
	"      --credentials FOLDER    where the files of credential:NAME are (default " CREDENTIALS_DEFAULT ")\n"
	"      --state FOLDER          the unit's state folder (default " STATE_DEFAULT ")\n"
	"      --force                 over a FILE that is there\n"
	"  -h, --help                  this text\n"
	"casemate restore puts them back. Exit status: 0, 1 the site file is not good, 2 nothing was written.\n";

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "casemate backup: %s: %s\n", what, why);
	return 2;
}

/* Names, since numbers are another machine's; the number where there is no name. */
static void owners(const struct stat *st, char owner[BACKUP_NAME], char group[BACKUP_NAME])
{
	const struct passwd *u = getpwuid(st->st_uid);
	const struct group *g = getgrgid(st->st_gid);  // cppcheck-suppress getgrgidCalled // one thread

	snprintf(owner, BACKUP_NAME, "%u", st->st_uid);
	snprintf(group, BACKUP_NAME, "%u", st->st_gid);
	if (u && strlen(u->pw_name) < BACKUP_NAME)
		snprintf(owner, BACKUP_NAME, "%s", u->pw_name);
	if (g && strlen(g->gr_name) < BACKUP_NAME)
		snprintf(group, BACKUP_NAME, "%s", g->gr_name);
}

static int pack(struct buf *plain, const char *path, const struct stat *st, const struct buf *bytes)
{
	char owner[BACKUP_NAME], group[BACKUP_NAME];
	/* Of a folder like /tmp no more than is safe without its sticky bit. */
	struct backup_entry e = {.folder = !bytes, .mode = st->st_mode & (st->st_mode & S_ISVTX ? 0755 : 0777), .owner = owner, .group = group, .path = path};

	owners(st, owner, group);
	if (bytes) {
		e.bytes = buf_data(bytes);
		e.len = bytes->len;
	}
	return backup_pack(plain, &e);
}

/* Whether a file that was taken before lies below the folder, too: the first n bytes of the path. */
static bool has_folder(const struct backup_paths *p, const struct stat *seen, unsigned i, size_t n)
{
	for (unsigned k = 0; k < i; k++)
		if (seen[k].st_ino && !strncmp(p->at[k].path, p->at[i].path, n) && p->at[k].path[n] == '/')
			return true;
	return false;
}

/* The folders that a file is in, the outermost first: none of them may be there when it is put back, and each has an owner and a mode. */
static int pack_folders(struct buf *plain, const struct backup_paths *p, const struct stat *seen, unsigned i)
{
	const char *path = p->at[i].path;
	char folder[PATH_MAX];
	struct stat st;
	int rc = 0;

	for (const char *end = strchr(path + 1, '/'); end && !rc; end = strchr(end + 1, '/')) {
		if (has_folder(p, seen, i, (size_t)(end - path)))
			continue;
		snprintf(folder, sizeof folder, "%.*s", (int)(end - path), path);
		rc = stat(folder, &st) < 0 ? -errno : pack(plain, folder, &st, NULL);
	}
	return rc;
}

/* 0 with seen[i] of what was read; 1: it is not there and need not be. */
static int take(struct buf *plain, struct buf *bytes, const struct backup_paths *p, unsigned i, struct stat *seen)
{
	const struct backup_path *it = &p->at[i];
	struct stat *st = &seen[i];
	int fd = io_open_regular(AT_FDCWD, it->path, O_RDONLY, 0), rc;

	*st = (struct stat){.st_ino = 0};
	if (fd == -ENOENT && it->if_there)
		return 1;
	if (fd < 0)
		return fd;
	buf_clear(bytes);
	rc = fstat(fd, st) < 0 ? -errno : io_read_all(fd, bytes);
	close(fd);
	if (!rc)
		rc = pack_folders(plain, p, seen, i);
	return rc ? rc : pack(plain, it->path, st, bytes);
}

static bool is_same(const struct backup_path *it, const struct stat *was)
{
	struct stat is = {.st_ino = 0};

	if (stat(it->path, &is) < 0)
		return !was->st_ino;
	return it->changes || (is.st_dev == was->st_dev && is.st_ino == was->st_ino && is.st_size == was->st_size && is.st_mtim.tv_sec == was->st_mtim.tv_sec &&
			       is.st_mtim.tv_nsec == was->st_mtim.tv_nsec);
}

/* All of them as they are at one moment: none is another when the last was read. -EAGAIN: one is. */
static int take_all(const struct backup_paths *p, struct buf *plain, struct buf *bytes, struct stat *seen, unsigned *ret_n, const char **ret_path)
{
	int rc = 0;

	*ret_n = 0;
	for (unsigned i = 0; i < p->n; i++) {
		*ret_path = p->at[i].path;
		rc = take(plain, bytes, p, i, seen);
		if (rc < 0)
			return rc;
		*ret_n += rc == 0;
	}
	for (unsigned i = 0; i < p->n; i++) {
		*ret_path = p->at[i].path;
		if (!is_same(&p->at[i], &seen[i]))
			return -EAGAIN;
	}
	return 0;
}

static int take_site(const struct site *site, const struct backup_paths *p, struct buf *plain, unsigned *ret_n)
{
	struct backup_head head = {.time_us = clock_wall_us()};
	struct stat *seen = calloc(p->n, sizeof *seen);
	const char *path = site->file;
	struct buf bytes;
	int rc = seen ? -EAGAIN : -ENOMEM;

	snprintf(head.origin, sizeof head.origin, "%s", site->origin);
	buf_init(&bytes, BACKUP_FILE_MAX);
	/* At once as large as they may be: what grows leaves bytes behind that nobody wipes. */
	if (!buf_reserve(&bytes, BACKUP_FILE_MAX) || !buf_reserve(plain, BACKUP_BYTES_MAX))
		rc = -ENOMEM;
	for (unsigned i = 0; i < TRIES && rc == -EAGAIN; i++) {
		buf_clear(plain);
		rc = backup_pack_head(plain, &head);
		if (!rc)
			rc = take_all(p, plain, &bytes, seen, ret_n, &path);
	}
	if (bytes.mem)
		explicit_bzero(bytes.mem, bytes.cap);
	buf_free(&bytes);
	free(seen);
	if (!rc)
		return 0;
	return fail(path, rc == -EACCES   ? "Permission denied: run this as who may read the keys, root where they are credentials"
		    : rc == -EAGAIN	  ? "it changes while it is read: try again when nobody works on the site"
		    : rc == -EINVAL	  ? "it is no file, or its path has characters that cannot be shown"
		    : rc == -ENOBUFS	  ? "it is larger than any file of a site"
					  : strerror(-rc));
}

/* Whole or not at all. */
static int put(const char *file, bool force, const struct buf *sealed)
{
	if (!force && (access(file, F_OK) == 0 || errno != ENOENT))
		return fail(file, "it is there already; --force writes over it");
	int rc = io_replace_file(AT_FDCWD, file, buf_data(sealed), sealed->len, 0600);

	return rc ? fail(file, strerror(-rc)) : 0;
}

struct options {
	const char *config, *passphrase, *credentials, *state, *file;
	bool force;
};

static int seal_and_put(const struct options *o, const struct buf *plain)
{
	struct prompt_password p;
	struct buf sealed;
	int rc = backup_ask("backup", o->passphrase, true, &p);

	if (rc)
		return 2;
	buf_init(&sealed, BACKUP_HEAD_BYTES + BACKUP_BYTES_MAX + BACKUP_TAG_BYTES);
	rc = backup_seal(p.text, p.len, (struct backup_cost){BACKUP_COST_KIB, BACKUP_COST_PASSES}, buf_data(plain), plain->len, &sealed);
	explicit_bzero(&p, sizeof p);
	rc = rc ? fail(o->file, rc == -ENOMEM ? "there are no 256 MiB of memory for its key" : strerror(-rc)) : put(o->file, o->force, &sealed);
	buf_free(&sealed);
	return rc;
}

static int backup_site(const struct options *o, const struct site *site)
{
	struct backup_paths paths;
	struct buf plain;
	unsigned n = 0;
	int rc = backup_find(site, o->credentials, o->state, &paths);

	buf_init(&plain, BACKUP_BYTES_MAX);
	rc = rc ? fail(o->config, strerror(-rc)) : take_site(site, &paths, &plain, &n);
	if (!rc)
		rc = seal_and_put(o, &plain);
	if (!rc)
		printf("%s: %u files of %s, %zu bytes; nobody reads them without the passphrase\n", o->file, n, site->origin, plain.len);
	if (plain.mem)
		explicit_bzero(plain.mem, plain.cap);
	buf_free(&plain);
	backup_paths_free(&paths);
	return rc;
}

static int backup(const struct options *o)
{
	struct site_report *report = calloc(1, sizeof *report);
	struct site *site = NULL;
	int rc = report ? site_load_text(o->config, &site, report) : -ENOMEM;

	if (rc && report)
		complaint_print(stderr, o->config, report);
	free(report);
	if (rc)
		return rc == -EINVAL ? 1 : 2;
	rc = openssl_begins() ? backup_site(o, site) : fail("OpenSSL", strerror(ENOMEM));
	site_free(&site);
	return rc;
}

int cmd_backup(int argc, char **argv)
{
	struct options o = {.config = SITE_FILE_DEFAULT, .credentials = CREDENTIALS_DEFAULT, .state = STATE_DEFAULT};
	const struct options_row rows[] = {{"config", 'c', .value = &o.config}, {"passphrase-file", 'p', .value = &o.passphrase},
		{"credentials", .value = &o.credentials}, {"state", .value = &o.state}, {"force", .flag = &o.force}, {0}};
	int status;

	if (!options_read("backup", usage, rows, 1, argc, argv, &status))
		return status;
	if (optind == argc)
		return fail("usage", "casemate backup [-c SITE.yaml] FILE");
	if (o.credentials[0] != '/' || o.state[0] != '/')
		return fail("usage", "--credentials and --state want whole paths");
	o.file = argv[optind];
	/* No core file and no debugger while keys are in memory. */
	prctl(PR_SET_DUMPABLE, 0);
	return backup(&o);
}
