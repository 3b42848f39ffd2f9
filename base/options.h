/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H
/*
 * The options of a command, read by a table: as getopt_long(3) reads them, but what is wrong is said in one line that names the
 * command, the option and where to look. Every command has -h and --help, so no table names them.
 */
#include <stdbool.h>

#define OPTIONS_MAX 24

/* An option: a flag that becomes true, or a value that is borrowed from argv. The last one of its name wins. */
struct options_row {
	const char *name;   /* without its dashes; NULL ends the table */
	char letter;        /* its short form, or 0 */
	bool *flag;         /* one of these two, the other NULL */
	const char **value;
};

/*
 * usage: what --help prints to standard output. True: all rows are read, and optind (getopt(3)) is at the first of the at most `operands` arguments that
 * are none. False: the command ends with *ret_status, 0 after --help, 2 after a complaint to standard error.
 */
bool options_read(const char *command, const char *usage, const struct options_row *rows, int operands, int argc, char **argv, int *ret_status);

#endif
