/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* What getopt_long answers for row i: beyond every letter, so that a long option's name is known when it is complained of. */
#define ROW 256

struct known {
	struct option option[OPTIONS_MAX + 2];
	char letters[2 * OPTIONS_MAX + 4];   /* begins with a colon: a missing value is told apart */
};

static void know(struct known *k, const struct options_row *rows)
{
	char *letter = k->letters;
	int n = 0;

	*letter++ = ':';
	for (; rows[n].name; n++) {
		assert(n < OPTIONS_MAX);
		k->option[n] = (struct option){rows[n].name, rows[n].value ? required_argument : no_argument, NULL, ROW + n};
		if (rows[n].letter)
			*letter++ = rows[n].letter;
		if (rows[n].letter && rows[n].value)
			*letter++ = ':';
	}
	*letter++ = 'h';
	*letter = 0;
	k->option[n] = (struct option){"help", no_argument, NULL, 'h'};
	k->option[n + 1] = (struct option){0};
}

static bool complain(const char *command, const char *what, const char *why)
{
	char text[100];

	text_escape(what, strlen(what), text, sizeof text);
	fprintf(stderr, "casemate %s: %s %s: casemate %s --help says what there is\n", command, text, why, command);
	return false;
}

/*
 * answer: '?' or ':' of getopt_long, which has just taken word. optopt is a row whose value is missing or too much, a letter that has no value or
 * no row ('h' has one, so that was --help=…), or 0 for a long one that there is not.
 */
static bool wrong(const char *command, const struct options_row *rows, int answer, const char *word)
{
	const char *why = answer == ':' ? "wants a value behind it" : optopt >= ROW || optopt == 'h' ? "takes no value" : "is no option";
	char name[64];

	if (!optopt)
		return complain(command, word, "is no option, or short for more than one");
	if (optopt >= ROW || optopt == 'h')
		snprintf(name, sizeof name, "--%s", optopt == 'h' ? "help" : rows[optopt - ROW].name);
	else
		snprintf(name, sizeof name, "-%c", optopt);
	return complain(command, name, why);
}

static void take(const struct options_row *row)
{
	if (row->flag)
		*row->flag = true;
	else
		*row->value = optarg;
}

static const struct options_row *row_of(const struct options_row *rows, int answer)
{
	if (answer >= ROW)
		return &rows[answer - ROW];
	while (rows->letter != answer)
		rows++;
	return rows;
}

bool options_read(const char *command, const char *usage, const struct options_row *rows, int operands, int argc, char **argv, int *ret_status)
{
	struct known k;
	int c;

	know(&k, rows);
	*ret_status = 2;
	optind = 0;   /* glibc: from the start again, whoever read options before */
	opterr = 0;
	while ((c = getopt_long(argc, argv, k.letters, k.option, NULL)) != -1) {
		if (c == 'h') {
			*ret_status = 0;
			fputs(usage, stdout);
			return false;
		}
		if (c == '?' || c == ':')
			return wrong(command, rows, c, argv[optind - 1]);
		take(row_of(rows, c));
	}
	return argc - optind <= operands || complain(command, argv[optind + operands], "is not wanted");
}
