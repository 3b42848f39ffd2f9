/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/evidence_site.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "seal/checkpoint.h"
#include "store/recover.h"

#define EPOCH_US 1767225600000000  /* 2026-01-01 */
#define SEGMENT_US 2000000
#define LEAVES 1024

_Noreturn void site_fail(const char *what, int error)
{
	fprintf(stderr, "evidence: %s: %s\n", what, strerror(error < 0 ? -error : error));
	exit(2);
}

static void must(const char *what, int rc)
{
	if (rc < 0)
		site_fail(what, rc);
}

int64_t site_cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

uint64_t site_memory(const char *field)
{
	FILE *f = fopen("/proc/self/status", "r");
	size_t n = strlen(field);
	uint64_t kb = 0;
	char line[256];

	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, field, n) && line[n] == ':')
			kb = strtoull(line + n + 1, NULL, 10);
	if (f)
		fclose(f);
	return kb << 10;
}

/* --- beginning --------------------------------------------------------------------------- */

static void open_sign(struct site *s)
{
	char vkey[KEY_VKEY];

	key_vkey(key_public_of(s->key), vkey);
	s->state_fd = openat(s->dirfd, "../sign-state", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->state_fd < 0)
		site_fail("sign-state", 1);
	must("sign-state", sign_state_open(&s->state, s->state_fd));
	sign_state_hash(vkey, &s->state.key);
	s->tree = s->state.tree;
}

void site_open(struct site *s, double ret_ms[3])
{
	struct recover_report report = {0};
	int64_t at[4] = {clock_mono_us()};
	const char *why = "";
	bool stale;

	must("the log", tlog_open(s->dirfd, SITE_ORIGIN_NAME, &s->log, &why));
	at[1] = clock_mono_us();
	must("the archive", archive_open(s->dirfd, &s->archive, &stale));
	at[2] = clock_mono_us();
	must("recovery", recover_archive(s->dirfd, s->log, s->archive, stale, clock_wall_us(), &report));
	at[3] = clock_mono_us();
	if (stale || report.lost || report.adopted || report.cut || report.removed)
		site_fail("recovery found what it should not have", 0);
	for (int i = 0; i < 3; i++)
		ret_ms[i] = (double)(at[i + 1] - at[i]) / 1000;
	must("the heads", tlog_heads(s->log, &s->heads));
	buf_init(&s->note, CHECKPOINT_MAX_BYTES);
	open_sign(s);
}

void site_close(struct site *s)
{
	tlog_free(&s->log);
	archive_free(&s->archive);
	heads_free(&s->heads);
	buf_free(&s->note);
	close(s->state_fd);
}

uint64_t site_size(const struct site *s)
{
	return tlog_size(s->log);
}

/* --- entries ----------------------------------------------------------------------------- */

void site_segment_of(const struct site *s, uint64_t index, char camera[ENTRY_NAME], char rendition[ENTRY_NAME], uint64_t *ret_number)
{
	snprintf(camera, ENTRY_NAME, "camera-%u", (unsigned)(index / 2 % s->cameras));
	snprintf(rendition, ENTRY_NAME, "%s", index % 2 ? "audio" : "copy");
	*ret_number = index / 2 / s->cameras + 1;
}

static void append(struct site *s, const struct entry *e)
{
	uint8_t bytes[ENTRY_MAX_BYTES];
	uint64_t index;
	size_t n;

	must("an entry", entry_write(e, bytes, &n));
	must("the heads", heads_add(&s->heads, bytes, n));
	must("appending", tlog_append(s->log, bytes, n, &index));
}

static void describe(const struct site *s, struct entry *ret)
{
	struct entry_segment *e = &ret->segment;
	const struct head *before;

	*ret = (struct entry){.kind = ENTRY_SEGMENT, .segment = {.duration_ms = SEGMENT_US / 1000, .clock_rtcp = true, .clock_error_ms = 5}};
	site_segment_of(s, site_size(s), e->camera, e->rendition, &e->number);
	e->start_us = EPOCH_US + (int64_t)e->number * SEGMENT_US;
	before = heads_find(&s->heads, e->camera, e->rendition);
	if (before)
		e->previous = before->leaf;
}

void site_add(struct site *s, const struct hash *media, const struct hash *source, uint64_t bytes)
{
	struct archive_slot slot;
	struct entry e;

	describe(s, &e);
	e.segment.media = *media;
	e.segment.source = *source;
	e.segment.bytes = bytes;
	slot = (struct archive_slot){.has_entry = true, .kept = true, .entry = site_size(s), .start_us = e.segment.start_us, .bytes = (uint32_t)bytes};
	append(s, &e);
	must("the index", archive_note(s->archive, e.segment.camera, e.segment.rendition, e.segment.number, &slot));
}

static void make_folder(const struct site *s, const struct entry_segment *e)
{
	char path[ARCHIVE_PATH];

	if (e->number != 1 && e->number % ARCHIVE_FOLDER)
		return;
	archive_segment_path(e->camera, e->rendition, e->number, false, path);
	must(path, io_make_folders(s->dirfd, path));
}

static void make_file(struct site *s, const struct entry_segment *e, struct archive_slot *slot, const uint8_t bytes[SITE_TINY])
{
	int fd = -1;

	must("a file", archive_begin(s->archive, e->camera, e->rendition, e->number, slot, &fd));
	must("a file", io_write_all(fd, bytes, SITE_TINY));
	close(fd);
	must("a file", archive_finish(s->archive, e->camera, e->rendition, e->number, slot, -1));
}

void site_add_counted(struct site *s, bool with_file)
{
	uint8_t bytes[SITE_TINY] = {0};
	struct archive_slot slot;
	struct entry e;

	describe(s, &e);
	memcpy(bytes, &e.segment.number, sizeof e.segment.number);
	e.segment.bytes = SITE_TINY;
	hash_bytes(bytes, sizeof bytes, &e.segment.media);
	e.segment.source = e.segment.media;
	slot = (struct archive_slot){.has_entry = true, .kept = true, .entry = site_size(s), .start_us = e.segment.start_us, .bytes = SITE_TINY};
	append(s, &e);
	make_folder(s, &e.segment);
	if (with_file)
		make_file(s, &e.segment, &slot, bytes);
	else
		must("the index", archive_note(s->archive, e.segment.camera, e.segment.rendition, e.segment.number, &slot));
}

/* --- to the disk ------------------------------------------------------------------------- */

void site_sync(struct site *s)
{
	must("the journal", tlog_sync(s->log));
}

void site_publish(struct site *s)
{
	struct hash leaf[LEAVES], root;
	const char *why = "";
	unsigned n;

	while (s->tree.size < tlog_synced(s->log)) {
		must("leaves", tlog_leaves(s->log, s->tree.size, leaf, LEAVES, &n));
		for (unsigned i = 0; i < n; i++)
			must("the tree", tree_append(&s->tree, &leaf[i]));
	}
	must("sign's state", sign_state_save(&s->state, &s->tree));
	tree_root(&s->tree, &root);
	buf_clear(&s->note);
	must("signing", checkpoint_sign(&s->note, s->tree.size, &root, s->key));
	must(*why ? why : "publishing", tlog_publish(s->log, buf_data(&s->note), s->note.len, &why));
}
