/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SEAL_VECTORS_H
#define TESTS_SEAL_VECTORS_H
/*
 * The published test vectors beside the project (../shared/vectors), which not
 * everybody has: tests of them skip visibly. Just enough JSON to read those files.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Reads ../shared/vectors/NAME into out; false when it is not there. */
bool vectors_read(const char *name, struct buf *out);
/* Calls each with every file below ../shared/vectors/FOLDER; the number of files, 0 when it is not there. */
unsigned vectors_each(const char *folder, void (*each)(const char *path, const char *json));

/* The text of the string member name after *at, unescaped bytes; *at moves behind it. False when there is none before end. */
bool json_find_str(const char **at, const char *end, const char *name, char *out, size_t cap);
/* The number member name, or -1. */
long long json_find_int(const char *json, const char *name);
bool json_find_true(const char *json, const char *name);

#endif
