/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page for people: who is talked to, who may talk, what may be done, what lies where; and at the end what to mend. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "config.h"
#include "conf/units.h"
#include "server/audit_page.h"
#include "server/parent.h"
#include "server/serve_conn.h"
#include "server/serve_tries.h"
#include "server/serve_users.h"

#define CAMERAS_SHOWN 100
#define PROOF_SHOWN 52

void audit_wrap(struct buf *out, const char *before, const char *text)
{
	size_t indent = strlen(before), column = indent;

	buf_append_str(out, before);
	for (bool first = true; *text; first = false) {
		size_t n = strcspn(text, " ");

		if (!first && column + 1 + n > AUDIT_WIDTH) {
			buf_append_fmt(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			buf_append_str(out, " ");
			column++;
		}
		buf_append(out, text, n);
		column += n;
		text += n + (text[n] == ' ');
	}
	buf_append_str(out, "\n");
}

static void user_text(uid_t uid, char *out, size_t cap)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		snprintf(out, cap, "%s", pw->pw_name);
	else
		snprintf(out, cap, "%u", uid);
}

static void head(const struct audit *a, struct buf *out)
{
	char user[64], path[300];

	text_escape(a->site_file, strlen(a->site_file), path, sizeof path);
	if (!a->live) {
		buf_append_fmt(out, "site %s: no server runs; this is what casemate %s would make of %s\n", a->site->origin, PACKAGE_VERSION, path);
	} else {
		user_text(a->process[0].seen.uid, user, sizeof user);
		buf_append_fmt(out, "site %s: casemate %s runs as user %s, pid %d\n", a->site->origin, a->version, user, (int)a->process[0].pid);
	}
	buf_append_fmt(out, "sandbox: %s\n", a->site->sandbox_best_effort ? "best-effort" : "strict");
}

/* The ways in beside a password on the page. */
static void other_ways_in(const struct audit *a, struct buf *out)
{
	const struct site *s = a->site;
	char text[600], path[300];

	if (s->tls_client_ca) {
		text_escape(s->tls_client_ca, strlen(s->tls_client_ca), path, sizeof path);
		snprintf(text, sizeof text, "%u of them by a certificate of an authority in %s, shown in each handshake", audit_certificate_users(s), path);
		audit_wrap(out, "  by certificate             ", text);
	}
	if (audit_rtsp_users(s)) {
		snprintf(text, sizeof text, "%u of them by RTSP with Digest, for which their rtsp_digest_file is as good as the password", audit_rtsp_users(s));
		audit_wrap(out, "  by Digest                  ", text);
	}
	if (a->live) {
		snprintf(text, sizeof text, "%u in force, each for whoever has its address, and for one camera; casemate share --list names them", a->shares);
		audit_wrap(out, "  by share links             ", text);
	}
}

static void listeners(const struct audit *a, struct buf *out)
{
	static const char *const by[] = {[LISTENER_HTTPS] = "HTTPS, TLS 1.3 alone", [LISTENER_RTSPS] = "RTSP inside TLS 1.3", [LISTENER_RTSP] = "RTSP, IN CLEAR TEXT",
		[LISTENER_METRICS] = "metrics in clear text, to this machine alone", [LISTENER_METRICS_TLS] = "metrics, TLS 1.3 alone"};
	const struct site *s = a->site;
	char text[600];

	buf_append_str(out, "\nWHO MAY TALK TO IT\n");
	for (unsigned i = 0; i < s->nlisteners; i++)
		buf_append_fmt(out, "  %-26s %s%s\n", a->listener[i].text, a->live && !a->listener[i].open ? "closed now; " : "", by[s->listener[i].kind]);
	snprintf(text, sizeof text, "whoever gets there, until he logs in: the login page and nothing else; then %u user%s, %s",
		 s->nusers, s->nusers == 1 ? "" : "s", s->ngroups ? "each with the rights of his groups" : "all with the same rights: every camera, the whole log");
	audit_wrap(out, "  who                        ", text);
	other_ways_in(a, out);
	snprintf(text, sizeof text,
		 "%d connections an address; a user has a quarter of the connections and at most %d sessions; a request has %d s, an answer must take "
		 "%u KiB in %d s; after %d wrong passwords 1 to %d s each",
		 SERVE_PER_ADDRESS, PARENT_USER_SESSIONS_MAX, SERVE_HEAD_US / 1000000, SERVE_SLOW_BYTES >> 10, SERVE_SLOW_US / 1000000, SERVE_TRIES_FREE,
		 SERVE_TRIES_WAIT_MAX_S);
	audit_wrap(out, "  limits                     ", text);
	if (*a->certificate_ends)
		buf_append_fmt(out, "  certificate                until %s\n", a->certificate_ends);
	buf_append_fmt(out, "  %-26s the user who runs the server, and root: status, reload, audit\n", "the local socket (below)");
	audit_wrap(out, "  nobody else                ", "no other port, no signal of another user, nothing towards cameras; the log goes to standard error alone");
}

/* A column of the table; what is too long for it has the rest of the line to itself. */
static void cell(struct buf *out, unsigned *column, unsigned width, const char *text)
{
	buf_append_fmt(out, "%-*s ", (int)width, text);
	*column += width + 1;
	if (strlen(text) > width)
		buf_append_fmt(out, "\n%*s", (int)*column, "");
}

static void row(struct buf *out, const char *name, const char *host, const char *how, const char *media, const char *proof, const char *login)
{
	unsigned column = 2;

	buf_append_str(out, "  ");
	cell(out, &column, 18, name);
	cell(out, &column, 22, host);
	cell(out, &column, 5, how);
	cell(out, &column, 13, media);
	cell(out, &column, 26, proof);
	buf_append_fmt(out, "%s\n", login);
}

static void camera(const struct audit *a, unsigned i, struct buf *out)
{
	static const char *const by[] = {"tcp, else udp", "tcp", "udp"};
	const struct site_camera *c = &a->site->camera[i];
	char proof[300], login[80];

	audit_camera_proof(c, proof, sizeof proof);
	if (strlen(proof) > PROOF_SHOWN)
		memcpy(proof + PROOF_SHOWN - 3, "...", 4);
	audit_camera_login(c, login, sizeof login);
	row(out, c->name, c->host, c->tls ? "rtsps" : "rtsp", c->tls ? "tcp" : by[c->transport], proof, login);
	if (c->onvif_url)
		row(out, "", c->onvif_host, "onvif", "tcp", "nothing: in the clear", !c->user ? "no password" : c->allow_md5 ? "digest, SHA-1 too" : "digest");
}

static void cameras(const struct audit *a, struct buf *out)
{
	unsigned n = a->site->ncameras, shown = n > CAMERAS_SHOWN ? CAMERAS_SHOWN : n;

	buf_append_str(out, "\nWHOM IT TALKS TO\n");
	row(out, "camera", "dialled", "", "media by", "proves itself by", "is told the password by");
	for (unsigned i = 0; i < shown; i++)
		camera(a, i, out);
	if (shown < n)
		buf_append_fmt(out, "  and %u more: --json has them all\n", n - shown);
	audit_wrap(out, "  nobody else        ", "these addresses and ports as they stand here: no DNS, no redirect followed, no UDP but to the camera's own address; no update, no report");
}

static void file(const struct audit_file *f, struct buf *out)
{
	char owner[64], path[300];

	user_text(f->uid, owner, sizeof owner);
	text_escape(f->path, strlen(f->path), path, sizeof path);
	if (f->ours)
		buf_append_fmt(out, "  %04o %-12s %-26s %s\n", f->mode & 07777, owner, f->what, path);
	else
		buf_append_fmt(out, "  -    %-12s %-26s %s\n", "-", f->what, path);
}

/* The beginning of its hash; --json has all of it, as the log's start/v1 does. */
static void program(const struct audit *a, enum role_kind kind, struct buf *out)
{
	const struct audit_program *p = &a->program[kind];
	char what[64], hex[17];
	struct audit_file f = p->file;

	hex_encode(p->on_disk, 8, hex);
	snprintf(what, sizeof what, "%s %s", role_kind_name(kind), hex);
	f.what = what;
	if (p->here)
		file(&f, out);
}

static void files(const struct audit *a, struct buf *out)
{
	unsigned shown = a->nfiles > CAMERAS_SHOWN ? CAMERAS_SHOWN : a->nfiles;
	char max[32], text[400];

	units_format(a->site->archive_max_bytes, units_bytes, max, sizeof max);
	buf_append_str(out, "\nWHAT LIES WHERE\n");
	for (unsigned i = 0; i < shown; i++)
		file(&a->file[i], out);
	if (shown < a->nfiles)
		buf_append_fmt(out, "  and %u more: --json has them all\n", a->nfiles - shown);
	for (unsigned kind = 0; kind < ROLE_COUNT; kind++)
		program(a, (enum role_kind)kind, out);
	buf_append_fmt(out, "  footage goes, the oldest first, at %s; the signed log says so, and stays\n", max);
	snprintf(text, sizeof text,
		 "what becomes of roles, cameras and listeners; who logged in or failed to, from which address, and who was refused; never a password, "
		 "a key or a path that was asked for; at most %d lines a second of each role, and %d of all", CHILD_LOG_LINES_PER_S, CHILDREN_LOG_LINES_PER_S);
	audit_wrap(out, "  on standard error: ", text);
}

static void findings(const struct audit *a, struct buf *out)
{
	char before[32];

	buf_append_str(out, "\nFINDINGS\n");
	for (unsigned i = 0; i < a->nfindings; i++) {
		snprintf(before, sizeof before, "  %-8s ", audit_weight_name(a->finding[i].weight));
		audit_wrap(out, before, a->finding[i].text);
	}
	if (a->findings_left_out)
		buf_append_fmt(out, "  and %u more\n", a->findings_left_out);
	buf_append_fmt(out, "  %u alarm%s, %u warning%s, %u note%s\n", a->count[AUDIT_ALARM], a->count[AUDIT_ALARM] == 1 ? "" : "s",
		       a->count[AUDIT_WARNING], a->count[AUDIT_WARNING] == 1 ? "" : "s", a->count[AUDIT_NOTE], a->count[AUDIT_NOTE] == 1 ? "" : "s");
}

void audit_page(const struct audit *a, bool calls, struct buf *out)
{
	head(a, out);
	listeners(a, out);
	cameras(a, out);
	audit_page_roles(a, calls, out);
	files(a, out);
	findings(a, out);
}
