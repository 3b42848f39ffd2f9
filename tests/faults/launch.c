/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in a test's libexec folder in a role's place, under the role's name, and becomes that role with the shim loaded:
 *     libexec/casemate/store              this
 *     libexec/casemate/real/store         the role, as it was built
 *     libexec/casemate/faults/shim.so
 *     libexec/casemate/faults/store       the role's page (point.h)
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char self[2048], real[2200], preload[2200], faults[2200], *name;
	char *const environment[] = {preload, faults, NULL};
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0)
		return 127;
	self[n] = 0;
	name = strrchr(self, '/');
	if (!name)
		return 127;
	*name++ = 0;
	snprintf(real, sizeof real, "%s/real/%s", self, name);
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s/faults/shim.so", self);
	snprintf(faults, sizeof faults, "FAULTS=%s/faults/%s", self, name);
	execve(real, argv, environment);
	return 127;
}
