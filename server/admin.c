/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "seal/note.h"
#include "server/site_sha256.h"

#define STATE_HEAD "casemate-admin/v1"

/* --- lines ------------------------------------------------------------------------------ */

/* The next line without its end, or NULL. */
static const char *take_line(const char **at, const char *end, size_t *n)
{
	const char *line = *at, *newline = memchr(line, '\n', (size_t)(end - line));

	if (!newline)
		return NULL;
	*n = (size_t)(newline - line);
	*at = newline + 1;
	return line;
}

static bool take_word(const char **at, const char *end, const char *word)
{
	size_t n;
	const char *line = take_line(at, end, &n);

	return line && n == strlen(word) && !memcmp(line, word, n);
}

static bool take_version(const char **at, const char *end, uint32_t *ret)
{
	size_t n;
	const char *line = take_line(at, end, &n);
	uint64_t v;

	if (!line || text_u64(line, n, ADMIN_VERSION_MAX, &v) || v == 0)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool take_sha256(const char **at, const char *end, uint8_t ret[32])
{
	size_t n;
	const char *line = take_line(at, end, &n);
	char hex[65];

	if (!line || n != 64 || hex_decode(line, n, ret, 32))
		return false;
	/* There is one spelling. */
	hex_encode(ret, 32, hex);
	return !memcmp(line, hex, n);
}

int admin_text_write(const struct admin_text *t, struct buf *out)
{
	char hex[65];

	hex_encode(t->sha256, 32, hex);
	return buf_append_fmt(out, ADMIN_HEAD "\n%s\n%u\n%s\n", t->origin, t->version, hex);
}

int admin_text_parse(const char *s, size_t n, struct admin_text *ret)
{
	const char *end = s + n, *line;
	struct admin_text t = {0};

	if (!take_word(&s, end, ADMIN_HEAD))
		return -EBADMSG;
	line = take_line(&s, end, &n);
	if (!line || n >= sizeof t.origin || !key_is_name(line, n))
		return -EBADMSG;
	memcpy(t.origin, line, n);
	if (!take_version(&s, end, &t.version) || !take_sha256(&s, end, t.sha256) || s != end)
		return -EBADMSG;
	*ret = t;
	return 0;
}

/* --- files ------------------------------------------------------------------------------ */

static int read_file(const char *path, struct buf *b)
{
	int fd = io_open_regular(AT_FDCWD, path, O_RDONLY, 0), rc;

	if (fd < 0)
		return fd;
	rc = io_read_all(fd, b);
	close(fd);
	return rc;
}

/* FILE.sig as it is; note borrows b. */
static int read_note(const char *file, struct buf *b, struct note *note)
{
	char path[PATH_MAX + 8];
	int rc;

	snprintf(path, sizeof path, "%s.sig", file);
	rc = read_file(path, b);
	return rc ? rc : note_parse(buf_data(b), b->len, note, NULL);
}

int admin_last(const char *file, struct admin_text *ret)
{
	struct note note;
	struct buf b;
	int rc;

	buf_init(&b, ADMIN_SIG_MAX);
	rc = read_note(file, &b, &note);
	if (!rc)
		rc = admin_text_parse(note.text, note.text_len, ret);
	buf_free(&b);
	return rc;
}

bool admin_same(const struct admin *a, const struct admin *b)
{
	return a->known == b->known && (!a->known || (a->version == b->version && !memcmp(a->sha256, b->sha256, 32) && key_same(&a->key, &b->key)));
}

void admin_path(const char *file, char *out, size_t cap)
{
	const char *folder = getenv("STATE_DIRECTORY");

	if (folder && folder[0] == '/')
		snprintf(out, cap, "%.*s/site.admin", (int)strcspn(folder, ":"), folder);
	else
		snprintf(out, cap, "%s.admin", file);
}

static bool take_state(const char *s, size_t n, struct admin *ret)
{
	const char *end = s + n, *line, *why;

	*ret = (struct admin){.known = true};
	if (!take_word(&s, end, STATE_HEAD))
		return false;
	line = take_line(&s, end, &n);
	return line && !key_parse_vkey(line, n, &ret->key, &why) && take_version(&s, end, &ret->version) && take_sha256(&s, end, ret->sha256) && s == end;
}

int admin_load(const char *path, struct admin *ret, char why[ADMIN_WHY])
{
	struct admin a = {0};
	struct buf b;
	int rc;

	buf_init(&b, ADMIN_SIG_MAX);
	rc = read_file(path, &b);
	if (!rc && !take_state((const char *)buf_data(&b), b.len, &a))
		rc = -EBADMSG;
	buf_free(&b);
	if (rc && rc != -ENOENT) {
		snprintf(why, ADMIN_WHY, "%.200s: %s: it says whose signature a site file needs: put back what it was", path,
			 rc == -EBADMSG ? "not as it was written" : strerror(-rc));
		return rc;
	}
	*ret = a;
	return 0;
}

int admin_keep(const char *path, const struct admin *a)
{
	char text[KEY_VKEY + 200], vkey[KEY_VKEY], hex[65];

	key_vkey(&a->key, vkey);
	hex_encode(a->sha256, 32, hex);
	snprintf(text, sizeof text, STATE_HEAD "\n%s\n%u\n%s\n", vkey, a->version, hex);
	return io_replace_file(AT_FDCWD, path, text, strlen(text), 0600);
}

int admin_read_key(const char *path, struct key_public *ret, char why[ADMIN_WHY])
{
	const char *wrong = "";
	struct buf b;
	int rc;

	buf_init(&b, KEY_FILE_MAX);
	rc = read_file(path, &b);
	if (rc)
		wrong = strerror(-rc);
	else
		rc = key_parse_vkey((const char *)buf_data(&b), b.len, ret, &wrong);
	if (rc)
		snprintf(why, ADMIN_WHY, "%.200s: %s: it must be the public half of a key of casemate keygen --admin", path, wrong);
	buf_free(&b);
	return rc;
}

/* --- judging ---------------------------------------------------------------------------- */

/* Whose signature counts. 0 with *ret, 1 when none is wanted, or -EKEYREJECTED. */
static int find_key(const struct admin *was, const struct key_public *given, const struct site *site, struct key_public *ret, char why[ADMIN_WHY])
{
	const char *wrong;

	if (given || was->known) {
		*ret = given ? *given : was->key;
		return 0;
	}
	if (!site->require_signed)
		return 1;
	if (site->admin_key && !key_parse_vkey(site->admin_key, strlen(site->admin_key), ret, &wrong))
		return 0;
	snprintf(why, ADMIN_WHY, "require_signed: there is no key to check a signature with: write admin_key:, or start with --admin-key FILE");
	return -EKEYREJECTED;
}

/* The note by that key, and what it says. */
static int read_signed(const struct site *site, const struct key_public *key, struct admin_text *ret, char why[ADMIN_WHY])
{
	static const char mend[] = "sign it where the admin's key is: casemate sign-config -k admin.key";
	struct note note;
	struct buf b;
	int rc;

	buf_init(&b, ADMIN_SIG_MAX);
	rc = read_note(site->file, &b, &note);
	if (rc)
		snprintf(why, ADMIN_WHY, "%.120s.sig: %s: this machine takes only what its admin has signed; %s", site->file,
			 rc == -EBADMSG ? "no signature of a site file" : strerror(-rc), mend);
	else if ((rc = note_verify(&note, key)) != 0)
		snprintf(why, ADMIN_WHY, "%.120s.sig: %s %s; %s", site->file, rc == -ENOKEY ? "it is not signed by" : "its signature is not one of", key->name, mend);
	else if ((rc = admin_text_parse(note.text, note.text_len, ret)) != 0)
		snprintf(why, ADMIN_WHY, "%.120s.sig: what is signed there is no site file; %s", site->file, mend);
	buf_free(&b);
	return rc ? -EKEYREJECTED : 0;
}

static bool is_refused(const struct admin *was, const struct admin_text *t, const struct site *site, bool rollback, char why[ADMIN_WHY])
{
	uint8_t sha256[32];

	if (strcmp(t->origin, site->origin)) {
		snprintf(why, ADMIN_WHY, "%.120s.sig is for another site, %s", site->file, t->origin);
		return true;
	}
	if (site_sha256(site, sha256) || memcmp(sha256, t->sha256, 32)) {
		snprintf(why, ADMIN_WHY, "%.120s is not what was signed as version %u: it was changed, or something that it includes was", site->file, t->version);
		return true;
	}
	if (was->known && t->version < was->version && !rollback) {
		snprintf(why, ADMIN_WHY, "it is version %u, and version %u was in force: --allow-rollback takes it nevertheless, and the log says so", t->version, was->version);
		return true;
	}
	if (was->known && t->version == was->version && memcmp(was->sha256, sha256, 32)) {
		snprintf(why, ADMIN_WHY, "another file was in force as version %u: sign it with a higher one", t->version);
		return true;
	}
	return false;
}

int admin_judge(const struct admin *was, const struct key_public *given, const struct site *site, bool rollback, struct admin *ret, char why[ADMIN_WHY])
{
	struct admin_text t;
	struct key_public key;
	const char *wrong;
	int rc = find_key(was, given, site, &key, why);

	if (rc > 0) {
		*ret = (struct admin){0};
		return 0;
	}
	if (!rc)
		rc = read_signed(site, &key, &t, why);
	if (rc || is_refused(was, &t, site, rollback, why))
		return -EKEYREJECTED;
	/* A file that the key in force has signed may name the next one. */
	if (!given && site->admin_key && key_parse_vkey(site->admin_key, strlen(site->admin_key), &key, &wrong)) {
		snprintf(why, ADMIN_WHY, "admin_key: %s: it is the line that casemate keygen --admin prints", wrong);
		return -EKEYREJECTED;
	}
	*ret = (struct admin){.known = true, .key = key, .version = t.version};
	memcpy(ret->sha256, t.sha256, 32);
	return 0;
}
