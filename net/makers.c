/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/makers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/text.h"

enum { KEY, NAME, RULE, OF, REGISTERED, LOGIN, SOURCE, FIELDS };

static const char *const rules[] = {[MAKERS_FREE] = "-", [MAKERS_NAMED] = "named", [MAKERS_AFFILIATE] = "affiliate", [MAKERS_REBRAND] = "rebrand"};
#define RULES (sizeof rules / sizeof *rules)

const char *makers_rule_name(enum makers_rule rule)
{
	return rule < RULES ? rules[rule] : "-";
}

static bool take_text(struct span s, char *out, size_t cap)
{
	if (s.n >= cap)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	if (span_is(s, "-"))
		s.n = 0;
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = 0;
	return true;
}

static const char *take_rule(struct span s, enum makers_rule *ret)
{
	for (size_t i = 0; i < RULES; i++)
		if (span_is(s, rules[i])) {
			*ret = (enum makers_rule)i;
			return NULL;
		}
	return "its rule is none of named, affiliate, rebrand and -";
}

static const char *take_row(struct span line, struct makers_row *row)
{
	struct span field[FIELDS];

	for (size_t i = 0; i < FIELDS; i++) {
		if (!line.n)
			return "a row has seven fields between bars";
		field[i] = span_trim(i == FIELDS - 1 ? line : span_cut(&line, '|'));
	}
	if (!text_is_name(field[KEY].p, field[KEY].n) || span_is(field[KEY], "-") || field[KEY].n >= sizeof row->key)
		return "its key is not 1 to 23 of a-z, 0-9 and -";
	memcpy(row->key, field[KEY].p, field[KEY].n);
	row->key[field[KEY].n] = 0;
	if (!take_text(field[NAME], row->name, sizeof row->name) || !take_text(field[OF], row->of, sizeof row->of) ||
	    !take_text(field[REGISTERED], row->registered, sizeof row->registered) || !take_text(field[LOGIN], row->login, sizeof row->login) ||
	    !take_text(field[SOURCE], row->source, sizeof row->source))
		return "a field is too long, or not printable ASCII";
	if (!*row->name || !*row->source)
		return "it has no name, or no source";
	if (*row->login && !strchr(row->login, ':'))
		return "its login is not user:password";
	return take_rule(field[RULE], &row->rule);
}

static bool owed(const struct makers_row *row)
{
	return row->rule == MAKERS_AFFILIATE || row->rule == MAKERS_REBRAND;
}

/* Whoever is of another is of one that is there. */
static const char *check_owners(const struct makers *m)
{
	for (unsigned i = 0; i < m->n; i++) {
		const struct makers_row *of = makers_find(m, m->row[i].of);

		if (owed(&m->row[i]) ? !of || of == &m->row[i] : *m->row[i].of)
			return "an affiliate or a rebrand is of another row's key, and nothing else is";
	}
	return NULL;
}

static const char *take_line(struct makers *m, struct span line)
{
	const char *why;

	if (m->n == MAKERS_MAX)
		return "there are more rows than there can be";
	why = take_row(line, &m->row[m->n]);
	if (!why && makers_find(m, m->row[m->n].key))
		return "its key was there before";
	m->n += !why;
	return why;
}

int makers_parse(const void *text, size_t n, struct makers *ret, unsigned *ret_line, const char **why)
{
	struct span left = span_of(text, n);
	struct makers *m = calloc(1, sizeof *m);
	const char *wrong = NULL;
	unsigned number = 0;

	if (!m)
		wrong = "there is no memory for it";
	else if (n > MAKERS_BYTES_MAX)
		wrong = "it has more bytes than it can have";
	while (!wrong && left.n) {
		struct span line = span_trim(span_cut(&left, '\n'));

		number++;
		if (line.n && line.p[0] != '#')
			wrong = take_line(m, line);
	}
	if (!wrong)
		wrong = check_owners(m);
	if (!wrong)
		*ret = *m;
	free(m);
	*ret_line = number;
	*why = wrong;
	return wrong ? -EINVAL : 0;
}

const struct makers_row *makers_find(const struct makers *m, const char *key)
{
	for (unsigned i = 0; key && i < m->n; i++)
		if (!strcmp(m->row[i].key, key))
			return &m->row[i];
	return NULL;
}

const struct makers_row *makers_of_organisation(const struct makers *m, const char *organisation)
{
	for (unsigned i = 0; i < m->n; i++) {
		struct span names = span_str(m->row[i].registered);

		while (names.n) {
			struct span name = span_trim(span_cut(&names, ';'));

			if (name.n && strlen(organisation) >= name.n && !strncasecmp(organisation, name.p, name.n))
				return &m->row[i];
		}
	}
	return NULL;
}
