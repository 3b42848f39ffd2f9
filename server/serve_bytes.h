/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_BYTES_H
#define SERVER_SERVE_BYTES_H
/*
 * Bytes that many responses share: a mapping of sealed memory, or a copy of
 * something small that serve made itself. Counted; never changed; all viewers
 * read the same pages. One thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVE_BYTES_MAX (256u << 20)  /* one object */

struct serve_bytes {
	const uint8_t *p;
	size_t n;
	unsigned refs;
	bool mapped;
	struct serve_bytes *of;  /* p lies in these; NULL: in its own */
	char etag[35];     /* half of the SHA-256 in hex, with quotes */
	char digest[55];   /* RFC 9530: "sha-256=:<base64>:" */
};

/* The size of a memfd; 0 when there is none. */
uint64_t serve_bytes_size(int fd);
/*
 * Maps a memfd (not kept, not closed) of exactly n bytes, 1 to SERVE_BYTES_MAX, whose SHA-256 is known.
 * 0 with one reference, -EPERM when it is not sealed against write, shrink and grow, -EMSGSIZE for another size, or -errno.
 */
int serve_bytes_map(int fd, uint64_t n, const uint8_t sha256[32], struct serve_bytes **ret);
/* Copies and hashes. 0 with one reference, or -ENOMEM. */
int serve_bytes_copy(const void *p, size_t n, struct serve_bytes **ret);
/* n bytes of others from offset on, which the caller knows to be in them: hashed, not copied. 0 with one reference, or -ENOMEM. */
int serve_bytes_slice(struct serve_bytes *of, size_t offset, size_t n, struct serve_bytes **ret);
struct serve_bytes *serve_bytes_ref(struct serve_bytes *b);
/* Gives one reference back and sets *b to NULL; takes NULL. */
void serve_bytes_unref(struct serve_bytes **b);

#endif
