/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy's numbers in words. */
#include <stdio.h>
#include <stdlib.h>

#include <seccomp.h>

#include "server/policy_inner.h"

const char *policy_call_name(int nr, char *out, size_t cap)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);

	snprintf(out, cap, "%s", name ? name : "?");
	free(name);
	return out;
}

const char *policy_limit_name(int resource)
{
	static const char *const name[RLIM_NLIMITS] = {
		[RLIMIT_AS] = "AS", [RLIMIT_NOFILE] = "NOFILE", [RLIMIT_FSIZE] = "FSIZE", [RLIMIT_STACK] = "STACK", [RLIMIT_CORE] = "CORE",
		[RLIMIT_MEMLOCK] = "MEMLOCK", [RLIMIT_MSGQUEUE] = "MSGQUEUE", [RLIMIT_NICE] = "NICE", [RLIMIT_RTPRIO] = "RTPRIO",
		[RLIMIT_NPROC] = "NPROC"};

	return resource >= 0 && resource < RLIM_NLIMITS && name[resource] ? name[resource] : "?";
}

const char *policy_kind_name(enum policy_kind kind)
{
	static const char *const name[POLICY_KINDS] = {
		[POLICY_NULL] = "/dev/null", [POLICY_PIPE] = "pipe", [POLICY_EVENTFD] = "eventfd", [POLICY_EPOLL] = "epoll",
		[POLICY_CHANNEL] = "channel", [POLICY_LISTENER] = "listener", [POLICY_STREAM] = "TCP connection", [POLICY_DATAGRAMS] = "UDP socket",
		[POLICY_MEMORY] = "memory", [POLICY_FOLDER] = "folder", [POLICY_FILE] = "file"};

	return kind < POLICY_KINDS ? name[kind] : "?";
}

const char *policy_namespace_name(unsigned flag)
{
	switch (flag) {
	case CLONE_NEWUSER:
		return "user";
	case CLONE_NEWPID:
		return "pid";
	case CLONE_NEWNET:
		return "net";
	case CLONE_NEWNS:
		return "mnt";
	case CLONE_NEWIPC:
		return "ipc";
	case CLONE_NEWUTS:
		return "uts";
	case CLONE_NEWCGROUP:
		return "cgroup";
	default:
		return NULL;
	}
}
