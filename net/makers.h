/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_MAKERS_H
#define NET_MAKERS_H
/*
 * The table of makers (conf/makers.txt says what its fields are): which of them a rule of procurement names, and what their devices
 * were sold with. Read from a file, since such rules change oftener than programs. Pure.
 */
#include <stddef.h>
#include <stdint.h>

#include "net/span.h"

#define MAKERS_MAX 256
#define MAKERS_BYTES_MAX (64u << 10)
#define MAKERS_KEY 24
#define MAKERS_NAME 48
#define MAKERS_REGISTERED 160
#define MAKERS_LOGIN 48
#define MAKERS_SOURCE 240

enum makers_rule { MAKERS_FREE, MAKERS_NAMED, MAKERS_AFFILIATE, MAKERS_REBRAND };

/* Texts are printable ASCII; "" where the table has "-". */
struct makers_row {
	char key[MAKERS_KEY], name[MAKERS_NAME];
	enum makers_rule rule;
	char of[MAKERS_KEY];                /* a row's key, when the rule is affiliate or rebrand */
	char registered[MAKERS_REGISTERED]; /* between semicolons */
	char login[MAKERS_LOGIN];           /* user:password */
	char source[MAKERS_SOURCE];
};

struct makers {
	struct makers_row row[MAKERS_MAX];
	unsigned n;
};

/* 0, or -EINVAL with the line (from 1) and why; ret is then as it was. It is large: not for a small stack. */
int makers_parse(const void *text, size_t n, struct makers *ret, unsigned *ret_line, const char **why);
/* NULL for a key that is none's; key may be NULL. */
const struct makers_row *makers_find(const struct makers *m, const char *key);
/* Whose addresses are registered for that organisation; NULL when nobody's. */
const struct makers_row *makers_of_organisation(const struct makers *m, const char *organisation);
/* "named", "affiliate", "rebrand", "-" */
const char *makers_rule_name(enum makers_rule rule);

#endif
