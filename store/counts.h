/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STORE_COUNTS_H
#define STORE_COUNTS_H
/*
 * index/CAMERA/RENDITION/counts: what was kept of each folder when the last one began. It spares a start the reading of a page for
 * each thousand segments ever kept. A help, as the index is: it is not waited for on the disk, and has a hash over itself; where it is
 * missing or torn the pages are read.
 */
#include <stdint.h>

#include "base/buf.h"

#define COUNTS_FOLDERS_MAX (1u << 20)   /* of a rendition: a thousand million segments */

/* One folder of a rendition: what is counted of it. */
struct counts_folder {
	uint64_t no, bytes;
	unsigned kept;
};

/* Appends the file's bytes. 0, or -ENOBUFS. */
int counts_write(const struct counts_folder *folder, unsigned n, struct buf *out);
/* The folders by rising number, the caller's to free. 0, -EBADMSG for what counts_write has not written, or -ENOMEM. */
int counts_read(const void *p, size_t n, struct counts_folder **ret, unsigned *ret_n);

/* The rendition's file. 0, -ENOENT, or as counts_read. */
int counts_load(int dirfd, const char *camera, const char *rendition, struct counts_folder **ret, unsigned *ret_n);
/* A disk that refuses costs the next start some time, and nothing else. */
void counts_save(int dirfd, const char *camera, const char *rendition, const struct counts_folder *folder, unsigned n);

#endif
