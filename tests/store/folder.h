/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_STORE_FOLDER_H
#define TESTS_STORE_FOLDER_H
/* A temporary archive folder, and entries and checkpoints to put into it. */
#include <stdint.h>

#include "seal/key.h"
#include "store/tlog.h"

#define FOLDER_ORIGIN "test.example/log"

struct folder {
	char path[256];
	int fd;
	struct key_private *key;
};

void folder_begin(struct folder *f);
void folder_end(struct folder *f);
/* Removes all that is in it. */
void folder_clear(struct folder *f);
int folder_exists(const struct folder *f, const char *path);

/* The i-th segment entry of camera "yard", rendition: number i + 1, one second each. */
size_t folder_entry(const char *rendition, uint64_t i, uint8_t out[ENTRY_MAX_BYTES]);
/* Appends n entries of "copy", numbered on from the log's size. */
void folder_append(struct tlog *l, unsigned n);
/* Signs and publishes the first size entries. */
int folder_publish(const struct folder *f, struct tlog *l, uint64_t size);
/* Every published entry, its proof and the tiles' root hold. */
void folder_check(const struct folder *f, const struct tlog *l);

#endif
