/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_HTTP_RESPONSE_H
#define NET_HTTP_RESPONSE_H
/*
 * A response's head, appended to a buf: begun, given fields, ended. Each call
 * gives 0, -ENOBUFS, or -EINVAL for a CR or LF in a value (nothing is appended).
 */
#include <stdint.h>

#include "base/buf.h"

/* The reason phrase of a status; "Unknown" for those not in the table. */
const char *http_reason(unsigned status);
int http_response_begin(struct buf *b, unsigned status);
int http_response_field(struct buf *b, const char *name, const char *value);
int http_response_number(struct buf *b, const char *name, uint64_t value);
int http_response_end(struct buf *b);

#define HTTP_DATE 30  /* "Sun, 06 Nov 1994 08:49:37 GMT" and a NUL */

/* A wall-clock time as RFC 9110 5.6.7 wants it; years 1970 to 9999, others are clamped. */
void http_date(int64_t wall_us, char out[HTTP_DATE]);

#endif
