/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H
/*
 * Numbers and bytes as text: strict, bounded, the whole input or nothing.
 * No leading blanks, signs or trailing bytes are let through.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal without sign, at most max; 0, or -EINVAL / -ERANGE. Leading zeros are -EINVAL ("0" itself is fine). */
int text_u64(const char *s, size_t n, uint64_t max, uint64_t *ret);

/* Lower-case hex; out holds 2*n+1 bytes. */
void hex_encode(const void *in, size_t n, char *out);
/* Exactly nout bytes from 2*nout hex digits (either case); 0 or -EINVAL. */
int hex_decode(const char *s, size_t n, uint8_t *out, size_t nout);

/* RFC 4648 4, with padding. out holds base64_len(n)+1 bytes and gets a NUL; the length is returned. */
static inline size_t base64_len(size_t n) { return (n + 2) / 3 * 4; }
size_t base64_encode(const void *in, size_t n, char *out);
/* Canonical base64 only (right padding, zero spare bits). At most max bytes out; 0 with *ret_n set, or -EINVAL / -ENOBUFS. */
int base64_decode(const char *s, size_t n, uint8_t *out, size_t max, size_t *ret_n);

/*
 * Copies s as printable ASCII: control bytes, quotes, backslash, DEL and bytes
 * over 0x7e become \xNN. Always ends with NUL; what does not fit is cut and
 * ends in "...". For logs and messages only.
 */
void text_escape(const void *s, size_t n, char *out, size_t cap);

/* A name of the site file: [a-z0-9-]{1,32}. */
bool text_is_name(const char *s, size_t n);

/* Compares in time that depends only on n. */
bool text_same_secret(const void *a, const void *b, size_t n);

#endif
