/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_NET_DIALECT_H
#define TESTS_NET_DIALECT_H
/* The fixtures of tests/net/dialects, read: README there says what is in them. */
#include <stdbool.h>
#include <stddef.h>

#define DIALECT_SECTIONS 16
#define DIALECT_RULES 8

struct dialect_rule {
	bool never;
	const char *regex;
};

struct dialect_section {
	const char *method;
	struct dialect_rule rule[DIALECT_RULES];
	unsigned nrules;
	const char **line;                /* of the answer */
	size_t nlines;
};

struct dialect {
	char *text;                       /* the file, cut up into what the pointers point to */
	const char *about, *url, *user, *password, *transport, *config, *ends, *tracks;
	const char *channels, *left_out, *quirks, *server, *lines;  /* NULL: not looked at */
	const char *media;                /* how the system tests' player sends pictures; of no consequence here */
	struct dialect_section section[DIALECT_SECTIONS];
	unsigned nsections;
};

/* Fails the test for a file that cannot be read or that breaks the rules. */
struct dialect *dialect_read(const char *path);
void dialect_free(struct dialect **d);

/* What the answer may hold of the request. */
struct dialect_values {
	const char *cseq, *channels, *client_port;
};

enum dialect_piece_kind { DIALECT_BYTES, DIALECT_WAIT, DIALECT_CLOSE };

struct dialect_piece {
	enum dialect_piece_kind kind;
	unsigned char *bytes;
	size_t n;                         /* bytes, or ms */
};

#define DIALECT_PIECES 16
/* A section's answer, ready to be sent; gives the number of pieces, whose bytes are the caller's to free. */
unsigned dialect_answer(const struct dialect *d, const struct dialect_section *s, const struct dialect_values *v,
			struct dialect_piece piece[DIALECT_PIECES]);

#endif
