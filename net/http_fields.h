/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_HTTP_FIELDS_H
#define NET_HTTP_FIELDS_H
/* Values of single header fields and of forms, read strictly. Pure. */
#include <stdbool.h>
#include <stdint.h>

#include "net/span.h"

enum http_range { HTTP_RANGE_WHOLE, HTTP_RANGE_PART, HTTP_RANGE_UNSATISFIABLE };

/*
 * A Range field (RFC 9110 14.1.2, 14.2) against a body of size bytes. One range
 * only: several, other units and nonsense mean the whole (200). PART sets
 * *ret_first and *ret_last, both within the body.
 */
enum http_range http_range(struct span value, uint64_t size, uint64_t *ret_first, uint64_t *ret_last);

/* Whether an If-None-Match list names etag (with its quotes) or is "*" (RFC 9110 13.1.2, weak comparison). */
bool http_etag_listed(struct span value, const char *etag);
/* The same of an If-Match list (13.1.1, strong comparison). */
bool http_etag_matches(struct span value, const char *etag);

/* How much an Accept field wants that very type, in thousandths, 0 if it does not name it (RFC 9110 12.4.2, 12.5.1; wildcards are not looked at). */
unsigned http_accepts(struct span value, const char *type);

/*
 * "Basic …" (RFC 7617): name and password as NUL-terminated text; 0, or -EINVAL
 * for another scheme, bad base64, no colon, control bytes or what does not fit.
 * Nothing of the password is left behind elsewhere.
 */
int http_basic(struct span value, char *ret_name, size_t name_cap, char *ret_password, size_t password_cap);

/*
 * One field of an application/x-www-form-urlencoded body, decoded into a NUL-terminated text.
 * 0, -ENOENT, or -EINVAL: there twice, a bad escape, a NUL, or it does not fit.
 */
int http_form_field(struct span body, const char *name, char *ret, size_t cap);

#endif
