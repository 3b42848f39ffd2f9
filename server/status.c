/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate status: asks the running server over its local socket. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "conf/complaint.h"
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

static int socket_of_site(const char *file, char *path, size_t cap)
{
	static struct site_report report;
	struct site *site = NULL;
	int rc = site_load(file, &site, &report);

	if (rc < 0)
		complaint_print(stderr, file, &report);
	else
		snprintf(path, cap, "%s", site->socket);
	site_free(&site);
	return rc;
}

static int ask(const char *path, const char *question)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 1;
	char bytes[16384];
	ssize_t n;

	if (fd < 0)
		return 2;
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0) {
		if (errno == EACCES)
			fprintf(stderr, "casemate status: %s: only the user who runs the server may ask it: sudo -u THAT-USER casemate status\n", path);
		else
			fprintf(stderr, "casemate status: no server answers at %s (%s): casemate run -c SITE.yaml starts one\n", path, strerror(errno));
		goto out;
	}
	if (io_write_all(fd, question, strlen(question)) < 0)
		goto out;
	while ((n = read(fd, bytes, sizeof bytes)) > 0) {
		rc = 0;
		if (io_write_all(STDOUT_FILENO, bytes, (size_t)n) < 0)
			break;
	}
	if (rc)
		fprintf(stderr, "casemate status: the server at %s said nothing\n", path);
out:
	close(fd);
	return rc;
}

int cmd_status(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *config = SITE_FILE_DEFAULT, *socket_path = NULL;
	bool json = false;
	char path[sizeof ((struct sockaddr_un *)0)->sun_path];
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
	if (socket_path && strlen(socket_path) >= sizeof path) {
		fprintf(stderr, "casemate status: %s: longer than a socket's path can be (%zu)\n", socket_path, sizeof path - 1);
		return 2;
	}
	if (socket_path)
		snprintf(path, sizeof path, "%s", socket_path);
	else if (socket_of_site(config, path, sizeof path) < 0)
		return 2;
	return ask(path, json ? "json\n" : isatty(STDOUT_FILENO) ? "colour\n" : "text\n");
}
