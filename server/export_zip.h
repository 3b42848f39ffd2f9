/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_EXPORT_ZIP_H
#define SERVER_EXPORT_ZIP_H
/*
 * A ZIP file (PKWARE APPNOTE.TXT 6.3.10) of files as they are, not deflated: footage does not get
 * smaller. Zip64 where 32 bits do not hold a size or place. Pure: it gives what goes between the
 * files' own bytes; lengths and checksums are known before, so a reader needs no second look.
 */
#include <stdint.h>

#include "base/buf.h"

#define EXPORT_ZIP_NAME 255           /* bytes of a name, with its folder */
#define EXPORT_ZIP_FOLDER 128

struct export_zip {
	char folder[EXPORT_ZIP_FOLDER];  /* all files are below it; "" for none */
	uint16_t time, date;           /* MS-DOS, of all files */
	uint64_t at;                   /* bytes given out so far */
	uint64_t files;
	struct buf central;
};

/* folder (copied, at most EXPORT_ZIP_FOLDER - 1 bytes, no '/' at its end) may be ""; now_us: wall clock. */
void export_zip_init(struct export_zip *z, const char *folder, int64_t now_us);
void export_zip_free(struct export_zip *z);
/* Appends the head of a file, whose bytes are to follow. 0, -EINVAL for a name that is too long, or -ENOBUFS. */
int export_zip_begin(struct export_zip *z, const char *name, uint64_t bytes, uint32_t crc32, struct buf *out);
/* Appends the list of all files. 0 or -ENOBUFS. */
int export_zip_end(struct export_zip *z, struct buf *out);

#endif
