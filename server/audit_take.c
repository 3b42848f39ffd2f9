/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server says of itself is taken word by word: it may be another version, or taken over. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/audit.h"

struct words {
	const char *at, *end;   /* of a line */
};

static bool is_graphic(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f)
			return false;
	return true;
}

static bool take_word(struct words *w, char *out, size_t cap)
{
	const char *blank = memchr(w->at, ' ', (size_t)(w->end - w->at)), *end = blank ? blank : w->end;
	size_t n = (size_t)(end - w->at);

	if (n == 0 || n >= cap || !is_graphic(w->at, n))
		return false;
	memcpy(out, w->at, n);
	out[n] = 0;
	w->at = blank ? blank + 1 : w->end;
	return true;
}

static bool take_number(struct words *w, uint64_t max, uint64_t *ret)
{
	char word[24];

	return take_word(w, word, sizeof word) && !text_u64(word, strlen(word), max, ret);
}

static bool take_role(struct words *w, enum role_kind *ret)
{
	char word[16];

	if (!take_word(w, word, sizeof word))
		return false;
	for (unsigned kind = 0; kind < ROLE_COUNT; kind++)
		if (!strcmp(word, role_kind_name(kind))) {
			*ret = (enum role_kind)kind;
			return true;
		}
	return false;
}

static bool take_version(struct audit *a, struct words *w)
{
	return take_word(w, a->version, sizeof a->version);
}

/* The rest of the line, which may have blanks. */
static bool take_path(struct words *w, char **ret)
{
	size_t n = (size_t)(w->end - w->at);

	if (n == 0 || n >= PATH_MAX || memchr(w->at, 0, n) || *ret)
		return false;
	*ret = strndup(w->at, n);
	w->at = w->end;
	return *ret;
}

static bool take_file(struct audit *a, struct words *w)
{
	return take_path(w, &a->site_file);
}

static bool take_state(struct audit *a, struct words *w)
{
	return take_path(w, &a->state_file);
}

/* Where the server finds its credentials, for conf/paths.c. */
static bool take_credentials(struct audit *a, struct words *w)
{
	char *folder = NULL;
	bool good = take_path(w, &folder) && !setenv("CREDENTIALS_DIRECTORY", folder, 1);

	free(folder);
	return good;
}

static bool take_program(struct audit *a, struct words *w)
{
	enum role_kind kind;
	char hex[65];

	if (!take_role(w, &kind) || !take_word(w, hex, sizeof hex) || hex_decode(hex, strlen(hex), a->program[kind].runs, 32))
		return false;
	a->program[kind].told = true;
	return true;
}

static bool take_process(struct audit *a, struct words *w)
{
	struct audit_process p = {0};
	uint64_t index, pid, layers;
	char ready[8];

	if (a->nprocesses == AUDIT_PROCESSES_MAX || !take_role(w, &p.kind) || !take_number(w, SITE_CAMERAS_MAX, &index) ||
	    !take_word(w, p.camera, sizeof p.camera) || !take_number(w, INT_MAX, &pid) || !take_word(w, ready, sizeof ready) ||
	    !take_number(w, LAYERS_ALL, &layers))
		return false;
	if (!strcmp(p.camera, "-"))
		*p.camera = 0;
	p.index = (unsigned)index;
	p.pid = (pid_t)pid;
	p.ready = !strcmp(ready, "ready");
	p.layers = (uint32_t)layers;
	a->process[a->nprocesses++] = p;
	return true;
}

static bool take_listener(struct audit *a, struct words *w)
{
	struct audit_listener l = {0};
	uint64_t i;
	char open[8];

	if (!take_number(w, SITE_LISTENERS_MAX - 1, &i) || !take_word(w, open, sizeof open) || !take_word(w, l.text, sizeof l.text))
		return false;
	l.open = !strcmp(open, "open");
	a->listener[i] = l;
	return true;
}

static bool take_camera(struct audit *a, struct words *w)
{
	struct audit_camera c = {0};
	uint64_t i;

	if (!take_number(w, SITE_CAMERAS_MAX - 1, &i) || !take_word(w, c.state, sizeof c.state) || !take_word(w, c.link, sizeof c.link))
		return false;
	if (!strcmp(c.link, "-"))
		*c.link = 0;
	a->camera[i] = c;
	return true;
}

static bool take_shares(struct audit *a, struct words *w)
{
	uint64_t n;

	if (!take_number(w, SITE_SHARES_MAX, &n))
		return false;
	a->shares = (unsigned)n;
	return true;
}

/* So that what is read from now on gets marks that can be held against the server's. */
static bool take_mark_key(struct audit *a, struct words *w)
{
	char hex[33];
	uint8_t key[16];

	if (!take_word(w, hex, sizeof hex) || hex_decode(hex, strlen(hex), key, sizeof key))
		return false;
	site_mark_with(key);
	return true;
}

static bool take_mark(struct audit *a, struct words *w)
{
	struct audit_mark m = {0};
	char of[8];

	if (a->nmarks == AUDIT_MARKS_MAX || !take_word(w, of, sizeof of) || !take_word(w, m.name, sizeof m.name) || !take_word(w, m.mark, sizeof m.mark))
		return false;
	m.user = !strcmp(of, "user");
	a->mark[a->nmarks++] = m;
	return m.user || !strcmp(of, "camera");
}

/* The rest of the line: a part's folder may have blanks in its name. */
static bool take_name(struct words *w, char *out, size_t cap)
{
	size_t n = (size_t)(w->end - w->at);

	if (n == 0 || n >= cap || memchr(w->at, 0, n))
		return false;
	memcpy(out, w->at, n);
	out[n] = 0;
	w->at = w->end;
	return true;
}

static bool take_include(struct audit *a, struct words *w)
{
	struct site_part *part = &a->part[a->nparts];
	uint64_t len;

	if (a->nparts == SITE_PARTS_MAX || !take_number(w, SITE_FILE_MAX, &len) || !take_name(w, part->name, sizeof part->name))
		return false;
	part->len = len;
	a->nparts++;
	return true;
}

static const struct {
	const char *word;
	bool (*take)(struct audit *a, struct words *w);
} lines[] = {
	{"casemate", take_version}, {"file", take_file}, {"state", take_state}, {"credentials", take_credentials}, {"program", take_program},
	{"role", take_process}, {"listener", take_listener}, {"camera", take_camera}, {"shares", take_shares},
	{"include", take_include}, {"marks", take_mark_key}, {"mark", take_mark},
};

static bool take_line(struct audit *a, struct words w)
{
	char first[16];

	if (!take_word(&w, first, sizeof first))
		return false;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (!strcmp(first, lines[i].word))
			return lines[i].take(a, &w) && w.at == w.end;
	return false;
}

/* Where a user or camera of that name keeps its mark, of a file of which none was looked at yet; or NULL. */
static char **place_of(struct site *site, const struct audit_mark *m)
{
	for (unsigned i = 0; m->user && i < site->nusers; i++)
		if (!strcmp(site->user[i].name, m->name))
			return site->user[i].rtsp_digest_file && !site->user[i].rtsp_digest_mark ? &site->user[i].rtsp_digest_mark : NULL;
	for (unsigned i = 0; !m->user && i < site->ncameras; i++)
		if (!strcmp(site->camera[i].name, m->name))
			return site->camera[i].password_file && !site->camera[i].password_mark ? &site->camera[i].password_mark : NULL;
	return NULL;
}

static int put_marks(struct audit *a)
{
	for (unsigned i = 0; i < a->nmarks; i++) {
		char **place = place_of(a->site, &a->mark[i]);

		if (!place)
			return -EINVAL;
		*place = strdup(a->mark[i].mark);
		if (!*place)
			return -ENOMEM;
	}
	return 0;
}

static int take_bytes(struct audit *a, struct words w, const char *bytes, size_t n)
{
	struct site_report *report;
	char first[16];
	uint64_t size;
	int rc;

	if (!take_word(&w, first, sizeof first) || strcmp(first, "site") || !take_number(&w, SITE_FILE_MAX, &size) || size != n || !a->site_file || !a->nprocesses)
		return -EINVAL;
	for (unsigned i = 1; i < a->nparts; i++) {
		if (a->part[i].len > size)
			return -EINVAL;
		size -= a->part[i].len;
	}
	a->part->len = size;
	for (unsigned i = 1; i < a->nparts; i++)
		a->part[i].at = a->part[i - 1].at + a->part[i - 1].len;
	report = calloc(1, sizeof *report);
	rc = report ? site_parse_parts(a->site_file, bytes, a->part, a->nparts, &a->site, report) : -ENOMEM;
	free(report);
	return rc ? rc : put_marks(a);
}

static int make_room(struct audit *a)
{
	a->process = calloc(AUDIT_PROCESSES_MAX, sizeof *a->process);
	a->camera = calloc(SITE_CAMERAS_MAX, sizeof *a->camera);
	a->part = calloc(SITE_PARTS_MAX, sizeof *a->part);
	a->mark = calloc(AUDIT_MARKS_MAX, sizeof *a->mark);
	a->nparts = 1;
	return a->process && a->camera && a->part && a->mark ? 0 : -ENOMEM;
}

int audit_take(struct audit *a, const void *answer, size_t n, const char **why)
{
	const char *at = answer, *end = at + n;
	int rc = make_room(a);

	*why = "its answer is not one that this version knows";
	while (!rc) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct words w = {at, newline};

		if (!newline)
			return -EINVAL;
		at = newline + 1;
		if (newline - w.at > 5 && !memcmp(w.at, "site ", 5)) {
			rc = take_bytes(a, w, at, (size_t)(end - at));
			break;
		}
		if (!take_line(a, w))
			return -EINVAL;
	}
	a->live = !rc;
	return rc;
}

/* The processes that there would be, with no process behind any of them. */
static void expect(struct audit *a, enum role_kind kind, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		a->process[a->nprocesses++] = (struct audit_process){.kind = kind, .index = i, .layers = LAYERS_ALL};
}

int audit_take_site(struct audit *a, struct site **site)
{
	int rc = make_room(a);

	a->site = *site;
	*site = NULL;
	if (!rc)
		a->site_file = strdup(a->site->file);
	if (rc || !a->site_file)
		return -ENOMEM;
	expect(a, ROLE_PARENT, 1);
	expect(a, ROLE_SIGN, 1);
	expect(a, ROLE_STORE, 1);
	expect(a, ROLE_INGEST, a->site->ingest_processes);
	expect(a, ROLE_SERVE, a->site->serve_processes);
	for (unsigned i = 0; i < a->site->ncameras; i++)
		if (a->site->camera[i].nrenditions) {
			expect(a, ROLE_TRANSCODE, 1);
			memcpy(a->process[a->nprocesses - 1].camera, a->site->camera[i].name, SITE_NAME);
		}
	for (unsigned i = 0; i < a->site->nlisteners; i++)
		memcpy(a->listener[i].text, a->site->listener[i].text, sizeof a->listener[i].text);
	return 0;
}

void audit_clear(struct audit *a)
{
	site_free(&a->site);
	free(a->site_file);
	free(a->state_file);
	free(a->process);
	free(a->camera);
	free(a->part);
	free(a->mark);
	*a = (struct audit){0};
}
