/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_BACKUP_PACK_H
#define SERVER_BACKUP_PACK_H
/*
 * What is inside a backup, before it is enciphered: a head, and behind it the folders and files of a site, each folder before what lies
 * in it. Numbers are big-endian; each text has a NUL behind it, which its length does not count.
 *
 *     head   u64 time in µs since 1970, u8 n, n bytes of the site's name
 *     entry  u8 kind, 'd' or 'f'; u16 mode; u8 n, owner; u8 n, group; u16 n, absolute path; u32 n, bytes ('f' only)
 *
 * Pure.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/rd.h"
#include "conf/site.h"

#define BACKUP_BYTES_MAX (32u << 20)   /* of all together: the longest site file with a password file for each camera is a tenth */
#define BACKUP_FILE_MAX (4u << 20)
#define BACKUP_ENTRIES_MAX 8192
#define BACKUP_NAME 64                 /* of a user or a group, with its NUL */

struct backup_head {
	int64_t time_us;                   /* wall clock: when it was made */
	char origin[SITE_ORIGIN];
};

struct backup_entry {
	bool folder;
	unsigned mode;                     /* at most 0777 */
	const char *owner, *group, *path;  /* absolute, of plain components */
	const uint8_t *bytes;
	size_t len;
};

/* Append; 0, -ENOBUFS, or -EINVAL for what backup_next would not take. */
int backup_pack_head(struct buf *out, const struct backup_head *h);
int backup_pack(struct buf *out, const struct backup_entry *e);
/* 0 or -EBADMSG. */
int backup_read_head(struct rd *r, struct backup_head *ret);
/* 1 with *ret, which borrows r's bytes; 0 at the end; -EBADMSG. */
int backup_next(struct rd *r, struct backup_entry *ret);

#endif
