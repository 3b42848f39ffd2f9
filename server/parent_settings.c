/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each role is told before it seals itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>


#include "base/io.h"
#include "base/ring.h"
#include "conf/places.h"
#include "conf/rights.h"
#include "config.h"
#include "server/parent.h"
#include "server/site_sha256.h"

static void text(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from ? from : "");
}
#define TEXT(member, from) text(member, sizeof(member), from)

/* Opened anew for each process: a descriptor that is handed over shares its place in the file. */
static int open_pair(const char *a, int flags_a, const char *b, int flags_b, int fds[2])
{
	const char *path[] = {a, b};
	const int flags[] = {flags_a, flags_b};

	fds[0] = fds[1] = -1;
	for (int i = 0; i < 2; i++) {
		int rc = fds[i] = io_open_regular(AT_FDCWD, path[i], flags[i] | O_NOFOLLOW * !!(flags[i] & O_CREAT), 0600);

		if (rc < 0) {
			parent_log("error", "file", "path=\"%s\" error=\"%s\" mend=\"let the user that runs casemate read it\"", path[i], strerror(-rc));
			return rc;
		}
	}
	return 0;
}

static void close_pair(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Appended when it is there: true when it is. */
static bool open_more(int dirfd, const char *path, int fds[MSG_FDS_MAX], unsigned *n)
{
	int fd = io_open_regular(dirfd, path, O_RDONLY, 0);

	if (fd < 0)
		return false;
	fds[(*n)++] = fd;
	return true;
}

/* A sign without them signs the log all the same; what is wrong was said. */
static int say_media_key(struct child *c)
{
	const struct site *s = c->parent->site;
	int fds[2], rc = 0;

	if (!s->media_key)
		return 0;
	if (open_pair(s->media_key, O_RDONLY, s->media_certificate, O_RDONLY, fds) == 0)
		rc = child_say(c, MSG_SIGN_MEDIA, NULL, fds, 2);
	close_pair(fds);
	return rc;
}

static int sign_settings(struct child *c)
{
	struct parent *p = c->parent;
	struct msg_sign_site m = {0};
	char state[4200], key[4200];
	int fds[MSG_FDS_MAX], next, rc;
	unsigned n = 2;

	parent_key_path(p, key, sizeof key);
	TEXT(m.origin, p->site->origin);
	sign_state_path(p->site, state, sizeof state);
	rc = open_pair(key, O_RDONLY, state, O_RDWR | O_CREAT, fds);
	if (!rc && p->certified.note_len) {
		TEXT(m.certifier, p->certified.root);
		memcpy(m.note, p->certified.note, p->certified.note_len);
		m.note_len = (uint16_t)p->certified.note_len;
		rc = dup3(p->certified.key_fd, fds[0], O_CLOEXEC) < 0 ? -errno : 0;
	}
	if (!rc) {
		next = parent_open_next_key(p, key);
		m.has_next = next >= 0;
		if (next >= 0)
			fds[n++] = next;
		if (next >= 0 && p->next_certified.note_len) {
			TEXT(m.next_certifier, p->next_certified.root);
			memcpy(m.next_note, p->next_certified.note, p->next_certified.note_len);
			m.next_note_len = (uint16_t)p->next_certified.note_len;
		}
		m.has_checkpoint = open_more(p->archive_fd, "log/checkpoint", fds, &n);
		rc = child_say(c, MSG_SIGN_SITE, &m, fds, n);
	}
	close_pair(fds);
	for (unsigned i = 2; i < n; i++)
		close(fds[i]);
	if (!rc)
		rc = say_media_key(c);
	return rc;
}

int child_say_store_renditions(struct child *c, unsigned i)
{
	const struct site_camera *cam = &c->parent->site->camera[i];
	int rc = 0;

	for (unsigned r = 0; !rc && r < RENDITION_ENCODED + cam->nrenditions; r++) {
		struct msg_store_rendition m = {.camera = (uint16_t)i, .rendition = (uint8_t)r};

		m.hidden = r == RENDITION_COPY && cam->copy == SITE_COPY_RECORDED;
		m.gone = r >= RENDITION_ENCODED ? cam->rendition[r - RENDITION_ENCODED].gone : r == RENDITION_AUDIO && !cam->audio;
		TEXT(m.name, r == RENDITION_COPY ? "copy" : r == RENDITION_AUDIO ? "audio" : cam->rendition[r - RENDITION_ENCODED].name);
		rc = child_say(c, MSG_STORE_RENDITION, &m, NULL, 0);
	}
	return rc;
}

int child_say_store_camera(struct child *c, unsigned i)
{
	struct msg_store_camera m = {.camera = (uint16_t)i};
	int rc;

	TEXT(m.name, c->parent->site->camera[i].name);
	rc = child_say(c, MSG_STORE_CAMERA, &m, NULL, 0);
	return rc ? rc : child_say_store_renditions(c, i);
}

static int store_settings(struct child *c)
{
	const struct site *site = c->parent->site;
	struct msg_store_site m = {.archive_max_bytes = site->archive_max_bytes, .cameras = (uint16_t)site->ncameras,
		.ingests = (uint16_t)site->ingest_processes};
	int rc;

	TEXT(m.origin, site->origin);
	TEXT(m.program, PACKAGE_NAME " " PACKAGE_VERSION);
	if (site_sha256(site, m.site_sha256) < 0)
		return -ENOMEM;
	memcpy(m.sbom_sha256, c->parent->programs.sbom_sha256, sizeof m.sbom_sha256);
	memcpy(m.binary_sha256, c->parent->programs.sha256, sizeof m.binary_sha256);
	rc = child_say(c, MSG_STORE_SITE, &m, &c->parent->archive_fd, 1);
	if (!rc)
		rc = child_say_store_policy(c);
	for (unsigned i = 0; !rc && i < site->ncameras; i++) {
		c->parent->camera[i].in_settings = !site->camera[i].gone;
		if (!site->camera[i].gone)
			rc = child_say_store_camera(c, i);
	}
	return rc;
}

/*
 * Read for each process anew, so that the parent has no password but for this moment. A camera whose password cannot be read
 * any more is asked without one, and says so in log and status; it must not keep the others from starting.
 */
static void take_password(const struct parent *p, const struct site_camera *cam, struct msg_ingest_camera *m)
{
	int rc = 0;

	if (p->watch && p->watch->password)
		TEXT(m->password, p->watch->password);
	else
		rc = site_read_password(cam, m->password);
	m->has_user = rc == 0;
	if (rc)
		parent_log("error", "file", "path=\"%s\" error=\"%s\" mend=\"its first line must be the password of %s, readable by the user that runs casemate\"",
			   cam->password_file, strerror(-rc), cam->name);
}

/* An authority goes with the first of the cameras that share it one after the other. */
static int ingest_camera_settings(struct child *c, unsigned i, const char **ca_before)
{
	const struct site_camera *cam = &c->parent->site->camera[i];
	struct msg_ingest_camera m = {
		.camera = (uint16_t)i, .allow_md5 = cam->allow_md5, .allow_basic = cam->allow_basic,
		.audio = cam->audio, .transport = (uint8_t)cam->transport,
		.worked = c->parent->camera[i].worked, .tls = (uint8_t)cam->tls, .segment_ms = cam->segment_ms,
		.longest_s = parent_longest_s(&c->parent->camera[i], cam->segment_ms)};
	int ca = -1, rc = 0;

	TEXT(m.name, cam->name);
	TEXT(m.host, cam->host);
	TEXT(m.url, cam->url);
	TEXT(m.user, cam->user);
	if (cam->user)
		take_password(c->parent, cam, &m);
	memcpy(m.fingerprint, cam->fingerprint, sizeof m.fingerprint);
	TEXT(m.tls_name, cam->tls_name);
	TEXT(m.onvif_host, cam->onvif_host);
	TEXT(m.onvif_url, cam->onvif_url);
	if (cam->ca && (!*ca_before || strcmp(cam->ca, *ca_before) != 0)) {
		ca = io_open_regular(AT_FDCWD, cam->ca, O_RDONLY, 0);
		rc = ca < 0 ? ca : 0;
		*ca_before = cam->ca;
	}
	if (rc)
		parent_log("error", "file", "path=\"%s\" error=\"%s\" mend=\"let the user that runs casemate read it\"", cam->ca, strerror(-rc));
	else
		rc = child_say(c, MSG_INGEST_CAMERA, &m, &ca, ca >= 0);
	if (ca >= 0)
		close(ca);
	explicit_bzero(&m, sizeof m);
	return rc;
}

static int ingest_settings(struct child *c)
{
	const struct parent *p = c->parent;
	const char *ca = NULL;
	int rc = 0;

	for (unsigned i = 0; !rc && i < p->site->ncameras; i++)
		if (ingest_of(p, i) == c->index && !p->site->camera[i].gone && p->camera[i].taken)
			rc = ingest_camera_settings(c, i, &ca);
	return rc;
}

int child_say_ingest_camera(struct child *c, unsigned i)
{
	const char *ca = NULL;

	return ingest_camera_settings(c, i, &ca);
}

/*
 * The worker waits in a read of its doorbell; nobody else may ever be made to wait by one. An eventfd that blocks its reader
 * blocks its writers too, once one of them has filled it; of a pipe each end has its own flags. So the worker's is a pipe, and who
 * rings it when it is full has rung already.
 */
static int new_rings(struct child *c, size_t in_bytes, size_t out_bytes, int *ret_worker_bell)
{
	int bell[2], rc = ring_create(in_bytes, &c->ring_in);

	if (!rc)
		rc = ring_create(out_bytes, &c->ring_out);
	if (rc)
		return rc;
	c->watch_fd = fcntl(c->ring_in, F_DUPFD_CLOEXEC, 0);
	c->ring_out_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->watch_fd < 0 || c->ring_out_bell < 0 || pipe2(bell, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	*ret_worker_bell = bell[0];
	c->ring_in_bell = bell[1];
	return 0;
}

static int transcode_settings(struct child *c)
{
	const struct site_camera *cam = &c->parent->site->camera[c->index];
	const struct camera_live *live = &c->parent->camera[c->index];
	struct msg_transcode_camera m = {.camera = (uint16_t)c->index, .sound = cam->audio, .overlay = cam->overlay,
		.denoise = (uint8_t)cam->denoise, .cpu = (uint8_t)c->parent->cpu,
		.look_s = c->parent->site->alarms.scene_s};
	int bell = -1, rc;
	bool wanted;

	TEXT(m.name, cam->name);
	TEXT(m.site, c->parent->site->origin);
	for (unsigned i = 0; i < cam->nmasks; i++)
		msg_put_mask(&m, &cam->mask[i]);
	rc = child_say(c, MSG_TRANSCODE_CAMERA, &m, NULL, 0);
	for (unsigned r = 0; !rc && r < cam->nrenditions; r++) {
		const struct site_rendition *s = &cam->rendition[r];
		struct msg_transcode_rendition mr = {
			.rendition = (uint8_t)(RENDITION_ENCODED + r), .width = (uint16_t)s->width, .height = (uint16_t)s->height,
			.fps = s->fps, .bitrate_bps = s->bitrate_bps, .crf = (uint8_t)s->crf, .latency = (uint8_t)s->latency,
			.profile = (uint8_t)s->profile, .priority = (uint8_t)s->priority, .on_demand = s->on_demand,
			.sign = s->sign == SITE_SIGN_ONVIF};

		TEXT(mr.name, s->name);
		if (!s->gone)
			rc = child_say(c, MSG_TRANSCODE_RENDITION, &mr, NULL, 0);
	}
	/* Who makes sound alone is given pictures to look at now and then. */
	wanted = places_renditions(cam) || live->demand[RENDITION_SNAPSHOT].runs || live->looked_at_us;
	c->pictures = wanted || c->parent->site->alarms.scene_s;
	if (!rc)
		rc = new_rings(c, wanted ? RING_TRANSCODE_BYTES : c->pictures ? RING_LOOK_BYTES : RING_SOUND_BYTES,
			       places_renditions(cam) ? RING_ENCODED_BYTES : c->pictures ? RING_SNAPSHOT_BYTES : RING_SOUND_BYTES, &bell);
	if (!rc)
		rc = child_say(c, MSG_TRANSCODE_RINGS, NULL, (int[]){c->ring_in, bell, c->ring_out, c->ring_out_bell}, 4);
	if (bell >= 0)
		close(bell);
	return rc;
}

int child_say_serve_camera(struct child *c, unsigned i)
{
	const struct site_camera *cam = &c->parent->site->camera[i];
	struct msg_serve_camera m = {.camera = (uint16_t)i, .segment_ms = cam->segment_ms, .no_copy = cam->copy == SITE_COPY_RECORDED};
	int rc;

	TEXT(m.name, cam->name);
	rc = child_say(c, MSG_SERVE_CAMERA, &m, NULL, 0);
	for (unsigned r = 0; !rc && r < RENDITION_ENCODED + cam->nrenditions; r++) {
		struct msg_serve_rendition mr = {.camera = (uint16_t)i, .rendition = (uint8_t)r, .gone = r == RENDITION_AUDIO && !cam->audio};

		if (r == RENDITION_COPY && m.no_copy)
			continue;
		TEXT(mr.name, r == RENDITION_COPY ? "copy" : "audio");
		if (r >= RENDITION_ENCODED) {
			const struct site_rendition *s = &cam->rendition[r - RENDITION_ENCODED];

			TEXT(mr.name, s->name);
			mr.width = (uint16_t)s->width;
			mr.height = (uint16_t)s->height;
			mr.fps = s->fps;
			mr.bitrate_bps = s->bitrate_bps;
			mr.profile = (uint8_t)s->profile;
			mr.on_demand = s->on_demand;
			mr.gone = s->gone;
		}
		rc = child_say(c, MSG_SERVE_RENDITION, &mr, NULL, 0);
	}
	return rc;
}

/* Names and patterns end here: serve knows cameras by their numbers. */
static size_t write_rules(const struct site *site, const struct site_user *u, uint8_t out[RIGHTS_BYTES])
{
	struct rights_rule rule[RIGHTS_RULES_MAX] = {0};
	unsigned n = 0;

	for (unsigned k = 0; k < u->ngroups; k++) {
		const struct site_group *g = rights_group(site, u->group[k]);

		if (!g)
			continue;
		rule[n].rights = (uint8_t)g->rights;
		rule[n].hours = g->hours;
		for (unsigned i = 0; i < site->ncameras; i++)
			if (!site->camera[i].gone && rights_group_has(g, site->camera[i].name))
				rights_add_camera(&rule[n], i);
		n++;
	}
	return rights_write(rule, n, out);
}

/* As a camera's password: read when it is told. Who cannot log in by Digest any more can do so otherwise. */
static void take_digest(const struct site *site, const struct site_user *u, struct msg_serve_user *m)
{
	struct site_digest d;
	const char *why;

	if (site_read_digest(site, u, &d, &why)) {
		parent_log("error", "file", "path=\"%s\" error=\"%s\" mend=\"casemate passwd --rtsp writes it, for %s to log in by RTSP with Digest\"",
			   u->rtsp_digest_file, why, u->name);
		return;
	}
	m->has_sha256 = true;
	m->has_md5 = d.has_md5;
	memcpy(m->ha1_sha256, d.sha256, sizeof m->ha1_sha256);
	memcpy(m->ha1_md5, d.md5, sizeof m->ha1_md5);
	explicit_bzero(&d, sizeof d);
}

int child_say_serve_user(struct child *c, unsigned i)
{
	const struct site_user *u = &c->parent->site->user[i];
	struct msg_serve_user m = {.user = (uint16_t)i, .version = u->version, .gone = u->gone, .all = !c->parent->site->ngroups, .expires_us = u->expires_us};
	int rc;

	TEXT(m.name, u->name);
	TEXT(m.password_hash, u->password_hash);
	TEXT(m.certificate, u->certificate);
	if (u->rtsp_digest_file)
		take_digest(c->parent->site, u, &m);
	m.rules_len = (uint16_t)write_rules(c->parent->site, u, m.rules);
	rc = child_say(c, MSG_SERVE_USER, &m, NULL, 0);
	explicit_bzero(&m, sizeof m);
	return rc;
}

/* What serve is known by, and by whom viewers may be known, where the site says so. */
static int open_tls(const struct site *s, int fds[3], unsigned *ret_n)
{
	int rc = open_pair(s->tls_certificate, O_RDONLY, s->tls_key, O_RDONLY, fds);

	*ret_n = 2;
	fds[2] = -1;
	if (rc || !s->tls_client_ca)
		return rc;
	*ret_n = 3;
	fds[2] = io_open_regular(AT_FDCWD, s->tls_client_ca, O_RDONLY, 0);
	if (fds[2] >= 0)
		return 0;
	parent_log("error", "file", "path=\"%s\" error=\"%s\" mend=\"let the user that runs casemate read it\"", s->tls_client_ca, strerror(-fds[2]));
	return fds[2];
}

static void close_tls(int fds[3])
{
	close_pair(fds);
	if (fds[2] >= 0)
		close(fds[2]);
}

int child_say_certificate(struct child *c)
{
	unsigned n;
	int fds[3], rc = open_tls(c->parent->site, fds, &n);

	if (!rc)
		rc = child_say(c, MSG_SERVE_CERTIFICATE, NULL, fds, n);
	close_tls(fds);
	return rc;
}

static int serve_settings(struct child *c)
{
	const struct parent *p = c->parent;
	struct msg_serve_site m = {
		.cameras = (uint16_t)p->site->ncameras, .users = (uint16_t)p->site->nusers, .index = (uint16_t)c->index};
	int fds[3], rc;
	unsigned n;

	TEXT(m.origin, p->site->origin);
	TEXT(m.version, PACKAGE_VERSION);
	rc = open_tls(p->site, fds, &n);
	if (!rc)
		rc = child_say(c, MSG_SERVE_SITE, &m, fds, n);
	close_tls(fds);
	explicit_bzero(&m, sizeof m);
	for (unsigned i = 0; !rc && i < SITE_LISTENERS_MAX; i++)
		if (p->listener[i].wanted && p->listener[i].fd[c->index] >= 0)
			rc = child_say(c, MSG_SERVE_LISTENER, &(struct msg_serve_listener){(uint8_t)i, (uint8_t)p->listener[i].want.kind}, &p->listener[i].fd[c->index], 1);
	for (unsigned i = 0; !rc && i < p->site->nusers; i++)
		rc = child_say_serve_user(c, i);
	for (unsigned i = 0; !rc && i < p->site->ncameras; i++)
		if (!p->site->camera[i].gone)
			rc = child_say_serve_camera(c, i);
	if (!rc)
		rc = child_say_shares(c);
	/* Before its first viewer: who is logged in must not be sent to the login because one process was restarted. */
	for (unsigned i = 0; !rc && i < p->nsessions; i++)
		rc = child_say(c, MSG_SESSION, &p->session[i], NULL, 0);
	/* And before a scrape that waited for it. */
	if (!rc)
		parent_tell_metrics(c);
	return rc;
}

int child_settings(struct child *c)
{
	static int (*const settings[ROLE_COUNT])(struct child *) = {
		[ROLE_INGEST] = ingest_settings, [ROLE_TRANSCODE] = transcode_settings, [ROLE_STORE] = store_settings,
		[ROLE_SIGN] = sign_settings, [ROLE_SERVE] = serve_settings};
	int rc = settings[c->kind](c);

	return rc ? rc : child_say(c, MSG_GO, &(struct msg_go){c->parent->site->sandbox_best_effort}, NULL, 0);
}
