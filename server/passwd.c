/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate passwd: the lines of a viewer in the site file. */
#include <argon2.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/text.h"
#include "server/commands.h"
#include "server/prompt.h"

#define PASSWORD_MIN 8
#define SALT_BYTES 16
#define HASH_BYTES 32

/*
 * RFC 9106 4, the second choice, with one lane: the hash is checked in a process of one thread. About 0.1 s
 * and 64 MiB for one guess.
 */
#define COST_PASSES 3
#define COST_KIB (64u << 10)
#define COST_LANES 1

static const char usage[] =
	"usage: casemate passwd [--generate] NAME\n"
	"\n"
	"Asks for a password twice and prints the lines that let NAME watch, to be put\n"
	"under \"users:\" in the site file. Without a terminal the password is the first\n"
	"line of standard input.\n"
	"\n"
	"  -g, --generate  make a random password and show it once, on standard error\n"
	"  -h, --help      this text\n"
	"\n"
	"Exit status: 0, or 2 when nothing was printed. See casemate-passwd(1).\n";

static int complain(const char *what)
{
	fprintf(stderr, "casemate passwd: %s\n", what);
	return 2;
}

static int ask_twice(const char *name, struct prompt_password *p)
{
	struct prompt_password again = {.len = 0};
	char prompt[64];
	int rc;

	snprintf(prompt, sizeof prompt, "Password for %s: ", name);
	rc = prompt_ask(prompt, p);
	if (!rc)
		rc = prompt_ask("Once more: ", &again);
	if (!rc && (again.len != p->len || !text_same_secret(again.text, p->text, p->len)))
		rc = -EKEYREJECTED;
	explicit_bzero(&again, sizeof again);
	return rc;
}

/* 25 of 32 letters without those that look alike: 125 bits, in groups of five. */
static int generate(struct prompt_password *p)
{
	static const char letter[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t random[25];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return -EIO;
	p->len = 0;
	for (size_t i = 0; i < sizeof random; i++) {
		if (i && i % 5 == 0)
			p->text[p->len++] = '-';
		p->text[p->len++] = letter[random[i] % 32];
	}
	explicit_bzero(random, sizeof random);
	return 0;
}

static int print_lines(const char *name, const struct prompt_password *p)
{
	char hash[160];
	uint8_t salt[SALT_BYTES];
	int rc;

	if (getrandom(salt, sizeof salt, 0) != sizeof salt)
		return complain("the kernel gave no random bytes");
	rc = argon2id_hash_encoded(COST_PASSES, COST_KIB, COST_LANES, p->text, p->len, salt, sizeof salt, HASH_BYTES, hash, sizeof hash);
	if (rc != ARGON2_OK)
		return complain(argon2_error_message(rc));
	printf("  - name: %s\n    password_hash: \"%s\"\n", name, hash);
	return fflush(stdout) ? complain(strerror(errno)) : 0;
}

static int get_password(const char *name, bool make, struct prompt_password *p)
{
	int rc = make ? generate(p) : isatty(STDIN_FILENO) ? ask_twice(name, p) : prompt_read_line(STDIN_FILENO, p);

	switch (rc) {
	case 0:
		break;
	case -ENODATA:
		return complain("no password was given");
	case -EINVAL:
		return complain("a password has at most 256 bytes, and no NUL");
	case -EKEYREJECTED:
		return complain("the two passwords differ");
	default:
		return complain(strerror(-rc));
	}
	if (p->len < PASSWORD_MIN)
		return complain("a password has at least 8 characters; --generate makes one");
	return 0;
}

static int passwd(const char *name, bool make)
{
	struct prompt_password p = {.len = 0};
	int status;

	/* No core file and no debugger while a password is in memory. */
	prctl(PR_SET_DUMPABLE, 0);
	status = get_password(name, make, &p);
	if (!status)
		status = print_lines(name, &p);
	if (!status && make)
		fprintf(stderr, "%.*s\n", (int)p.len, p.text);
	else if (!status && isatty(STDOUT_FILENO))
		fputs("These lines go under \"users:\" in the site file.\n", stderr);
	explicit_bzero(&p, sizeof p);
	return status;
}

int cmd_passwd(int argc, char **argv)
{
	static const struct option option[] = {{"generate", no_argument, NULL, 'g'}, {"help", no_argument, NULL, 'h'}, {NULL}};
	bool make = false;
	int o;

	optind = 0;
	while ((o = getopt_long(argc, argv, "gh", option, NULL)) != -1) {
		if (o == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (o != 'g') {
			fputs("\"casemate passwd --help\" says what there is\n", stderr);
			return 2;
		}
		make = true;
	}
	if (optind + 1 != argc)
		return complain("whose password? casemate passwd NAME");
	if (!text_is_name(argv[optind], strlen(argv[optind])))
		return complain("a name is 1 to 32 of a-z, 0-9 and -");
	return passwd(argv[optind], make);
}
