/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of keys in casemate-site(5) is the table's, line by line. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "conf/schema.h"
#include "conf/vendor.h"

#define BEGIN ".\\\" The keys, as conf/schema.c has them; tests/conf/test_page.c compares.\n"
#define END ".\\\" End of the keys.\n"

/* In a macro's arguments a quote groups words: it is written by its name. */
static void append_arguments(struct buf *b, const char *s)
{
	for (; *s; s++)
		cr_assert_eq(*s == '"' ? buf_append_str(b, "\\(dq") : buf_append(b, s, 1), 0);
}

static void append_key(struct buf *b, const struct schema_key *k)
{
	const char *by_default = k->fallback ? k->fallback : k->fallback_is;
	char range[80], example[200];

	schema_range(k, range, sizeof range);
	schema_example(k, example, sizeof example);
	buf_append_fmt(b, ".It Ic %s\n%s\nTakes %s%s%s; %s%s.\n.Dl ", k->path, k->doc, schema_type_text(k->type), *range ? ", " : "", range,
		       k->required ? "required" : by_default ? "default: " : "optional", k->required || !by_default ? "" : by_default);
	append_arguments(b, example);
	cr_assert_eq(buf_append_str(b, "\n"), 0);
}

/* What the page has between two of its comments is this, byte by byte. */
static void compare(const char *from, const char *to, struct buf *want)
{
	const char *top = getenv("abs_top_srcdir"), *begin, *end;
	char path[4096];
	struct buf page;

	if (!top)
		buf_free(want);
	if (!top)
		cr_skip_test("abs_top_srcdir is not set: run by make check");
	snprintf(path, sizeof path, "%s/doc/casemate-site.5", top);
	buf_init(&page, 1 << 20);
	cr_assert_eq(io_read_file(AT_FDCWD, path, &page), 0, "%s", path);
	cr_assert_eq(buf_append(&page, "", 1), 0);
	begin = strstr((const char *)buf_data(&page), from);
	end = strstr((const char *)buf_data(&page), to);
	cr_assert(begin && end && end > begin);
	begin += strlen(from);
	cr_assert((size_t)(end - begin) == want->len && !memcmp(begin, buf_data(want), want->len), "the page should have:\n%.*s", (int)want->len,
		  (const char *)buf_data(want));
	buf_free(&page);
	buf_free(want);
}

Test(page, lists_the_keys_of_the_table)
{
	struct buf want;

	buf_init(&want, 1 << 20);
	for (unsigned i = 0; i < schema_nkeys; i++)
		append_key(&want, &schema_keys[i]);
	compare(BEGIN, END, &want);
}

Test(page, lists_the_vendors_that_are_known)
{
	char url[VENDOR_URL], sub[VENDOR_URL];
	const char *name;
	struct buf want;

	buf_init(&want, 1 << 20);
	for (unsigned i = 0; vendor_row(i, &name, url, sub); i++)
		buf_append_fmt(&want, ".It Cm %s\n.Dl %s\n.Dl %s\n", name, url, sub);
	compare(".\\\" The vendors, as conf/vendor.c has them; tests/conf/test_page.c compares.\n", ".\\\" End of the vendors.\n", &want);
}

Test(page, every_key_has_what_it_needs)
{
	for (unsigned i = 0; i < schema_nkeys; i++) {
		const struct schema_key *k = &schema_keys[i];
		size_t prefix = (size_t)(schema_leaf(k) - k->path);
		char before[64];

		snprintf(before, sizeof before, "%.*s", (int)prefix, k->path);
		cr_expect_eq(schema_find(before, schema_leaf(k), strlen(schema_leaf(k))), k, "%s", k->path);
		cr_expect(k->doc && k->doc[strlen(k->doc) - 1] == '.' && k->example && *k->example, "%s", k->path);
		cr_expect(!k->required || (!k->fallback && !k->fallback_is), "%s", k->path);
		cr_expect(k->min <= k->max && (!schema_units(k->type) || k->max), "%s", k->path);
	}
}
