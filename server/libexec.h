/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_LIBEXEC_H
#define SERVER_LIBEXEC_H
/* Where the programs that belong to `casemate` are: installed, moved as a whole, or in the build tree. */
#include <stddef.h>

/* The folder, from where this program itself lies; never from the environment. 0 or -ENOENT. */
int libexec_folder(char *out, size_t cap);
/* Becomes libexec/casemate/NAME with these arguments. Returns (2, after a message) only when that fails. */
int libexec_become(const char *name, char **argv);

#endif
