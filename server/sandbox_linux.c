/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/sched.h>
#include <seccomp.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

#define LANDLOCK_NEEDED 2  /* Linux 5.19, so Debian 12: with 1 no file can be renamed into another folder */

/* The whole tree becomes one empty read-only tmpfs; the folder that a role keeps lives on through its descriptor. */
static int empty_root(void)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/proc", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=1,mode=0500") < 0 ||
	    chdir("/proc") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {{0}};

	for (int cap = 0; cap <= 63; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
			return -errno;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

static int limit(int what, uint64_t to)
{
	struct rlimit now, want = {to, to};

	if (getrlimit((__rlimit_resource_t)what, &now) < 0)
		return -errno;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < to)
		want.rlim_cur = want.rlim_max = now.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &want) < 0 ? -errno : 0;
}

/* Processes are counted by user; only in a user namespace of one's own are that one's own. */
static int set_limits(const struct policy *p, bool alone)
{
	int rc = alone ? limit(RLIMIT_NPROC, p->threads) : 0;

	for (unsigned i = 0; !rc && i < p->nlimits; i++)
		if (!POLICY_SANITIZED || p->limits[i].resource != RLIMIT_AS)  /* a sanitizer's shadow is as large as the machine can address */
			rc = limit((int)p->limits[i].resource, p->limits[i].most);
	return rc;
}

/* Rights by ABI (Documentation/userspace-api/landlock): the headers of Debian 12 end at ABI 2, the kernel may know more. */
static const struct { int abi; uint64_t fs, net, scoped; } landlock_known[] = {
	{1, (1ull << 13) - 1, 0, 0}, {2, 1ull << 13, 0, 0}, {3, 1ull << 14, 0, 0},
	{4, 0, 3, 0}, {5, 1ull << 15, 0, 0}, {6, 0, 0, 3},
};

/* The version that the kernel has, or -errno. */
static int landlock_version(void)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? -errno : abi;
}

/* Everything that this version knows is refused but what the policy's folder is given. */
static int restrict_files(const struct policy *p, int folder, int abi)
{
	struct { uint64_t fs, net, scoped; } attr = {0};
	int ruleset, rc = 0;

	if (abi < 0)
		return abi;
	for (size_t i = 0; i < COUNT(landlock_known) && landlock_known[i].abi <= abi; i++) {
		attr.fs |= landlock_known[i].fs;
		attr.net |= landlock_known[i].net;
		attr.scoped |= landlock_known[i].scoped;
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, abi < 4 ? 8 : abi < 6 ? 16 : 24, 0);
	if (ruleset < 0)
		return -errno;
	for (unsigned i = 0; !rc && folder >= 0 && i < p->ndescriptors; i++) {
		struct landlock_path_beneath_attr beneath = {.allowed_access = p->descriptors[i].landlock & attr.fs, .parent_fd = folder};

		if (beneath.allowed_access && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
			rc = -errno;
	}
	if (!rc && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		rc = -errno;
	close(ruleset);
	return rc ? rc : abi < LANDLOCK_NEEDED ? -EPROTONOSUPPORT : 0;
}

/* sandbox_fork made a user namespace around the pid namespace; a role is the first process of both. */
static bool in_own_pid_namespace(void)
{
	return getpid() == 1;
}

static void note(uint32_t *layers, uint32_t layer, int rc, char *why, size_t cap)
{
	if (rc == 0) {
		*layers |= layer;
		return;
	}
	if (*why)
		return;
	for (unsigned bit = 0; bit < LAYER_COUNT; bit++)
		if (layer >> bit & 1) {
			snprintf(why, cap, "%s: %s", sandbox_layer_name(bit), strerror(-rc));
			return;
		}
}

static int unshare_rc(int flags)
{
	return unshare(flags) < 0 ? -errno : 0;
}

uint32_t sandbox_enter(const struct policy *p, int folder, char *ret_why, size_t why_cap)
{
	int abi = landlock_version(), rc;
	uint32_t layers = 0;

	rc = unshare_rc((int)p->namespaces & ~(CLONE_NEWPID | (in_own_pid_namespace() ? CLONE_NEWUSER : 0)));
	note(&layers, LAYER_USER_NS | LAYER_NET_NS | LAYER_IPC_NS | LAYER_UTS_NS, rc, ret_why, why_cap);
	note(&layers, LAYER_PID_NS, in_own_pid_namespace() ? 0 : -EPERM, ret_why, why_cap);
	note(&layers, LAYER_MOUNT_NS, rc ? rc : empty_root(), ret_why, why_cap);
	note(&layers, LAYER_RLIMITS, set_limits(p, rc == 0), ret_why, why_cap);
	note(&layers, LAYER_NO_CAPABILITIES, drop_capabilities(), ret_why, why_cap);
	note(&layers, LAYER_NO_NEW_PRIVS, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0, ret_why, why_cap);
	rc = restrict_files(p, folder, abi);
	note(&layers, LAYER_LANDLOCK | (abi >= 4 ? LAYER_LANDLOCK_NET : 0) | (abi >= 6 ? LAYER_LANDLOCK_SCOPE : 0), rc, ret_why, why_cap);
	/* After the credentials have changed for the last time, for that clears both. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return layers;
}

/* libseccomp's errors do not tell a kernel without filters from one that has no memory for this one. */
static int kernel_has_filters(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ? -errno : 0;
}

int sandbox_filter(const struct policy *p)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool threads = false;
	int rc = kernel_has_filters();

	if (!rc && !filter)
		rc = -ENOMEM;

	for (unsigned i = 0; !rc && i < p->ncalls; i++) {
		const struct policy_call *c = &p->calls[i];
		struct scmp_arg_cmp limit_to = {.arg = c->arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = c->mask, .datum_b = c->value};

		threads |= c->nr == SYS_clone;
		rc = c->arg == POLICY_ANY_ARG ? seccomp_rule_add_exact_array(filter, SCMP_ACT_ALLOW, c->nr, 0, NULL)
				   : seccomp_rule_add_exact_array(filter, SCMP_ACT_ALLOW, c->nr, 1, &limit_to);
	}
	if (!rc && threads)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SYS_clone3, 0);
	if (!rc)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

static int deny_families(scmp_filter_ctx filter)
{
	int rc = 0, last = 0;

	for (int family = 0; !rc && family < AF_MAX; family++) {
		bool may = false;

		for (size_t i = 0; i < COUNT(policy_parent_families); i++)
			may |= policy_parent_families[i] == family;
		if (!may)
			rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SYS_socket, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
		last = family;
	}
	return rc ? rc : seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SYS_socket, 1, SCMP_A0(SCMP_CMP_GT, (scmp_datum_t)last));
}

int sandbox_parent(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int rc = filter ? drop_capabilities() : -ENOMEM;

	for (const int *nr = policy_parent_denied; !rc && *nr >= 0; nr++)
		rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, *nr, 0);
	if (!rc)
		rc = deny_families(filter);
	if (!rc)
		rc = limit(RLIMIT_CORE, 0);
	if (!rc && !POLICY_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)  /* who looks for its leaks traces it */
		rc = -errno;
	if (!rc)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

/*
 * In its new user namespace the child holds every capability, over that namespace alone; two must outlive exec, so
 * that the program it becomes can make the other namespaces and then give up all, for good. No user is mapped for that.
 */
static void keep_over_exec(void)
{
	static const unsigned kept[] = {CAP_SYS_ADMIN, CAP_SETPCAP};
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps) < 0)
		return;
	for (size_t i = 0; i < COUNT(kept); i++)
		caps[0].inheritable |= 1u << kept[i];
	if (syscall(SYS_capset, &head, caps) < 0)
		return;
	for (size_t i = 0; i < COUNT(kept); i++)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[i], 0, 0);
}

/*
 * clone3 is what a container refuses that cannot look into its arguments, and clone what one refuses that can: each is
 * tried, with namespaces before without.
 */
int sandbox_fork(void)
{
	static const uint64_t wishes[] = {CLONE_NEWUSER | CLONE_NEWPID, 0};
	long pid = -1;

	for (size_t i = 0; pid < 0 && i < COUNT(wishes); i++) {
		struct clone_args args = {.flags = wishes[i], .exit_signal = SIGCHLD};

		pid = syscall(SYS_clone3, &args, sizeof args);
		if (pid < 0 && (errno == EAGAIN || errno == ENOMEM))
			break;  /* that passes; without its namespaces a role would not be sealed, and end a strict site */
		if (pid < 0)
			pid = syscall(SYS_clone, wishes[i] | SIGCHLD, NULL, NULL, NULL, 0);
		if (pid == 0 && wishes[i])
			keep_over_exec();
	}
	return pid < 0 ? -errno : (int)pid;
}
