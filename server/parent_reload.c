/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A changed site file, while the server runs: read and checked whole, compared with what is in force, and applied if all of it
 * can be; refused, with each reason, if any of it cannot. What files hold that it names counts too, as far as roles
 * were given it: certificate, keys, authorities, passwords.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/complaint.h"
#include "conf/diff.h"
#include "conf/places.h"
#include "seal/entry.h"
#include "server/site_sha256.h"
#include "server/parent_change.h"

#define LOGGED_MAX 20              /* lines of the log for one reload */
#define PLACE (PATH_MAX + SITE_PART_NAME)

struct reload {
	struct parent *p;
	struct site *site;             /* as it was read, then in its places */
	struct diff *diff;
	FILE *out;
	unsigned refused, changes;
	struct msg_store_config told;
	bool certificate;              /* other bytes, whatever their names */
	struct parent_witness witness;
	bool witnesses;                /* another policy than before, whatever its file's name */
	struct files_seen files;
	bool rollback;                 /* an earlier version of a signed site file is wanted */
	struct admin admin;            /* whose signature it has */
	uint8_t ca_sha256[SITE_CAMERAS_MAX][32];
	bool ca[SITE_CAMERAS_MAX];     /* other bytes in that camera's authority */
};

/* Read once, and what was read is what comes into force. */
static void read_witnesses(struct reload *r)
{
	char why[400], place[PLACE];

	if (parent_witness_load(r->site, &r->witness, why, sizeof why) == 0)
		return;
	site_place(r->site, r->site->file, r->site->witnesses_line, place, sizeof place);
	fprintf(r->out, "%s: %s: %s\n", place, r->site->witnesses, why);
	r->refused++;
}

static void digest_ca(const struct site_camera *c, uint8_t ret[32])
{
	memset(ret, 0, 32);
	if (c->ca)
		files_digest((const char *const *)&c->ca, 1, ret);
}

void parent_digest_files(struct parent *p)
{
	parent_certificate_begin(p);
	for (unsigned i = 0; i < p->site->ncameras; i++)
		digest_ca(&p->site->camera[i], p->camera[i].ca_sha256);
}

/* --- what is said ----------------------------------------------------------------------- */

static void note_change(struct reload *r, const char *words)
{
	size_t n = strlen(r->told.change);

	r->changes++;
	if (r->changes <= ENTRY_CHANGES_MAX)
		snprintf(r->told.change + n, sizeof r->told.change - n, "%s%s", n ? "\n" : "", words);
}

/* In an entry stand names; a listener's is an address. */
static void note_item(struct reload *r, const struct diff_item *item)
{
	char words[ENTRY_CHANGE];

	if (item->what == DIFF_LISTENER)
		snprintf(words, sizeof words, "listener %s", item->kind == DIFF_ADDED ? "added" : "removed");
	else
		diff_text(item, words, sizeof words);
	note_change(r, words);
}

static void say_item(struct reload *r, const struct diff_item *item)
{
	char words[200];

	diff_text(item, words, sizeof words);
	fprintf(r->out, "  %s%s%s%s\n", words, item->kind == DIFF_CHANGED && item->effects & DIFF_REDIALS ? "; the camera is dialled anew" : "",
		item->effects & DIFF_DISCONNECTS ? "; its viewers are disconnected" : "",
		item->effects & DIFF_DELETES ? "; the oldest footage goes if there is more" : "");
	note_item(r, item);
}

static void refuse_item(struct reload *r, const struct diff_item *item)
{
	char words[200], place[PLACE];

	diff_text(item, words, sizeof words);
	site_place(item->new_line ? r->site : r->p->site, r->site->file, item->new_line ? item->new_line : item->old_line, place, sizeof place);
	fprintf(r->out, "%s: %s: this needs a restart\n", place, words);
	r->refused++;
}

/* --- whether it can be applied ---------------------------------------------------------- */

static void read_site(struct reload *r)
{
	struct site_report *report = calloc(1, sizeof *report);
	int rc = report ? site_load(r->p->site->file, &r->site, report) : -ENOMEM;

	if (!report)
		fprintf(r->out, "no memory\n");
	else if (rc)
		complaint_print(r->out, r->p->site->file, report);
	r->refused += rc ? report && report->n ? report->n : 1 : 0;
	if (!rc) {
		files_look(r->site, r->out, &r->files);
		r->refused += r->files.faults;
		if (!r->files.faults)
			read_witnesses(r);
	}
	free(report);
}

/* Its address is the service manager's to keep, or to give up. */
static bool is_handed_over(const struct parent *p, const struct diff_item *item)
{
	return item->what == DIFF_LISTENER && item->kind == DIFF_REMOVED &&
	       parent_given_socket(p, &((const struct site_listener *)item->was)->address) >= 0;
}

static void compare(struct reload *r)
{
	if (diff_sites(r->p->site, r->site, &r->diff) < 0) {
		fprintf(r->out, "no memory\n");
		r->refused++;
		return;
	}
	for (unsigned i = 0; i < r->diff->n; i++)
		if (r->diff->item[i].effects & DIFF_RESTARTS || is_handed_over(r->p, &r->diff->item[i]))
			refuse_item(r, &r->diff->item[i]);
}

static void find_places(struct reload *r)
{
	const char *why = "no memory";

	if (places_keep(r->site, r->p->site, &why) < 0) {
		fprintf(r->out, "%s: %s: this needs a restart\n", r->site->file, why);
		r->refused++;
		return;
	}
	for (unsigned i = 0; i < r->site->ncameras; i++)
		if (parent_add_camera(r->p, i) < 0) {
			fprintf(r->out, "no memory\n");
			r->refused++;
			return;
		}
}

/* What is rolled back is noted first: of many changes an entry names only the first. */
static void judge(struct reload *r)
{
	const struct admin *was = &r->p->admin;
	char why[ADMIN_WHY], words[ENTRY_CHANGE];

	if (admin_judge(was, r->p->admin_key, r->site, r->rollback, &r->admin, why) < 0) {
		fprintf(r->out, "%s: %s\n", r->site->file, why);
		r->refused++;
	} else if (r->admin.version < was->version) {
		snprintf(words, sizeof words, "site file rolled back from version %u to %u", was->version, r->admin.version);
		fprintf(r->out, "  %s\n", words);
		note_change(r, words);
	}
}

/* Before anything is changed: what was once in force is never forgotten. */
static void keep_signature(struct reload *r)
{
	struct parent *p = r->p;
	int rc = admin_same(&r->admin, &p->admin) ? 0 : admin_keep(p->admin_path, &r->admin);

	if (rc < 0)
		fprintf(r->out, "%s: %s: its folder must have room, and be writable by this user\n", p->admin_path, strerror(-rc));
	r->refused += rc < 0;
}

static void say_signature(struct reload *r)
{
	if (r->admin.version > r->p->admin.version)
		fprintf(r->out, "  signed by %s as version %u\n", r->admin.key.name, r->admin.version);
	r->p->admin = r->admin;
}

/* --- applying --------------------------------------------------------------------------- */

static void look_at_files(struct reload *r)
{
	r->certificate = memcmp(r->files.tls_sha256, r->p->certificate.sha256, 32) != 0;
	for (unsigned i = 0; i < r->site->ncameras; i++) {
		const struct site_camera *c = &r->site->camera[i];

		digest_ca(c, r->ca_sha256[i]);
		r->ca[i] = c->ca && memcmp(r->ca_sha256[i], r->p->camera[i].ca_sha256, 32) != 0;
	}
}

static bool same_name(const struct diff_item *item, const char *name)
{
	return strcmp(item->name, name) == 0;
}

/* Which of a camera's settings are its worker's: all that is done to pictures, and whether there is sound. */
static bool is_workers(const struct diff_item *item)
{
	static const char *const key[] = {"cameras.*.masks", "cameras.*.overlay", "cameras.*.denoise", "cameras.*.audio"};

	if (item->what == DIFF_RENDITION)
		return true;
	for (size_t i = 0; i < sizeof key / sizeof *key; i++)
		if (!strcmp(item->key->path, key[i]))
			return true;
	return false;
}

static void apply_camera(struct reload *r, struct camera_live *cam)
{
	bool changes = r->ca[cam->index], link = changes, worker = false;

	for (unsigned i = 0; i < r->diff->n; i++) {
		const struct diff_item *item = &r->diff->item[i];

		if ((item->what != DIFF_CAMERA && item->what != DIFF_RENDITION) || !same_name(item, r->p->site->camera[cam->index].name))
			continue;
		if (item->what == DIFF_CAMERA && item->kind == DIFF_ADDED) {
			parent_camera_comes(cam);
			return;
		}
		if (item->what == DIFF_CAMERA && item->kind == DIFF_REMOVED) {
			parent_camera_goes(cam);
			return;
		}
		changes = true;
		link |= (item->effects & DIFF_REDIALS) != 0;
		worker |= is_workers(item);
	}
	if (changes)
		parent_camera_changes(cam, link, worker);
}

/* His version tells whether it is he whom something has changed for; and what patterns match changes with the cameras. */
static void apply_user(struct reload *r, unsigned user)
{
	const struct site *before = r->site;

	if (user >= before->nusers || before->user[user].version != r->p->site->user[user].version)
		parent_user_changes(r->p, user);
	else if (r->p->site->ngroups)
		parent_user_cameras(r->p, user);
}

/* Closed ones first: they make room. */
static void apply_listeners(struct reload *r)
{
	for (unsigned i = 0; i < r->diff->n; i++)
		if (r->diff->item[i].what == DIFF_LISTENER && r->diff->item[i].kind == DIFF_REMOVED)
			parent_drop_listener(r->p, r->diff->item[i].name);
	for (unsigned i = 0; i < r->diff->n; i++)
		if (r->diff->item[i].what == DIFF_LISTENER && r->diff->item[i].kind == DIFF_ADDED)
			(void)parent_add_listener(r->p, r->diff->item[i].is);
	parent_listen(r->p);
	for (unsigned i = 0; i < SITE_LISTENERS_MAX; i++)
		if (r->p->listener[i].wanted && r->p->listener[i].error)
			fprintf(r->out, "  listener %s cannot be had: %s; it is tried again\n", r->p->listener[i].want.text, strerror(r->p->listener[i].error));
}

/* The diff's pointers are into both sites as they were read: it is not looked at through them after the places were found. */
static void apply(struct reload *r)
{
	struct parent *p = r->p;
	struct site *before = p->site;

	p->site = r->site;
	r->site = before;
	parent_note_site(p);
	apply_listeners(r);
	for (unsigned i = 0; i < p->site->nusers; i++)
		apply_user(r, i);
	/* Not given to all: the next reload tries again. */
	if (r->certificate && parent_certificate_changes(p) < 0) {
		memset(r->files.tls_sha256, 0, sizeof r->files.tls_sha256);
		fprintf(r->out, "  tls: not every serve could be given the certificate and key: reload again\n");
	}
	r->witnesses = parent_witness_use(p, &r->witness);
	for (unsigned i = 0; i < p->site->ncameras; i++)
		apply_camera(r, &p->camera[i]);
	if (p->site->alarms.scene_s != before->alarms.scene_s)
		parent_scene_changes(p);
	parent_certificate_use(p, &r->files);
	for (unsigned i = 0; i < p->site->ncameras; i++)
		memcpy(p->camera[i].ca_sha256, r->ca_sha256[i], 32);
}

/* What differs in bytes alone has no item. */
static bool has_item(const struct reload *r, const char *name, const char *path)
{
	for (unsigned i = 0; i < r->diff->n; i++)
		if (same_name(&r->diff->item[i], name) && !strncmp(r->diff->item[i].key->path, path, strlen(path)))
			return true;
	return false;
}

static void say_files(struct reload *r)
{
	char words[ENTRY_CHANGE];

	if (r->certificate && !has_item(r, "", "tls.")) {
		fprintf(r->out, "  tls: other contents; who connects from now on is shown them\n");
		note_change(r, "tls: other contents");
	}
	if (r->witnesses && !has_item(r, "", "witnesses")) {
		fprintf(r->out, "  witnesses: other contents\n");
		note_change(r, "witnesses: other contents");
	}
	for (unsigned i = 0; i < r->p->site->ncameras; i++) {
		if (!r->ca[i] || has_item(r, r->p->site->camera[i].name, "cameras"))
			continue;
		snprintf(words, sizeof words, "camera %s: ca: other contents", r->p->site->camera[i].name);
		fprintf(r->out, "  %s; the camera is dialled anew\n", words);
		note_change(r, words);
	}
}

/* Store hears of the change before sign's next hello. */
static void say_key(struct reload *r)
{
	if (parent_turn_again(r->p))
		fprintf(r->out, "  key: the token that refused its PIN is asked once more, within a minute\n");
	if (!parent_has_new_key(r->p))
		return;
	if (parent_next_key_waits(r->p)) {
		fprintf(r->out, "  key: the next key is a token's, which is asked at a start: casemate has to be started anew\n");
		return;
	}
	fprintf(r->out, "  key: the next key is there; it signs after this second, and the log says when it does\n");
	note_change(r, "key: next key");
	parent_renew_sign(r->p);
}


static bool is_news(const struct reload *r)
{
	return r->changes || site_sha256_differs(r->p->site, r->site);
}

/* --- one reload ------------------------------------------------------------------------- */

static void log_lines(bool refused, const char *text)
{
	for (unsigned n = 0; *text && n < LOGGED_MAX; n++) {
		size_t len = strcspn(text, "\n");
		char line[400];

		snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : sizeof line - 1), text + strspn(text, " "));
		for (char *q = line; *q; q++)
			*q = *q == '"' || *q == '\\' || *q < ' ' || *q > '~' ? '\'' : *q;
		parent_log(refused ? "error" : "info", refused ? "reload-refused" : "reload", "text=\"%s\"", line);
		text += len + (text[len] == '\n');
	}
}

static void run(struct reload *r)
{
	read_site(r);
	if (!r->refused)
		compare(r);
	if (!r->refused)
		judge(r);
	if (!r->refused) {
		for (unsigned i = 0; i < r->diff->n; i++)
			say_item(r, &r->diff->item[i]);
		find_places(r);
	}
	if (!r->refused)
		keep_signature(r);
	if (r->refused) {
		fprintf(r->out, "%u reason%s: nothing was changed\n", r->refused, r->refused == 1 ? "" : "s");
		return;
	}
	look_at_files(r);
	apply(r);
	parent_share_tell(r->p);
	say_files(r);
	say_key(r);
	say_signature(r);
	r->told.changes = r->changes;
	if (is_news(r))
		parent_tell_config(r->p, &r->told);
	if (r->changes)
		fprintf(r->out, "%u change%s in force\n", r->changes, r->changes == 1 ? " is" : "s are");
	else
		fprintf(r->out, "nothing differs from what is in force\n");
}

int parent_reload(struct parent *p, bool rollback, struct buf *out)
{
	struct reload *r = calloc(1, sizeof *r);
	char *text = NULL;
	size_t n = 0;
	int rc = -ENOMEM;

	if (!r)
		return rc;
	r->p = p;
	r->rollback = rollback;
	r->out = open_memstream(&text, &n);
	if (!r->out)
		goto out;
	if (p->stopping || p->watch) {
		fprintf(r->out, "the server is stopping: nothing was changed\n");
		r->refused = 1;
	} else {
		run(r);
	}
	if (fclose(r->out) == 0 && text) {
		log_lines(r->refused, text);
		rc = buf_append(out, text, n < out->max - out->len ? n : out->max - out->len);
	}
	if (!rc && r->refused)
		rc = -EINVAL;
out:
	free(text);
	diff_free(&r->diff);
	site_free(&r->site);
	free(r);
	return rc;
}
