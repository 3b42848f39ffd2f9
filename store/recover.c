/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "media/cmaf_read.h"
#include "media/sei.h"
#include "seal/tile.h"
#include "store/tlog_read.h"

#define TAIL 2048u               /* entries that are compared with the files: more than can be under way in a writer's queue */
#define HOLE_US 1000000          /* time between segments that needs no word */
#define CLOCK_ERROR_MS 1000u     /* of a segment whose end nobody told of */

struct recover {
	int dirfd;
	struct tlog *log;
	struct archive *archive;
	struct heads heads;
	int64_t now_us;
	struct recover_report report;
	struct buf bundle;               /* the full bundle that was read last */
	uint64_t bundle_index;
};

static bool is_kept(const char *rendition)
{
	return !strcmp(rendition, "copy") || !strcmp(rendition, "audio");
}

static int append(struct recover *r, const struct entry *e, uint64_t *ret_index)
{
	uint8_t bytes[ENTRY_MAX_BYTES];
	size_t n;
	int rc = entry_write(e, bytes, &n);

	if (!rc)
		rc = tlog_append(r->log, bytes, n, ret_index);
	return rc ? rc : heads_add(&r->heads, bytes, n);
}

/* The size of a segment's file, -1 when it is not there. */
static int64_t size_of(const struct recover *r, const char *camera, const char *rendition, uint64_t number, bool unfinished)
{
	char path[ARCHIVE_PATH];
	struct stat st;

	archive_segment_path(camera, rendition, number, unfinished, path);
	return fstatat(r->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ? -1 : (int64_t)st.st_size;
}

static int open_file(const struct recover *r, const char *camera, const char *rendition, uint64_t number, bool unfinished)
{
	char path[ARCHIVE_PATH];
	int fd;

	archive_segment_path(camera, rendition, number, unfinished, path);
	fd = openat(r->dirfd, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

/* --- the log's newest entries ----------------------------------------------------------- */

static struct archive_slot slot_of(const struct entry_segment *s, uint64_t index, bool kept)
{
	struct archive_slot slot = {.has_entry = true, .kept = kept, .entry = index, .start_us = s->start_us, .bytes = (uint32_t)s->bytes};

	memcpy(slot.init, s->init.b, ARCHIVE_PREFIX);
	return slot;
}

/* The unfinished file holds just what was sealed: only its new name is missing. */
static bool finish_sealed(struct recover *r, const struct entry_segment *s, const struct archive_slot *slot)
{
	int fd = open_file(r, s->camera, s->rendition, s->number, true);
	uint8_t bytes[16384];
	struct hasher hasher;
	struct hash h;
	bool done;
	ssize_t n;

	if (fd < 0)
		return false;
	hasher_init(&hasher);
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		hasher_update(&hasher, bytes, (size_t)n);
	hasher_final(&hasher, &h);
	done = n == 0 && hash_same(&h, &s->media) &&
	       archive_finish(r->archive, s->camera, s->rendition, s->number, slot, fd) == 0;
	close(fd);
	return done;
}

static int declare_lost(struct recover *r, const struct entry_segment *s, uint64_t index)
{
	struct entry e = {.kind = ENTRY_DELETE, .del = {.time_us = r->now_us, .from_number = s->number, .to_number = s->number, .bytes = s->bytes}};
	struct archive_slot slot = slot_of(s, index, false);
	uint64_t at;

	memcpy(e.del.camera, s->camera, sizeof e.del.camera);
	memcpy(e.del.rendition, s->rendition, sizeof e.del.rendition);
	strcpy(e.del.why, "lost");
	archive_abandon(r->archive, s->camera, s->rendition, s->number);
	r->report.lost++;
	archive_note(r->archive, s->camera, s->rendition, s->number, &slot);
	return append(r, &e, &at);
}

/* One segment entry: its slot, and its bytes where they should be. known_gone: a delete/v1 names it. */
static int check_segment(struct recover *r, const struct entry_segment *s, uint64_t index, bool known_gone)
{
	bool here = size_of(r, s->camera, s->rendition, s->number, false) == (int64_t)s->bytes;
	struct archive_slot slot = slot_of(s, index, here && !known_gone), old;

	if (!known_gone && !here && is_kept(s->rendition))
		return finish_sealed(r, s, &slot) ? 0 : declare_lost(r, s, index);
	if (archive_read_slot(r->dirfd, s->camera, s->rendition, s->number, &old) == 0 && old.kept == slot.kept && old.has_entry &&
	    old.entry == index)
		return 0;
	return archive_note(r->archive, s->camera, s->rendition, s->number, &slot);
}

static int finish_delete(struct recover *r, const struct entry_delete *d)
{
	char path[ARCHIVE_PATH];

	if (d->to_number - d->from_number >= ARCHIVE_FOLDER)
		return 0;
	for (uint64_t n = d->from_number; n <= d->to_number; n++) {
		archive_segment_path(d->camera, d->rendition, n, false, path);
		if (unlinkat(r->dirfd, path, 0) == 0)
			r->report.removed++;
		else if (errno != ENOENT)
			return -errno;
	}
	return 0;
}

static int load_bundle(struct recover *r, uint64_t index)
{
	struct tlog_files f = {.dirfd = r->dirfd, .size = tlog_published(r->log)};
	struct tile t = {.entries = true, .index = index, .width = TILE_WIDTH};

	if (r->bundle.len && r->bundle_index == index)
		return 0;
	buf_clear(&r->bundle);
	r->bundle_index = index;
	return tlog_read_tile(&f, &t, &r->bundle);
}

static int read_entry(struct recover *r, uint64_t index, struct entry *ret)
{
	uint8_t bytes[ENTRY_MAX_BYTES];
	const uint8_t *p = bytes;
	size_t n;
	int rc;

	if (index / TILE_WIDTH < tlog_published(r->log) / TILE_WIDTH) {
		struct rd rd;

		rc = load_bundle(r, index / TILE_WIDTH);
		rd = rd_init(buf_data(&r->bundle), r->bundle.len);
		for (unsigned i = 0; !rc && i <= index % TILE_WIDTH; i++)
			if (tile_bundle_next(&rd, &p, &n) != 1)
				rc = -EBADMSG;
	} else {
		rc = tlog_entry(r->log, index, bytes, &n);
	}
	return rc ? rc : entry_parse(p, n, ret, NULL);
}

static bool names(const struct entry_delete *d, const struct entry_segment *s)
{
	return d->from_number <= s->number && s->number <= d->to_number && !strcmp(d->camera, s->camera) && !strcmp(d->rendition, s->rendition);
}

/* Deletions first: they tell which bytes are rightly gone. A deletion that is not published yet is simply made again. */
static int check_tail(struct recover *r, uint64_t from, uint64_t to)
{
	struct entry_delete *gone = calloc(to - from + 1, sizeof *gone);
	struct entry e;
	unsigned n = 0;
	int rc = gone ? 0 : -ENOMEM;

	for (uint64_t i = from; i < to && !rc; i++) {
		rc = read_entry(r, i, &e);
		if (rc || e.kind != ENTRY_DELETE)
			continue;
		gone[n++] = e.del;
		if (i < tlog_published(r->log))
			rc = finish_delete(r, &e.del);
	}
	for (uint64_t i = from; i < to && !rc; i++) {
		unsigned k = 0;

		rc = read_entry(r, i, &e);
		if (rc || e.kind != ENTRY_SEGMENT)
			continue;
		while (k < n && !names(&gone[k], &e.segment))
			k++;
		/* Named, but still here: the files go only once that is published. */
		rc = check_segment(r, &e.segment, i, k < n && size_of(r, e.segment.camera, e.segment.rendition, e.segment.number, false) < 0);
	}
	free(gone);
	return rc;
}

/* The whole index from the log: every slot, kept where the bytes are. */
static int rebuild_index(struct recover *r, uint64_t to)
{
	struct entry e;
	int rc = 0;

	for (uint64_t i = 0; i < to && !rc; i++) {
		rc = read_entry(r, i, &e);
		if (!rc && e.kind == ENTRY_SEGMENT)
			rc = check_segment(r, &e.segment, i, size_of(r, e.segment.camera, e.segment.rendition, e.segment.number, false) < 0);
	}
	return rc;
}

/* --- files that no entry names ---------------------------------------------------------- */

/* Whether the pictures carry the camera's signatures, which ingest had no time to say. No unit of H.264 is a message of H.265 with their identifiers. */
static enum entry_signature signature_of(const struct buf *bytes)
{
	struct rd r = rd_init(buf_data(bytes), bytes->len);
	enum sei_signature found = SEI_SIGNATURE_NONE;
	struct cmaf_box box;

	while (cmaf_next_box(&r, &box) == 1) {
		enum sei_signature a, b;

		if (box.type != CMAF_TYPE('m', 'd', 'a', 't'))
			continue;
		a = sei_signature(CODEC_H264, box.body.p, rd_left(&box.body));
		b = sei_signature(CODEC_H265, box.body.p, rd_left(&box.body));
		found = a > found ? a : b > found ? b : found;
	}
	return found == SEI_SIGNATURE_ONVIF ? ENTRY_SIGNATURE_ONVIF : found == SEI_SIGNATURE_AXIS ? ENTRY_SIGNATURE_AXIS : ENTRY_SIGNATURE_NONE;
}

static int describe(struct recover *r, const char *camera, const char *rendition, uint64_t number, const struct archive_slot *slot,
	const struct buf *bytes, uint64_t duration, struct entry *ret)
{
	struct entry_segment *s = &ret->segment;
	const struct head *before = heads_find(&r->heads, camera, rendition);
	struct buf init;
	int rc;

	*ret = (struct entry){.kind = ENTRY_SEGMENT};
	memcpy(s->camera, camera, strlen(camera) + 1);
	memcpy(s->rendition, rendition, strlen(rendition) + 1);
	s->number = number;
	s->bytes = bytes->len;
	s->start_us = slot->start_us;
	s->clock_error_ms = CLOCK_ERROR_MS;
	s->duration_ms = (uint32_t)(duration * 1000 / slot->timescale);
	if (before)
		s->previous = before->leaf;
	hash_bytes(buf_data(bytes), bytes->len, &s->media);
	if (!strcmp(rendition, "copy"))
		s->signature = signature_of(bytes);
	buf_init(&init, ARCHIVE_INIT_MAX);
	rc = archive_read_init(r->dirfd, camera, rendition, slot->init, &init);
	if (!rc)
		hash_bytes(buf_data(&init), init.len, &s->init);
	buf_free(&init);
	return rc;
}

/* What covers the camera's time, as verify counts it. */
static bool is_primary(const struct recover *r, const char *camera, const char *rendition)
{
	return !strcmp(rendition, "copy") || (!strcmp(rendition, "audio") && !heads_find(&r->heads, camera, "copy"));
}

/* The segment began an epoch, and the gap entry that went before it was still on its way to the disk: it is said now. */
static int say_gap_before(struct recover *r, const char *camera, const char *rendition, int64_t start_us)
{
	struct entry e = {.kind = ENTRY_GAP, .gap = {.from_us = heads_covered_us(&r->heads, camera), .to_us = start_us}};
	uint64_t index;

	if (!is_primary(r, camera, rendition) || e.gap.from_us == 0 || start_us - e.gap.from_us <= HOLE_US)
		return 0;
	memcpy(e.gap.camera, camera, strlen(camera) + 1);
	snprintf(e.gap.why, sizeof e.gap.why, "%s", r->heads.run == HEADS_STOPPED ? "stopped" : "restart");
	return append(r, &e, &index);
}

/* Gives the file its entry and its name, after the chunks that are not whole are cut off. */
static int adopt(struct recover *r, const char *camera, const char *rendition, uint64_t number, bool unfinished,
	struct archive_slot *slot, struct buf *bytes, const struct cmaf_extent *x)
{
	int fd = open_file(r, camera, rendition, number, unfinished), rc = 0;
	struct entry e;

	if (fd < 0)
		return fd;
	if (x->end < bytes->len && ftruncate(fd, (off_t)x->end) < 0)
		rc = -errno;
	bytes->len = x->end;
	if (!rc)
		rc = describe(r, camera, rendition, number, slot, bytes, x->duration, &e);
	if (!rc && fdatasync(fd) < 0)
		rc = -errno;
	if (!rc)
		rc = say_gap_before(r, camera, rendition, slot->start_us);
	if (!rc)
		rc = append(r, &e, &slot->entry);
	slot->has_entry = slot->kept = true;
	slot->bytes = (uint32_t)bytes->len;
	if (!rc)
		rc = unfinished ? archive_finish(r->archive, camera, rendition, number, slot, fd)
				: archive_note(r->archive, camera, rendition, number, slot);
	close(fd);
	return rc;
}

static void remove_file(struct recover *r, const char *camera, const char *rendition, uint64_t number, bool unfinished)
{
	char path[ARCHIVE_PATH];

	archive_segment_path(camera, rendition, number, unfinished, path);
	unlinkat(r->dirfd, path, 0);
	r->report.removed++;
}

static int read_found(const struct recover *r, const char *camera, const char *rendition, uint64_t number, bool unfinished, struct buf *out)
{
	int fd = open_file(r, camera, rendition, number, unfinished), rc;

	if (fd < 0)
		return fd;
	rc = io_read_all(fd, out);
	close(fd);
	return rc;
}

static int on_found(void *ctx, const char *camera, const char *rendition, uint64_t number, bool unfinished)
{
	struct recover *r = ctx;
	const struct head *last = heads_find(&r->heads, camera, rendition);
	struct archive_slot slot;
	struct cmaf_extent x = {0};
	struct buf bytes;
	int rc;

	if (last && number <= last->number) {
		if (unfinished)
			remove_file(r, camera, rendition, number, true);
		return 0;
	}
	buf_init(&bytes, ARCHIVE_SEGMENT_MAX);
	rc = archive_read_slot(r->dirfd, camera, rendition, number, &slot);
	if (!rc)
		rc = read_found(r, camera, rendition, number, unfinished, &bytes);
	if (!rc)
		cmaf_check_chunks(buf_data(&bytes), bytes.len, &x);
	if (!rc && x.chunks && slot.timescale && x.duration / slot.timescale < ENTRY_DURATION_MAX_MS / 1000)
		rc = adopt(r, camera, rendition, number, unfinished, &slot, &bytes, &x);
	else if (!rc || rc == -ENOENT || rc == -ENOBUFS)
		rc = -EBADMSG;
	if (rc == -EINVAL)
		rc = -EBADMSG;  /* times or a number that no entry can hold */
	buf_free(&bytes);
	if (!rc)
		r->report.cut += unfinished, r->report.adopted += !unfinished;
	if (rc != -EBADMSG && rc != -ENOENT)
		return rc;
	/* No whole chunk, or nobody knows when it was: nothing was promised of it. */
	remove_file(r, camera, rendition, number, unfinished);
	return 0;
}

int recover_archive(int dirfd, struct tlog *l, struct archive *a, bool stale, int64_t now_us, struct recover_report *ret)
{
	struct recover r = {.dirfd = dirfd, .log = l, .archive = a, .now_us = now_us};
	uint64_t to = tlog_size(l), from = to > TAIL ? to - TAIL : 0;
	int rc = tlog_heads(l, &r.heads);

	buf_init(&r.bundle, TILE_BUNDLE_MAX_BYTES);
	if (!rc && stale)
		rc = rebuild_index(&r, from);
	if (!rc)
		rc = check_tail(&r, from, to);
	if (!rc)
		rc = archive_each_new(a, on_found, &r);
	if (!rc)
		rc = tlog_sync(l);
	if (!rc)
		*ret = r.report;
	heads_free(&r.heads);
	buf_free(&r.bundle);
	return rc;
}
