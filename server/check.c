/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate check: what is wrong with a site file and with what it names. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/options.h"
#include "base/text.h"
#include "conf/complaint.h"
#include "server/admin.h"
#include "server/check.h"
#include "server/check_inner.h"
#include "server/check_print.h"
#include "server/commands.h"

static const char usage[] =
	"usage: casemate check [--effective | --json] [--admin-key FILE] [-c SITE-FILE]\n"
	"       casemate check --against OLD-FILE|SOCKET [--json] NEW-FILE\n"
	"\n"
	"Reads the site file and looks at the files and folders it names, and says\n"
	"everything that is wrong with them, with the place and the mend; or what the\n"
	"site is, and what it is expected to cost.\n"
	"With --against: what a change from one site file to another opens and closes,\n"
	"and who is disconnected by it.\n"
	"\n"
	"  -c, --config FILE  the site file (default " SITE_FILE_DEFAULT ")\n"
	"      --against FILE the site file that is in use, or the socket of the server that\n"
	"                     runs: what it runs with, with all that is included, is asked\n"
	"      --admin-key FILE\n"
	"                     whether this key has signed the site file, and no earlier version\n"
	"                     than was in force here, as run --admin-key will ask\n"
	"      --effective    the site file with all that is included, inherited and left out\n"
	"      --json         what is printed of a site, or what changes, as JSON\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 the site is good, 1 it is not, 2 it could not be read.\n"
	"With --against: 0 nothing opens and nobody is disconnected, 1 something does\n"
	"or somebody is, or footage is deleted, 2 there is an error in a file.\n"
	"See casemate-check(1) and casemate-site(5).\n";

void check_say(struct check *c, enum check_weight w, int line, const char *fmt, ...)
{
	char place[PATH_MAX + SITE_PART_NAME];
	va_list ap;

	*(w == CHECK_PROBLEM ? &c->problems : &c->warnings) += 1;
	site_place(c->site, c->path, line, place, sizeof place);
	fprintf(c->to, "%s: %s", place, w == CHECK_WARNING ? "warning: " : "");
	va_start(ap, fmt);
	vfprintf(c->to, fmt, ap);
	va_end(ap);
	putc('\n', c->to);
}

struct check_shown check_shown(const char *path)
{
	struct check_shown s;

	text_escape(path, strlen(path), s.text, sizeof s.text);
	return s;
}

static void summary(const struct check *c, unsigned complaints, bool more)
{
	unsigned n = complaints + c->problems;

	if (n)
		fprintf(c->to, "%s: %s%u thing%s to mend", c->path, more ? "at least " : "", n, n == 1 ? "" : "s");
	else
		fprintf(c->to, "%s: good", c->path);
	if (c->warnings)
		fprintf(c->to, ", %u warning%s", c->warnings, c->warnings == 1 ? "" : "s");
	putc('\n', c->to);
}

static void check_everything(struct check *c)
{
	check_file(c);
	check_keys(c);
	check_places(c);
}

/* As the first start with this file would; or, with a key, the next start here with that key. */
static void check_signature(struct check *c)
{
	struct admin was = {.known = false}, now;
	char why[ADMIN_WHY], path[PATH_MAX + 16];
	struct key_public key;
	int rc = c->admin_key ? admin_read_key(c->admin_key, &key, why) : 0;

	admin_path(c->site->file, path, sizeof path);
	if (!rc && c->admin_key)
		rc = admin_load(path, &was, why);
	if (!rc && (c->admin_key || c->site->require_signed))
		rc = admin_judge(&was, c->admin_key ? &key : NULL, c->site, !c->admin_key, &now, why);
	if (rc)
		check_say(c, CHECK_PROBLEM, 0, "%s", why);
}

unsigned check_named_files(FILE *to, const char *path, const struct site *site)
{
	struct check c = {.to = to, .path = path, .site = site};

	check_everything(&c);
	return c.problems;
}

/* As check_load says. */
static int load(struct check *c, enum check_depth depth, struct site **ret)
{
	struct site_report *report = calloc(1, sizeof *report);
	int rc = report ? (depth == CHECK_TEXT ? site_load_text : site_load)(c->path, ret, report) : -ENOMEM, status = 1;

	if (rc == -EINVAL || rc == -EFBIG) {
		complaint_print(c->to, c->path, report);
		summary(c, report->n, report->more);
	} else if (rc) {
		fprintf(stderr, "casemate check: %s: %s\n", c->path, report && report->n ? report->complaint->text : strerror(-rc));
		status = 2;
	} else {
		c->site = *ret;
		if (depth == CHECK_ALL)
			check_everything(c);
		if (depth == CHECK_ALL)
			check_signature(c);
		if (c->problems || c->warnings)
			summary(c, 0, false);
		status = c->problems > 0;
	}
	free(report);
	return status;
}

int check_load(FILE *to, const char *path, enum check_depth depth, struct site **ret)
{
	struct check c = {.path = path, .to = to};

	return load(&c, depth, ret);
}

/* What is printed of a good one. Whatever is wrong goes where it can't be taken for JSON or for a site file. */
static int check_site(const char *path, const char *admin_key, bool effective, bool json)
{
	struct check c = {.path = path, .admin_key = admin_key, .to = effective || json ? stderr : stdout};
	struct site *site = NULL;
	int status = load(&c, effective ? CHECK_TEXT : CHECK_ALL, &site);

	if (!status && !c.warnings && !effective && !json)
		summary(&c, 0, false);
	if (!status && (effective ? check_print_effective(site) : json ? check_print_json(site) : check_print(site)) < 0) {
		fputs("casemate check: there is not enough memory\n", stderr);
		status = 2;
	}
	site_free(&site);
	return status;
}

int cmd_check(int argc, char **argv)
{
	const char *path = NULL, *old = NULL, *admin_key = NULL;
	bool json = false, effective = false;
	const struct options_row rows[] = {{"config", 'c', .value = &path}, {"against", .value = &old}, {"json", .flag = &json},
		{"effective", .flag = &effective}, {"admin-key", .value = &admin_key}, {0}};
	int status;

	if (!options_read("check", usage, rows, 1, argc, argv, &status))
		return status;
	if (old && !path && optind == argc - 1)
		path = argv[optind++];
	if (old && path && optind == argc && !effective && !admin_key)
		return check_against(old, path, json);
	if (!old && optind == argc && !(effective && (json || admin_key)))
		return check_site(path ? path : SITE_FILE_DEFAULT, admin_key, effective, json);
	if (effective)
		fputs("casemate check: --effective is by itself: casemate check --effective -c SITE-FILE\n", stderr);
	else if (old)
		fputs("casemate check: wanted is casemate check --against OLD-FILE NEW-FILE, or a socket in place of the old file\n", stderr);
	else
		fprintf(stderr, "casemate check: the site file is named by -c: casemate check -c %s\n", argv[optind]);
	return 2;
}
