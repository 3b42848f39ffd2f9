/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vectors.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"

static void read_table(const char *name, struct buf *out)
{
	const char *top = getenv("abs_top_srcdir");
	char path[4096];

	snprintf(path, sizeof path, "%s/tests/seal/vectors/%s", top ? top : ".", name);
	buf_init(out, 1u << 20);
	cr_assert_eq(io_read_file(AT_FDCWD, path, out), 0, "%s", path);
	cr_assert_eq(buf_append(out, "", 1), 0);
}

static void split(char *text, struct vectors_line *ret)
{
	char *at = NULL;

	ret->n = 0;
	for (char *w = strtok_r(text, " ", &at); w; w = strtok_r(NULL, " ", &at)) {
		cr_assert_lt(ret->n, VECTORS_WORDS);
		ret->word[ret->n++] = w;
	}
}

unsigned vectors_each(const char *name, void (*each)(const struct vectors_line *line))
{
	struct vectors_line line;
	char *at = NULL;
	struct buf table;
	unsigned n = 0;

	read_table(name, &table);
	for (char *l = strtok_r((char *)buf_data(&table), "\n", &at); l; l = strtok_r(NULL, "\n", &at)) {
		if (*l == '#')
			continue;
		split(l, &line);
		each(&line);
		n++;
	}
	buf_free(&table);
	return n;
}
