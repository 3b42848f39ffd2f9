/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parent tells an auditor: lines of words, and then the site file as it was read. It has no secret but the hashes of passwords in
 * the site file; and, for who asks for them, marks of what is in files of passwords, with their key, so that a changed one is noticed. These go to
 * the user who runs the server, who can read all of the files, and to root (status_socket.c).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "config.h"
#include "server/audit.h"
#include "server/parent.h"
#include "server/status_inner.h"

static void tell_process(struct buf *out, enum role_kind kind, unsigned index, const char *camera, pid_t pid, bool ready, uint32_t layers)
{
	buf_append_fmt(out, "role %s %u %s %d %s %u\n", role_kind_name(kind), index, camera, (int)pid, ready ? "ready" : "not", layers);
}

static void tell_programs(const struct parent *p, struct buf *out)
{
	for (unsigned kind = 0; kind < ROLE_COUNT; kind++) {
		char hex[65];

		hex_encode(p->programs.sha256[kind], 32, hex);
		buf_append_fmt(out, "program %s %s\n", role_kind_name(kind), hex);
	}
}

/* By its number in the file, which need not be its place. */
static void tell_listener(const struct parent *p, unsigned i, struct buf *out)
{
	const char *text = p->site->listener[i].text;

	for (const struct listener_live *l = p->listener; l < p->listener + SITE_LISTENERS_MAX; l++)
		if (l->wanted && !strcmp(l->want.text, text))
			buf_append_fmt(out, "listener %u %s %s\n", i, l->fd[0] >= 0 ? "open" : "closed", l->fd[0] >= 0 ? l->text : text);
}

static unsigned shares_in_force(const struct parent *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SITE_SHARES_MAX; i++)
		n += p->shares.at[i].used;
	return n;
}

static void tell_camera(const struct parent *p, unsigned i, struct buf *out)
{
	const struct msg_camera_state *s = &p->camera[i].state;

	if (p->site->camera[i].gone)
		return;
	buf_append_fmt(out, "camera %u %s %s%s\n", p->site->camera[i].order, status_camera_phase(&p->camera[i]),
		       s->transport == SITE_TRANSPORT_UDP ? "udp" : s->transport == SITE_TRANSPORT_TCP ? "tcp" : "-", s->transport && s->tls ? "+tls" : "");
}

static void tell_mark(const char *of, const char *name, const char *mark, struct buf *out)
{
	if (mark)
		buf_append_fmt(out, "mark %s %s %s\n", of, name, mark);
}

static void tell_marks(const struct site *site, struct buf *out)
{
	uint8_t key[16];
	char hex[33];

	site_mark_key(key);
	hex_encode(key, sizeof key, hex);
	buf_append_fmt(out, "marks %s\n", hex);
	for (unsigned i = 0; i < site->nusers; i++)
		if (!site->user[i].gone)
			tell_mark("user", site->user[i].name, site->user[i].rtsp_digest_mark, out);
	for (unsigned i = 0; i < site->ncameras; i++)
		if (!site->camera[i].gone)
			tell_mark("camera", site->camera[i].name, site->camera[i].password_mark, out);
}

/* What depends on how the server was started, and not on the site file alone. */
static void tell_paths(const struct parent *p, struct buf *out)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	char state[4200];

	sign_state_path(p->site, state, sizeof state);
	buf_append_fmt(out, "file %s\nstate %s\n", p->site->file, state);
	if (credentials)
		buf_append_fmt(out, "credentials %s\n", credentials);
}

void audit_tell(const struct parent *p, bool marks, struct buf *out)
{
	buf_append_fmt(out, "casemate %s\n", PACKAGE_VERSION);
	tell_paths(p, out);
	tell_programs(p, out);
	tell_process(out, ROLE_PARENT, 0, "-", getpid(), true, p->layers);
	for (unsigned i = 0; i < p->nchildren; i++) {
		const struct child *c = &p->child[i];

		if (!c->retired)
			tell_process(out, c->kind, c->index, c->kind == ROLE_TRANSCODE ? p->site->camera[c->index].name : "-", c->pid,
				     c->phase == CHILD_READY, c->layers);
	}
	for (unsigned i = 0; i < p->site->nlisteners; i++)
		tell_listener(p, i, out);
	for (unsigned i = 0; i < p->site->ncameras; i++)
		tell_camera(p, i, out);
	buf_append_fmt(out, "shares %u\n", shares_in_force(p));
	if (marks)
		tell_marks(p->site, out);
	for (unsigned i = 1; i < p->site->nparts; i++)
		buf_append_fmt(out, "include %zu %s\n", p->site->part[i].len, p->site->part[i].name);
	buf_append_fmt(out, "site %zu\n", p->site->bytes.len);
	buf_append(out, buf_data(&p->site->bytes), p->site->bytes.len);
}
