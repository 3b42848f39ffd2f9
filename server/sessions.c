/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate sessions: says who is logged in at the running server, and ends it. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "conf/site.h"
#include "server/ask.h"
#include "server/commands.h"

static void help(FILE *to)
{
	fputs("usage: casemate sessions [--json | --end ID | --user NAME] [-c SITE.yaml | -s SOCKET]\n"
	      "Says who is logged in at the running server: a line each, with its id, the user or share link, from where, since when and until when.\n"
	      "  -j, --json          for programs\n"
	      "  -e, --end ID        ends that one; what it is being sent ends within a second\n"
	      "  -u, --user NAME     ends all of that user, or of that share link\n"
	      "  -c, --config FILE   the site file that the server was started with (default " SITE_FILE_DEFAULT ")\n"
	      "  -s, --socket PATH   the server's local socket, instead of reading the site file\n"
	      "Who knows a password may log in again: casemate passwd makes another, casemate reload puts it in force.\n"
	      "Exit: 0 done, 1 there is no such session, 2 usage, or no server runs.\n", to);
}

struct options {
	const char *config, *socket, *end, *user;
	bool json;
};

/* 0, or the exit status and one: after --help it is good. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {{"json", no_argument, NULL, 'j'}, {"end", required_argument, NULL, 'e'}, {"user", required_argument, NULL, 'u'},
		{"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "je:u:c:s:h", known, NULL)) != -1) {
		switch (c) {
		case 'j': o->json = true; break;
		case 'e': o->end = optarg; break;
		case 'u': o->user = optarg; break;
		case 'c': o->config = optarg; break;
		case 's': o->socket = optarg; break;
		case 'h':
			help(stdout);
			return 1;
		default:
			help(stderr);
			return 3;
		}
	}
	if (optind == argc && o->json + (o->end != NULL) + (o->user != NULL) <= 1)
		return 0;
	help(stderr);
	return 3;
}

int cmd_sessions(int argc, char **argv)
{
	struct options o = {.config = SITE_FILE_DEFAULT};
	const char *name;
	char question[ASK_QUESTION_MAX], path[ASK_PATH];
	int rc = read_options(argc, argv, &o);

	if (rc)
		return rc - 1;
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
