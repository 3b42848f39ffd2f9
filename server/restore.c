/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate restore: puts back what casemate backup kept. Looks at all of it first; overwrites nothing unless it is told to, and then puts that aside. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/options.h"
#include "server/backup_ask.h"
#include "server/backup_seal.h"
#include "server/commands.h"
#include "server/openssl.h"
#include "server/restore_put.h"

static const char usage[] =
	"usage: casemate restore [--list | --to FOLDER] [OPTION...] FILE\n"
	"Puts back what casemate backup wrote to FILE: each file in its place, with its owner and\n"
	"mode. What is there and differs is not touched, and nothing is then.\n"
	"  -l, --list                  only say what is in it\n"
	"      --to FOLDER             below this folder instead: FOLDER/etc/casemate/site.yaml\n"
	"      --force                 put what differs aside, as NAME.old, and go on\n"
	"  -p, --passphrase-file FILE  the passphrase is its first line (else it is asked for, or\n"
	"                              without a terminal the first line of standard input)\n"
	"  -h, --help                  this text\n"
	"The server must be stopped. Exit status: 0, 1 refused: another passphrase, a changed\n"
	"file, or what is there differs; 2 usage, no such file, or not all could be written.\n";

struct options {
	const char *passphrase, *to, *file;
	bool list, force;
};

static int fail(const char *what, const char *why, int status)
{
	fprintf(stderr, "casemate restore: %s: %s\n", what, why);
	return status;
}

static int list(const struct backup_entry *e)
{
	printf("%c %04o %s:%s %8zu %s\n", e->folder ? 'd' : '-', e->mode, e->owner, e->group, e->len, e->path);
	return 0;
}

/* The whole of it is good, before anything of it is put anywhere. */
static int check(const struct buf *plain, struct backup_head *head)
{
	struct rd r = rd_init(buf_data(plain), plain->len);
	struct backup_entry e;
	unsigned n = 0;
	int rc = backup_read_head(&r, head);

	while (!rc && (rc = backup_next(&r, &e)) > 0)
		rc = ++n > BACKUP_ENTRIES_MAX ? -EBADMSG : 0;
	return rc;
}

static int each(const struct buf *plain, const struct options *o, int (*step)(const struct restore *r, const struct backup_entry *e), struct restore *how)
{
	struct rd r = rd_init(buf_data(plain), plain->len);
	struct backup_head head;
	struct backup_entry e;
	int status = backup_read_head(&r, &head);

	while (backup_next(&r, &e) > 0) {
		int rc = o->list ? list(&e) : step(how, &e);

		if (!status)
			status = rc;
	}
	return status;
}

static int restore(const struct buf *plain, const struct options *o)
{
	struct restore how = {.to = o->to ? o->to : "", .force = o->force};
	char when[CLOCK_TEXT];
	struct backup_head head;
	int status;

	if (check(plain, &head))
		return fail(o->file, "what is in it is no backup that this version knows", 1);
	clock_text(head.time_us, when);
	fprintf(stderr, "%s: %s, of %s\n", o->file, head.origin, when);
	if (o->list)
		return each(plain, o, NULL, NULL);
	status = each(plain, o, restore_try, &how);
	if (status)
		return fail("nothing was touched", how.force ? "see above" : "--force puts what differs aside and goes on", status);
	return each(plain, o, restore_put, &how);
}

static int open_and_restore(const struct options *o, const struct buf *sealed)
{
	struct prompt_password p;
	struct backup_cost cost;
	struct buf plain;
	int rc = backup_cost_of(buf_data(sealed), sealed->len, &cost);

	if (rc)
		return fail(o->file, "it is no backup of casemate", 1);
	if (backup_ask("restore", o->passphrase, false, &p))
		return 2;
	buf_init(&plain, BACKUP_BYTES_MAX + 1);
	rc = openssl_begins() ? backup_open(p.text, p.len, buf_data(sealed), sealed->len, &plain) : -ENOMEM;
	explicit_bzero(&p, sizeof p);
	if (rc)
		rc = fail(o->file, rc == -EKEYREJECTED ? "another passphrase, or its bytes were changed" : strerror(-rc), rc == -EKEYREJECTED ? 1 : 2);
	else
		rc = restore(&plain, o);
	if (plain.mem)
		explicit_bzero(plain.mem, plain.cap);
	buf_free(&plain);
	return rc;
}

static int read_and_restore(const struct options *o)
{
	struct buf sealed;
	int rc;

	buf_init(&sealed, BACKUP_HEAD_BYTES + BACKUP_BYTES_MAX + BACKUP_TAG_BYTES);
	rc = io_read_file(AT_FDCWD, o->file, &sealed);
	rc = rc ? fail(o->file, strerror(-rc), 2) : open_and_restore(o, &sealed);
	buf_free(&sealed);
	return rc;
}

int cmd_restore(int argc, char **argv)
{
	struct options o = {.list = false};
	const struct options_row rows[] = {{"list", 'l', .flag = &o.list}, {"to", .value = &o.to}, {"force", .flag = &o.force},
		{"passphrase-file", 'p', .value = &o.passphrase}, {0}};
	int status;

	if (!options_read("restore", usage, rows, 1, argc, argv, &status))
		return status;
	if (optind == argc || (o.list && (o.to || o.force)))
		return fail("usage", "casemate restore [--list | --to FOLDER] [--force] FILE", 2);
	o.file = argv[optind];
	/* No core file and no debugger while keys are in memory. */
	prctl(PR_SET_DUMPABLE, 0);
	return read_and_restore(&o);
}
