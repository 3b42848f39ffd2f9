/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/site.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "conf/include.h"
#include "conf/loader.h"
#include "conf/merge.h"

#define PRIORITY_MAX 9  /* of a rendition, as in the table */

static void *new_array(struct loader *l, size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		l->rc = -ENOMEM;
	return p;
}

static void free_camera(struct site_camera *c)
{
	free(c->password_mark);
	free(c->user);
	free(c->password_file);
	free(c->url);
	free(c->ca);
	free(c->onvif_url);
}

/* Where a complaint about a whole section goes: its key, or its first line. */
static struct complaint_at section_at(const struct ytree_node *n)
{
	return n->key ? n->key_at : n->at;
}

/* The key that was likely meant is given back, so that nobody says it is missing as well. */
static const struct schema_key *complain_unknown(struct loader *l, const char *prefix, const struct ytree_node *n)
{
	const struct schema_key *near = schema_nearest(prefix, n->key, n->key_len);
	const struct schema_key *other = schema_elsewhere(n->key, n->key_len);
	struct loader_quote name = loader_quote(n->key, n->key_len);
	char example[sizeof l->report->complaint->example], known[300] = "";

	if (l->report->more)
		return NULL;
	if (!other && near) {
		schema_example(near, example, sizeof example);
		complaint_add(l->report, n->key_at, example, "unknown key \"%s\": did you mean \"%s\"?", name.text, schema_leaf(near));
		return near;
	}
	if (other) {
		complaint_add(l->report, n->key_at, NULL, "key \"%s\" doesn't belong here: its place is %s", name.text, other->path);
		return NULL;
	}
	for (unsigned i = 0; i < schema_nkeys; i++)
		if (schema_is_below(&schema_keys[i], prefix))
			snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", *known ? ", " : "", schema_leaf(&schema_keys[i]));
	complaint_add(l->report, n->key_at, NULL, "unknown key \"%s\": known here are %s", name.text, known);
	return NULL;
}

static void set_section(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);

static void set_key(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	if (n->kind == YTREE_BAD)
		return;
	if (k->line)
		*(int *)((char *)object + k->line) = n->at.line;
	if (k->type <= SCHEMA_MASKS)
		set_section(l, k, n, object);
	else
		values_set(l, k, n, object);
}

/* A key that the file leaves out: its default, or a complaint. */
static void set_absent(struct loader *l, const struct schema_key *k, const struct ytree_node *section, void *object)
{
	char example[sizeof l->report->complaint->example];
	struct ytree_node n = {.kind = YTREE_SCALAR, .at = section_at(section)};

	if (k->required) {
		schema_example(k, example, sizeof example);
		complaint_add(l->report, n.at, example, "\"%s\" is missing: %s", schema_leaf(k), k->doc);
	} else if (k->fallback) {
		n.text = k->fallback;
		n.len = strlen(k->fallback);
		values_set(l, k, &n, object);
	} else if (k->type == SCHEMA_MAP) {
		n.kind = YTREE_MAP;
		set_section(l, k, &n, object);
	}
}

/* All keys below prefix, from the map n into object. */
static void walk_map(struct loader *l, const char *prefix, const struct ytree_node *n, void *object)
{
	bool seen[128] = {false};

	for (const struct ytree_node *c = n->child; c; c = c->next) {
		const struct schema_key *k = schema_find(prefix, c->key, c->key_len);

		if (k)
			set_key(l, k, c, object);
		else if (c->kind != YTREE_BAD)
			k = complain_unknown(l, prefix, c);
		if (k)
			seen[k - schema_keys] = true;
	}
	for (unsigned i = 0; i < schema_nkeys; i++)
		if (!seen[i] && schema_is_below(&schema_keys[i], prefix))
			set_absent(l, &schema_keys[i], n, object);
}

/* The map that one named thing or list item is; an empty one counts, so that what it lacks is named. */
static bool is_item(struct loader *l, const struct schema_key *k, const struct ytree_node *n)
{
	if (n->kind == YTREE_SCALAR && !n->empty)
		loader_complain(l, k, n->at, "what is wanted here is a map of keys, not \"%s\"", loader_quote(n->text, n->len).text);
	else if (n->kind == YTREE_LIST)
		loader_complain(l, k, n->at, "what is wanted here is a map of keys, not a list");
	return n->kind == YTREE_MAP || (n->kind == YTREE_SCALAR && n->empty);
}

static bool take_name(struct loader *l, const struct schema_key *k, const struct ytree_node *n, char out[SITE_NAME])
{
	if (!text_is_name(n->key, n->key_len)) {
		complaint_add(l->report, n->key_at, NULL, "%s: \"%s\" can't be a name: 1 to 32 of a-z, 0-9 and -", schema_leaf(k),
			      loader_quote(n->key, n->key_len).text);
		return false;
	}
	memcpy(out, n->key, n->key_len + 1);
	return true;
}

static void set_camera(struct loader *l, const struct schema_key *k, const struct ytree_node *n)
{
	struct site_camera *c = &l->site->camera[l->site->ncameras];

	if (n->kind == YTREE_BAD || !take_name(l, k, n, c->name) || !is_item(l, k, n))
		return;
	c->line = n->key_at.line;
	c->order = l->site->ncameras++;
	walk_map(l, "cameras.*.", n, c);
	camera_check(l, n, c);
}

static void set_rendition(struct loader *l, const struct schema_key *k, const struct ytree_node *n, struct site_camera *c)
{
	struct site_rendition *r = &c->rendition[c->nrenditions];

	if (n->kind == YTREE_BAD || !take_name(l, k, n, r->name) || !is_item(l, k, n))
		return;
	if (!strcmp(r->name, "copy") || !strcmp(r->name, "audio") || !strcmp(r->name, "snapshot"))
		complaint_add(l->report, n->key_at, NULL, "%s: \"%s\" is always there and has no settings: take it out, or choose another name",
			      schema_leaf(k), r->name);
	r->line = n->key_at.line;
	r->priority = PRIORITY_MAX - c->nrenditions;
	c->nrenditions++;
	walk_map(l, "cameras.*.renditions.*.", n, r);
}

static void set_mask(struct loader *l, const struct schema_key *k, const struct ytree_node *n, struct site_camera *c)
{
	struct site_mask *m = &c->mask[c->nmasks];

	if (n->kind == YTREE_BAD || !is_item(l, k, n))
		return;
	m->line = n->at.line;
	c->nmasks++;
	walk_map(l, "cameras.*.masks[].", n, m);
	if (m->x + m->width > SITE_MASK_WHOLE || m->y + m->height > SITE_MASK_WHOLE)
		loader_complain(l, k, n->at, "it reaches outside the picture: x and width, and y and height, are at most 100 %% together");
}

static void set_group(struct loader *l, const struct schema_key *k, const struct ytree_node *n)
{
	struct site_group *g = &l->site->group[l->site->ngroups];

	if (n->kind == YTREE_BAD || !take_name(l, k, n, g->name) || !is_item(l, k, n))
		return;
	g->line = n->key_at.line;
	l->site->ngroups++;
	walk_map(l, "groups.*.", n, g);
}

static bool has_key(const struct ytree_node *map, const char *key)
{
	for (const struct ytree_node *c = map->child; c; c = c->next)
		if (!strcmp(c->key, key))
			return true;
	return false;
}

/* There is something to know him by, and it is his alone. */
static void check_user(struct loader *l, const struct ytree_node *n, const struct site_user *u)
{
	const struct site *site = l->site;

	if (!u->password_hash && !u->certificate && !has_key(n, "password_hash") && !has_key(n, "certificate"))
		complaint_add(l->report, n->at, "password_hash: \"$argon2id$...\"", "\"password_hash\" is missing: what casemate passwd printed, or else a certificate");
	for (const struct site_user *other = site->user; u->certificate && other < u; other++)
		if (other->certificate && !strcmp(other->certificate, u->certificate))
			complaint_add(l->report, n->at, NULL, "the certificate of user \"%s\" is that of user \"%s\", too: it can be one's only", u->name, other->name);
}

static void set_user(struct loader *l, const struct schema_key *k, const struct ytree_node *n)
{
	struct site *site = l->site;
	struct site_user *u = &site->user[site->nusers];

	if (n->kind == YTREE_BAD || !is_item(l, k, n))
		return;
	u->line = n->at.line;
	walk_map(l, "users[].", n, u);
	check_user(l, n, u);
	if (u->allow_md5 && !u->rtsp_digest_file)
		complaint_add(l->report, n->at, NULL, "allow_md5 has no use without an rtsp_digest_file");
	if (strncmp(u->name, "share-", 6) == 0)
		complaint_add(l->report, n->at, NULL, "user \"%s\": names that begin with share- are those of share links: choose another", u->name);
	for (unsigned i = 0; i < site->nusers; i++)
		if (*u->name && !strcmp(site->user[i].name, u->name))
			complaint_add(l->report, n->at, NULL, "user \"%s\" is here a second time; the first is on line %d: keep one of them",
				      u->name, site->user[i].line);
	site->nusers++;
}

/* Looked at once by itself: a site has it whether or not it has a camera that takes it. */
static void set_defaults(struct loader *l, const struct ytree_node *n)
{
	struct site_camera *scratch = new_array(l, 1, sizeof *scratch);
	unsigned nfiles = l->nfiles;

	for (const struct ytree_node *c = scratch ? n->child : NULL; c; c = c->next) {
		const struct schema_key *k = schema_find("cameras.*.", c->key, c->key_len);

		if (c->kind == YTREE_BAD)
			continue;
		if (!k)
			complain_unknown(l, "cameras.*.", c);
		else if (!strcmp(schema_leaf(k), "source") || !strcmp(schema_leaf(k), "onvif"))
			complaint_add(l->report, c->key_at, NULL, "defaults: each camera has a %s of its own: write it there", schema_leaf(k));
		else
			set_key(l, k, c, scratch);
	}
	while (l->nfiles > nfiles)
		free(l->file[--l->nfiles].path);
	if (scratch)
		free_camera(scratch);
	free(scratch);
}

static void set_profile(struct loader *l, const struct schema_key *k, const struct ytree_node *n)
{
	struct site_camera *scratch = new_array(l, 1, sizeof *scratch);

	if (scratch)
		set_rendition(l, k, n, scratch);
	free(scratch);
}

/* Counted before anything is made of it. */
static bool is_shape(struct loader *l, const struct schema_key *k, const struct ytree_node *n)
{
	enum ytree_kind want = k->type == SCHEMA_USERS || k->type == SCHEMA_MASKS ? YTREE_LIST : YTREE_MAP;
	bool may_be_empty = k->type != SCHEMA_MAP || !k->required;

	if (n->kind == YTREE_SCALAR && n->empty && may_be_empty)
		return true;
	if (n->kind != want) {
		loader_complain(l, k, n->at, "what is wanted is %s, not %s", schema_type_text(k->type),
				n->kind == YTREE_SCALAR ? n->empty ? "nothing" : "one value" : n->kind == YTREE_LIST ? "a list" : "a map");
		return false;
	}
	if (k->max && n->nchildren > k->max) {
		complaint_add(l->report, section_at(n), NULL, "%u %s: at most %u are possible", n->nchildren, schema_leaf(k), (unsigned)k->max);
		return false;
	}
	return true;
}

static void set_section(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	char prefix[64];

	if (!is_shape(l, k, n))
		return;
	if (k->type == SCHEMA_MAP) {
		snprintf(prefix, sizeof prefix, "%s.", k->path);
		walk_map(l, prefix, n, object);
	} else if (k->type == SCHEMA_CAMERAS && (l->site->camera = new_array(l, n->nchildren, sizeof *l->site->camera))) {
		for (const struct ytree_node *c = n->child; c; c = c->next)
			set_camera(l, k, c);
	} else if (k->type == SCHEMA_USERS && (l->site->user = new_array(l, n->nchildren, sizeof *l->site->user))) {
		for (const struct ytree_node *c = n->child; c; c = c->next)
			set_user(l, k, c);
	} else if (k->type == SCHEMA_GROUPS && (l->site->group = new_array(l, n->nchildren, sizeof *l->site->group))) {
		for (const struct ytree_node *c = n->child; c; c = c->next)
			set_group(l, k, c);
	} else if (k->type == SCHEMA_DEFAULTS) {
		set_defaults(l, n);
	} else if (k->type == SCHEMA_PROFILES) {
		for (const struct ytree_node *c = n->child; c; c = c->next)
			set_profile(l, k, c);
	} else if (k->type == SCHEMA_RENDITIONS) {
		for (const struct ytree_node *c = n->child; c; c = c->next)
			set_rendition(l, k, c, object);
	} else if (k->type == SCHEMA_MASKS) {
		for (const struct ytree_node *c = n->child; c; c = c->next)
			set_mask(l, k, c, object);
	}
}

static unsigned default_serve_processes(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 4 ? 4 : (unsigned)n;
}

static void walk_site(struct loader *l, const struct ytree *t)
{
	struct ytree_node none = {.kind = YTREE_MAP, .at = {1, 1}};
	const struct ytree_node *root = t->root ? t->root : &none;

	if (root->kind == YTREE_SCALAR && root->empty)
		root = &none;
	if (root->kind == YTREE_MAP)
		walk_map(l, "", root, l->site);
	else if (root->kind != YTREE_BAD)
		complaint_add(l->report, root->at, "site: museum.example/north-wing", "a site file is a map of keys");
}

static bool is_signed(const struct site_camera *c)
{
	for (unsigned i = 0; i < c->nrenditions; i++)
		if (c->rendition[i].sign != SITE_SIGN_NONE)
			return true;
	return false;
}

/* What one key asks of others. */
static void check_media_signing(struct loader *l)
{
	const struct site *s = l->site;
	struct complaint_at at = {s->media_line ? s->media_line : 1, 1};

	if (!s->media_key != !s->media_certificate)
		complaint_add(l->report, at, "media_signing: {key: media.key, certificate: media.crt}", "media_signing: it wants a key and its certificate, not one of them");
	for (unsigned i = 0; i < s->ncameras && !s->media_key; i++)
		if (is_signed(&s->camera[i]))
			complaint_add(l->report, (struct complaint_at){s->camera[i].line, 1}, "media_signing: {key: media.key, certificate: media.crt}",
				      "%s: sign: onvif wants media_signing, which the site does not have", s->camera[i].name);
}

static void check_client_ca(struct loader *l)
{
	const struct site *s = l->site;

	for (unsigned i = 0; i < s->nusers && !s->tls_client_ca; i++)
		if (s->user[i].certificate)
			complaint_add(l->report, (struct complaint_at){s->user[i].line, 1}, "client_ca: clients.crt",
				      "%s: a certificate wants tls.client_ca, the authority that it is by", s->user[i].name);
}

static void check_metrics(struct loader *l)
{
	const struct site *s = l->site;

	for (unsigned i = 0; i < s->nlisteners && !s->nusers; i++)
		if (s->listener[i].kind == LISTENER_METRICS_TLS)
			complaint_add(l->report, (struct complaint_at){s->listener[i].line, 1}, "metrics: 127.0.0.1:9464",
				      "metrics: beyond this machine they are for users with the right admin, and there are none: add one to users, or take a loopback address");
}

/* All that a site says, from its parts. */
static void walk(struct loader *l, const struct ytree *tree)
{
	l->site->serve_processes = default_serve_processes();
	walk_site(l, tree);
	check_media_signing(l);
	check_metrics(l);
	check_client_ca(l);
	rights_check(l);
}

/* From text already in site->bytes; include: what it includes too; look: at the files that it names. */
static int load(struct site *site, bool include, bool look, struct site_report *report)
{
	struct loader l = {.site = site, .report = report, .file = calloc(LOADER_FILES_MAX, sizeof *l.file)};
	struct ytree *tree = NULL;
	const struct ytree_node *value;
	int rc = l.file ? ytree_read(buf_data(&site->bytes), site->part->len, 0, &tree, report) : -ENOMEM;

	if (rc)
		goto out;
	value = ytree_find(tree->root, "include", strlen("include"));
	if (include && value)
		rc = include_read(site, value, report);
	if (!rc)
		rc = merge_parts(site, tree, report);
	if (rc)
		goto out;
	walk(&l, tree);
	if (look)
		paths_check_files(&l);
	rc = l.rc ? l.rc : report->n ? -EINVAL : 0;
out:
	for (unsigned i = 0; i < l.nfiles; i++)
		free(l.file[i].path);
	free(l.file);
	ytree_free(&tree);
	return rc;
}

static struct site *new_site(const char *path)
{
	struct site *site = calloc(1, sizeof *site);
	char *cwd = NULL, *file = NULL;

	if (!site)
		return NULL;
	buf_init(&site->bytes, SITE_FILE_MAX);
	site->part = calloc(SITE_PARTS_MAX, sizeof *site->part);
	if (path[0] != '/')
		cwd = getcwd(NULL, 0);
	if (path[0] == '/')
		file = strdup(path);
	else if (cwd && asprintf(&file, "%s/%s", cwd, path) < 0)
		file = NULL;
	free(cwd);
	site->file = file;
	if (!file || !site->part)
		site_free(&site);
	return site;
}

/* Lines as they are in their files: what a report says is of parts that may be gone with the site. */
static void name_parts(const struct site *site, struct site_report *report)
{
	for (unsigned i = 0; i < report->n; i++) {
		struct site_complaint *c = &report->complaint[i];
		unsigned part = (unsigned)(c->line / SITE_LINES);

		snprintf(c->file, sizeof c->file, "%s", part < site->nparts ? site->part[part].name : "");
		c->line %= SITE_LINES;
	}
}

static int finish(int rc, struct site *site, struct site **ret, struct site_report *report)
{
	complaint_sort(report);
	name_parts(site, report);
	if (rc)
		site_free(&site);
	else
		*ret = site;
	return rc;
}

/* Parts that don't lie one behind the other, from the first byte on, are a caller's fault. */
static int take_parts(struct site *site, const void *text, const struct site_part *part, unsigned n)
{
	size_t end = 0;

	if (n == 0 || n > SITE_PARTS_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < n; i++) {
		if (part[i].at != end || part[i].len > SITE_FILE_MAX - end || !memchr(part[i].name, 0, sizeof part[i].name))
			return -EFBIG;
		end += part[i].len;
		site->part[i] = part[i];
	}
	site->nparts = n;
	return buf_append(&site->bytes, text, end);
}

int site_parse_parts(const char *path, const void *text, const struct site_part *part, unsigned n, struct site **ret, struct site_report *report)
{
	struct site *site;
	int rc;

	report->n = 0;
	report->more = false;
	site = new_site(path);
	if (!site)
		return -ENOMEM;
	rc = take_parts(site, text, part, n);
	if (rc == -EFBIG)
		complaint_add(report, (struct complaint_at){0}, NULL, "a site file has at most %u bytes", SITE_FILE_MAX);
	if (!rc)
		rc = load(site, false, false, report);
	return finish(rc, site, ret, report);
}

int site_parse(const char *path, const void *text, size_t n, struct site **ret, struct site_report *report)
{
	return site_parse_parts(path, text, &(struct site_part){.len = n}, 1, ret, report);
}

/* A named pipe is not waited at: who reads the file may be the server that runs. */
static int read_site(struct site *site, const char *path)
{
	int fd = io_open_regular(AT_FDCWD, path, O_RDONLY, 0), rc;

	if (fd < 0)
		return fd;
	rc = io_read_all(fd, &site->bytes);
	close(fd);
	site->part->len = site->bytes.len;
	site->nparts = 1;
	return rc;
}

static int load_file(const char *path, bool look, struct site **ret, struct site_report *report)
{
	struct site *site;
	int rc;

	report->n = 0;
	report->more = false;
	site = new_site(path);
	if (!site)
		return -ENOMEM;
	rc = read_site(site, path);
	if (rc == -ENOBUFS) {
		rc = -EFBIG;
		complaint_add(report, (struct complaint_at){0}, NULL, "a site file has at most %u bytes", SITE_FILE_MAX);
	} else if (rc == -EINVAL) {
		complaint_add(report, (struct complaint_at){0}, NULL, "this is not a file, but a folder, a pipe or a device: -c names a site file");
	} else if (rc) {
		complaint_add(report, (struct complaint_at){0}, NULL, "%s%s", strerror(-rc),
			      rc == -ENOENT ? "; -c names another site file" : rc == -EACCES ? "; the user that runs casemate must be able to read it" : "");
	} else {
		rc = load(site, true, look, report);
	}
	return finish(rc, site, ret, report);
}

static void free_user(struct site_user *u)
{
	free(u->password_hash);
	free(u->certificate);
	free(u->rtsp_digest_file);
	free(u->rtsp_digest_mark);
}

int site_load(const char *path, struct site **ret, struct site_report *report)
{
	return load_file(path, true, ret, report);
}

int site_load_text(const char *path, struct site **ret, struct site_report *report)
{
	return load_file(path, false, ret, report);
}

void site_free(struct site **site)
{
	struct site *s = *site;

	*site = NULL;
	if (!s)
		return;
	for (unsigned i = 0; i < s->ncameras; i++)
		free_camera(&s->camera[i]);
	for (unsigned i = 0; i < s->nusers; i++)
		free_user(&s->user[i]);
	free(s->camera);
	free(s->user);
	free(s->group);
	free(s->tls_certificate);
	free(s->tls_key);
	free(s->tls_client_ca);
	free(s->key);
	free(s->witnesses);
	free(s->admin_key);
	free(s->media_key);
	free(s->media_certificate);
	free(s->archive);
	free(s->socket);
	free(s->file);
	free(s->part);
	buf_free(&s->bytes);
	free(s);
}
