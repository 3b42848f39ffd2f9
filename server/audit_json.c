/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page as JSON, with all that the text leaves out; casemate-audit(1) describes it. */
#include <stdio.h>
#include <sys/resource.h>

#include "base/json.h"
#include "base/text.h"
#include "server/audit.h"

static void hash_json(struct json *j, const char *name, const uint8_t hash[32], bool known)
{
	char hex[65];

	hex_encode(hash, 32, hex);
	json_str(j, name, known ? hex : NULL);
}

static void calls_json(struct json *j, const struct policy *p)
{
	char name[48];

	json_open(j, "calls", '[');
	for (unsigned i = 0; i < p->ncalls; i++) {
		json_open(j, NULL, '{');
		json_str(j, "call", policy_call_name(p->calls[i].nr, name, sizeof name));
		json_str(j, "only", *p->calls[i].only ? p->calls[i].only : NULL);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void denied_json(struct json *j)
{
	char name[48];

	json_open(j, "denied", '[');
	for (const int *nr = policy_parent_denied; *nr >= 0; nr++)
		json_str(j, NULL, policy_call_name(*nr, name, sizeof name));
	json_close(j, ']');
}

static void descriptors_json(struct json *j, const struct policy *p)
{
	json_open(j, "descriptors", '[');
	for (unsigned i = 0; i < p->ndescriptors; i++) {
		const struct policy_descriptor *d = &p->descriptors[i];

		json_open(j, NULL, '{');
		json_str(j, "descriptor", d->what);
		json_str(j, "kind", policy_kind_name(d->kind));
		json_int(j, "most", d->most > d->later ? d->most : d->later);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void limits_json(struct json *j, const struct policy *p)
{
	json_open(j, "limits", '{');
	for (unsigned i = 0; i < p->nlimits; i++)
		json_int(j, policy_limit_name(p->limits[i].resource), (int64_t)p->limits[i].most);
	json_close(j, '}');
	json_int(j, "threads", p->threads);
	json_int(j, "group_memory_bytes", (int64_t)p->group.memory_bytes);
	json_int(j, "group_cpu_percent", p->group.cpu_percent);
}

static void says_json(struct json *j, enum role_kind kind)
{
	char text[2048];

	json_open(j, "says", '{');
	for (unsigned to = 0; to < ROLE_COUNT; to++) {
		audit_says(kind, (enum role_kind)to, text, sizeof text);
		if (*text)
			json_str(j, role_kind_name(to), text);
	}
	json_close(j, '}');
}

static void seen_json(struct json *j, const struct audit_seen *s)
{
	json_int(j, "uid", s->there ? (int64_t)s->uid : -1);
	json_int(j, "seccomp", s->seccomp);
	json_bool(j, "no_new_privs", s->no_new_privs);
	json_bool(j, "capabilities", s->capabilities != 0);
	json_int(j, "threads_now", s->threads);
	json_int(j, "memory_bytes", (int64_t)s->memory_bytes);
	json_int(j, "group_memory_max", s->group_memory_max == UINT64_MAX ? -1 : (int64_t)s->group_memory_max);
	if (!s->fds_known) {
		json_str(j, "holds", NULL);
		return;
	}
	json_open(j, "holds", '{');
	for (unsigned k = 0; k < AUDIT_FD_KINDS; k++)
		json_int(j, audit_fd_name((enum audit_fd)k), s->fd[k]);
	json_close(j, '}');
}

static void process_json(struct json *j, const struct audit *a, const struct audit_process *p)
{
	json_open(j, NULL, '{');
	json_int(j, "index", p->index);
	json_str(j, "camera", *p->camera ? p->camera : NULL);
	json_int(j, "pid", p->pid);
	json_bool(j, "sealed", p->ready);
	json_open(j, "sandbox", '[');
	for (unsigned bit = 0; a->live && bit < LAYER_COUNT; bit++)
		if (p->layers >> bit & 1)
			json_str(j, NULL, sandbox_layer_name(bit));
	json_close(j, ']');
	if (p->pid)
		seen_json(j, &p->seen);
	json_close(j, '}');
}

static void role_json(struct json *j, const struct audit *a, enum role_kind kind)
{
	const struct audit_program *program = &a->program[kind];
	const struct policy *p = policy_of(kind);

	json_open(j, NULL, '{');
	json_str(j, "role", role_kind_name(kind));
	json_str(j, "does", audit_role_does(kind));
	json_str(j, "program", program->here ? program->path : NULL);
	hash_json(j, "runs_sha256", program->runs, program->told);
	hash_json(j, "file_sha256", program->on_disk, program->here);
	if (p) {
		calls_json(j, p);
		descriptors_json(j, p);
		limits_json(j, p);
	} else {
		denied_json(j);
	}
	says_json(j, kind);
	json_open(j, "processes", '[');
	for (unsigned i = 0; i < a->nprocesses; i++)
		if (a->process[i].kind == kind)
			process_json(j, a, &a->process[i]);
	json_close(j, ']');
	json_close(j, '}');
}

static bool is_clear(enum listener_kind kind)
{
	return kind == LISTENER_RTSP || kind == LISTENER_METRICS;
}

static void listeners_json(struct json *j, const struct audit *a)
{
	json_open(j, "listeners", '[');
	for (unsigned i = 0; i < a->site->nlisteners; i++) {
		json_open(j, NULL, '{');
		json_str(j, "address", a->listener[i].text);
		json_bool(j, "open", a->listener[i].open);
		json_str(j, "speaks", audit_listener_speaks(a->site->listener[i].kind));
		json_str(j, "tls", is_clear(a->site->listener[i].kind) ? NULL : "1.3");
		json_close(j, '}');
	}
	json_close(j, ']');
	json_int(j, "users", a->site->nusers);
	json_str(j, "client_ca", a->site->tls_client_ca);
	json_int(j, "certificate_users", audit_certificate_users(a->site));
	json_int(j, "rtsp_users", audit_rtsp_users(a->site));
	json_int(j, "shares", a->shares);
	json_str(j, "certificate_ends", *a->certificate_ends ? a->certificate_ends : NULL);
}

static void cameras_json(struct json *j, const struct audit *a)
{
	static const char *const media[] = {"auto", "tcp", "udp"};
	char text[100];

	json_open(j, "cameras", '[');
	for (unsigned i = 0; i < a->site->ncameras; i++) {
		const struct site_camera *c = &a->site->camera[i];

		json_open(j, NULL, '{');
		json_str(j, "name", c->name);
		json_str(j, "dialled", c->host);
		json_str(j, "onvif", c->onvif_url ? c->onvif_host : NULL);
		json_str(j, "media", c->tls ? "tcp" : media[c->transport]);
		json_bool(j, "encrypted", c->tls != SITE_TLS_NONE);
		audit_camera_proof(c, text, sizeof text);
		json_str(j, "proof", text);
		audit_camera_login(c, text, sizeof text);
		json_str(j, "login", text);
		json_str(j, "state", *a->camera[i].state ? a->camera[i].state : NULL);
		json_str(j, "link", *a->camera[i].link ? a->camera[i].link : NULL);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void files_json(struct json *j, const struct audit *a)
{
	char mode[8];

	json_open(j, "files", '[');
	for (unsigned i = 0; i < a->nfiles; i++) {
		const struct audit_file *f = &a->file[i];

		json_open(j, NULL, '{');
		json_str(j, "path", f->path);
		json_str(j, "what", f->what);
		snprintf(mode, sizeof mode, "%04o", f->mode & 07777);
		json_str(j, "mode", f->ours ? mode : NULL);
		json_int(j, "owner", f->ours ? (int64_t)f->uid : -1);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void findings_json(struct json *j, const struct audit *a)
{
	json_open(j, "findings", '[');
	for (unsigned i = 0; i < a->nfindings; i++) {
		json_open(j, NULL, '{');
		json_str(j, "weight", audit_weight_name(a->finding[i].weight));
		json_str(j, "text", a->finding[i].text);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void audit_json(const struct audit *a, struct buf *out)
{
	struct json j = json_init(out);

	json_open(&j, NULL, '{');
	json_str(&j, "site", a->site->origin);
	json_bool(&j, "running", a->live);
	json_str(&j, "version", a->live ? a->version : NULL);
	json_str(&j, "site_file", a->site_file);
	json_str(&j, "strictness", a->site->sandbox_best_effort ? "best-effort" : "strict");
	listeners_json(&j, a);
	cameras_json(&j, a);
	json_open(&j, "roles", '[');
	for (unsigned kind = 0; kind < ROLE_COUNT; kind++)
		role_json(&j, a, (enum role_kind)kind);
	json_close(&j, ']');
	files_json(&j, a);
	findings_json(&j, a);
	json_close(&j, '}');
	buf_append_str(out, "\n");
}
