/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate sessions: says who is logged in at the running server, and ends it. */
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/text.h"
#include "conf/site.h"
#include "server/ask.h"
#include "server/commands.h"

static const char usage[] =
	"usage: casemate sessions [--json | --end ID | --user NAME] [-c SITE.yaml | -s SOCKET]\n"
	"Says who is logged in at the running server: a line each, with its id, the user or share link, from where, since when and until when.\n"
	"  -j, --json          for programs\n"
	"  -e, --end ID        ends that one; what it is being sent ends within a second\n"
	"  -u, --user NAME     ends all of that user, or of that share link\n"
	"  -c, --config FILE   the site file that the server was started with (default " SITE_FILE_DEFAULT ")\n"
	"  -s, --socket PATH   the server's local socket, instead of reading the site file\n"
	"Who knows a password may log in again: casemate passwd makes another, casemate reload puts it in force.\n"
	"Exit: 0 done, 1 there is no such session, 2 usage, or no server runs.\n";

struct options {
	const char *config, *socket, *end, *user;
	bool json;
};

int cmd_sessions(int argc, char **argv)
{
	struct options o = {.config = SITE_FILE_DEFAULT};
	const struct options_row rows[] = {{"json", 'j', .flag = &o.json}, {"end", 'e', .value = &o.end}, {"user", 'u', .value = &o.user},
		{"config", 'c', .value = &o.config}, {"socket", 's', .value = &o.socket}, {0}};
	const char *name;
	char question[ASK_QUESTION_MAX], path[ASK_PATH];
	int status;

	if (!options_read("sessions", usage, rows, 0, argc, argv, &status))
		return status;
	if (o.json + (o.end != NULL) + (o.user != NULL) > 1) {
		fputs("casemate sessions: --json, --end, --user: one of them, please\n", stderr);
		return 2;
	}
	name = o.end ? o.end : o.user;
	if (name && !text_is_name(name, strlen(name))) {
		fprintf(stderr, "casemate sessions: \"%.40s\" is no id and no user's name\n", name);
		return 2;
	}
	if (name)
		snprintf(question, sizeof question, ASK_SESSIONS_END "%s %s\n", o.end ? "id" : "user", name);
	else
		snprintf(question, sizeof question, ASK_SESSIONS "%s\n", o.json ? "json" : "text");
	return ask_site("sessions", o.config, o.socket, path) ? 2 : ask_and_print("sessions", path, question, NULL);
}
