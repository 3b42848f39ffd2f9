/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate version: what this is, and what it is made of. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/options.h"
#include "config.h"
#include "server/commands.h"
#include "server/libexec.h"
#include "server/programs.h"

#define SBOM_MAX_BYTES (4u << 20)

static const char usage[] =
	"usage: casemate version [--sbom]\n"
	"Prints the version.\n"
	"  --sbom   print what the programs are made of instead: CycloneDX JSON, with the hash of each program and library\n";

static int print_sbom(void)
{
	char folder[4096], path[sizeof folder + sizeof PROGRAMS_SBOM];
	struct buf b;
	int rc = libexec_folder(folder, sizeof folder);

	buf_init(&b, SBOM_MAX_BYTES);
	if (!rc) {
		snprintf(path, sizeof path, "%s/" PROGRAMS_SBOM, folder);
		rc = io_read_file(AT_FDCWD, path, &b);
	}
	if (rc)
		fprintf(stderr, "casemate: the list of its parts, %s, cannot be read: %s: install it again\n", PROGRAMS_SBOM, strerror(-rc));
	else
		rc = io_write_all(STDOUT_FILENO, buf_data(&b), b.len);
	buf_free(&b);
	return rc ? 2 : 0;
}

int cmd_version(int argc, char **argv)
{
	bool sbom = false;
	const struct options_row rows[] = {{"sbom", .flag = &sbom}, {0}};
	int status;

	if (!options_read("version", usage, rows, 0, argc, argv, &status))
		return status;
	if (sbom)
		return print_sbom();
	puts(PACKAGE_STRING);
	return 0;
}
