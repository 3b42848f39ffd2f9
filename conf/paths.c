/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths of the site file: made absolute while the text is read, looked at afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/siphash.h"
#include "conf/loader.h"

#define SOCKET_MAX 100  /* sun_path is 108; some is left for a temporary name beside it */
#define CREDENTIAL "credential:"
#define CREDENTIAL_MAX 128
#define CREDENTIALS_DEFAULT "/run/credentials/casemate.service"

/* Where the service manager puts credentials for this process; outside of its unit, where it would for the unit that comes with casemate. */
static const char *credentials(void)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	return folder && folder[0] == '/' ? folder : CREDENTIALS_DEFAULT;
}

bool site_is_credential(const char *path)
{
	const char *folder = credentials();
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && path[n] == '/';
}

/* credential:NAME; a name has no folders, so that it stays among them. Owned; NULL after a complaint or without memory. */
static char *resolve_credential(struct loader *l, const struct schema_key *k, const struct ytree_node *n)
{
	const char *name = n->text + strlen(CREDENTIAL);
	char *path = NULL;

	if (!*name || *name == '.' || strlen(name) > CREDENTIAL_MAX ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")]) {
		loader_complain(l, k, n->at, "the name of a credential is 1 to %d letters, digits, '.', '_' and '-', and does not begin with '.'", CREDENTIAL_MAX);
		return NULL;
	}
	if (asprintf(&path, "%s/%s", credentials(), name) < 0) {
		l->rc = -ENOMEM;
		return NULL;
	}
	return path;
}

/* Owned, absolute; NULL after a complaint or without memory. */
static char *resolve(struct loader *l, const struct schema_key *k, const struct ytree_node *n)
{
	const char *slash = strrchr(l->site->file, '/');
	char *path = NULL;

	if (n->text[0] == '~') {
		loader_complain(l, k, n->at, "~ is not expanded here: write the whole path");
		return NULL;
	}
	if (asprintf(&path, "%.*s%s", n->text[0] == '/' ? 0 : (int)(slash - l->site->file + 1), l->site->file, n->text) < 0) {
		l->rc = -ENOMEM;
		return NULL;
	}
	if (strlen(path) >= PATH_MAX) {
		loader_complain(l, k, n->at, "the path has %zu bytes; at most %d are possible", strlen(path), PATH_MAX - 1);
		free(path);
		return NULL;
	}
	return path;
}

static void keep(char **to, char *path)
{
	if (!path)
		return;
	free(*to);
	*to = path;
}

void paths_set_folder(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	keep((char **)((char *)object + k->member), resolve(l, k, n));
}

void paths_set_socket(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	char *path = resolve(l, k, n);

	if (path && strlen(path) > SOCKET_MAX) {
		loader_complain(l, k, n->at, "the socket's path has %zu bytes with its folder; at most %d are possible", strlen(path), SOCKET_MAX);
		free(path);
		return;
	}
	keep((char **)((char *)object + k->member), path);
}

/* The key's member is for the path; where a mark is kept of what is in the file it is for that, and the path has one beside it. */
void paths_set_file(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	bool credential = !strncmp(n->text, CREDENTIAL, strlen(CREDENTIAL));
	char **to = (char **)((char *)object + k->member), *path = credential ? resolve_credential(l, k, n) : resolve(l, k, n);
	bool marked = k->type == SCHEMA_PASSWORD_FILE || k->type == SCHEMA_DIGEST_FILE;
	struct site_user *user = k->type == SCHEMA_DIGEST_FILE ? object : NULL;
	char *mine = path ? strdup(path) : NULL;

	if (!path)
		return;
	if (!mine) {
		free(path);
		l->rc = -ENOMEM;
		return;
	}
	/* Each key is set once and cameras and users are counted before: there is room for every file. */
	l->file[l->nfiles++] = (struct loader_file){.key = k, .at = n->at, .path = path, .mark = marked ? to : NULL, .user = user};
	keep(k->type == SCHEMA_DIGEST_FILE ? &((struct site_user *)object)->rtsp_digest_file : marked ? &((struct site_camera *)object)->password_file : to, mine);
}

/* 0, -EINVAL when the first line is no password, or -errno. Nothing of it is left behind elsewhere. */
static int read_password(int fd, char ret[SITE_PASSWORD])
{
	char text[SITE_PASSWORD + 1] = "";
	ssize_t n = read(fd, text, sizeof text);
	size_t len = 0;
	int rc = n < 0 ? -errno : 0;

	while (!rc && len < (size_t)n && text[len] != '\n')
		len++;
	if (!rc && len < (size_t)n && len && text[len - 1] == '\r')
		len--;
	if (!rc && (len >= SITE_PASSWORD || memchr(text, 0, len)))
		rc = -EINVAL;
	if (!rc) {
		memcpy(ret, text, len);
		ret[len] = 0;
	}
	explicit_bzero(text, sizeof text);
	return rc;
}

int site_read_password(const struct site_camera *c, char ret[SITE_PASSWORD])
{
	int fd = open(c->password_file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), rc;

	if (fd < 0)
		return -errno;
	rc = read_password(fd, ret);
	close(fd);
	return rc;
}

static struct { uint8_t key[16]; bool has_key; } marks;

void site_mark_key(uint8_t ret[16])
{
	if (!marks.has_key && getrandom(marks.key, sizeof marks.key, 0) != sizeof marks.key)
		abort();  /* getrandom(2): 16 bytes are given whole */
	marks.has_key = true;
	memcpy(ret, marks.key, sizeof marks.key);
}

void site_mark_with(const uint8_t key[16])
{
	memcpy(marks.key, key, sizeof marks.key);
	marks.has_key = true;
}

char *paths_mark(const void *secret, size_t n)
{
	char *mark = NULL;
	uint8_t key[16];

	site_mark_key(key);
	return asprintf(&mark, "%016llx", (unsigned long long)siphash(key, secret, n)) < 0 ? NULL : mark;
}

static void mark_password(struct loader *l, const struct loader_file *f, int fd)
{
	struct loader_quote name = loader_quote(f->path, strlen(f->path));
	char password[SITE_PASSWORD];
	int rc = read_password(fd, password);

	if (rc == -EINVAL)
		loader_complain(l, f->key, f->at, "%s: its first line must be the password: at most %d bytes, no NUL", name.text, SITE_PASSWORD - 1);
	else if (rc)
		loader_complain(l, f->key, f->at, "%s: %s", name.text, strerror(-rc));
	else if (!(*f->mark = paths_mark(password, strlen(password))))
		l->rc = -ENOMEM;
	explicit_bzero(password, sizeof password);
}

static void complain_open(struct loader *l, const struct loader_file *f, const char *name, int err)
{
	if (site_is_credential(f->path))
		complaint_add(l->report, f->at, NULL, "%s: %s: %s; systemd puts it there while the unit runs, if it has LoadCredential=%s:/PATH/OF/THE/FILE",
			      schema_leaf(f->key), name, strerror(err), loader_quote(strrchr(f->path, '/') + 1, strlen(strrchr(f->path, '/') + 1)).text);
	else if (err == ENOENT && f->key->type == SCHEMA_SECRET_FILE)
		complaint_add(l->report, f->at, NULL, "%s: %s: %s; \"casemate keygen\" makes one", schema_leaf(f->key), name, strerror(err));
	else if (err == EACCES)
		complaint_add(l->report, f->at, NULL, "%s: %s: %s; the user that runs casemate must be able to read it: see \"ls -l\" of it and of its folders",
			      schema_leaf(f->key), name, strerror(err));
	else
		loader_complain(l, f->key, f->at, "%s: %s", name, strerror(err));
}

/* A credential is another user's file that an access list lets this one read: what stands as its group's rights is that list's mask. */
static mode_t others(const char *path)
{
	return site_is_credential(path) ? S_IRWXO | S_IWGRP : S_IRWXG | S_IRWXO;
}

static void check_file(struct loader *l, const struct loader_file *f)
{
	/* Not blocking, so that a named pipe is refused instead of waited for. */
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct loader_quote name = loader_quote(f->path, strlen(f->path));
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		complain_open(l, f, name.text, errno);
	else if (!S_ISREG(st.st_mode))
		loader_complain(l, f->key, f->at, "%s is not a file", name.text);
	else if (f->key->type != SCHEMA_PUBLIC_FILE && st.st_mode & others(f->path))
		complaint_add(l->report, f->at, NULL, "%s: %s may be read or changed by others (mode %04o): run \"chmod 600 %s\"",
			      schema_leaf(f->key), name.text, st.st_mode & 07777, name.text);
	else if (st.st_size == 0)
		loader_complain(l, f->key, f->at, "%s is empty", name.text);
	else if (st.st_size > SITE_NAMED_MAX)
		loader_complain(l, f->key, f->at, "%s has more than %u bytes", name.text, SITE_NAMED_MAX);
	else if (f->user)
		digest_file_mark(l, f, fd);
	else if (f->mark)
		mark_password(l, f, fd);
	if (fd >= 0)
		close(fd);
}

void paths_check_files(struct loader *l)
{
	for (unsigned i = 0; i < l->nfiles; i++)
		check_file(l, &l->file[i]);
}
