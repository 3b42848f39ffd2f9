/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H
/* The index files of the archive (store/archive.h), one page a folder of 1000 segments. */
#include "store/archive.h"

#define INDEX_SLOT_BYTES 40

struct index_page {
	struct archive_slot slot[ARCHIVE_FOLDER];
};

/* 0, -ENOENT when there is no page or the slot is empty, or -errno. */
int index_read(int dirfd, const char *camera, const char *rendition, uint64_t number, struct archive_slot *ret);
/* 0, -ENOENT when there is no page, or -errno. Slots that it lacks are zeroed. */
int index_read_page(int dirfd, const char *camera, const char *rendition, uint64_t folder, struct index_page *ret);
/* 0 or -errno. It is not waited for the disk: what a power cut takes is made again from the log. */
int index_write(int dirfd, const char *camera, const char *rendition, uint64_t number, const struct archive_slot *slot);
/* Of the slots of a folder, those marked say from now on that their bytes are not kept. 0 or -errno, as index_write. */
int index_unkeep(int dirfd, const char *camera, const char *rendition, uint64_t folder, const bool gone[ARCHIVE_FOLDER]);

#endif
