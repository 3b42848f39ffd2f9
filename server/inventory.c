/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate inventory: what the cameras of a site are, for who answers for them. */
#include "server/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/options.h"
#include "conf/complaint.h"
#include "server/ask.h"
#include "server/commands.h"
#include "server/libexec.h"
#include "server/parent.h"

#define ARP_FILE "/proc/net/arp"
#define OUI_FILE "/usr/share/ieee-data/oui.txt"
#define MAKERS_FILE "makers.txt"       /* beside the programs */
#define PRINT_MAX (16u << 20)

struct options {
	const char *config, *makers, *oui;
	int (*print)(const struct inventory *v, struct buf *out);
	bool try_defaults;
};

static const char usage[] =
	"usage: casemate inventory [-c SITE.yaml] [--text | --csv | --json] [--try-defaults]\n"
	"                          [--makers FILE] [--oui FILE]\n"
	"Says of each camera who probably made it, on whose chip, how sure that is and by what; and what\n"
	"rules of procurement, or who looks after it, should know. Asks the running server what the cameras\n"
	"said; without one the cameras themselves.\n"
	"  -c, --config FILE   the site file (default " SITE_FILE_DEFAULT ")\n"
	"      --text          for people (the default)\n"
	"      --csv           a line a camera\n"
	"      --json          everything (casemate-inventory(1) describes it)\n"
	"      --try-defaults  tries at each camera, once, the password that its maker sells it with\n"
	"      --makers FILE   other facts of makers than those it was built with\n"
	"      --oui FILE      the IEEE's register (default " OUI_FILE ", of Debian's ieee-data)\n"
	"Exit: 0 nothing is flagged, 1 something is, 2 could not tell.\n";

static int load_makers(struct makers *ret, const char *path)
{
	const char *why = "cannot be read";
	unsigned line = 0;
	struct buf text;
	int rc;

	buf_init(&text, MAKERS_BYTES_MAX);
	rc = io_read_file(AT_FDCWD, path, &text);
	if (!rc)
		rc = makers_parse(buf_data(&text), text.len, ret, &line, &why);
	if (rc)
		fprintf(stderr, "casemate inventory: %s:%u: %s\n", path, line, why);
	buf_free(&text);
	return rc ? 2 : 0;
}

/* What the server heard, or what the cameras say now. */
static int gather(struct inventory *v, struct site **site, const char *libexec)
{
	struct buf answer;
	int rc, status = 0;

	buf_init(&answer, ASK_ANSWER_MAX);
	rc = ask_server((*site)->socket, ASK_INVENTORY "\n", &answer);
	v->running = rc == 0;
	if (rc == -ENOENT || rc == -ECONNREFUSED) {
		status = inventory_probe(v, site, libexec);
	} else if (rc) {
		ask_complain("inventory", (*site)->socket, rc);
		status = 2;
	} else if (inventory_take(v, buf_data(&answer), answer.len) < 0) {
		fputs("casemate inventory: the server that runs is of another version: stop it, and the cameras are asked themselves\n", stderr);
		status = 2;
	}
	buf_free(&answer);
	return status;
}

static int print(const struct inventory *v, const struct options *o)
{
	struct buf out;
	bool flagged = false;
	int rc;

	buf_init(&out, PRINT_MAX);
	rc = o->print(v, &out);
	if (!rc)
		rc = io_write_all(STDOUT_FILENO, buf_data(&out), out.len);
	buf_free(&out);
	for (unsigned i = 0; i < v->n; i++)
		flagged |= v->camera[i].flags != 0;
	return rc ? 2 : flagged;
}

static int inventory(struct inventory *v, struct site **site, const struct options *o)
{
	char libexec[4096], makers[4200];
	int status;

	if (libexec_folder(libexec, sizeof libexec) < 0) {
		fprintf(stderr, "casemate inventory: its own programs are not where they were installed (%s): install it again\n", CM_LIBEXECDIR);
		return 2;
	}
	snprintf(makers, sizeof makers, "%s/%s", libexec, MAKERS_FILE);
	status = load_makers(&v->makers, o->makers ? o->makers : makers);
	inventory_of_site(v, *site);
	if (!status)
		status = gather(v, site, libexec);
	inventory_look(v, ARP_FILE, o->oui);
	inventory_judge(v);
	inventory_in_use(v);
	if (!status && o->try_defaults)
		status = inventory_try(v, libexec);
	inventory_judge(v);
	return status ? status : print(v, o);
}

static int begin(const struct options *o)
{
	struct site_report *report = calloc(1, sizeof *report);
	struct inventory *v = calloc(1, sizeof *v);
	struct site *site = NULL;
	int status = 2, rc = report && v ? site_load(o->config, &site, report) : -ENOMEM;

	if (rc && report)
		complaint_print(stderr, o->config, report);
	/* No core file and no debugger while a password is in memory. */
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	parent_log_quiet();
	if (!rc)
		status = inventory(v, &site, o);
	free(v);
	free(report);
	site_free(&site);
	return status;
}

int cmd_inventory(int argc, char **argv)
{
	struct options want = {.config = SITE_FILE_DEFAULT, .oui = OUI_FILE};
	bool text = false, csv = false, json = false;
	const struct options_row rows[] = {{"config", 'c', .value = &want.config}, {"text", .flag = &text}, {"csv", .flag = &csv}, {"json", .flag = &json},
		{"try-defaults", .flag = &want.try_defaults}, {"makers", .value = &want.makers}, {"oui", .value = &want.oui}, {0}};
	int status;

	if (!options_read("inventory", usage, rows, 0, argc, argv, &status))
		return status;
	if (text + csv + json > 1) {
		fputs("casemate inventory: --text, --csv, --json: one of them, please\n", stderr);
		return 2;
	}
	want.print = csv ? inventory_csv : json ? inventory_json : inventory_text;
	return begin(&want);
}
