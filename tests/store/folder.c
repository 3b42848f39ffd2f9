/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/store/folder.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seal/checkpoint.h"
#include "seal/proof.h"
#include "store/tlog_read.h"

void folder_begin(struct folder *f)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(f->path, sizeof f->path, "%s/casemate-folder-XXXXXX", tmp ? tmp : "/tmp");
	cr_assert(mkdtemp(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(key_generate(FOLDER_ORIGIN, &f->key), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *w)
{
	return w->level ? remove(path) : 0;
}

void folder_clear(struct folder *f)
{
	nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void folder_end(struct folder *f)
{
	folder_clear(f);
	rmdir(f->path);
	close(f->fd);
	key_free(&f->key);
}

int folder_exists(const struct folder *f, const char *path)
{
	struct stat st;

	return fstatat(f->fd, path, &st, 0) == 0;
}

size_t folder_entry(const char *rendition, uint64_t i, uint8_t out[ENTRY_MAX_BYTES])
{
	struct entry e = {.kind = ENTRY_SEGMENT, .segment = {.camera = "yard", .number = i + 1, .bytes = 100, .start_us = (int64_t)i * 1000000, .duration_ms = 1000}};
	size_t n;

	snprintf(e.segment.rendition, sizeof e.segment.rendition, "%s", rendition);
	hash_bytes(&i, sizeof i, &e.segment.media);
	cr_assert_eq(entry_write(&e, out, &n), 0);
	return n;
}

void folder_append(struct tlog *l, unsigned n)
{
	uint8_t entry[ENTRY_MAX_BYTES];
	uint64_t index;

	while (n--) {
		uint64_t size = tlog_size(l);
		size_t len = folder_entry("copy", size, entry);

		cr_assert_eq(tlog_append(l, entry, len, &index), 0);
		cr_assert_eq(index, size);
	}
}

int folder_publish(const struct folder *f, struct tlog *l, uint64_t size)
{
	const char *why = "";
	struct hash root;
	struct buf note;
	int rc;

	buf_init(&note, CHECKPOINT_MAX_BYTES);
	cr_assert_eq(tlog_root(l, size, &root), 0);
	cr_assert_eq(checkpoint_sign(&note, size, &root, f->key), 0);
	rc = tlog_publish(l, buf_data(&note), note.len, &why);
	buf_free(&note);
	return rc;
}

static void check_proof(const struct folder *f, const struct tlog *l, uint64_t index)
{
	struct tlog_files files = {.dirfd = f->fd, .size = tlog_published(l)};
	const struct buf *note = tlog_note(l);
	const char *why = "";
	struct checkpoint c;
	struct proof p;
	struct buf b;

	buf_init(&b, PROOF_MAX_BYTES);
	cr_assert_eq(tlog_read_proof(&files, index, buf_data(note), note->len, &b), 0, "proof of %d", (int)index);
	cr_assert_eq(proof_parse(buf_data(&b), b.len, &p, &why), 0, "%s", why);
	cr_assert_eq(proof_verify(&p, key_public_of(f->key), &c, &why), 0, "%s", why);
	buf_free(&b);
}

void folder_check(const struct folder *f, const struct tlog *l)
{
	struct tlog_files files = {.dirfd = f->fd, .size = tlog_published(l)};
	uint8_t want[ENTRY_MAX_BYTES], got[ENTRY_MAX_BYTES];
	size_t n, step = files.size / 40 + 1;

	for (uint64_t i = 0; i < tlog_size(l); i += i + step < tlog_size(l) ? step : 1) {
		size_t len = folder_entry("copy", i, want);

		cr_assert_eq(tlog_entry(l, i, got, &n), 0);
		cr_assert(n == len && !memcmp(got, want, n), "entry %d", (int)i);
		if (i >= files.size)
			continue;
		cr_assert_eq(tlog_read_entry(&files, i, got, &n), 0);
		cr_assert(n == len && !memcmp(got, want, n), "published entry %d", (int)i);
		check_proof(f, l, i);
	}
}
