/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths of the site file: made absolute while the text is read, looked at afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/loader.h"

#define SOCKET_MAX 100  /* sun_path is 108; some is left for a temporary name beside it */
#define PASSWORD_MAX 256
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

/* The key's member is for the path; a password file's is for the password, and the path has one beside it. */
void paths_set_file(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	bool credential = !strncmp(n->text, CREDENTIAL, strlen(CREDENTIAL));
	char **to = (char **)((char *)object + k->member), *path = credential ? resolve_credential(l, k, n) : resolve(l, k, n);
	bool password = k->type == SCHEMA_PASSWORD_FILE;
	char *mine = path ? strdup(path) : NULL;

	if (!path)
		return;
	if (!mine) {
		free(path);
		l->rc = -ENOMEM;
		return;
	}
	/* Each key is set once and cameras are counted before: there is room for every file. */
	l->file[l->nfiles++] = (struct loader_file){.key = k, .at = n->at, .path = path, .password = password ? to : NULL};
	keep(password ? &((struct site_camera *)object)->password_file : to, mine);
}

static void take_password(struct loader *l, const struct loader_file *f, int fd)
{
	char text[PASSWORD_MAX + 2] = "";
	ssize_t n = read(fd, text, sizeof text);
	size_t len;

	if (n < 0) {
		loader_complain(l, f->key, f->at, "%s: %s", loader_quote(f->path, strlen(f->path)).text, strerror(errno));
		goto out;
	}
	for (len = 0; len < (size_t)n && text[len] != '\n'; len++)
		;
	if (len < (size_t)n && len && text[len - 1] == '\r')
		len--;
	if (len > PASSWORD_MAX || memchr(text, 0, len)) {
		loader_complain(l, f->key, f->at, "%s: its first line must be the password: at most %d bytes, no NUL",
				loader_quote(f->path, strlen(f->path)).text, PASSWORD_MAX);
		goto out;
	}
	*f->password = strndup(text, len);
	if (!*f->password)
		l->rc = -ENOMEM;
out:
	explicit_bzero(text, sizeof text);
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
	else if (f->password)
		take_password(l, f, fd);
	if (fd >= 0)
		close(fd);
}

void paths_check_files(struct loader *l)
{
	for (unsigned i = 0; i < l->nfiles; i++)
		check_file(l, &l->file[i]);
}
