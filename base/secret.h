/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H
/*
 * Memory for passwords and keys: one region a process that is never swapped
 * out and in no core dump; what is given back is wiped. Made before the process
 * is sealed: from then on no system call is needed. Of one thread.
 */
#include <stddef.h>

#include "base/buf.h"

#define SECRET_DEFAULT_BYTES (256u << 10)

/*
 * Makes the region; a process that does not call it has one of the default size from its first secret on. 0, or -errno: -EPERM,
 * -ENOMEM or -EAGAIN when it cannot be locked (RLIMIT_MEMLOCK); then there is a region all the same, and it is not locked.
 */
int secret_begin(size_t bytes);
/* n zeroed bytes, aligned for any type; NULL when there is no room. */
void *secret_alloc(size_t n);
char *secret_strdup(const char *s);
/* Wipes; takes NULL. */
void secret_free(void *p);
/* A buf whose memory is of the region, all of it at once: it never grows. 0 or -ENOMEM; secret_buf_free, not buf_free, gives it back. */
int secret_buf(struct buf *b, size_t max_bytes);
void secret_buf_free(struct buf *b);

#endif
