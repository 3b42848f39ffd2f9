/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agree [FOLDER]: judges the table of mutations (evidence.h) by casemate verify's engine and its reading of folders, and every clean
 * segment. Without FOLDER the table is made in a temporary one. Prints the rows where it is of another opinion; exit status 1 if any.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rd.h"
#include "base/text.h"
#include "evidence.h"
#include "seal/proof.h"
#include "server/verify_source.h"

#define PATH 4096
#define GONE_MAX 4096

/* A clean folder with a delta over it, as one source. */
struct overlay {
	struct verify_source below, above;
	bool has_above;
	char *gone;             /* a line each; NULL: none */
	int (*each)(void *arg, const char *path);
	void *arg;
};

static bool is_gone(const struct overlay *o, const char *path)
{
	size_t n = strlen(path);

	for (const char *p = o->gone; p && *p; p = strchr(p, '\n') + 1)
		if (!strncmp(p, path, n) && p[n] == '\n')
			return true;
	return false;
}

static int get(void *ctx, const char *path, struct buf *out)
{
	struct overlay *o = ctx;
	int rc = o->has_above ? o->above.get(o->above.ctx, path, out) : -ENOENT;

	if (rc != -ENOENT)
		return rc;
	return is_gone(o, path) ? -ENOENT : o->below.get(o->below.ctx, path, out);
}

static int hash(void *ctx, const char *path, uint64_t max_bytes, struct hasher *h, uint64_t *ret_bytes)
{
	struct overlay *o = ctx;
	int rc = o->has_above ? o->above.hash(o->above.ctx, path, max_bytes, h, ret_bytes) : -ENOENT;

	if (rc != -ENOENT)
		return rc;
	return is_gone(o, path) ? -ENOENT : o->below.hash(o->below.ctx, path, max_bytes, h, ret_bytes);
}

static int part(void *ctx, const char *path, uint64_t at, size_t n, struct buf *out)
{
	struct overlay *o = ctx;
	int rc = o->has_above ? o->above.part(o->above.ctx, path, at, n, out) : -ENOENT;

	if (rc != -ENOENT)
		return rc;
	return is_gone(o, path) ? -ENOENT : o->below.part(o->below.ctx, path, at, n, out);
}

/* A file of the folder below, unless another one lies over it. */
static int see_below(void *arg, const char *path)
{
	struct overlay *o = arg;
	const char *name = strncmp(path, "./", 2) ? path : path + 2;
	struct buf b;
	int rc = -ENOENT;

	if (is_gone(o, name))
		return 0;
	buf_init(&b, 1u << 20);
	if (o->has_above)
		rc = o->above.part(o->above.ctx, name, 0, 1, &b);
	buf_free(&b);
	return rc == 0 ? 0 : o->each(o->arg, path);
}

static int list(void *ctx, const char *folder, int (*each)(void *arg, const char *path), void *arg)
{
	struct overlay *o = ctx;
	int rc = o->has_above ? o->above.list(o->above.ctx, folder, each, arg) : 0;

	if (rc && rc != -ENOENT)
		return rc;
	o->each = each;
	o->arg = arg;
	return o->below.list(o->below.ctx, folder, see_below, o);
}

static char *read_text(const char *path)
{
	struct buf b;
	char *text = NULL;

	buf_init(&b, 1u << 20);
	if (io_read_file(AT_FDCWD, path, &b) == 0 && (text = calloc(1, b.len + 1)))
		memcpy(text, buf_data(&b), b.len);
	buf_free(&b);
	return text;
}

static void open_overlay(struct overlay *o, const char *folder, const char *id, const char *shape)
{
	char path[PATH];

	*o = (struct overlay){.gone = NULL};
	snprintf(path, sizeof path, "%s/clean/%s", folder, shape);
	assert(verify_dir_open(path, &o->below) == 0);
	snprintf(path, sizeof path, "%s/delta/%s", folder, id);
	o->has_above = verify_dir_open(path, &o->above) == 0;
	snprintf(path, sizeof path, "%s/delta/%s.gone", folder, id);
	o->gone = read_text(path);
}

static void close_overlay(struct overlay *o)
{
	verify_dir_close(&o->below);
	if (o->has_above)
		verify_dir_close(&o->above);
	free(o->gone);
}

static bool read_key(const char *path, struct key_public *ret)
{
	char *text = read_text(path);
	bool good = text && key_parse_vkey(text, strlen(text), ret, NULL) == 0;

	free(text);
	return good;
}

static struct verify_report *judge(const char *folder, const char *id, const char *shape)
{
	static const struct verify_filter all = {NULL, INT64_MIN, INT64_MAX};
	struct verify_source src = {.get = get, .hash = hash, .list = list, .part = part};
	struct verify_report *r = NULL;
	struct key_public key;
	struct overlay o;
	char path[PATH];
	int rc;

	snprintf(path, sizeof path, "%s/delta/%s.key", folder, id);
	if (!read_key(path, &key)) {
		snprintf(path, sizeof path, "%s/key", folder);
		assert(read_key(path, &key));
	}
	open_overlay(&o, folder, id, shape);
	src.ctx = &o;
	if (!strcmp(shape, "segment"))
		rc = verify_run_segment(&src, &key, "5.m4s", "5.m4s.tlog-proof", "keys", &r);
	else
		rc = !strcmp(shape, "clip") ? verify_run_clip(&src, &key, &all, &r) : verify_run(&src, &key, &all, &r);
	assert(rc == 0);
	close_overlay(&o);
	return r;
}

static bool agrees(const struct verify_report *r, const char *verdict)
{
	if (!strcmp(verdict, "good"))
		return verify_status(r) == 0;
	if (verify_status(r) != (strcmp(verdict, "unreadable") ? 1 : 2))
		return false;
	for (uint64_t i = 0; i < r->nproblems && i < VERIFY_PROBLEMS_MAX; i++)
		if (!strcmp(verify_kind_name(r->problem[i].kind), verdict))
			return true;
	return false;
}

/* One line of the table; false when the engine is of another opinion. */
static bool check_row(const char *folder, char *line)
{
	char *field[4] = {line};
	struct verify_report *r;
	bool good;

	for (unsigned i = 1; i < 4; i++) {
		field[i] = strchr(field[i - 1], '\t');
		assert(field[i]);
		*field[i]++ = 0;
	}
	r = judge(folder, field[0], field[1]);
	good = agrees(r, field[2]);
	if (!good)
		printf("%s (%s: %s) should be %s, and is:\n%s", field[0], field[1], field[3], field[2], archive_explain(r));
	verify_free(&r);
	return good;
}

static unsigned check_table(const char *folder, unsigned *ret_rows)
{
	char path[PATH], line[1024], *end;
	unsigned bad = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/table", folder);
	f = fopen(path, "re");
	assert(f);
	while (fgets(line, sizeof line, f)) {
		end = strchr(line, '\n');
		assert(end);
		*end = 0;
		++*ret_rows;
		bad += !check_row(folder, line);
	}
	assert(!ferror(f));
	fclose(f);
	return bad;
}

static unsigned check_clean(const char *folder)
{
	static const char *const shape[] = {"segment", "clip", "archive"};
	unsigned bad = 0;

	for (unsigned i = 0; i < 3; i++) {
		struct verify_report *r = judge(folder, "none", shape[i]);

		if (verify_status(r) || r->nproblems) {
			printf("the clean %s does not hold:\n%s", shape[i], archive_explain(r));
			bad++;
		}
		verify_free(&r);
	}
	return bad;
}

/* The clean segments, each by its own proof. */
static unsigned check_many(const char *folder, unsigned *ret_segments)
{
	struct key_public key;
	unsigned bad = 0;
	char path[PATH];
	struct rd all;
	struct buf b;

	snprintf(path, sizeof path, "%s/key", folder);
	assert(read_key(path, &key));
	snprintf(path, sizeof path, "%s/many", folder);
	buf_init(&b, 256u << 20);
	assert(io_read_file(AT_FDCWD, path, &b) == 0);
	for (all = rd_init(buf_data(&b), b.len); rd_left(&all) && !all.bad; ++*ret_segments) {
		struct rd media = rd_sub(&all, rd_u32(&all)), text = rd_sub(&all, rd_u32(&all));
		struct entry_segment s;
		struct checkpoint c;
		struct proof p;
		struct hash h;

		hash_bytes(media.p, rd_left(&media), &h);
		bad += proof_parse(text.p, rd_left(&text), &p, NULL) || proof_verify_segment(&p, &key, &h, &s, &c, NULL);
	}
	bad += all.bad;
	buf_free(&b);
	return bad;
}

static int remove_folder(const char *folder)
{
	char command[PATH + 16];

	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

int main(int argc, char **argv)
{
	unsigned rows = 0, segments = 0, bad;
	char made[] = "/tmp/casemate-evidence-XXXXXX";
	const char *folder = argc > 1 ? argv[1] : mkdtemp(made);

	if (!folder || (argc < 2 && evidence_write(folder)))
		return 2;
	bad = check_clean(folder);
	bad += check_table(folder, &rows);
	bad += check_many(folder, &segments);
	printf("agree: %u mutations and %u clean segments, %u judged otherwise than the table says\n", rows, segments, bad);
	if (argc < 2 && remove_folder(folder))
		return 2;
	return bad || rows < 500 || segments != EVIDENCE_MANY;
}
