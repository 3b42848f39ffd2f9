/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parent: it must be able to make the roles' sandboxes, so it is ruled by what it may not do. */
#include <sys/socket.h>

#include "server/policy_inner.h"

const int policy_parent_denied[] = {
#if !POLICY_SANITIZED
	SYS_ptrace,                 /* by which a sanitizer looks for leaks at the end */
#endif
	SYS_process_vm_readv, SYS_process_vm_writev, SYS_kexec_load, SYS_kexec_file_load, SYS_init_module, SYS_finit_module,
	SYS_delete_module, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_open_by_handle_at,
	SYS_swapon, SYS_swapoff, SYS_reboot, SYS_settimeofday, SYS_clock_settime, SYS_acct, SYS_quotactl, SYS_io_uring_setup,
	SYS_io_uring_enter, SYS_io_uring_register, SYS_personality, -1
};

const int policy_parent_families[3] = {AF_UNIX, AF_INET, AF_INET6};

const struct policy *policy_of(enum role_kind role)
{
	static const struct policy *const policies[ROLE_COUNT] = {
		[ROLE_INGEST] = &policy_ingest, [ROLE_TRANSCODE] = &policy_transcode, [ROLE_STORE] = &policy_store, [ROLE_SIGN] = &policy_sign,
		[ROLE_SERVE] = &policy_serve};

	return role < ROLE_COUNT ? policies[role] : NULL;
}

uint64_t policy_limit(const struct policy *p, int resource)
{
	for (unsigned i = 0; i < p->nlimits; i++)
		if (p->limits[i].resource == resource)
			return p->limits[i].most;
	return UINT64_MAX;
}
