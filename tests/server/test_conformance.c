/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each role's list of system calls against the kernel's own judgement: every number there is, and every argument just
 * outside of what is allowed. Each is called for real by a process behind the role's filter.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/sandbox.h"

#define NUMBERS 600            /* past the last one of any kernel */
#define NOT_FILTERED 99
#define NO_ARG POLICY_ANY_ARG
#define BAD UINT64_MAX         /* no descriptor, no address, no size that works */

struct call {
	int nr;
	uint8_t arg;               /* the one that is value, or NO_ARG */
	uint64_t value;
};

static int end_of(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(!(WIFEXITED(status) && WEXITSTATUS(status) == NOT_FILTERED), "no filter on this kernel");
	return status;
}

/* How a process that makes this call ends. */
static int ended_by(const struct policy *p, const struct call *c)
{
	uint64_t a[6] = {BAD, BAD, BAD, BAD, BAD, BAD};
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid)
		return end_of(pid);
	if (c->arg != NO_ARG)
		a[c->arg] = c->value;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || sandbox_filter(p) < 0)
		_exit(NOT_FILTERED);
	syscall(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	syscall(SYS_exit_group, 0);
	__builtin_trap();
}

static bool forbidden(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static bool row_allows(const struct policy_call *row, const struct call *c)
{
	if (row->nr != c->nr)
		return false;
	return row->arg == NO_ARG || ((row->arg == c->arg ? c->value : BAD) & row->mask) == row->value;
}

static bool allows(const struct policy *p, const struct call *c)
{
	for (unsigned i = 0; i < p->ncalls; i++)
		if (row_allows(&p->calls[i], c))
			return true;
	return false;
}

static bool has_threads(const struct policy *p)
{
	for (unsigned i = 0; i < p->ncalls; i++)
		if (p->calls[i].nr == SYS_clone)
			return true;
	return false;
}

static void judge(enum role_kind role, const struct call *c)
{
	const struct policy *p = policy_of(role);
	bool may = allows(p, c) || (c->nr == SYS_clone3 && has_threads(p));  /* refused there, but not killed */

	cr_expect_eq(forbidden(ended_by(p, c)), !may, "%s: call %d with argument %u of %#llx: %s", role_kind_name(role), c->nr, c->arg,
		(unsigned long long)c->value, may ? "must work" : "must kill");
}

/* Allowed ones that would not come back from all these arguments, or would take the test with them. */
static bool is_let_be(int nr)
{
	return nr == SYS_rt_sigreturn || nr == SYS_exit || nr == SYS_exit_group || nr == SYS_clone;
}

/*
 * uretprobe and uprobe: kernels that have them let them past every filter (seccomp would break tracing), and they do nothing for
 * who was not led there by the kernel itself.
 */
static bool is_past_all_filters(int nr)
{
	return nr == 335 || nr == 336;
}

static void judge_numbers(enum role_kind role)
{
	for (int nr = 0; nr < NUMBERS; nr++) {
		struct call c = {nr, NO_ARG, 0};

		if (is_past_all_filters(nr))
			continue;
		if (!allows(policy_of(role), &c) || !is_let_be(nr))
			judge(role, &c);
	}
}

Test(conformance, every_other_number_kills_ingest, .timeout = 120) { judge_numbers(ROLE_INGEST); }
Test(conformance, every_other_number_kills_transcode, .timeout = 120) { judge_numbers(ROLE_TRANSCODE); }
Test(conformance, every_other_number_kills_store, .timeout = 120) { judge_numbers(ROLE_STORE); }
Test(conformance, every_other_number_kills_sign, .timeout = 120) { judge_numbers(ROLE_SIGN); }
Test(conformance, every_other_number_kills_serve, .timeout = 120) { judge_numbers(ROLE_SERVE); }

/* The value itself, and what differs from it in one bit that the rule looks at. */
static void judge_row(enum role_kind role, const struct policy_call *row)
{
	struct call c = {row->nr, row->arg, row->value};

	if (row->nr != SYS_clone)
		judge(role, &c);
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(row->mask >> bit & 1))
			continue;
		c.value = row->value ^ 1ull << bit;
		judge(role, &c);
	}
}

Test(conformance, an_argument_just_outside_kills, .timeout = 120)
{
	for (unsigned role = ROLE_PARENT + 1; role < ROLE_COUNT; role++) {
		const struct policy *p = policy_of((enum role_kind)role);

		for (unsigned i = 0; i < p->ncalls; i++)
			if (p->calls[i].arg != NO_ARG)
				judge_row((enum role_kind)role, &p->calls[i]);
	}
}

/* The numbers of x32, which a filter for x86-64 sees as these with a bit more. */
Test(conformance, numbers_of_another_architecture_kill, .timeout = 120)
{
#if defined(__x86_64__) && !defined(__ILP32__)
	for (unsigned role = ROLE_PARENT + 1; role < ROLE_COUNT; role++)
		for (int nr = 0; nr < NUMBERS; nr += 7) {
			struct call c = {nr | 0x40000000, NO_ARG, 0};

			cr_expect(forbidden(ended_by(policy_of((enum role_kind)role), &c)), "%s: call %#x", role_kind_name(role), (unsigned)c.nr);
		}
#else
	cr_skip("only x86-64 has these");
#endif
}

Test(conformance, no_role_has_a_call_that_opens_a_socket_runs_a_program_or_traces)
{
	static const int never[] = {SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_execve, SYS_execveat, SYS_fork, SYS_vfork, SYS_ptrace,
		SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill, SYS_tgkill, SYS_tkill, SYS_mount, SYS_umount2, SYS_unshare, SYS_setns, SYS_bpf,
		SYS_perf_event_open, SYS_io_uring_setup, SYS_userfaultfd, SYS_keyctl, SYS_ioctl, SYS_prctl, SYS_seccomp, SYS_pidfd_getfd, SYS_memfd_secret};

	if (POLICY_SANITIZED)
		cr_skip_test("a sanitizer asks what standard error is (ioctl)");
	for (unsigned role = ROLE_PARENT + 1; role < ROLE_COUNT; role++)
		for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
			const struct policy *p = policy_of((enum role_kind)role);

			for (unsigned k = 0; k < p->ncalls; k++)
				cr_expect_neq(p->calls[k].nr, never[i], "%s has call %d", role_kind_name(role), never[i]);
		}
}
