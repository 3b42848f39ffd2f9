/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate status: asks the running server over its local socket. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/options.h"
#include "base/text.h"
#include "conf/site.h"
#include "server/ask.h"
#include "server/commands.h"

#define ROWS_LEAST 10        /* in fewer nothing is left out: it scrolls anyway */

static const char usage[] =
	"usage: casemate status [-c SITE.yaml | -s SOCKET] [--all | --camera NAME | --json] [--color WHEN]\n"
	"Asks the running server how it is: roles, cameras, log, archive.\n"
	"  -c, --config FILE   the site file that the server was started with (default " SITE_FILE_DEFAULT ")\n"
	"  -s, --socket PATH   the server's local socket, instead of reading the site file\n"
	"      --all           every camera and role, also on a terminal, where what is well is only counted\n"
	"      --camera NAME   that camera alone\n"
	"      --color WHEN    always, never, or auto: on a terminal, unless NO_COLOR is set (default auto)\n"
	"      --json          everything, as JSON (casemate-status(1) describes it)\n"
	"Exit: 0 answered, 1 the server does not run, 2 usage or no such file.\n";

struct options {
	bool json, all, colour;
	const char *camera;
};

static void question_of(const struct options *o, char *out, size_t cap)
{
	struct winsize size = {0};
	const char *form = o->colour ? "colour" : "text";

	if (o->json)
		snprintf(out, cap, "json\n");
	else if (o->camera)
		snprintf(out, cap, "%s camera %s\n", form, o->camera);
	else if (!o->all && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row >= ROWS_LEAST && size.ws_col)
		snprintf(out, cap, "%s %u %u\n", form, size.ws_row - 1u, size.ws_col);
	else
		snprintf(out, cap, "%s\n", form);
}

static int print_answer(const char *path, const struct options *o)
{
	char question[ASK_QUESTION_MAX];
	struct buf answer;
	size_t refused = strlen(ASK_REFUSED);
	int rc;

	question_of(o, question, sizeof question);
	buf_init(&answer, ASK_ANSWER_MAX);
	rc = ask_server(path, question, &answer);
	if (rc) {
		ask_complain("status", path, rc);
	} else if (answer.len > refused && memcmp(buf_data(&answer), ASK_REFUSED, refused) == 0) {
		buf_consume(&answer, refused);
		fprintf(stderr, "casemate status: %.*s", (int)answer.len, (const char *)buf_data(&answer));
		rc = -ENOENT;
	} else {
		rc = io_write_all(STDOUT_FILENO, buf_data(&answer), answer.len);
	}
	buf_free(&answer);
	return rc != 0;
}

/* https://no-color.org: set, and not empty */
static bool take_colour(const char *when, bool *ret)
{
	const char *no = getenv("NO_COLOR");

	*ret = strcmp(when, "always") == 0 || (strcmp(when, "auto") == 0 && isatty(STDOUT_FILENO) && !(no && *no));
	return *ret || strcmp(when, "auto") == 0 || strcmp(when, "never") == 0;
}

int cmd_status(int argc, char **argv)
{
	const char *config = SITE_FILE_DEFAULT, *socket = NULL, *when = "auto";
	struct options want = {0};
	const struct options_row rows[] = {{"config", 'c', .value = &config}, {"socket", 's', .value = &socket}, {"json", .flag = &want.json},
		{"all", .flag = &want.all}, {"camera", .value = &want.camera}, {"color", .value = &when}, {0}};
	char path[ASK_PATH];
	int status;

	if (!options_read("status", usage, rows, 0, argc, argv, &status))
		return status;
	if (!take_colour(when, &want.colour)) {
		fprintf(stderr, "casemate status: --color %.20s: there are always, never and auto\n", when);
		return 2;
	}
	if (want.camera && !text_is_name(want.camera, strlen(want.camera))) {
		fprintf(stderr, "casemate status: --camera %.40s: this is no camera's name\n", want.camera);
		return 2;
	}
	return ask_site("status", config, socket, path) ? 2 : print_answer(path, &want);
}
