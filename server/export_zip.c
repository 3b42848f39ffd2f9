/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/export_zip.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CENTRAL_MAX (128u << 20)
#define MAX32 0xffffffffu
#define MAX16 0xffffu
#define STORED_20 20                 /* the version that a reader needs: 2.0, */
#define ZIP64_45 45                  /* and 4.5 for Zip64 */
#define UNIX_FILE ((uint32_t)0100644 << 16)

/* Little-endian fields of at most one record. */
struct record {
	uint8_t p[128];
	size_t n;
};

static void put(struct record *r, uint64_t v, unsigned bytes)
{
	assert(r->n + bytes <= sizeof r->p);
	for (unsigned i = 0; i < bytes; i++)
		r->p[r->n++] = (uint8_t)(v >> 8 * i);
}

/* What does not fit into 32 bits stands in the Zip64 field instead. */
static uint32_t low(uint64_t v)
{
	return v >= MAX32 ? MAX32 : (uint32_t)v;
}

void export_zip_init(struct export_zip *z, const char *folder, int64_t now_us)
{
	time_t s = (time_t)(now_us / 1000000);
	struct tm t = {0};

	*z = (struct export_zip){0};
	snprintf(z->folder, sizeof z->folder, "%s", folder);
	buf_init(&z->central, CENTRAL_MAX);
	gmtime_r(&s, &t);
	if (t.tm_year < 80)
		t = (struct tm){.tm_year = 80, .tm_mday = 1};
	z->time = (uint16_t)(t.tm_hour << 11 | t.tm_min << 5 | t.tm_sec / 2);
	z->date = (uint16_t)((t.tm_year - 80) << 9 | (t.tm_mon + 1) << 5 | t.tm_mday);
}

void export_zip_free(struct export_zip *z)
{
	buf_free(&z->central);
}

/* Both heads of a file have these in common (4.3.7 from "version needed" on, 4.3.12). */
static void put_common(struct record *r, const struct export_zip *z, uint64_t bytes, uint32_t crc32, size_t name, size_t extra, bool zip64)
{
	put(r, zip64 ? ZIP64_45 : STORED_20, 2);
	put(r, 0, 2);                      /* flags */
	put(r, 0, 2);                      /* stored */
	put(r, z->time, 2);
	put(r, z->date, 2);
	put(r, crc32, 4);
	put(r, low(bytes), 4);
	put(r, low(bytes), 4);
	put(r, name, 2);
	put(r, extra, 2);
}

static int append(struct buf *out, const struct record *head, const char *name, const struct record *extra)
{
	int rc = buf_append(out, head->p, head->n);

	if (!rc)
		rc = buf_append(out, name, strlen(name));
	return rc || !extra->n ? rc : buf_append(out, extra->p, extra->n);
}

/* 4.3.12 */
static int list_file(struct export_zip *z, const char *name, uint64_t bytes, uint32_t crc32)
{
	struct record head = {.n = 0}, extra = {.n = 0}, values = {.n = 0};

	if (bytes >= MAX32) {
		put(&values, bytes, 8);
		put(&values, bytes, 8);
	}
	if (z->at >= MAX32)
		put(&values, z->at, 8);
	if (values.n) {
		put(&extra, 1, 2);
		put(&extra, values.n, 2);
		memcpy(extra.p + extra.n, values.p, values.n);
		extra.n += values.n;
	}
	put(&head, 0x02014b50, 4);
	put(&head, 3 << 8 | ZIP64_45, 2);  /* made by: UNIX */
	put_common(&head, z, bytes, crc32, strlen(name), extra.n, values.n > 0);
	put(&head, 0, 2);                  /* comment */
	put(&head, 0, 2);                  /* disk */
	put(&head, 0, 2);
	put(&head, UNIX_FILE, 4);
	put(&head, low(z->at), 4);
	return append(&z->central, &head, name, &extra);
}

int export_zip_begin(struct export_zip *z, const char *name, uint64_t bytes, uint32_t crc32, struct buf *out)
{
	struct record head = {.n = 0}, extra = {.n = 0};
	char full[EXPORT_ZIP_NAME + 1];
	size_t before = out->len;
	int rc;

	if ((size_t)snprintf(full, sizeof full, "%s%s%s", z->folder, *z->folder ? "/" : "", name) >= sizeof full)
		return -EINVAL;
	if (bytes >= MAX32) {
		put(&extra, 1, 2);
		put(&extra, 16, 2);
		put(&extra, bytes, 8);
		put(&extra, bytes, 8);
	}
	put(&head, 0x04034b50, 4);
	put_common(&head, z, bytes, crc32, strlen(full), extra.n, extra.n > 0);
	rc = append(out, &head, full, &extra);
	if (!rc)
		rc = list_file(z, full, bytes, crc32);
	if (rc)
		return rc;
	z->at += out->len - before + bytes;
	z->files++;
	return 0;
}

/* 4.3.14 and 4.3.15, for what 4.3.16 does not hold. */
static void put_zip64_end(struct record *r, const struct export_zip *z)
{
	put(r, 0x06064b50, 4);
	put(r, 44, 8);
	put(r, 3 << 8 | ZIP64_45, 2);
	put(r, ZIP64_45, 2);
	put(r, 0, 4);
	put(r, 0, 4);
	put(r, z->files, 8);
	put(r, z->files, 8);
	put(r, z->central.len, 8);
	put(r, z->at, 8);
	put(r, 0x07064b50, 4);
	put(r, 0, 4);
	put(r, z->at + z->central.len, 8);
	put(r, 1, 4);
}

int export_zip_end(struct export_zip *z, struct buf *out)
{
	uint16_t files = z->files >= MAX16 ? MAX16 : (uint16_t)z->files;
	struct record end = {.n = 0};
	int rc = buf_append(out, buf_data(&z->central), z->central.len);

	if (z->files >= MAX16 || z->at >= MAX32)
		put_zip64_end(&end, z);
	put(&end, 0x06054b50, 4);
	put(&end, 0, 2);
	put(&end, 0, 2);
	put(&end, files, 2);
	put(&end, files, 2);
	put(&end, low(z->central.len), 4);
	put(&end, low(z->at), 4);
	put(&end, 0, 2);
	return rc ? rc : buf_append(out, end.p, end.n);
}
