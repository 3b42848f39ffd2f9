/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate audit: the attack surface of a site on one page. */
#include "server/audit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/options.h"
#include "conf/complaint.h"
#include "server/ask.h"
#include "server/commands.h"
#include "server/parent.h"

#define PAGE_MAX (64u << 20)   /* bytes, however it is printed */

static const char usage[] =
	"usage: casemate audit [-c SITE.yaml | -s SOCKET] [--calls] [--json]\n"
	"Prints all that can be attacked of a site: who may talk to it, whom it talks to, what each role\n"
	"can do, what lies where; and what is wrong or weak, the worst first. Asks the running server and\n"
	"looks at it from outside; root sees most. Without a server it prints what the site file would make.\n"
	"  -c, --config FILE   the site file (default " SITE_FILE_DEFAULT ")\n"
	"  -s, --socket PATH   the running server's local socket, instead of a site file\n"
	"      --calls         every system call of each role, not only the notable ones\n"
	"      --json          everything, as JSON (casemate-audit(1) describes it)\n"
	"Exit: 0 neither alarm nor warning, 1 some, 2 could not tell.\n";

/* The file is looked at as a start would: who may not read all of it cannot tell. */
static int load(const char *file, struct site **ret)
{
	struct site_report *report = calloc(1, sizeof *report);
	int rc = report ? site_load(file, ret, report) : -ENOMEM;

	if (rc && report)
		complaint_print(stderr, file, report);
	free(report);
	return rc;
}

static int take_site(struct audit *a, struct site **site)
{
	char state[4200];
	int rc;

	sign_state_path(*site, state, sizeof state);
	rc = audit_take_site(a, site);
	a->state_file = strdup(state);
	return !rc && !a->state_file ? -ENOMEM : rc;
}

/* What the server at that socket says, else what the site would be, if there is one. site is taken over then. */
static int gather(struct audit *a, const char *path, struct site **site)
{
	struct buf answer;
	const char *why = NULL;
	int rc;

	buf_init(&answer, ASK_ANSWER_MAX);
	rc = ask_server(path, AUDIT_QUESTION, &answer);
	if (!rc) {
		rc = audit_take(a, buf_data(&answer), answer.len, &why);
		if (rc)
			fprintf(stderr, "casemate audit: the server at %s: %s\n", path, rc == -EINVAL ? why : strerror(-rc));
	} else if (*site && (rc == -ENOENT || rc == -ECONNREFUSED)) {
		rc = take_site(a, site);
	} else {
		ask_complain("audit", path, rc);
	}
	buf_free(&answer);
	return rc;
}

static int print(struct audit *a, bool calls, bool json)
{
	struct buf out;
	int rc;

	audit_look(a);
	audit_find(a);
	buf_init(&out, PAGE_MAX);
	if (json)
		audit_json(a, &out);
	else
		audit_page(a, calls, &out);
	rc = io_write_all(STDOUT_FILENO, buf_data(&out), out.len);
	buf_free(&out);
	return rc ? 2 : a->count[AUDIT_ALARM] || a->count[AUDIT_WARNING];
}

static int audit(const char *file, const char *socket, bool calls, bool json)
{
	struct audit *a = calloc(1, sizeof *a);
	struct site *site = NULL;
	char path[ASK_PATH];
	int status = 2;

	if (socket && ask_socket_given(socket, path) < 0)
		ask_complain("audit", socket, -ENAMETOOLONG);
	else if (a && (socket || (!load(file, &site) && !ask_socket_given(site->socket, path))) && !gather(a, path, &site))
		status = print(a, calls, json);
	if (a)
		audit_clear(a);
	free(a);
	site_free(&site);
	return status;
}

int cmd_audit(int argc, char **argv)
{
	const char *file = SITE_FILE_DEFAULT, *socket = NULL;
	bool calls = false, json = false;
	const struct options_row rows[] = {{"config", 'c', .value = &file}, {"socket", 's', .value = &socket}, {"calls", .flag = &calls},
		{"json", .flag = &json}, {0}};
	int status;

	return options_read("audit", usage, rows, 0, argc, argv, &status) ? audit(file, socket, calls, json) : status;
}
