/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/libexec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096

static int holds_programs(const char *folder)
{
	char path[PATH_BYTES];

	return (size_t)snprintf(path, sizeof path, "%s/store", folder) < sizeof path && access(path, X_OK) == 0;
}

int libexec_folder(char *out, size_t cap)
{
	static const char *const beside[] = {"libexec/casemate", "../libexec/casemate"};  /* build tree; a moved installation */
	char self[PATH_BYTES];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (n <= 0)
		return -ENOENT;
	self[n] = 0;
	slash = strrchr(self, '/');
	if (!slash)
		return -ENOENT;
	*slash = 0;
	if (strcmp(self, CM_BINDIR) == 0 && holds_programs(CM_LIBEXECDIR))
		return (size_t)snprintf(out, cap, "%s", CM_LIBEXECDIR) < cap ? 0 : -ENOENT;
	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
		if ((size_t)snprintf(out, cap, "%s/%s", self, beside[i]) < cap && holds_programs(out))
			return 0;
	return -ENOENT;
}

int libexec_become(const char *name, char **argv)
{
	char folder[PATH_BYTES], path[PATH_BYTES + 64];

	if (libexec_folder(folder, sizeof folder) < 0) {
		fprintf(stderr, "casemate: its own programs are not where they were installed (%s): install it again\n", CM_LIBEXECDIR);
		return 2;
	}
	snprintf(path, sizeof path, "%s/%s", folder, name);
	execv(path, argv);
	fprintf(stderr, "casemate: cannot start %s: %s: install it again\n", path, strerror(errno));
	return 2;
}
