/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user's password comes to under Digest, in a file of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "conf/loader.h"

#define FILE_MAX 1024

/* The word up to the next blank or the end of the line; *p is behind the blank. */
static size_t take_word(const char **p, size_t *n, const char **ret)
{
	const char *blank = memchr(*p, ' ', *n);
	size_t len = blank ? (size_t)(blank - *p) : *n;

	*ret = *p;
	*p += len + (blank != NULL);
	*n -= len + (blank != NULL);
	return len;
}

static bool word_is(const char *word, size_t n, const char *want)
{
	return n == strlen(want) && !memcmp(word, want, n);
}

/* "ALGORITHM USER REALM HEX". 1: of what was sought; 0: of something else; -EINVAL. */
static int read_line(const char *line, size_t n, const char *algorithm, const char *user, const char *realm, uint8_t *out, size_t nout, const char **why)
{
	const char *word[3] = {NULL};
	size_t len[3] = {0};

	for (unsigned i = 0; i < 3; i++)
		len[i] = take_word(&line, &n, &word[i]);
	if (!word_is(word[0], len[0], algorithm))
		return 0;
	*why = "it is of another user";
	if (!word_is(word[1], len[1], user))
		return -EINVAL;
	*why = "it is of another site";
	if (!word_is(word[2], len[2], realm))
		return -EINVAL;
	*why = "it is damaged";
	return hex_decode(line, n, out, nout) ? -EINVAL : 1;
}

/* The first line of that algorithm. */
static int find_line(const char *text, size_t n, const char *algorithm, const char *user, const char *realm, uint8_t *out, size_t nout, const char **why)
{
	int rc = 0;

	while (n && !rc) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) : n;

		rc = read_line(text, len, algorithm, user, realm, out, nout, why);
		text += len + (end != NULL);
		n -= len + (end != NULL);
	}
	return rc;
}

static int read_text(const char *text, size_t n, const struct site *site, const struct site_user *u, struct site_digest *ret, const char **why)
{
	struct site_digest d = {.has_md5 = u->allow_md5};
	int rc = find_line(text, n, "SHA-256", u->name, site->origin, d.sha256, sizeof d.sha256, why);

	if (!rc)
		*why = "it has no line of SHA-256";
	if (rc == 1 && d.has_md5) {
		rc = find_line(text, n, "MD5", u->name, site->origin, d.md5, sizeof d.md5, why);
		if (!rc)
			*why = "it has no line of MD5, which allow_md5 wants";
	}
	if (rc == 1)
		*ret = d;
	explicit_bzero(&d, sizeof d);
	return rc == 1 ? 0 : -EINVAL;
}

static int read_file(int fd, const struct site *site, const struct site_user *u, struct site_digest *ret, const char **why)
{
	char text[FILE_MAX + 1];
	ssize_t n = read(fd, text, sizeof text);
	int rc = n < 0 ? -errno : -EINVAL;

	*why = n < 0 ? strerror(errno) : "it is too long";
	if (n >= 0 && n <= FILE_MAX)
		rc = read_text(text, (size_t)n, site, u, ret, why);
	explicit_bzero(text, sizeof text);
	return rc;
}

int site_read_digest(const struct site *site, const struct site_user *u, struct site_digest *ret, const char **why)
{
	int fd = open(u->rtsp_digest_file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), rc;

	if (fd < 0) {
		rc = -errno;
		*why = strerror(-rc);
		return rc;
	}
	rc = read_file(fd, site, u, ret, why);
	close(fd);
	return rc;
}

void digest_file_mark(struct loader *l, const struct loader_file *f, int fd)
{
	struct loader_quote name = loader_quote(f->path, strlen(f->path));
	struct site_digest d = {0};
	const char *why;

	if (read_file(fd, l->site, f->user, &d, &why))
		complaint_add(l->report, f->at, NULL, "%s: %s: %s; \"casemate passwd --rtsp\" writes one", schema_leaf(f->key), name.text, why);
	else if (!(*f->mark = paths_mark(&d, sizeof d)))
		l->rc = -ENOMEM;
	explicit_bzero(&d, sizeof d);
}
