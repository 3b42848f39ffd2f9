/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mutate FOLDER: writes the clean evidence and the table of its mutations (evidence.h) into an empty folder. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "evidence.h"

int main(int argc, char **argv)
{
	int rc;

	if (argc != 2) {
		fputs("usage: mutate FOLDER\n", stderr);
		return 2;
	}
	rc = evidence_write(argv[1]);
	if (rc)
		fprintf(stderr, "mutate: %s: %s\n", argv[1], strerror(-rc));
	return rc ? 2 : 0;
}
