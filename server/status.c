/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate status: asks the running server over its local socket. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "conf/site.h"
#include "server/ask.h"
#include "server/commands.h"

static void help(FILE *to)
{
	fputs("usage: casemate status [-c SITE.yaml | -s SOCKET] [--json]\n"
	      "Asks the running server how it is: roles, cameras, log, archive.\n"
	      "  -c, --config FILE   the site file that the server was started with (default " SITE_FILE_DEFAULT ")\n"
	      "  -s, --socket PATH   the server's local socket, instead of reading the site file\n"
	      "      --json          everything, as JSON (casemate-status(1) describes it)\n"
	      "Exit: 0 answered, 1 the server does not run, 2 usage or no such file.\n", to);
}

static int print_answer(const char *path, const char *question)
{
	struct buf answer;
	int rc;

	buf_init(&answer, ASK_ANSWER_MAX);
	rc = ask_server(path, question, &answer);
	if (rc)
		ask_complain("status", path, rc);
	else
		rc = io_write_all(STDOUT_FILENO, buf_data(&answer), answer.len);
	buf_free(&answer);
	return rc != 0;
}

int cmd_status(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *config = SITE_FILE_DEFAULT, *socket_path = NULL;
	bool json = false;
	char path[ASK_PATH];
	int o;

	while ((o = getopt_long(argc, argv, "c:s:h", options, NULL)) != -1) {
		switch (o) {
		case 'c':
			config = optarg;
			break;
		case 's':
			socket_path = optarg;
			break;
		case 'j':
			json = true;
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
		ask_complain("status", socket_path, -ENAMETOOLONG);
		return 2;
	}
	if (!socket_path && ask_socket_of_site(config, path) < 0)
		return 2;
	return print_answer(path, json ? "json\n" : isatty(STDOUT_FILENO) ? "colour\n" : "text\n");
}
