/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H
/*
 * Every key of the site file in one table: what it takes, its range, its
 * default, and the line of casemate-site(5) about it. The reader walks this
 * table and the page is compared with it, so neither can know a key the other doesn't.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/units.h"

enum schema_type {
	/* Shapes; the keys below them have paths that begin with theirs. */
	SCHEMA_MAP,         /* of the keys below "PATH." */
	SCHEMA_CAMERAS,     /* of names that the site chooses, each a map of the keys below "PATH.*." */
	SCHEMA_DEFAULTS,    /* of the keys below "cameras.*." */
	SCHEMA_RENDITIONS,
	SCHEMA_PROFILES,    /* of names, each a map of the keys below "cameras.*.renditions.*." */
	SCHEMA_GROUPS,
	SCHEMA_USERS,       /* a list of maps of the keys below "PATH[]." */
	SCHEMA_MASKS,
	/* Values. */
	SCHEMA_ORIGIN,
	SCHEMA_LISTEN,
	SCHEMA_PUBLIC_FILE,
	SCHEMA_SECRET_FILE,
	SCHEMA_PASSWORD_FILE,
	SCHEMA_DIGEST_FILE,
	SCHEMA_FOLDER,
	SCHEMA_SOCKET,
	SCHEMA_BYTES,
	SCHEMA_MS,
	SCHEMA_S,
	SCHEMA_BPS,
	SCHEMA_PERCENT,
	SCHEMA_COUNT,
	SCHEMA_BOOL,
	SCHEMA_SANDBOX,
	/* One of a few words, kept as an unsigned enum in the order of site.h. */
	SCHEMA_TRANSPORT,
	SCHEMA_DENOISE,
	SCHEMA_COPY,
	SCHEMA_LATENCY,
	SCHEMA_PROFILE,
	SCHEMA_STYLE,
	SCHEMA_SIGN,
	/* The rest. */
	SCHEMA_INCLUDE,
	SCHEMA_SOURCE,
	SCHEMA_ONVIF,
	SCHEMA_FINGERPRINT,
	SCHEMA_TLS_NAME,
	SCHEMA_LOGIN,
	SCHEMA_VKEY,
	SCHEMA_SIZE,
	SCHEMA_NAME,
	SCHEMA_HASH,
	SCHEMA_CERTIFICATE,
	SCHEMA_HOURS,
	SCHEMA_UNTIL,
	/* One, or a list of them. */
	SCHEMA_RIGHTS,
	SCHEMA_PATTERNS,
	SCHEMA_NAMES,
	SCHEMA_TYPES,
};

struct schema_key {
	const char *path;        /* "cameras.*.source": * is a name, [] an item of a list */
	enum schema_type type;
	bool required;
	uint64_t min, max;       /* of numbers, in the base unit */
	const char *fallback;    /* the default as one would write it; NULL if there is none */
	const char *fallback_is; /* instead, where the default depends on the machine: for readers */
	const char *doc, *example;
	size_t member, line;     /* offset in the struct of its level; offset of the int that keeps its line, 0 if none does */
};

extern const struct schema_key schema_keys[];
extern const unsigned schema_nkeys;

/* What the type takes, in words: "a number of bytes with its unit". */
const char *schema_type_text(enum schema_type type);
/* The units of a type that has them, else NULL. */
const struct units_row *schema_units(enum schema_type type);
/* "1 MB to 1000 PB"; "" for a type without a range. */
void schema_range(const struct schema_key *k, char *out, size_t cap);
/* The last word of the path: "source". */
const char *schema_leaf(const struct schema_key *k);
/* "source: rtsp://192.0.2.11/stream1" */
void schema_example(const struct schema_key *k, char *out, size_t cap);

/*
 * Keys directly below prefix ("" or one that ends in '.'): the one named so, or NULL; the one
 * likely meant, or NULL; the key of that name on any other level, or NULL.
 */
const struct schema_key *schema_find(const char *prefix, const char *name, size_t n);
const struct schema_key *schema_nearest(const char *prefix, const char *name, size_t n);
const struct schema_key *schema_elsewhere(const char *name, size_t n);
/* True if k is directly below prefix. */
bool schema_is_below(const struct schema_key *k, const char *prefix);

/* Edits (insert, delete, replace, swap neighbours) between two words; at most 64 bytes of each are looked at. */
unsigned schema_distance(const char *a, size_t na, const char *b, size_t nb);

#endif
