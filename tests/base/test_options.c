/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/options.h"

static struct {
	const char *file, *since;
	bool all, json;
} got;

static const struct options_row rows[] = {
	{"file", 'f', .value = &got.file}, {"since", .value = &got.since}, {"all", 'a', .flag = &got.all}, {"json", .flag = &got.json}, {0}};

#define ARGS(...) ((const char *const[]){"look", __VA_ARGS__, NULL})

/* The status that the command would end with, or -1 when it goes on. */
static int look(int operands, const char *const *args)
{
	char *argv[8] = {NULL};
	int argc = 0, status = 99;

	memset(&got, 0, sizeof got);
	for (; args[argc]; argc++)
		argv[argc] = (char *)args[argc];
	return options_read("look", "usage: casemate look\n", rows, operands, argc, argv, &status) ? -1 : status;
}

Test(options, are_read_by_the_table)
{
	cr_assert_eq(look(0, ARGS(NULL)), -1);
	cr_expect(!got.file && !got.since && !got.all && !got.json);
	cr_assert_eq(look(0, ARGS("-f", "x", "--since=2 h", "--json")), -1);
	cr_expect_str_eq(got.file, "x");
	cr_expect_str_eq(got.since, "2 h");
	cr_expect(got.json && !got.all);
	cr_assert_eq(look(0, ARGS("-afx", "--file", "--y", "--js")), -1, "letters together, a value that looks like an option, a name cut short");
	cr_expect_str_eq(got.file, "--y", "the last one wins");
	cr_expect(got.all && got.json);
	cr_assert_eq(look(0, ARGS("--file", "")), -1);
	cr_expect_str_empty(got.file);
}

Test(options, leave_operands_to_the_command)
{
	cr_assert_eq(look(2, ARGS("one", "-a", "--", "-f")), -1);
	cr_expect(got.all && !got.file);
	cr_expect_eq(optind, 3);
}

Test(options, help_goes_to_standard_output, .init = cr_redirect_stdout)
{
	cr_expect_eq(look(0, ARGS("--help")), 0);
	cr_expect_eq(look(0, ARGS("-ah", "--wrong")), 0, "what is asked first is answered");
	fflush(stdout);
	cr_assert_stdout_eq_str("usage: casemate look\nusage: casemate look\n");
}

#define MORE ": casemate look --help says what there is\n"

Test(options, what_is_wrong_is_said_in_one_line, .init = cr_redirect_stderr)
{
	cr_expect_eq(look(0, ARGS("--jsno")), 2);
	cr_expect_eq(look(0, ARGS("--all", "-xa")), 2);
	cr_expect_eq(look(0, ARGS("-f")), 2);
	cr_expect_eq(look(0, ARGS("--since")), 2);
	cr_expect_eq(look(0, ARGS("--json=yes")), 2);
	cr_expect_eq(look(0, ARGS("--help=me")), 2);
	cr_expect_eq(look(0, ARGS("site.yaml")), 2);
	cr_expect_eq(look(1, ARGS("one", "--all", "two\x1b[2J")), 2);
	cr_expect_eq(look(0, ARGS("-\xff")), 2);
	fflush(stderr);
	cr_assert_stderr_eq_str("casemate look: --jsno is no option, or short for more than one" MORE
				"casemate look: -x is no option" MORE
				"casemate look: -f wants a value behind it" MORE
				"casemate look: --since wants a value behind it" MORE
				"casemate look: --json takes no value" MORE
				"casemate look: --help takes no value" MORE
				"casemate look: site.yaml is not wanted" MORE
				"casemate look: two\\x1b[2J is not wanted" MORE
				"casemate look: -\\xff is no option" MORE);
}
