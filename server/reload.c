/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate reload: has the running server take its changed site file, and says what came of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/options.h"
#include "conf/site.h"
#include "server/ask.h"
#include "server/commands.h"

static const char usage[] =
	"usage: casemate reload [--allow-rollback] [-c SITE.yaml | -s SOCKET]\n"
	"Has the running server read its site file again, and change what differs; nothing else is touched.\n"
	"The file is checked first: if anything in it is wrong, or needs a restart, nothing is changed.\n"
	"  -c, --config FILE   the site file that the server was started with (default " SITE_FILE_DEFAULT ")\n"
	"  -s, --socket PATH   the server's local socket, instead of reading the site file\n"
	"  --allow-rollback    a signed site file may be an earlier version than the one in force\n"
	"casemate check --against OLD NEW says before what a change opens and closes.\n"
	"Exit: 0 the file is in force, 1 it was refused, 2 usage, or no server runs.\n";

int cmd_reload(int argc, char **argv)
{
	const char *config = SITE_FILE_DEFAULT, *socket = NULL;
	bool rollback = false;
	const struct options_row rows[] = {{"config", 'c', .value = &config}, {"socket", 's', .value = &socket}, {"allow-rollback", .flag = &rollback}, {0}};
	char path[ASK_PATH];
	int status, rc;

	if (!options_read("reload", usage, rows, 0, argc, argv, &status))
		return status;
	rc = ask_site("reload", config, socket, path);
	if (rc)
		return rc == -EINVAL ? 1 : 2;
	return ask_and_print("reload", path, rollback ? ASK_ROLLBACK "\n" : ASK_RELOAD "\n", NULL);
}
