/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "server/certified.h"
#include "server/keygen_inner.h"
#include "server/token.h"

static bool put(char *to, const char *from)
{
	return !from || (size_t)snprintf(to, TOKEN_TEXT, "%s", from) < TOKEN_TEXT;
}

/* A file's name is made whole: the server has another folder. */
static bool put_path(char *to, const char *prefix, const char *path)
{
	char whole[PATH_MAX];

	return realpath(path, whole) && (size_t)snprintf(to, TOKEN_TEXT, "%s%s", prefix, whole) < TOKEN_TEXT;
}

static int describe(struct token *t, const char *uri, const char *module, const char *pin)
{
	bool file = !strncmp(uri, "file:", 5);

	if (file ? !put_path(t->uri, "file:", uri + 5) : !put(t->uri, uri))
		return keygen_fail(uri, file ? strerror(errno) : "longer than 1023 characters");
	if (!put(t->module, module))
		return keygen_fail(module, "longer than 1023 characters");
	if (pin && !put_path(t->pin, "", pin))
		return keygen_fail(pin, strerror(errno));
	return 0;
}

/* Of what is known so far, for certify to read. */
static int ask_root(struct token *t, const char *name)
{
	struct token parsed;
	const char *why;
	struct buf b;
	int fd = -1, rc;

	buf_init(&b, TOKEN_BYTES_MAX);
	rc = token_write(t, &b);
	if (!rc)
		rc = io_seal_bytes("token", buf_data(&b), b.len, &fd);
	if (!rc)
		rc = certified_public(fd, name, t->root);
	if (rc == -EINVAL)
		rc = keygen_fail(t->uri, buf_append_fmt(&b, TOKEN_TITLE "uri %s\n", t->uri) || !token_parse(buf_data(&b), b.len, &parsed, &why) ?
			"it, the module or the PIN's file is not printable ASCII" : why);
	else if (rc)
		rc = 2;
	if (fd >= 0)
		close(fd);
	buf_free(&b);
	return rc;
}

int keygen_token(const char *name, const char *uri, const char *module, const char *pin, const char *path)
{
	char line[KEY_VKEY + 1], public_path[4096];
	struct token t = {0};
	struct buf b;
	int rc;

	if (!key_is_name(name, strlen(name)))
		return keygen_fail(name, "not a site's name: 1 to 128 printable ASCII characters, no blank, no '+' (example: gate.example.org)");
	if ((size_t)snprintf(public_path, sizeof public_path, "%s.pub", path) >= sizeof public_path)
		return keygen_file_error(path, -ENAMETOOLONG);
	rc = describe(&t, uri, module, pin);
	if (!rc)
		rc = ask_root(&t, name);
	if (rc)
		return rc;
	buf_init(&b, TOKEN_BYTES_MAX);
	snprintf(line, sizeof line, "%s\n", t.root);
	rc = token_write(&t, &b);
	rc = rc ? keygen_fail(uri, strerror(-rc)) : keygen_write_pair(path, &b, public_path, line, strlen(line));
	buf_free(&b);
	if (!rc)
		fputs(line, stdout);
	return rc;
}
