/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each role can do, by its policy, and what is seen of its processes. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf/units.h"
#include "server/audit_page.h"
#include "server/role.h"

#define TEXT 4096
#define PIDS_SHOWN 8

/* Calls that somebody who has taken a role over would want. */
static const struct { const char *name; int nr; } notable[] = {
	{"openat", SYS_openat}, {"socket", SYS_socket}, {"connect", SYS_connect}, {"accept4", SYS_accept4}, {"sendto", SYS_sendto}, {"sendmsg", SYS_sendmsg},
	{"execve", SYS_execve}, {"fork", SYS_fork}, {"clone", SYS_clone}, {"ptrace", SYS_ptrace}, {"kill", SYS_kill}, {"mount", SYS_mount}, {"unshare", SYS_unshare},
	{"ioctl", SYS_ioctl}, {"memfd_create", SYS_memfd_create}, {"mprotect", SYS_mprotect},
};

/* Appended to a string that ends at cap, with a blank between words. */
static void add(char *text, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void add(char *text, size_t cap, const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list ap;

	if (n && n + 1 < cap)
		text[n++] = ' ';
	va_start(ap, fmt);
	vsnprintf(text + n, cap - n, fmt, ap);
	va_end(ap);
}

static const struct policy_call *line_of(const struct policy *p, int nr)
{
	for (unsigned i = 0; i < p->ncalls; i++)
		if (p->calls[i].nr == nr)
			return &p->calls[i];
	return NULL;
}

/* A call has as many lines as it has forms. */
static unsigned count_calls(const struct policy *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->ncalls; i++)
		n += line_of(p, p->calls[i].nr) == &p->calls[i];
	return n;
}

static void calls_in_short(const struct policy *p, char *text, size_t cap)
{
	const char *before = "; may";

	snprintf(text, cap, "%u, which --calls lists", count_calls(p));
	for (size_t i = 0; i < sizeof notable / sizeof *notable; i++) {
		const struct policy_call *c = line_of(p, notable[i].nr);

		if (!c)
			continue;
		snprintf(text + strlen(text), cap - strlen(text), *c->only ? "%s %s (%s)" : "%s %s", before, notable[i].name, c->only);
		before = ",";
	}
	snprintf(text + strlen(text), cap - strlen(text), "; never");
	for (size_t i = 0; i < sizeof notable / sizeof *notable; i++)
		if (!line_of(p, notable[i].nr))
			add(text, cap, "%s", notable[i].name);
}

static void calls_at_length(const struct policy *p, char *text, size_t cap)
{
	char name[48];

	*text = 0;
	for (unsigned i = 0; i < p->ncalls; i++) {
		const struct policy_call *c = &p->calls[i];

		if (line_of(p, c->nr) == c)
			add(text, cap, "%s", policy_call_name(c->nr, name, sizeof name));
		if (*c->only)
			add(text, cap, "(%s)", c->only);
	}
}

static void parent_calls(bool at_length, char *text, size_t cap)
{
	unsigned n = 0;
	char name[48];

	*text = 0;
	while (policy_parent_denied[n] >= 0)
		n++;
	add(text, cap, "all but %u; sockets of unix, inet and inet6 alone%s", n, at_length ? "; not" : "; not ptrace, bpf, keyctl, kexec_load, init_module ...");
	for (unsigned i = 0; at_length && i < n; i++)
		add(text, cap, "%s", policy_call_name(policy_parent_denied[i], name, sizeof name));
}

/* Every role has the first few; the loop, its own pipe and what is beside it come with libevent. */
static bool is_common(const struct policy_descriptor *d)
{
	return d->kind == POLICY_NULL || d->kind == POLICY_EPOLL || d->number == STDERR_FILENO || d->number == ROLE_CHANNEL_FD || !strncmp(d->what, "the loop", 8);
}

static void holds(const struct policy *p, char *text, size_t cap)
{
	snprintf(text, cap, "its log and the channel to casemate");
	for (unsigned i = 0; i < p->ndescriptors; i++) {
		const struct policy_descriptor *d = &p->descriptors[i];
		unsigned most = d->most > d->later ? d->most : d->later;

		if (is_common(d))
			continue;
		snprintf(text + strlen(text), cap - strlen(text), most > 1 ? "; %s (%s, %u at most)" : "; %s (%s)", d->what, policy_kind_name(d->kind), most);
	}
}

static void limits(const struct policy *p, char *text, size_t cap)
{
	char bytes[32];

	*text = 0;
	units_format(policy_limit(p, RLIMIT_AS), units_bytes, bytes, sizeof bytes);
	add(text, cap, "memory %s,", bytes);
	add(text, cap, "%llu descriptors,", (unsigned long long)policy_limit(p, RLIMIT_NOFILE));
	if (policy_limit(p, RLIMIT_FSIZE)) {
		units_format(policy_limit(p, RLIMIT_FSIZE), units_bytes, bytes, sizeof bytes);
		add(text, cap, "a file %s,", bytes);
	}
	add(text, cap, "%u thread%s, no core;", p->threads, p->threads == 1 ? "" : "s");
	units_format(p->group.memory_bytes, units_bytes, bytes, sizeof bytes);
	add(text, cap, "where control groups are delegated: %s, %u %% of a CPU", bytes, p->group.cpu_percent);
}

/* Of all processes of a kind together. */
struct sum {
	unsigned n, ready, fds_of;
	uint32_t layers;
	uint64_t memory_bytes;
	unsigned fd[AUDIT_FD_KINDS];
	char pids[128];
};

static struct sum sum_of(const struct audit *a, enum role_kind kind)
{
	struct sum s = {.layers = LAYERS_ALL};

	for (unsigned i = 0; i < a->nprocesses; i++) {
		const struct audit_process *p = &a->process[i];

		if (p->kind != kind)
			continue;
		if (p->pid && s.n < PIDS_SHOWN)
			add(s.pids, sizeof s.pids, "%d", (int)p->pid);
		s.n++;
		s.ready += p->ready;
		if (p->ready)
			s.layers &= p->layers;
		s.memory_bytes += p->seen.memory_bytes;
		s.fds_of += p->seen.fds_known;
		for (unsigned k = 0; k < AUDIT_FD_KINDS; k++)
			s.fd[k] += p->seen.fd[k];
	}
	return s;
}

/* What all of its processes that are sealed have. */
static void layers_text(const struct audit *a, enum role_kind kind, const struct sum *s, char *text, size_t cap)
{
	uint32_t layers = s->layers;

	*text = 0;
	if (kind == ROLE_PARENT)
		add(text, cap, "%s", a->live && !layers ? "NONE" : "no-capabilities no-new-privs seccomp");
	else if (a->live && !s->ready)
		add(text, cap, "not entered yet");
	else
		add(text, cap, "%s", (layers & LAYERS_NEEDED) == LAYERS_NEEDED ? "whole" : "");
	if (kind == ROLE_PARENT || (a->live && !s->ready))
		return;
	for (unsigned bit = 0; bit < LAYER_COUNT; bit++)
		if (!(layers >> bit & 1))
			add(text, cap, "%s %s", LAYERS_NEEDED >> bit & 1 ? "WITHOUT" : "without", sandbox_layer_name(bit));
}

static void says(const struct audit *a, enum role_kind kind, struct buf *out)
{
	char text[TEXT], before[32];

	for (unsigned to = 0; to < ROLE_COUNT; to++) {
		audit_says(kind, (enum role_kind)to, text, sizeof text);
		if (!*text || to == kind)
			continue;
		snprintf(before, sizeof before, "  says to %s: ", role_kind_name(to));
		audit_wrap(out, before, text);
	}
}

static void seen(const struct audit *a, const struct sum *s, struct buf *out)
{
	char text[TEXT] = "", bytes[32];

	units_format(s->memory_bytes / 1000000 * 1000000, units_bytes, bytes, sizeof bytes);
	add(text, sizeof text, "memory %s; descriptors:", bytes);
	if (!s->fds_of)
		add(text, sizeof text, "shown to root alone");
	for (unsigned k = 0; s->fds_of && k < AUDIT_FD_KINDS; k++)
		if (s->fd[k])
			add(text, sizeof text, "%s %u", audit_fd_name((enum audit_fd)k), s->fd[k]);
	audit_wrap(out, "  seen now   ", text);
}

static void role(const struct audit *a, enum role_kind kind, bool at_length, struct buf *out)
{
	const struct policy *p = policy_of(kind);
	struct sum s = sum_of(a, kind);
	char text[TEXT], before[16];

	snprintf(before, sizeof before, "%-13s", role_kind_name(kind));
	audit_wrap(out, before, audit_role_does(kind));
	if (!s.n) {
		audit_wrap(out, "  processes  ", "none");
		return;
	}
	snprintf(text, sizeof text, a->live ? "%u, pid %s%s" : "%u", s.n, s.pids, s.n > PIDS_SHOWN ? " ..." : "");
	audit_wrap(out, "  processes  ", text);
	layers_text(a, kind, &s, text, sizeof text);
	audit_wrap(out, "  sandbox    ", text);
	if (p) {
		(at_length ? calls_at_length : calls_in_short)(p, text, sizeof text);
		audit_wrap(out, "  calls      ", text);
		holds(p, text, sizeof text);
		audit_wrap(out, "  may hold   ", text);
		limits(p, text, sizeof text);
		audit_wrap(out, "  limits     ", text);
	} else {
		parent_calls(at_length, text, sizeof text);
		audit_wrap(out, "  calls      ", text);
	}
	says(a, kind, out);
	if (a->live)
		seen(a, &s, out);
}

void audit_page_roles(const struct audit *a, bool calls, struct buf *out)
{
	char layers[LAYERS_TEXT];

	buf_append_str(out, "\nWHAT EACH ROLE CAN DO\n");
	sandbox_layers_text(LAYERS_NEEDED, layers, sizeof layers);
	audit_wrap(out, "a whole sandbox is: ", layers);
	for (unsigned kind = 0; kind < ROLE_COUNT; kind++)
		role(a, (enum role_kind)kind, calls, out);
}
