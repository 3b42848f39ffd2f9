/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/backup_find.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "server/token.h"

#define OWN_FILES 32        /* more than add_state, add_keys and add_site name, the site's parts left out */

struct finder {
	const struct site *site;
	const char *credentials, *state;
	struct backup_paths *found;
	int rc;                     /* of the first that failed */
};

enum { IF_THERE = 1, CHANGES = 2 };

static bool is_found(const struct backup_paths *p, const char *path)
{
	for (unsigned i = 0; i < p->n; i++)
		if (!strcmp(p->at[i].path, path))
			return true;
	return false;
}

/* The same place without "." and "..", which no path in a backup has; as it is where a link makes that another place. */
static void make_plain(char path[PATH_MAX])
{
	char plain[PATH_MAX];
	struct stat is, was;
	size_t n = 0, len;

	for (const char *s = path; *s; s += len + 1) {
		len = strcspn(s + 1, "/");
		if (len == 2 && s[1] == '.' && s[2] == '.')
			while (n && plain[--n] != '/')
				;
		else if (len && (len > 1 || s[1] != '.')) {
			memcpy(plain + n, s, len + 1);
			n += len + 1;
		}
	}
	plain[n] = 0;
	if (stat(path, &was) < 0 ? stat(plain, &is) < 0 : stat(plain, &is) == 0 && is.st_dev == was.st_dev && is.st_ino == was.st_ino)
		memcpy(path, plain, n + 1);
}

/* The path and, behind it, tail. There is room for all that a site can name. */
static void add(struct finder *f, const char *path, const char *tail, unsigned how)
{
	char whole[PATH_MAX], *copy;

	if (!f->rc && (size_t)snprintf(whole, sizeof whole, "%s%s", path, tail) >= sizeof whole)
		f->rc = -ENAMETOOLONG;
	if (f->rc)
		return;
	make_plain(whole);
	if (is_found(f->found, whole))
		return;
	copy = strdup(whole);
	if (copy)
		f->found->at[f->found->n++] = (struct backup_path){.path = copy, .if_there = how & IF_THERE, .changes = how & CHANGES};
	else
		f->rc = -ENOMEM;
}

/* Where the file is that the site knows by this path: LoadCredential=cameras:FOLDER gives FOLDER/gate the name cameras_gate. */
static const char *source(const struct finder *f, const char *path, char out[PATH_MAX])
{
	const char *name = strrchr(path, '/') + 1;
	char *line;

	if (!site_is_credential(path))
		return path;
	snprintf(out, PATH_MAX, "%s/%s", f->credentials, name);
	line = strrchr(out, '/');
	line = line ? strchr(line, '_') : NULL;
	if (line && access(out, F_OK) < 0)
		*line = '/';
	return out;
}

static void add_file(struct finder *f, const char *path, const char *tail, unsigned how)
{
	char whole[PATH_MAX];

	if (path)
		add(f, source(f, path, whole), tail, how);
}

/* Beside the key, or where the unit may write: sign_state_path. */
static void add_state(struct finder *f)
{
	const char *key = f->site->key, *path = key;
	char beside[PATH_MAX];

	if (site_is_credential(key)) {
		snprintf(beside, sizeof beside, "%s%s", f->state, strrchr(key, '/'));
		path = beside;
	}
	add(f, path, ".state", IF_THERE | CHANGES);
	add(f, path, ".share-key", IF_THERE);
	add(f, path, ".shares", IF_THERE | CHANGES);
	add(f, f->state, "/site.admin", IF_THERE);
	add(f, f->site->file, ".admin", IF_THERE);
}

/* A file that says where a token's key is names others: the PIN's, and the TPM's own, which nothing else holds. */
static void add_token(struct finder *f, const char *tail)
{
	char path[PATH_MAX], key[PATH_MAX];
	const char *why;
	struct token t;
	struct buf b;
	int fd;

	if ((size_t)snprintf(key, sizeof key, "%s%s", source(f, f->site->key, path), tail) >= sizeof key)
		return;
	fd = io_open_regular(AT_FDCWD, key, O_RDONLY, 0);
	if (fd < 0)
		return;
	buf_init(&b, TOKEN_BYTES_MAX);
	if (io_read_all(fd, &b) == 0 && token_parse(buf_data(&b), b.len, &t, &why) == 0) {
		if (*t.pin)
			add(f, t.pin, "", IF_THERE);
		if (!strncmp(t.uri, "file:/", 6))
			add(f, t.uri + 5, "", IF_THERE);
	}
	if (b.mem)
		explicit_bzero(b.mem, b.cap);
	buf_free(&b);
	close(fd);
}

static void add_keys(struct finder *f)
{
	static const char *const tail[] = {".pub", ".next", ".next.pub"};
	const struct site *s = f->site;

	add_file(f, s->key, "", 0);
	add_token(f, "");
	add_token(f, ".next");
	for (unsigned i = 0; i < sizeof tail / sizeof *tail; i++)
		add_file(f, s->key, tail[i], IF_THERE);
	add_file(f, s->tls_certificate, "", 0);
	add_file(f, s->tls_key, "", 0);
	add_file(f, s->tls_client_ca, "", 0);
	add_file(f, s->witnesses, "", 0);
	add_file(f, s->media_key, "", 0);
	add_file(f, s->media_certificate, "", 0);
}

static void add_passwords(struct finder *f)
{
	for (unsigned i = 0; i < f->site->ncameras; i++) {
		add_file(f, f->site->camera[i].password_file, "", 0);
		add_file(f, f->site->camera[i].ca, "", 0);
	}
	for (unsigned i = 0; i < f->site->nusers; i++)
		add_file(f, f->site->user[i].rtsp_digest_file, "", 0);
}

/* Last, so that a restore that was broken off has no site file, and no server starts with half of the rest. */
static void add_site(struct finder *f)
{
	const struct site *s = f->site;
	char folder[PATH_MAX];

	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(s->file, '/') - s->file + 1), s->file);
	for (unsigned i = 1; i < s->nparts; i++)
		add(f, folder, s->part[i].name, 0);
	add(f, s->file, ".sig", IF_THERE);
	add(f, s->file, "", 0);
}

int backup_find(const struct site *site, const char *credentials, const char *state, struct backup_paths *ret)
{
	struct finder f = {.site = site, .credentials = credentials, .state = state, .found = ret};

	*ret = (struct backup_paths){.at = calloc(OWN_FILES + site->nparts + 2 * site->ncameras + site->nusers, sizeof *ret->at)};
	if (!ret->at)
		return -ENOMEM;
	add_state(&f);
	add_keys(&f);
	add_passwords(&f);
	add_site(&f);
	return f.rc;
}

void backup_paths_free(struct backup_paths *p)
{
	for (unsigned i = 0; i < p->n; i++)
		free(p->at[i].path);
	free(p->at);
	*p = (struct backup_paths){.at = NULL};
}
