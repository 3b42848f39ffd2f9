/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/backup_pack.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/wr.h"
#include "seal/key.h"

#define NUMBERS 32   /* more than an entry's lengths, modes and NULs take */

/* Printable, so that it can be shown, and nothing that leads out of a folder. */
static bool is_path(const char *s, size_t n)
{
	if (n < 2 || n >= PATH_MAX || s[0] != '/')
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(s + i + 1, "/");

		if (s[i] == '/' && (len == 0 || (s[i + 1] == '.' && (len == 1 || (len == 2 && s[i + 2] == '.')))))
			return false;
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	}
	return true;
}

static bool is_user(const char *s, size_t n)
{
	static const char may[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-$";

	return n > 0 && n < BACKUP_NAME && strspn(s, may) == n;
}

static bool is_good(const struct backup_entry *e)
{
	return e->mode <= 0777 && e->len <= (e->folder ? 0 : BACKUP_FILE_MAX) && is_user(e->owner, strlen(e->owner)) &&
	       is_user(e->group, strlen(e->group)) && is_path(e->path, strlen(e->path));
}

/* With its NUL, which n does not count. */
static void write_text(struct wr *w, const char *s, unsigned length_bytes)
{
	wr_be(w, strlen(s), length_bytes);
	wr_bytes(w, s, strlen(s) + 1);
}

int backup_pack_head(struct buf *out, const struct backup_head *h)
{
	struct wr w = wr_init(buf_reserve(out, NUMBERS + SITE_ORIGIN), NUMBERS + SITE_ORIGIN);

	if (!w.p)
		return -ENOBUFS;
	if (!key_is_name(h->origin, strlen(h->origin)))
		return -EINVAL;
	wr_u64(&w, (uint64_t)h->time_us);
	write_text(&w, h->origin, 1);
	buf_commit(out, w.len);
	return 0;
}

int backup_pack(struct buf *out, const struct backup_entry *e)
{
	size_t room;
	struct wr w;

	if (!is_good(e))
		return -EINVAL;
	room = NUMBERS + strlen(e->owner) + strlen(e->group) + strlen(e->path) + e->len;
	w = wr_init(buf_reserve(out, room), room);
	if (!w.p)
		return -ENOBUFS;
	wr_u8(&w, e->folder ? 'd' : 'f');
	wr_u16(&w, (uint16_t)e->mode);
	write_text(&w, e->owner, 1);
	write_text(&w, e->group, 1);
	write_text(&w, e->path, 2);
	if (!e->folder) {
		wr_u32(&w, (uint32_t)e->len);
		wr_bytes(&w, e->bytes, e->len);
	}
	buf_commit(out, w.len);
	return 0;
}

/* NULL unless there is a text of that length, with its NUL and with no other. */
static const char *read_text(struct rd *r, unsigned length_bytes)
{
	size_t n = rd_be(r, length_bytes);
	const char *s = (const char *)rd_bytes(r, n + 1);

	return s && strnlen(s, n + 1) == n ? s : NULL;
}

int backup_read_head(struct rd *r, struct backup_head *ret)
{
	int64_t time_us = (int64_t)rd_u64(r);
	const char *origin = read_text(r, 1);

	if (r->bad || !origin || time_us < 0 || strlen(origin) >= SITE_ORIGIN || !key_is_name(origin, strlen(origin)))
		return -EBADMSG;
	ret->time_us = time_us;
	memcpy(ret->origin, origin, strlen(origin) + 1);
	return 0;
}

int backup_next(struct rd *r, struct backup_entry *ret)
{
	struct backup_entry e = {.folder = false};
	unsigned kind;

	if (!r->bad && !rd_left(r))
		return 0;
	kind = rd_u8(r);
	e.folder = kind == 'd';
	e.mode = rd_u16(r);
	e.owner = read_text(r, 1);
	e.group = read_text(r, 1);
	e.path = read_text(r, 2);
	if (!e.folder) {
		e.len = rd_u32(r);
		e.bytes = rd_bytes(r, e.len);
	}
	if (r->bad || (kind != 'd' && kind != 'f') || !e.owner || !e.group || !e.path || !is_good(&e))
		return -EBADMSG;
	*ret = e;
	return 1;
}
