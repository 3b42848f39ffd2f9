/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/token.h"

#include <errno.h>
#include <string.h>

#include "base/rd.h"

bool token_is(const void *p, size_t n)
{
	return n >= sizeof TOKEN_TITLE - 1 && !memcmp(p, TOKEN_TITLE, sizeof TOKEN_TITLE - 1);
}

bool token_is_pkcs11(const struct token *t)
{
	return !strncmp(t->uri, "pkcs11:", 7);
}

/* The value of a line "FIELD VALUE": 1 to cap - 1 bytes of printable ASCII. False, and r where it was, when the next line is another. */
static bool take(struct rd *r, const char *field, char *out, size_t cap)
{
	const uint8_t *end = rd_left(r) ? memchr(r->p, '\n', rd_left(r)) : NULL;
	size_t skip = strlen(field), n = end ? (size_t)(end - r->p) : 0;

	if (n <= skip || n - skip >= cap || memcmp(r->p, field, skip) != 0)
		return false;
	for (size_t i = skip; i < n; i++)
		if (r->p[i] < 0x20 || r->p[i] > 0x7e)
			return false;
	memcpy(out, r->p + skip, n - skip);
	out[n - skip] = 0;
	rd_bytes(r, n + 1);
	return true;
}

int token_parse(const void *p, size_t n, struct token *ret, const char **why)
{
	struct rd r = rd_init(p, n);
	struct token t = {0};
	struct key_public root;

	*why = "not a file that says where a token's key is, as casemate keygen --token writes it";
	if (!token_is(p, n))
		return -EINVAL;
	rd_bytes(&r, sizeof TOKEN_TITLE - 1);
	if (!take(&r, "uri ", t.uri, sizeof t.uri))
		return -EINVAL;
	take(&r, "module ", t.module, sizeof t.module);
	take(&r, "pin ", t.pin, sizeof t.pin);
	take(&r, "root ", t.root, sizeof t.root);
	if (rd_left(&r) || (*t.root && key_parse_vkey(t.root, strlen(t.root), &root, why)))
		return -EINVAL;
	*why = "the URI has a PIN in it, which everybody who lists processes or files could read: it belongs into a file (--pin)";
	if (strstr(t.uri, "pin-value") || strstr(t.uri, "pin-source"))
		return -EINVAL;
	*ret = t;
	return 0;
}

static int line(struct buf *out, const char *field, const char *value)
{
	return *value ? buf_append_fmt(out, "%s%s\n", field, value) : 0;
}

int token_write(const struct token *t, struct buf *out)
{
	size_t before = out->len;
	struct token back;
	const char *why;
	int rc = buf_append_str(out, TOKEN_TITLE);

	if (!rc)
		rc = line(out, "uri ", t->uri);
	if (!rc)
		rc = line(out, "module ", t->module);
	if (!rc)
		rc = line(out, "pin ", t->pin);
	if (!rc)
		rc = line(out, "root ", t->root);
	if (!rc)
		rc = token_parse(buf_data(out) + before, out->len - before, &back, &why);
	if (rc)
		out->len = before;
	return rc;
}
