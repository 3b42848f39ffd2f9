/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "conf/show.h"
#include "server/audit.h"

const char *audit_weight_name(enum audit_weight weight)
{
	static const char *const name[AUDIT_WEIGHTS] = {"alarm", "warning", "note"};

	return name[weight];
}

const char *audit_fd_name(enum audit_fd kind)
{
	static const char *const name[AUDIT_FD_KINDS] = {"sockets", "pipes", "events", "memory", "null", "files"};

	return name[kind];
}

const char *audit_listener_speaks(enum listener_kind kind)
{
	static const char *const name[LISTENER_KINDS] = {
		[LISTENER_HTTPS] = "https", [LISTENER_RTSPS] = "rtsps", [LISTENER_RTSP] = "rtsp", [LISTENER_METRICS] = "http metrics", [LISTENER_METRICS_TLS] = "https metrics"};

	return name[kind];
}

unsigned audit_certificate_users(const struct site *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->nusers; i++)
		n += s->user[i].certificate != NULL;
	return n;
}

unsigned audit_rtsp_users(const struct site *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->nusers; i++)
		n += s->user[i].rtsp_digest_file != NULL;
	return n;
}

const char *audit_role_does(enum role_kind kind)
{
	static const char *const does[ROLE_COUNT] = {
		[ROLE_PARENT] = "reads the site file, opens what roles are given, dials the cameras, writes the log; no byte of a camera or viewer",
		[ROLE_INGEST] = "reads what cameras send, over sockets that are connected already; holds their passwords",
		[ROLE_TRANSCODE] = "decodes and encodes one camera's pictures and sound: reads its bytes at their worst, holds no secret",
		[ROLE_STORE] = "writes the archive and the log; holds neither key nor password",
		[ROLE_SIGN] = "signs the log; holds the key, reads nothing from outside",
		[ROLE_SERVE] = "reads what viewers send; holds the TLS key, hashes of passwords, sessions"};

	return does[kind];
}

void audit_camera_proof(const struct site_camera *c, char *out, size_t cap)
{
	char pin[32];

	switch (c->tls) {
	case SITE_TLS_NONE:
		snprintf(out, cap, "nothing: in the clear");
		break;
	case SITE_TLS_FINGERPRINT:
		show_fingerprint(c->fingerprint, 6, pin, sizeof pin);
		snprintf(out, cap, "%s", pin);
		break;
	case SITE_TLS_CA:
		snprintf(out, cap, "its ca, as %s", *c->tls_name ? c->tls_name : "its address");
		break;
	case SITE_TLS_UNVERIFIED:
		snprintf(out, cap, "nothing (unverified)");
		break;
	}
}

/* Basic is answered also inside TLS that has proved who is there. */
void audit_camera_login(const struct site_camera *c, char *out, size_t cap)
{
	bool proved = c->tls == SITE_TLS_FINGERPRINT || c->tls == SITE_TLS_CA;

	if (!c->user)
		snprintf(out, cap, "no password");
	else
		snprintf(out, cap, "Digest SHA-256%s%s", c->allow_md5 ? ", MD5" : "", c->allow_basic || proved ? ", Basic" : "");
}

static bool may_say(enum role_kind from, enum role_kind to, enum msg_type type)
{
	for (unsigned nfds = 0; nfds <= MSG_FDS_MAX; nfds++)
		if (roles_may_say(from, to, type, nfds))
			return true;
	return false;
}

void audit_says(enum role_kind from, enum role_kind to, char *out, size_t cap)
{
	size_t n = 0;

	*out = 0;
	for (unsigned type = MSG_NONE + 1; type < MSG_TYPE_COUNT && n < cap; type++)
		if (may_say(from, to, (enum msg_type)type))
			n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? " " : "", msg_name(type));
}
