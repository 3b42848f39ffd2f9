/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate sign-config: an admin's signature of a site file, made where his key is, for machines that take nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/options.h"
#include "base/text.h"
#include "conf/complaint.h"
#include "seal/note.h"
#include "server/admin.h"
#include "server/commands.h"
#include "server/site_sha256.h"

static const char usage[] =
	"usage: casemate sign-config -k admin.key [-v N] [SITE-FILE]\n"
	"\n"
	"Reads the site file and what it includes, and signs all of it as SITE-FILE.sig, for\n"
	"machines that take only what their admin has signed. Both are carried there, and what\n"
	"is included; nothing else is looked at, so no secret of the site need be here.\n"
	"\n"
	"  -k, --key FILE     the admin's key (casemate keygen --admin NAME)\n"
	"  -v, --version N    its version (one more than in SITE-FILE.sig, or 1)\n"
	"  -h, --help         this text\n"
	"\n"
	"SITE-FILE is " SITE_FILE_DEFAULT " unless named. Exit status: 0 signed, 1 the site\n"
	"file is not good, 2 not signed.\n";

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "casemate sign-config: %s: %s\n", what, why);
	return 2;
}

/* The name is that of the public half beside it. */
static int read_key(const char *path, struct key_private **ret)
{
	char public_path[PATH_MAX], why[ADMIN_WHY];
	struct key_public half;
	const char *wrong = "not a key of casemate keygen";
	struct buf b;
	int rc;

	if ((size_t)snprintf(public_path, sizeof public_path, "%s.pub", path) >= sizeof public_path)
		return fail(path, strerror(ENAMETOOLONG));
	if (admin_read_key(public_path, &half, why))
		return fail("the public half beside the key has its name", why);
	buf_init(&b, KEY_FILE_MAX);
	rc = io_read_file(AT_FDCWD, path, &b);
	if (rc)
		wrong = strerror(-rc);
	else
		rc = key_read(half.name, buf_data(&b), b.len, ret, &wrong);
	if (b.mem)
		explicit_bzero(b.mem, b.cap);
	buf_free(&b);
	if (!rc && !key_same(key_public_of(*ret), &half)) {
		rc = -EINVAL;
		wrong = "not the other half of the .pub beside it";
	}
	return rc ? fail(path, wrong) : 0;
}

static int write_signature(const char *file, const struct admin_text *t, const struct key_private *k)
{
	char path[PATH_MAX + 8];
	struct buf text, note;
	int rc;

	snprintf(path, sizeof path, "%s.sig", file);
	buf_init(&text, ADMIN_SIG_MAX);
	buf_init(&note, ADMIN_SIG_MAX);
	rc = admin_text_write(t, &text);
	if (!rc)
		rc = note_write(&note, buf_data(&text), text.len, k);
	if (!rc)
		rc = io_replace_file(AT_FDCWD, path, buf_data(&note), note.len, 0644);
	buf_free(&text);
	buf_free(&note);
	return rc ? fail(path, strerror(-rc)) : 0;
}

static int sign(const char *file, uint64_t version, const struct site *site, const struct key_private *k)
{
	struct admin_text last = {.version = 0}, t = {.version = (uint32_t)version};
	char hex[65];
	int rc = version ? 0 : admin_last(file, &last);

	if (rc && rc != -ENOENT)
		return fail(file, "the .sig beside it is none, so its version is not known: say which one with -v");
	if (!version && last.version == ADMIN_VERSION_MAX)
		return fail(file, "there is no higher version");
	if (!version)
		t.version = last.version + 1;
	snprintf(t.origin, sizeof t.origin, "%s", site->origin);
	if (site_sha256(site, t.sha256))
		return fail(file, strerror(ENOMEM));
	rc = write_signature(file, &t, k);
	hex_encode(t.sha256, 32, hex);
	if (!rc)
		printf("%s.sig: version %u of %s, %u file%s, SHA-256 %s, by %s\n", file, t.version, t.origin, site->nparts, site->nparts == 1 ? "" : "s", hex,
		       key_public_of(k)->name);
	return rc;
}

static int read_and_sign(const char *file, const char *key, uint64_t version)
{
	struct site_report *report = calloc(1, sizeof *report);
	struct key_private *k = NULL;
	struct site *site = NULL;
	int rc = report ? site_load_text(file, &site, report) : -ENOMEM, status;

	if (rc && report)
		complaint_print(stderr, file, report);
	free(report);
	if (rc)
		return rc == -EINVAL ? 1 : 2;
	status = read_key(key, &k);
	if (!status)
		status = sign(file, version, site, k);
	key_free(&k);
	site_free(&site);
	return status;
}

int cmd_sign_config(int argc, char **argv)
{
	const char *key = NULL, *wanted = NULL;
	const struct options_row rows[] = {{"key", 'k', .value = &key}, {"version", 'v', .value = &wanted}, {0}};
	uint64_t version = 0;
	int status;

	if (!options_read("sign-config", usage, rows, 1, argc, argv, &status))
		return status;
	if (wanted && (text_u64(wanted, strlen(wanted), ADMIN_VERSION_MAX, &version) || !version))
		return fail("-v", "a version is a whole number from 1");
	if (!key)
		return fail("usage", "casemate sign-config -k admin.key [-v N] [SITE-FILE]");
	return read_and_sign(optind < argc ? argv[optind] : SITE_FILE_DEFAULT, key, version);
}
