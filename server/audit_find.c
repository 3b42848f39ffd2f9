/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong, what is weak, and what is worth knowing. One rule a function; what several cameras or processes share is one finding,
 * so that a site with a thousand cameras still fits on a page.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "server/check.h"
#include "server/audit.h"

#define NAMED_MAX 4              /* of those that a finding is about */

static void find(struct audit *a, enum audit_weight weight, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void find(struct audit *a, enum audit_weight weight, const char *fmt, ...)
{
	struct audit_finding *f;
	va_list ap;

	a->count[weight]++;
	if (a->nfindings == AUDIT_FINDINGS_MAX) {
		a->findings_left_out++;
		return;
	}
	f = &a->finding[a->nfindings++];
	f->weight = weight;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
	/* A path may have anything in it. */
	for (char *c = f->text; *c; c++)
		*c = *c >= 0x20 && *c < 0x7f ? *c : '?';
}

/* "gate, yard and 3 more" */
struct names {
	char text[256];
	unsigned n;
};

static void add_name(struct names *to, const char *name)
{
	size_t n = strlen(to->text);

	if (to->n++ < NAMED_MAX)
		snprintf(to->text + n, sizeof to->text - n, "%s%s", n ? ", " : "", name);
}

static const char *end_names(struct names *to)
{
	size_t n = strlen(to->text);

	if (to->n > NAMED_MAX)
		snprintf(to->text + n, sizeof to->text - n, " and %u more", to->n - NAMED_MAX);
	return to->text;
}

static bool clear_basic(const struct site_camera *c) { return c->user && c->allow_basic && c->tls == SITE_TLS_NONE; }
static bool stranger_basic(const struct site_camera *c) { return c->user && c->allow_basic && c->tls == SITE_TLS_UNVERIFIED; }
static bool unverified(const struct site_camera *c) { return c->tls == SITE_TLS_UNVERIFIED; }
static bool unmasked(const struct site_camera *c) { return c->nmasks && c->copy == SITE_COPY_LIVE; }
static bool in_the_clear(const struct site_camera *c) { return c->tls == SITE_TLS_NONE; }
static bool md5(const struct site_camera *c) { return c->user && c->allow_md5; }
static bool onvif_beside(const struct site_camera *c) { return c->user && c->onvif_url && c->tls != SITE_TLS_NONE; }

static const struct {
	bool (*is)(const struct site_camera *c);
	enum audit_weight weight;
	const char *text;
} camera_rules[] = {
	{stranger_basic, AUDIT_WARNING, "the password itself may be sent to whoever answers: set fingerprint: (casemate probe prints it), or allow_basic: false"},
	{clear_basic, AUDIT_WARNING, "the password itself may be sent in the clear: allow_basic: false, or rtsps://"},
	{unverified, AUDIT_WARNING, "whoever answers is taken for the camera: set fingerprint: (casemate probe prints it) instead of unverified:"},
	{unmasked, AUDIT_WARNING, "masks hide nothing in the copy, which users are given too: copy: recorded"},
	{in_the_clear, AUDIT_NOTE, "pictures travel in the clear, and whoever is on the way can change them: rtsps://, or a network of its own"},
	{md5, AUDIT_NOTE, "the password may be answered with MD5: allow_md5: false where the camera knows SHA-256"},
	{onvif_beside, AUDIT_NOTE, "a digest of the password travels beside the encryption, in the clear (onvif)"},
};

static void find_in_cameras(struct audit *a)
{
	for (size_t r = 0; r < sizeof camera_rules / sizeof *camera_rules; r++) {
		struct names who = {0};

		for (unsigned i = 0; i < a->site->ncameras; i++)
			if (camera_rules[r].is(&a->site->camera[i]))
				add_name(&who, a->site->camera[i].name);
		if (who.n)
			find(a, camera_rules[r].weight, "camera%s %s: %s", who.n > 1 ? "s" : "", end_names(&who), camera_rules[r].text);
	}
}

/* The first server's user is whose the files should be; without a server that is who asks. */
static uid_t user_of(const struct audit *a)
{
	return a->live && a->process[0].seen.there ? a->process[0].seen.uid : geteuid();
}

/* Of a credential the group's bits are the mask of an access list that names the server's user (systemd.exec(5)). */
static void find_in_file(struct audit *a, const struct audit_file *f, enum audit_weight if_open)
{
	if (!f->ours)
		return;
	if (f->mode & 022 && !S_ISSOCK(f->mode) && !(S_ISDIR(f->mode) && f->mode & S_ISVTX))
		find(a, AUDIT_ALARM, "%s (%s) may be changed by others, mode %04o: chmod go-w", f->path, f->what, f->mode & 07777);
	else if (f->secret && f->mode & (site_is_credential(f->path) ? 037 : 077))
		find(a, if_open, "%s (%s) is open to others, mode %04o: chmod go=", f->path, f->what, f->mode & 07777);
	if (f->uid != 0 && f->uid != user_of(a))
		find(a, AUDIT_WARNING, "%s (%s) belongs to user %u, who is neither root nor who runs the server", f->path, f->what, f->uid);
}

static void find_in_files(struct audit *a)
{
	for (unsigned i = 0; i < a->nfiles; i++)
		find_in_file(a, &a->file[i], S_ISDIR(a->file[i].mode) ? AUDIT_WARNING : AUDIT_ALARM);
	for (unsigned kind = 0; kind < ROLE_COUNT; kind++)
		find_in_file(a, &a->program[kind].file, AUDIT_NOTE);
	if (a->live && a->site_file_differs)
		find(a, AUDIT_WARNING, "%s is not what the server runs with: casemate check --against SOCKET tells what casemate reload would change", a->site_file);
	if (a->site->nusers && a->nfiles && a->file[0].mode & 04)
		find(a, AUDIT_WARNING, "%s holds hashes of passwords, and everybody may read it: chmod o=", a->site_file);
	if (!a->site->nusers)
		find(a, AUDIT_NOTE, "there is no user, so nobody can watch");
	if (!*a->certificate_ends)
		find(a, AUDIT_WARNING, "%s cannot be read, or is no certificate: casemate check tells more", a->site->tls_certificate);
	else if (a->certificate_days < CERTIFICATE_SOON_DAYS)
		find(a, AUDIT_WARNING, "the certificate ends on %s: get a new one, and casemate reload", a->certificate_ends);
}

static void find_in_programs(struct audit *a)
{
	struct names who = {0};

	if (a->live && strcmp(a->version, PACKAGE_VERSION))
		find(a, AUDIT_WARNING, "the server is casemate %s, and this page knows what " PACKAGE_VERSION " may do: ask with the command of that version", a->version);
	for (unsigned kind = 0; kind < ROLE_COUNT; kind++) {
		const struct audit_program *p = &a->program[kind];

		if (p->told && p->here && memcmp(p->runs, p->on_disk, sizeof p->runs))
			add_name(&who, role_kind_name(kind));
	}
	if (who.n)
		find(a, AUDIT_WARNING, "%s: what runs is not the program that lies here: a new version is installed and wants a new start, or it was changed", end_names(&who));
}

static void name_process(const struct audit_process *p, char *out, size_t cap)
{
	if (p->kind == ROLE_PARENT)
		snprintf(out, cap, "casemate");
	else if (*p->camera)
		snprintf(out, cap, "%s of %s", role_kind_name(p->kind), p->camera);
	else
		snprintf(out, cap, "%s[%u]", role_kind_name(p->kind), p->index);
}

static bool is_down(const struct audit *a, const struct audit_process *p) { return !p->ready; }
static bool is_gone(const struct audit *a, const struct audit_process *p) { return p->ready && !p->seen.there; }
static bool is_open(const struct audit *a, const struct audit_process *p)
{
	return p->ready && p->kind != ROLE_PARENT && p->layers != LAYERS_ALL;
}
static bool has_no_filter(const struct audit *a, const struct audit_process *p)
{
	bool said = p->kind == ROLE_PARENT ? p->layers != 0 : (p->layers & LAYER_SECCOMP) != 0;

	return p->ready && p->seen.there && said && (p->seen.seccomp != 2 || !p->seen.no_new_privs);
}
static bool has_capabilities(const struct audit *a, const struct audit_process *p)
{
	return p->ready && p->seen.there && p->seen.capabilities;
}
static bool shares_namespaces(const struct audit *a, const struct audit_process *p)
{
	const struct policy *rule = policy_of(p->kind);

	return p->ready && rule && (p->layers & LAYERS_NEEDED) == LAYERS_NEEDED && p->seen.shared & rule->namespaces;
}
static bool has_no_limits(const struct audit *a, const struct audit_process *p)
{
	const struct policy *rule = policy_of(p->kind);

	return p->ready && p->seen.there && rule && p->layers & LAYER_RLIMITS &&
	       ((!POLICY_SANITIZED && p->seen.memory_max > policy_limit(rule, RLIMIT_AS)) || p->seen.files_max > policy_limit(rule, RLIMIT_NOFILE));
}
static bool has_no_group(const struct audit *a, const struct audit_process *p)
{
	const struct policy *rule = policy_of(p->kind);

	return p->ready && p->seen.there && rule && p->layers & LAYER_CGROUP && p->seen.group_memory_max != UINT64_MAX &&
	       p->seen.group_memory_max > rule->group.memory_bytes;
}
static bool has_threads(const struct audit *a, const struct audit_process *p)
{
	const struct policy *rule = policy_of(p->kind);

	return p->ready && p->seen.there && !POLICY_SANITIZED && p->seen.threads > (rule ? rule->threads : 1);
}
/* Counts of files are known for roles that have none; store has as many as it reads at the time. */
static bool has_files(const struct audit *a, const struct audit_process *p)
{
	static const unsigned most[ROLE_COUNT] = {[ROLE_SIGN] = 1};

	return p->ready && p->seen.fds_known && p->kind != ROLE_PARENT && p->kind != ROLE_STORE && p->seen.fd[AUDIT_FD_FILE] > most[p->kind];
}
static bool has_sockets(const struct audit *a, const struct audit_process *p)
{
	return p->ready && p->seen.fds_known && ((p->kind == ROLE_TRANSCODE && p->seen.fd[AUDIT_FD_SOCKET] > 1) ||
						 (p->kind == ROLE_SIGN && p->seen.fd[AUDIT_FD_SOCKET] > 2));
}
static bool is_stranger(const struct audit *a, const struct audit_process *p)
{
	return p->ready && p->seen.there && p->seen.uid != a->process[0].seen.uid;
}

static const struct {
	bool (*is)(const struct audit *a, const struct audit_process *p);
	enum audit_weight weight;
	const char *text;
} process_rules[] = {
	{has_no_filter, AUDIT_ALARM, "no system-call filter or new privileges possible, though it was said: end it, and look how it came to that"},
	{has_capabilities, AUDIT_ALARM, "has capabilities: nothing here needs one"},
	{shares_namespaces, AUDIT_ALARM, "is in namespaces of the machine, though it was said to have its own"},
	{has_no_limits, AUDIT_ALARM, "may take more memory or descriptors than its policy has"},
	{has_no_group, AUDIT_ALARM, "its control group lets it have more memory than its policy has"},
	{has_threads, AUDIT_ALARM, "has more threads than its policy has"},
	{has_files, AUDIT_ALARM, "holds open files that its policy does not have"},
	{has_sockets, AUDIT_ALARM, "holds sockets that its policy does not have"},
	{is_stranger, AUDIT_ALARM, "runs as another user than the server"},
	{is_gone, AUDIT_WARNING, "cannot be seen from here: run this in the pid namespace of the server"},
	{is_down, AUDIT_WARNING, "is down or being started: casemate status tells why"},
};

static void find_in_processes(struct audit *a)
{
	for (size_t r = 0; r < sizeof process_rules / sizeof *process_rules; r++) {
		struct names who = {0};
		char name[64];

		for (unsigned i = 0; i < a->nprocesses; i++)
			if (process_rules[r].is(a, &a->process[i])) {
				name_process(&a->process[i], name, sizeof name);
				add_name(&who, name);
			}
		if (who.n)
			find(a, process_rules[r].weight, "%s: %s", end_names(&who), process_rules[r].text);
	}
}

/* One finding for each set of layers that is missing somewhere. */
static void find_missing_layers(struct audit *a)
{
	for (unsigned bit = 0; bit < LAYER_COUNT; bit++) {
		struct names who = {0};
		char name[64];

		for (unsigned i = 0; i < a->nprocesses; i++)
			if (is_open(a, &a->process[i]) && !(a->process[i].layers >> bit & 1)) {
				name_process(&a->process[i], name, sizeof name);
				add_name(&who, name);
			}
		if (who.n)
			find(a, LAYERS_NEEDED >> bit & 1 ? AUDIT_ALARM : AUDIT_NOTE, "%s: without %s: %s", end_names(&who), sandbox_layer_name(bit), sandbox_mend(1u << bit));
	}
	if (a->site->sandbox_best_effort)
		find(a, AUDIT_WARNING, "sandbox: best-effort: after the next start, or on another kernel, layers may be missing: sandbox: strict");
	if (a->live && a->process[0].seen.there && a->process[0].seen.uid == 0)
		find(a, AUDIT_WARNING, "the server runs as root: give it a user of its own (casemate-run(1))");
}

static void find_in_listeners(struct audit *a)
{
	for (unsigned i = 0; a->live && i < a->site->nlisteners; i++)
		if (!a->listener[i].open)
			find(a, AUDIT_WARNING, "%s: nobody can connect there: casemate status tells why", a->listener[i].text);
	for (unsigned i = 0; i < a->site->nlisteners; i++)
		if (a->site->listener[i].kind == LISTENER_RTSP)
			find(a, AUDIT_WARNING, "%s: pictures and sound leave in clear text, for everybody on the way to see and to change: rtsps: in place of rtsp:",
			     a->site->listener[i].text);
	if (a->site->tls_client_ca && !audit_certificate_users(a->site))
		find(a, AUDIT_NOTE, "certificates of %s let nobody in, since no user has one (users[].certificate)", a->site->tls_client_ca);
	if (a->shares)
		find(a, AUDIT_NOTE, "%u share link%s: whoever has the address watches, without a login, until it ends or casemate share --revoke ends it", a->shares, a->shares == 1 ? "" : "s");
	for (unsigned i = 0; i < a->site->nusers; i++)
		if (a->site->user[i].allow_md5)
			find(a, AUDIT_NOTE, "user %s may log in by RTSP with MD5: allow_md5: false where his client knows SHA-256", a->site->user[i].name);
}

static int worse(const void *one, const void *other)
{
	const struct audit_finding *a = one, *b = other;

	return a->weight != b->weight ? (a->weight > b->weight) - (a->weight < b->weight) : strcmp(a->text, b->text);
}

void audit_find(struct audit *a)
{
	if (a->live)
		find_in_processes(a);
	find_missing_layers(a);
	find_in_files(a);
	find_in_programs(a);
	find_in_listeners(a);
	find_in_cameras(a);
	qsort(a->finding, a->nfindings, sizeof *a->finding, worse);
}
