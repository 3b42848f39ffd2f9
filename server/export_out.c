/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/export_out.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

#define HEAD_MAX (160u << 20)

static const char unfinished[] =
	"This export was broken off, and is not whole. Nothing in it should be relied upon; it can be removed.\n";

static int is_empty(int fd)
{
	DIR *dir = fdopendir(dup(fd));
	const struct dirent *e;
	int rc = 0;

	if (!dir)
		return -errno;
	while (!rc && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = -ENOTEMPTY;
	closedir(dir);
	return rc;
}

/* A folder may be there if nothing is in it. */
static int check_free(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : errno == ENOTDIR ? -EEXIST : -errno;
	rc = is_empty(fd);
	close(fd);
	return rc;
}

static char *with_tmp(const char *path)
{
	size_t n = strlen(path);
	char *s;

	while (n > 1 && path[n - 1] == '/')
		n--;
	s = malloc(n + sizeof ".tmp");
	if (s)
		snprintf(s, n + sizeof ".tmp", "%.*s.tmp", (int)n, path);
	return s;
}

static int write_file(int dirfd, const char *name, const void *p, size_t n)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644), rc;

	if (fd < 0)
		return -errno;
	rc = io_write_all(fd, p, n);
	close(fd);
	return rc;
}

static int open_folder(struct export_out *o, const char **ret_what)
{
	int rc;

	*ret_what = o->folder;
	rc = check_free(o->folder);
	if (rc)
		return rc;
	o->folder_tmp = with_tmp(o->folder);
	if (!o->folder_tmp)
		return -ENOMEM;
	*ret_what = o->folder_tmp;
	if (mkdir(o->folder_tmp, 0755) < 0)
		return -errno;
	o->dirfd = open(o->folder_tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (o->dirfd < 0 || mkdirat(o->dirfd, "proofs", 0755) < 0)
		return -errno;
	return write_file(o->dirfd, EXPORT_UNFINISHED, unfinished, sizeof unfinished - 1);
}

static int open_zip(struct export_out *o, const char **ret_what)
{
	*ret_what = o->zip;
	if (access(o->zip, F_OK) == 0)
		return -EEXIST;
	o->zip_tmp = with_tmp(o->zip);
	if (!o->zip_tmp)
		return -ENOMEM;
	*ret_what = o->zip_tmp;
	o->zip_file = open(o->zip_tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return o->zip_file < 0 ? -errno : 0;
}

int export_out_open(struct export_out *o, const char *folder, const char *zip, const char *name, int64_t now_us, const char **ret_what)
{
	int rc = 0;

	*o = (struct export_out){.folder = folder, .zip = zip, .dirfd = -1, .file = -1, .zip_file = -1};
	export_zip_init(&o->list, name, now_us);
	buf_init(&o->head, HEAD_MAX);
	if (folder)
		rc = open_folder(o, ret_what);
	if (!rc && zip)
		rc = open_zip(o, ret_what);
	return rc;
}

static int to_folder(struct export_out *o, const struct clip_piece *p)
{
	int rc;

	if (p->begins)
		o->file = openat(o->dirfd, p->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (o->file < 0)
		return -errno;
	rc = io_write_all(o->file, p->p, p->n);
	if (!rc && p->ends) {
		close(o->file);
		o->file = -1;
	}
	return rc;
}

static int to_zip(struct export_out *o, const struct clip_piece *p)
{
	int rc = 0;

	buf_clear(&o->head);
	if (p->begins)
		rc = export_zip_begin(&o->list, p->name, p->file_bytes, p->crc32, &o->head);
	if (!rc && o->head.len)
		rc = io_write_all(o->zip_file, buf_data(&o->head), o->head.len);
	return rc ? rc : io_write_all(o->zip_file, p->p, p->n);
}

int export_out_piece(struct export_out *o, const struct clip_piece *p, const char **ret_what)
{
	int rc = 0;

	o->begun = true;
	*ret_what = o->folder_tmp;
	if (o->folder)
		rc = to_folder(o, p);
	if (rc || !o->zip)
		return rc;
	*ret_what = o->zip_tmp;
	return to_zip(o, p);
}

static int finish_folder(struct export_out *o)
{
	int rc = unlinkat(o->dirfd, EXPORT_UNFINISHED, 0) < 0 ? -errno : 0;

	if (!rc && (syncfs(o->dirfd) < 0 || rename(o->folder_tmp, o->folder) < 0))
		rc = -errno;
	return rc;
}

static int finish_zip(struct export_out *o)
{
	int rc;

	buf_clear(&o->head);
	rc = export_zip_end(&o->list, &o->head);
	if (!rc)
		rc = io_write_all(o->zip_file, buf_data(&o->head), o->head.len);
	if (!rc && (fsync(o->zip_file) < 0 || rename(o->zip_tmp, o->zip) < 0))
		rc = -errno;
	return rc;
}

int export_out_finish(struct export_out *o, const char **ret_what)
{
	int rc = 0;

	*ret_what = o->folder;
	if (o->folder)
		rc = finish_folder(o);
	if (rc || !o->zip)
		return rc;
	*ret_what = o->zip;
	return finish_zip(o);
}

static void remove_empty(struct export_out *o)
{
	if (o->dirfd >= 0) {
		unlinkat(o->dirfd, EXPORT_UNFINISHED, 0);
		unlinkat(o->dirfd, "proofs", AT_REMOVEDIR);
		rmdir(o->folder_tmp);
	}
	if (o->zip_file >= 0)
		unlink(o->zip_tmp);
}

void export_out_close(struct export_out *o)
{
	if (!o->begun)
		remove_empty(o);
	if (o->file >= 0)
		close(o->file);
	if (o->dirfd >= 0)
		close(o->dirfd);
	if (o->zip_file >= 0)
		close(o->zip_file);
	free(o->folder_tmp);
	free(o->zip_tmp);
	export_zip_free(&o->list);
	buf_free(&o->head);
}
