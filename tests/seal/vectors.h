/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SEAL_VECTORS_H
#define TESTS_SEAL_VECTORS_H
/* The tables of tests/seal/vectors: lines of words with one blank between them; a line that begins with # says nothing. */
#define VECTORS_WORDS 16

struct vectors_line {
	const char *word[VECTORS_WORDS];
	unsigned n;
};

/* Calls each with every line of tests/seal/vectors/NAME. How many; the test fails when the table is not there. */
unsigned vectors_each(const char *name, void (*each)(const struct vectors_line *line));

#endif
