/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/restore_put.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "server/sign_state.h"

#define STATE_TAIL ".state"

/* What there is where an entry is to be. */
enum there { NOTHING, SAME, OTHER, LARGER, IN_USE };

static int fail(const char *path, const char *why, int status)
{
	fprintf(stderr, "casemate restore: %s: %s\n", path, why);
	return status;
}

static int path_of(const struct restore *r, const struct backup_entry *e, char out[PATH_MAX])
{
	return (size_t)snprintf(out, PATH_MAX, "%s%s", r->to, e->path) < PATH_MAX ? 0 : fail(e->path, strerror(ENAMETOOLONG), 2);
}

/* An unnamed file with these bytes; a descriptor or -errno. */
static int in_memory(const struct backup_entry *e)
{
	int fd;
	int rc = io_seal_bytes("state", e->bytes, e->len, &fd);

	return rc ? rc : fd;
}

/* Whether the state that is there has signed more than the backup's, or as much, with the same key or with one that followed it. */
static bool has_signed_more(int fd, const struct backup_entry *e)
{
	struct sign_state is, was;
	int memory = in_memory(e);
	/* The counter tells how far a change of keys has come; a state that was begun anew counts from 0, however much it has signed. */
	bool more = memory >= 0 && !sign_state_open(&is, fd) && !sign_state_is_new(&is) && !sign_state_open(&was, memory) &&
		    (is.tree.size > was.tree.size || (is.tree.size == was.tree.size && is.counter >= was.counter));

	if (memory >= 0)
		close(memory);
	return more;
}

static bool is_state(const struct backup_entry *e)
{
	size_t n = strlen(e->path), tail = strlen(STATE_TAIL);

	return n > tail && !strcmp(e->path + n - tail, STATE_TAIL);
}

/* 0 with *ret, or -errno. */
static int look_at_file(int fd, const struct backup_entry *e, enum there *ret)
{
	struct buf b;
	int rc;

	buf_init(&b, BACKUP_FILE_MAX + 1);
	/* At once as large as it gets: what grows leaves bytes behind that nobody wipes. */
	rc = buf_reserve(&b, e->len + 1) ? io_read_all(fd, &b) : -ENOMEM;
	if (!rc)
		*ret = b.len == e->len && (!e->len || !memcmp(buf_data(&b), e->bytes, e->len)) ? SAME : OTHER;
	else if (rc == -ENOBUFS)
		*ret = OTHER;
	if (b.mem)
		explicit_bzero(b.mem, b.cap);
	buf_free(&b);
	if (is_state(e) && flock(fd, LOCK_EX | LOCK_NB) < 0)
		*ret = IN_USE;
	else if (is_state(e) && *ret == OTHER && has_signed_more(fd, e))
		*ret = LARGER;
	return rc == -ENOBUFS ? 0 : rc;
}

static int look(const char *path, const struct backup_entry *e, enum there *ret)
{
	struct stat st;
	int fd, rc;

	*ret = NOTHING;
	if (e->folder) {
		*ret = stat(path, &st) == 0 ? S_ISDIR(st.st_mode) ? SAME : OTHER : NOTHING;
		return *ret == OTHER ? -ENOTDIR : 0;
	}
	fd = io_open_regular(AT_FDCWD, path, O_RDONLY, 0);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	rc = look_at_file(fd, e, ret);
	close(fd);
	return rc;
}

int restore_try(const struct restore *r, const struct backup_entry *e)
{
	char path[PATH_MAX];
	enum there there;
	int rc = path_of(r, e, path);

	if (rc)
		return rc;
	rc = look(path, e, &there);
	if (rc)
		return fail(path, strerror(-rc), 2);
	if (there == IN_USE)
		return fail(path, "a server signs with it: stop that one first", 1);
	if (there == OTHER && !r->force)
		return fail(path, "is there and differs", 1);
	return 0;
}

/* By name, else by number; -1 stays whoever it is. Only root can give files away. */
static uid_t user_of(const char *name)
{
	const struct passwd *p = getpwnam(name);  // cppcheck-suppress getpwnamCalled // one thread
	uint64_t n;

	return p ? p->pw_uid : text_u64(name, strlen(name), UINT32_MAX - 1, &n) ? (uid_t)-1 : (uid_t)n;
}

static gid_t group_of(const char *name)
{
	const struct group *g = getgrnam(name);  // cppcheck-suppress getgrnamCalled // one thread
	uint64_t n;

	return g ? g->gr_gid : text_u64(name, strlen(name), UINT32_MAX - 1, &n) ? (gid_t)-1 : (gid_t)n;
}

/* 0 or -errno. A name that this machine does not know is no fault: it is said. */
static int give(int fd, const char *path, const struct backup_entry *e)
{
	uid_t user = user_of(e->owner);
	gid_t group = group_of(e->group);

	if (geteuid() == 0 && (user == (uid_t)-1 || group == (gid_t)-1))
		fail(path, "there is no such user or group here as it belonged to: chown it", 0);
	if (geteuid() == 0 && fchown(fd, user, group) < 0)
		return -errno;
	return fchmod(fd, (mode_t)e->mode) < 0 ? -errno : 0;
}

static int put_folder(const char *path, const struct backup_entry *e)
{
	int rc = io_make_folders(AT_FDCWD, path), fd;

	if (rc)
		return rc;
	if (mkdir(path, 0700) < 0)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = give(fd, path, e);
	close(fd);
	return rc;
}

/*
 * Its folder may be another user's, who may put a link where the file is to be: so a new file is made, given away by its descriptor, and
 * then put in place of whatever is there.
 */
static int put_file(const char *path, const struct backup_entry *e)
{
	char fresh[PATH_MAX + 8];
	int fd, rc;

	snprintf(fresh, sizeof fresh, "%s.new", path);
	if (unlink(fresh) < 0 && errno != ENOENT)
		return -errno;
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	rc = io_write_all(fd, e->bytes, e->len);
	if (!rc)
		rc = give(fd, path, e);
	if (!rc && fsync(fd) < 0)
		rc = -errno;
	close(fd);
	if (!rc && rename(fresh, path) < 0)
		rc = -errno;
	if (rc)
		unlink(fresh);
	return rc;
}

/* -EEXIST: something was put aside before, and may be a key. */
static int put_aside(const char *path)
{
	char old[PATH_MAX + 8];

	snprintf(old, sizeof old, "%s.old", path);
	return renameat2(AT_FDCWD, path, AT_FDCWD, old, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

int restore_put(const struct restore *r, const struct backup_entry *e)
{
	char path[PATH_MAX];
	enum there there;
	int rc = path_of(r, e, path);

	if (rc)
		return rc;
	rc = look(path, e, &there);
	if (!rc && there == LARGER) {
		printf("%s: kept: what is there has signed more\n", path);
		return 0;
	}
	if (rc || there == IN_USE)
		return fail(path, rc ? strerror(-rc) : "a server signs with it", 2);
	if (there == SAME)
		return 0;
	if (there == OTHER)
		rc = r->force ? put_aside(path) : -EEXIST;
	if (!rc)
		rc = e->folder ? put_folder(path, e) : put_file(path, e);
	if (rc)
		return fail(path, strerror(-rc), 2);
	printf("%s%s\n", path, there == OTHER ? ": put back; what was there is beside it, as .old" : ": put back");
	return 0;
}
