/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal: entries from the last full bundle on. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/wr.h"
#include "store/tlog_state.h"

int tlog_hold(struct tlog *l, const void *entry, size_t n)
{
	struct held *h;

	if (l->nheld == l->cap) {
		unsigned cap = l->cap ? l->cap * 2 : 512;

		h = realloc(l->held, cap * sizeof *h);
		if (!h)
			return -ENOMEM;
		l->held = h;
		l->cap = cap;
	}
	h = &l->held[l->nheld];
	h->entry = malloc(n);
	if (!h->entry)
		return -ENOMEM;
	memcpy(h->entry, entry, n);
	h->n = (uint16_t)n;
	hash_leaf(entry, n, &h->leaf);
	l->nheld++;
	return 0;
}

static void let_go_before(struct tlog *l, uint64_t index)
{
	unsigned n = (unsigned)(index - l->first);

	for (unsigned i = 0; i < n; i++)
		free(l->held[i].entry);
	if (n)
		memmove(l->held, l->held + n, (l->nheld - n) * sizeof *l->held);
	l->nheld -= n;
	l->first = index;
}

static int put_header(struct buf *b, const char *origin, uint64_t first)
{
	uint8_t *room = buf_reserve(b, JOURNAL_HEADER_MAX);
	struct wr w = wr_init(room, room ? JOURNAL_HEADER_MAX : 0);
	struct hash sum;

	wr_str(&w, JOURNAL_MAGIC);
	wr_u8(&w, (uint8_t)strlen(origin));
	wr_str(&w, origin);
	wr_u64(&w, first);
	if (w.bad)
		return -ENOMEM;
	hash_bytes(w.p, w.len, &sum);
	wr_bytes(&w, sum.b, RECORD_SUM);
	buf_commit(b, w.len);
	return 0;
}

static int put_record(struct buf *b, const struct held *h)
{
	uint8_t *room = buf_reserve(b, RECORD_MAX);
	struct wr w = wr_init(room, room ? RECORD_MAX : 0);

	wr_u16(&w, h->n);
	wr_bytes(&w, h->entry, h->n);
	wr_bytes(&w, h->leaf.b, RECORD_SUM);
	if (w.bad)
		return -ENOMEM;
	buf_commit(b, w.len);
	return 0;
}

static int put_records(const struct tlog *l, uint64_t from, struct buf *b)
{
	int rc = 0;

	for (uint64_t i = from; i < tlog_size(l) && !rc; i++)
		rc = put_record(b, held_at(l, i));
	return rc;
}

/* A new journal of the held entries from `first` on, in place of the old one. */
int tlog_rewrite_journal(struct tlog *l, uint64_t first)
{
	struct buf b;
	int rc, fd;

	buf_init(&b, JOURNAL_MAX);
	rc = put_header(&b, l->origin, first);
	if (!rc)
		rc = put_records(l, first, &b);
	if (!rc)
		rc = io_replace_file(l->dirfd, "log/journal", buf_data(&b), b.len, 0600);
	buf_free(&b);
	if (rc)
		return rc;
	fd = openat(l->dirfd, "log/journal", O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0) {
		l->journal_bad = true;
		return -errno;
	}
	if (l->journal >= 0)
		close(l->journal);
	l->journal = fd;
	l->journal_bad = false;
	l->synced = tlog_size(l);
	let_go_before(l, first);
	return 0;
}

int tlog_sync(struct tlog *l)
{
	struct buf b;
	int rc;

	if (l->journal_bad)
		return tlog_rewrite_journal(l, l->first);
	if (l->synced == tlog_size(l))
		return 0;
	buf_init(&b, JOURNAL_MAX);
	rc = put_records(l, l->synced, &b);
	if (!rc) {
		rc = io_write_all(l->journal, buf_data(&b), b.len);
		if (!rc && fdatasync(l->journal) < 0)
			rc = -errno;
		/* After an error nobody knows what the file holds, not even after a later fdatasync that succeeds. */
		l->journal_bad = rc != 0;
	}
	buf_free(&b);
	if (!rc)
		l->synced = tlog_size(l);
	return rc;
}

static bool read_record(struct rd *r, struct tlog *l, int *rc)
{
	size_t n = rd_u16(r);
	const uint8_t *entry = rd_bytes(r, n), *sum = rd_bytes(r, RECORD_SUM);
	struct hash leaf;

	if (r->bad || n == 0 || n > ENTRY_MAX_BYTES)
		return false;
	hash_leaf(entry, n, &leaf);
	if (memcmp(leaf.b, sum, RECORD_SUM))
		return false;
	*rc = tlog_hold(l, entry, n);
	return *rc == 0;
}

/* What is behind the last good record was being written when the machine stopped: nobody was told of it. */
static int read_records(struct tlog *l, struct rd *r)
{
	int rc = 0;

	while (rd_left(r) && l->nheld < TLOG_HELD_MAX + TILE_WIDTH) {
		if (!read_record(r, l, &rc)) {
			l->journal_bad = true;
			break;
		}
	}
	l->synced = tlog_size(l);
	return rc;
}

int tlog_read_journal(struct tlog *l, const void *p, size_t len, const char **why)
{
	struct rd r = rd_init(p, len);
	const uint8_t *magic = rd_bytes(&r, JOURNAL_MAGIC_LEN), *origin, *sum;
	struct hash h;
	size_t n;

	n = rd_u8(&r);
	origin = rd_bytes(&r, n);
	l->first = rd_u64(&r);
	if (!r.bad)
		hash_bytes(p, len - rd_left(&r), &h);
	sum = rd_bytes(&r, RECORD_SUM);
	if (r.bad || memcmp(magic, JOURNAL_MAGIC, JOURNAL_MAGIC_LEN) || memcmp(sum, h.b, RECORD_SUM) || l->first % TILE_WIDTH) {
		*why = "log/journal is damaged";
		return -EBADMSG;
	}
	if (n != strlen(l->origin) || memcmp(origin, l->origin, n)) {
		*why = "the folder holds another site's log";
		return -EMEDIUMTYPE;
	}
	*why = "reading log/journal";
	return read_records(l, &r);
}
