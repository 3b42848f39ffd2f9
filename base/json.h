/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_JSON_H
#define BASE_JSON_H
/*
 * JSON text written into a buf (RFC 8259): commas and quoting are its work, the
 * order of calls is the caller's. Strings are taken as Latin-1-safe bytes: all
 * outside printable ASCII is escaped. A full buf sets bad.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct json {
	struct buf *out;
	bool comma, bad;
};

static inline struct json json_init(struct buf *out) { return (struct json){.out = out}; }
/* name is NULL inside arrays and for the outermost value. */
void json_open(struct json *j, const char *name, char bracket);  /* '{' or '[' */
void json_close(struct json *j, char bracket);                   /* '}' or ']' */
void json_str(struct json *j, const char *name, const char *s);  /* NULL s writes null */
void json_int(struct json *j, const char *name, int64_t v);
void json_num(struct json *j, const char *name, double v, int decimals);
void json_bool(struct json *j, const char *name, bool v);

#endif
