/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate witness: looks at somebody else's log, and cosigns what extends all that it has seen of it. Needs nothing of the server. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/options.h"
#include "server/verify_source.h"
#include "server/witness_deliver.h"
#include "server/witness_look.h"

#define BEHIND_TRIES 3

static const char usage_text[] =
	"usage: casemate witness SITE.pub ADDRESS|FOLDER --key WITNESS.key --state FILE [options]\n"
	"       casemate witness --deliver FOLDER ADDRESS [options]\n"
	"\n"
	"Looks at the log of the site with this public key, at https://HOST:PORT or in a\n"
	"copy of the archive's folder. When it extends all that was seen of it before, its\n"
	"checkpoint is cosigned, and the site is given the cosignature; when it does not,\n"
	"nothing is, and both checkpoints are kept as evidence.\n"
	"\n"
	"  --key FILE            the witness' key, made by casemate keygen; FILE.pub beside it\n"
	"  --state FILE          what was seen of this log; keep it\n"
	"  --deliver FOLDER      give the site what was cosigned in this folder\n"
	"  --user NAME           for a site\n"
	"  --password-file FILE  its first line is the password\n"
	"  --ca FILE             trust this certificate (PEM) of the site\n"
	"  --help\n"
	"\n"
	"Exit status: 0 cosigned and delivered; 1 the log does not extend what was seen;\n"
	"2 could not tell, or not deliver.\n";

struct options {
	const char *site_key, *what, *key, *state, *deliver, *password_file;
	struct verify_url url;
	char password[VERIFY_PASSWORD_MAX + 2];
};

struct witness {
	struct key_public site;
	struct key_private *key;
	struct cosign_public me;
	struct witness_state state;
	struct verify_source src;
	bool is_folder;
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "casemate witness: %s: %s\n", what, why);
	return 2;
}

/* --- options ---------------------------------------------------------------------------- */

static int read_what(int argc, char **argv, struct options *o)
{
	if (o->deliver) {
		if (argc - optind != 1)
			return fail("--deliver", "wants a folder and a site's address: casemate witness --deliver FOLDER https://HOST:PORT");
		o->what = argv[optind];
		return 0;
	}
	if (argc - optind != 2)
		return fail("usage", "give the site's public key, and its address or a copy of its archive's folder");
	o->site_key = argv[optind];
	o->what = argv[optind + 1];
	if (!o->key)
		return fail("--key is missing", "casemate keygen --witness NAME makes one");
	return o->state ? 0 : fail("--state is missing", "name a file for what was seen of this log; it must stay");
}

static bool read_options(int argc, char **argv, struct options *o, int *ret_status)
{
	const struct options_row rows[] = {{"key", 'k', .value = &o->key}, {"state", .value = &o->state}, {"deliver", .value = &o->deliver},
		{"user", .value = &o->url.user}, {"password-file", .value = &o->password_file}, {"ca", .value = &o->url.ca}, {0}};

	if (!options_read("witness", usage_text, rows, 2, argc, argv, ret_status))
		return false;
	*ret_status = read_what(argc, argv, o);
	return *ret_status == 0;
}

static int read_password(struct options *o)
{
	int rc = o->password_file ? verify_url_password(o->password_file, o->password) : 0;

	if (rc)
		return fail(o->password_file, rc == -ENOBUFS ? "a password has at most 256 characters" : strerror(-rc));
	o->url.password = o->password_file ? o->password : NULL;
	return 0;
}

/* --- keys ------------------------------------------------------------------------------- */

static int read_small(const char *path, struct buf *b)
{
	int rc;

	buf_init(b, KEY_FILE_MAX);
	rc = io_read_file(AT_FDCWD, path, b);
	return rc ? fail(path, rc == -ENOBUFS ? "too long for a key" : strerror(-rc)) : 0;
}

static int read_site_key(const char *path, struct key_public *ret)
{
	const char *why = "";
	struct buf b;
	int rc = read_small(path, &b);

	if (!rc && key_parse_vkey((const char *)buf_data(&b), b.len, ret, &why))
		rc = fail(path, why);
	buf_free(&b);
	return rc;
}

/* The public half, which has the name. */
static int read_own_name(const char *key, struct cosign_public *ret)
{
	const char *why = "";
	char path[4096];
	struct buf b;
	int rc;

	if ((size_t)snprintf(path, sizeof path, "%s.pub", key) >= sizeof path)
		return fail(key, strerror(ENAMETOOLONG));
	rc = read_small(path, &b);
	if (!rc && cosign_parse_vkey((const char *)buf_data(&b), b.len, ret, &why))
		rc = fail(path, why);
	buf_free(&b);
	return rc;
}

static int read_own_key(const char *path, struct witness *w)
{
	const char *why = "";
	struct stat st;
	struct buf b;
	int rc = read_own_name(path, &w->me);

	if (rc)
		return rc;
	if (stat(path, &st) == 0 && st.st_mode & (S_IRWXG | S_IRWXO))
		return fail(path, "others may read or change it: chmod 600");
	rc = read_small(path, &b);
	if (!rc && key_read(w->me.key.name, buf_data(&b), b.len, &w->key, &why))
		rc = fail(path, why);
	if (!rc && memcmp(key_public_of(w->key)->raw, w->me.key.raw, sizeof w->me.key.raw))
		rc = fail(path, "the file beside it that ends in .pub is of another key");
	if (b.mem)
		explicit_bzero(b.mem, b.cap);
	buf_free(&b);
	return rc;
}

/* --- one look ---------------------------------------------------------------------------- */

static int open_source(const struct options *o, struct witness *w)
{
	const char *why = "";
	int rc;

	w->is_folder = !strstr(o->what, "://");
	if (!w->is_folder)
		return verify_url_open(&o->url, &w->src, &why) ? fail(o->what, why) : 0;
	rc = verify_dir_open(o->what, &w->src);
	return rc ? fail(o->what, strerror(-rc)) : 0;
}

static void close_source(struct witness *w)
{
	if (w->src.ctx && w->is_folder)
		verify_dir_close(&w->src);
	else if (w->src.ctx)
		verify_url_close(&w->src);
}

/* Loud: somebody reads this because a timer's unit failed. */
static int refuse(const struct options *o, const struct witness *w, enum witness_found found, const struct witness_look *look)
{
	char path[4096];
	int rc;

	fprintf(stderr, "casemate witness: %s: NOT COSIGNED: %s\n", o->what, look->why);
	if (found != WITNESS_FORK)
		return 1;
	rc = witness_state_keep_fork(&w->state, look->other, path, sizeof path);
	if (rc)
		fprintf(stderr, "casemate witness: both checkpoints could not be kept: %s: %s\n", path, strerror(-rc));
	else
		fprintf(stderr, "casemate witness: both checkpoints, which the site's key has signed, are evidence of it: %s\n", path);
	return 1;
}

static int cosign(const struct witness_note *note, const struct key_private *key, struct buf *out)
{
	struct note parsed;
	int rc = note_parse(note->bytes, note->n, &parsed, NULL);

	buf_init(out, NOTE_MAX_BYTES);
	if (!rc)
		rc = buf_append(out, note->bytes, note->n);
	if (!rc)
		rc = cosign_write(out, parsed.text, parsed.text_len, clock_wall_us() / 1000000, key);
	return rc;
}

static int deliver(const struct options *o, struct witness *w, const struct witness_note *note)
{
	char path[4096] = "";
	struct buf b;
	int rc = cosign(note, w->key, &b), status = 0;

	if (rc) {
		status = fail("no cosignature could be made", strerror(-rc));
	} else if (w->is_folder) {
		rc = witness_put(o->what, &w->me, note->c.size, &b, path, sizeof path);
		status = rc ? fail(path, strerror(-rc)) : 0;
	} else {
		status = witness_post(&w->src, o->what, &b);
	}
	if (!status)
		printf("cosigned: %s, %" PRIu64 " entries, as %s%s%s\n", note->c.origin, note->c.size, w->me.key.name, *path ? ": " : "", path);
	buf_free(&b);
	return status;
}

/* What was seen is on the disk before a cosignature of it leaves. */
static int remember(const struct options *o, struct witness *w, const struct witness_look *look)
{
	const struct witness_note *newest = &look->newest;
	bool first = !w->state.seen.n;
	char root[HASH_HEX];
	int rc = witness_state_keep(&w->state, newest, &look->keys);

	if (rc)
		return fail(o->state, strerror(-rc));
	hash_hex(&newest->c.root, root);
	if (first)
		printf("first look: %s is taken as it is, %" PRIu64 " entries under root %s; from here on it must extend them\n", newest->c.origin,
			newest->c.size, root);
	return 0;
}

static int look(const struct options *o, struct witness *w)
{
	struct witness_look *look = calloc(1, sizeof *look);
	enum witness_found found;
	int rc;

	if (!look)
		return fail(o->what, strerror(ENOMEM));
	found = witness_look(&w->src, w->is_folder, &w->site, &w->state, &w->me, look);
	/* A site has several processes, and one may not have heard of the newest checkpoint yet that another has shown. */
	for (int i = 0; i < BEHIND_TRIES && found == WITNESS_OLDER && !w->is_folder; i++)
		if (w->src.again(w->src.ctx))
			found = witness_look(&w->src, w->is_folder, &w->site, &w->state, &w->me, look);
	if (found == WITNESS_UNREADABLE)
		rc = fail(o->what, !w->is_folder && *verify_url_error(&w->src) ? verify_url_error(&w->src) : look->why);
	else if (found != WITNESS_GOOD)
		rc = refuse(o, w, found, look);
	else
		rc = remember(o, w, look);
	if (!rc && look->pending.n)
		rc = deliver(o, w, &look->pending);
	if (!rc)
		rc = deliver(o, w, &look->newest);
	free(look);
	return rc;
}

static int open_state(const struct options *o, struct witness_state *state)
{
	const char *why = "";
	int rc = witness_state_open(o->state, state, &why);

	return rc ? fail(o->state, rc == -EBADMSG ? why : rc == -EBUSY ? "another casemate witness is at it" : strerror(-rc)) : 0;
}

static int witness(const struct options *o)
{
	struct witness *w = calloc(1, sizeof *w);
	int rc;

	if (!w)
		return fail(o->what, strerror(ENOMEM));
	w->state.lock = -1;
	rc = read_site_key(o->site_key, &w->site);
	if (!rc)
		rc = read_own_key(o->key, w);
	if (!rc)
		rc = open_state(o, &w->state);
	if (!rc && w->state.seen.n && strcmp(w->state.seen.c.origin, w->site.name))
		rc = fail(o->state, "this is what was seen of another site");
	if (!rc)
		rc = open_source(o, w);
	if (!rc)
		rc = look(o, w);
	close_source(w);
	witness_state_close(&w->state);
	key_free(&w->key);
	free(w);
	return rc;
}

static int deliver_folder(const struct options *o)
{
	struct verify_source site;
	const char *why = "";
	int rc;

	if (verify_url_open(&o->url, &site, &why))
		return fail(o->what, why);
	rc = witness_post_folder(&site, o->what, o->deliver);
	verify_url_close(&site);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o = {.site_key = NULL};
	int rc;

	if (!read_options(argc, argv, &o, &rc))
		return rc;
	rc = read_password(&o);
	if (rc)
		return rc;
	o.url.base = o.what;
	rc = o.deliver ? deliver_folder(&o) : witness(&o);
	explicit_bzero(o.password, sizeof o.password);
	return rc;
}
