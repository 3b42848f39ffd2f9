/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate reload: has the running server take its changed site file, and says what came of it. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "conf/site.h"
#include "server/ask.h"
#include "server/commands.h"

static void help(FILE *to)
{
	fputs("usage: casemate reload [--allow-rollback] [-c SITE.yaml | -s SOCKET]\n"
	      "Has the running server read its site file again, and change what differs; nothing else is touched.\n"
	      "The file is checked first: if anything in it is wrong, or needs a restart, nothing is changed.\n"
	      "  -c, --config FILE   the site file that the server was started with (default " SITE_FILE_DEFAULT ")\n"
	      "  -s, --socket PATH   the server's local socket, instead of reading the site file\n"
	      "  --allow-rollback    a signed site file may be an earlier version than the one in force\n"
	      "casemate check --against OLD NEW says before what a change opens and closes.\n"
	      "Exit: 0 the file is in force, 1 it was refused, 2 usage, or no server runs.\n", to);
}

int cmd_reload(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'}, {"allow-rollback", no_argument, NULL, 'R'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *config = SITE_FILE_DEFAULT, *socket_path = NULL;
	char path[ASK_PATH];
	bool rollback = false;
	int o, rc;

	while ((o = getopt_long(argc, argv, "c:s:h", options, NULL)) != -1) {
		switch (o) {
		case 'c':
			config = optarg;
			break;
		case 's':
			socket_path = optarg;
			break;
		case 'R':
			rollback = true;
			break;
		case 'h':
			help(stdout);
			return 0;
		default:
			help(stderr);
			return 2;
		}
	}
	if (optind != argc) {
		help(stderr);
		return 2;
	}
	if (socket_path && ask_socket_given(socket_path, path) < 0) {
		ask_complain("reload", socket_path, -ENAMETOOLONG);
		return 2;
	}
	rc = socket_path ? 0 : ask_socket_of_site(config, path);
	if (rc < 0)
		return rc == -EINVAL ? 1 : 2;
	return ask_and_print("reload", path, rollback ? ASK_ROLLBACK "\n" : ASK_RELOAD "\n", NULL);
}
