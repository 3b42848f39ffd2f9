/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layers' names, and what an admin can do about one that is missing. */
#include "server/sandbox.h"

#include <stdio.h>

#define NAMESPACES \
	"allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; " \
	"a chroot or a container may forbid them)"

const char *sandbox_layer_name(unsigned bit)
{
	static const char *const name[LAYER_COUNT] = {
		"user-ns", "pid-ns", "net-ns", "mount-ns", "ipc-ns", "uts-ns", "no-capabilities", "rlimits", "landlock", "no-new-privs", "seccomp",
		"landlock-net", "landlock-scope", "cgroup"};

	return bit < LAYER_COUNT ? name[bit] : "?";
}

void sandbox_layers_text(uint32_t layers, char *out, size_t cap)
{
	size_t n = 0;

	*out = 0;
	for (unsigned bit = 0; bit < LAYER_COUNT && n < cap; bit++)
		if (layers >> bit & 1)
			n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? " " : "", sandbox_layer_name(bit));
}

const char *sandbox_mend(uint32_t missing)
{
	static const struct { uint32_t layers; const char *mend; } mends[] = {
		{LAYER_SECCOMP, "run a kernel with CONFIG_SECCOMP_FILTER, outside of what forbids it: nothing runs without its filter"},
		{LAYER_USER_NS | LAYER_PID_NS | LAYER_NET_NS | LAYER_IPC_NS | LAYER_UTS_NS, NAMESPACES},
		{LAYER_MOUNT_NS, "allow mounting in user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns; a container may forbid it)"},
		{LAYER_LANDLOCK, "run Linux 5.19 or newer with landlock among its security modules (boot with lsm=landlock,...)"},
		{LAYER_LANDLOCK_NET | LAYER_LANDLOCK_SCOPE, "Linux 6.12 has it; the network namespace, and user and pid namespace, do as well"},
		{LAYER_CGROUP, "start it as a unit with Delegate=memory cpu pids (conf/casemate.service); the limits of each process hold without it"},
	};

	for (size_t i = 0; i < sizeof mends / sizeof *mends; i++)
		if (missing & mends[i].layers)
			return mends[i].mend;
	return "look what limits this process";
}
