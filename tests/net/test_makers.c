/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/makers.h"

static struct makers m;

static int parse(const char *text, unsigned *line, const char **why)
{
	return makers_parse(text, strlen(text), &m, line, why);
}

Test(makers, a_table_is_read)
{
	static const char text[] = "# a word\n\n"
		"hik | Hikvision | named | - | Hangzhou Hikvision; Other Name | admin:12345 | the law\n"
		"  ezviz|EZVIZ|affiliate|hik|-|-|its pages | and more\r\n";
	const char *why = NULL;
	unsigned line;

	cr_assert_eq(parse("hik | Hikvision | named | - | Hangzhou Hikvision; Other Name | admin:12345 | the law\nezviz|EZVIZ|affiliate|hik|-|-|its pages | and more", &line, &why), 0, "%s", why);
	cr_expect_eq(m.n, 2);
	cr_expect_str_eq(m.row[0].login, "admin:12345");
	cr_expect_str_eq(m.row[0].of, "");
	cr_expect_eq(m.row[0].rule, MAKERS_NAMED);
	cr_expect_eq(m.row[1].rule, MAKERS_AFFILIATE);
	cr_expect_str_eq(m.row[1].source, "its pages | and more");
	cr_expect_eq(makers_find(&m, "ezviz"), &m.row[1]);
	cr_expect_null(makers_find(&m, "dahua"));
	cr_expect_null(makers_find(&m, NULL));
	/* a carriage return is no printable byte */
	cr_expect_eq(parse(text, &line, &why), -EINVAL);
	cr_expect_eq(line, 4);
}

Test(makers, an_organisation_is_somebodys_by_how_it_begins)
{
	static const struct {
		const char *organisation, *key;
	} t[] = {
		{"Hangzhou Hikvision Digital Technology Co.,Ltd.", "hik"}, {"HANGZHOU HIKVISION", "hik"}, {"other name", "hik"}, {"Hangzhou", NULL}, {"", NULL},
		{"A Hangzhou Hikvision", NULL}, {"ZTE", NULL},
	};
	const char *why;
	unsigned line;

	cr_assert_eq(parse("hik | Hikvision | named | - | Hangzhou Hikvision; ;Other Name; | - | the law\nnone | N | - | - | - | - | s\n", &line, &why), 0);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		const struct makers_row *row = makers_of_organisation(&m, t[i].organisation);

		cr_expect(t[i].key ? row && !strcmp(row->key, t[i].key) : !row, "row %zu", i);
	}
}

Test(makers, a_wrong_table_is_refused_with_its_line)
{
	static const struct {
		const char *text, *why;
		unsigned line;
	} t[] = {
		{"a | A | named | - | - | -", "seven fields", 1},
		{"\n\nA b | A | named | - | - | - | s", "key", 3},
		{"- | A | named | - | - | - | s", "key", 1},
		{"abcdefghijklmnopqrstuvwxyz | A | named | - | - | - | s", "key", 1},
		{"a | A | bad | - | - | - | s", "rule", 1},
		{"a | - | named | - | - | - | s", "no name", 1},
		{"a | A | named | - | - | - | -", "no source", 1},
		{"a | A | named | - | - | admin | s", "login", 1},
		{"a | A\x1b[0m | named | - | - | - | s", "printable", 1},
		{"a | A | - | - | - | - | s\na | B | - | - | - | - | s", "before", 2},
		{"a | A | affiliate | b | - | - | s", "another row", 1},
		{"a | A | affiliate | a | - | - | s", "another row", 1},
		{"a | A | rebrand | - | - | - | s", "another row", 1},
		{"a | A | - | a | - | - | s", "another row", 1},
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		const char *why = NULL;
		unsigned line = 0;

		m.n = 77;
		cr_expect_eq(parse(t[i].text, &line, &why), -EINVAL, "row %zu", i);
		cr_expect(why && strstr(why, t[i].why), "row %zu: %s", i, why);
		cr_expect_eq(line, t[i].line, "row %zu", i);
		cr_expect_eq(m.n, 77, "row %zu: what was there stays", i);
	}
}

Test(makers, has_a_most_of_rows_and_of_bytes)
{
	static char text[MAKERS_BYTES_MAX + 2];
	const char *why;
	unsigned line;
	size_t n = 0;

	for (unsigned i = 0; i <= MAKERS_MAX; i++)
		n += (size_t)sprintf(text + n, "k%u | K | - | - | - | - | s\n", i);
	cr_expect_eq(makers_parse(text, n, &m, &line, &why), -EINVAL);
	cr_expect_eq(line, MAKERS_MAX + 1);
	memset(text, '\n', sizeof text);
	cr_expect_eq(makers_parse(text, MAKERS_BYTES_MAX, &m, &line, &why), 0);
	cr_expect_eq(makers_parse(text, MAKERS_BYTES_MAX + 1, &m, &line, &why), -EINVAL);
}

/* The table that is installed. */
Test(makers, conf_makers_is_good)
{
	const char *top = getenv("abs_top_srcdir"), *why = NULL;
	static char text[MAKERS_BYTES_MAX];
	unsigned line = 0;
	char path[4096];
	size_t n;
	FILE *f;

	if (!top)
		cr_skip_test("abs_top_srcdir is not set: make check sets it");
	snprintf(path, sizeof path, "%s/conf/makers.txt", top);
	f = fopen(path, "re");
	cr_assert(f);
	n = fread(text, 1, sizeof text, f);
	fclose(f);
	cr_assert_eq(makers_parse(text, n, &m, &line, &why), 0, "%u: %s", line, why);
	cr_expect_eq(makers_find(&m, "hisilicon")->rule, MAKERS_AFFILIATE);
	cr_expect_eq(makers_find(&m, "imou")->rule, MAKERS_REBRAND, "sold by Dahua");
	cr_expect_eq(makers_find(&m, "axis")->rule, MAKERS_FREE);
	for (unsigned i = 0; i < m.n; i++)
		cr_expect_neq(makers_rule_name(m.row[i].rule)[0], 0);
}
