/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_IO_H
#define BASE_IO_H
/* Whole reads and writes on descriptors that are files. All return 0 or -errno unless said. */
#include <stddef.h>

#include "base/buf.h"

/* Writes all n bytes, through short writes and EINTR. */
int io_write_all(int fd, const void *p, size_t n);
/* Appends the rest of fd to b; -ENOBUFS when b's max would be passed. */
int io_read_all(int fd, struct buf *b);
/*
 * Opens a file below dirfd (AT_FDCWD for none): a descriptor, -errno, or -EINVAL for what is no regular file (a named pipe, which
 * open would wait at). mode: for O_CREAT.
 */
int io_open_regular(int dirfd, const char *path, int flags, unsigned mode);
/* Opens path below dirfd (AT_FDCWD for none) and reads it whole. */
int io_read_file(int dirfd, const char *path, struct buf *b);
/*
 * Writes path below dirfd so that after a crash it holds all of the new bytes or
 * all of the old: temporary file beside it, fdatasync, rename, fsync of the folder.
 */
int io_replace_file(int dirfd, const char *path, const void *p, size_t n, unsigned mode);
/* A sealed memfd that holds exactly these bytes: no write, no resize, ever. 0 with *ret_fd. */
int io_seal_bytes(const char *name, const void *p, size_t n, int *ret_fd);
/*
 * Seals a memfd of n bytes likewise. Its pages may be held at that moment by whoever reads it (EBUSY); then its bytes go into another
 * one, which is sealed: *ret_fd is fd, or that one, and fd goes on being the caller's. 0, or 1 when it is another. Nobody may be
 * writing to fd.
 */
int io_seal(int fd, const char *name, size_t n, int *ret_fd);
/* mkdir -p of every folder in path's part before the last '/', below dirfd, mode 0700. */
int io_make_folders(int dirfd, const char *path);

#endif
