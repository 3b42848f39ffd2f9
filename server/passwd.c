/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate passwd: the lines of a viewer in the site file. */
#include <argon2.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/options.h"
#include "base/text.h"
#include "net/digest.h"
#include "seal/key.h"
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
	"usage: casemate passwd [--generate] [--rtsp FILE --site SITE [--md5]] NAME\n"
	"\n"
	"Asks for a password twice and prints the lines that let NAME watch, to be put\n"
	"under \"users:\" in the site file. Without a terminal the password is the first\n"
	"line of standard input.\n"
	"\n"
	"  -g, --generate  make a random password and show it once, on standard error\n"
	"  -r, --rtsp FILE write to FILE what lets NAME log in by RTSP with Digest\n"
	"  -s, --site SITE the site's name, as \"site:\" has it, for which that is good\n"
	"  -m, --md5       with MD5 too, for clients that know nothing better\n"
	"  -h, --help      this text\n"
	"\n"
	"Exit status: 0, or 2 when nothing was printed. See casemate-passwd(1).\n";

/* What is written for RTSP: file is NULL where nothing is. */
struct passwd_rtsp {
	const char *file, *site;
	bool md5;
};

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

/* Nothing that would have to be escaped in the site file. */
static bool is_plain(const char *s)
{
	return *s && !s[strcspn(s, "\"\\\177")] && !strpbrk(s, "\n\r\t") && strlen(s) < PATH_MAX;
}

static int digest_line(enum digest_algorithm a, const char *algorithm, const struct passwd_rtsp *to, const char *name, const char *password, int fd)
{
	uint8_t ha1[DIGEST_HA1_MAX];
	char hex[2 * DIGEST_HA1_MAX + 1];
	int rc = digest_ha1(a, name, to->site, password, ha1);

	hex_encode(ha1, digest_ha1_bytes(a), hex);
	if (!rc && dprintf(fd, "%s %s %s %s\n", algorithm, name, to->site, hex) < 0)
		rc = -errno;
	explicit_bzero(ha1, sizeof ha1);
	explicit_bzero(hex, sizeof hex);
	return rc;
}

/* Never over what is there: it may be another's. */
static int write_digest(const struct passwd_rtsp *to, const char *name, const struct prompt_password *p)
{
	int fd = open(to->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), rc;
	char password[sizeof p->text + 1];

	if (fd < 0)
		return -errno;
	snprintf(password, sizeof password, "%.*s", (int)p->len, p->text);
	rc = digest_line(DIGEST_SHA256, "SHA-256", to, name, password, fd);
	if (!rc && to->md5)
		rc = digest_line(DIGEST_MD5, "MD5", to, name, password, fd);
	explicit_bzero(password, sizeof password);
	if (!rc && fsync(fd) < 0)
		rc = -errno;
	close(fd);
	if (rc)
		unlink(to->file);
	return rc;
}

static int print_lines(const char *name, const struct passwd_rtsp *to, const struct prompt_password *p)
{
	char hash[160];
	uint8_t salt[SALT_BYTES];
	int rc;

	if (getrandom(salt, sizeof salt, 0) != sizeof salt)
		return complain("the kernel gave no random bytes");
	rc = argon2id_hash_encoded(COST_PASSES, COST_KIB, COST_LANES, p->text, p->len, salt, sizeof salt, HASH_BYTES, hash, sizeof hash);
	if (rc != ARGON2_OK)
		return complain(argon2_error_message(rc));
	rc = to->file ? write_digest(to, name, p) : 0;
	if (rc) {
		fprintf(stderr, "casemate passwd: %s: %s\n", to->file, strerror(-rc));
		return 2;
	}
	printf("  - name: %s\n    password_hash: \"%s\"\n", name, hash);
	if (to->file)
		printf("    rtsp_digest_file: \"%s\"\n%s", to->file, to->md5 ? "    allow_md5: true\n" : "");
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

static int passwd(const char *name, bool make, const struct passwd_rtsp *to)
{
	struct prompt_password p = {.len = 0};
	int status;

	/* No core file and no debugger while a password is in memory. */
	prctl(PR_SET_DUMPABLE, 0);
	status = get_password(name, make, &p);
	if (!status)
		status = print_lines(name, to, &p);
	if (!status && make)
		fprintf(stderr, "%.*s\n", (int)p.len, p.text);
	else if (!status && isatty(STDOUT_FILENO))
		fputs("These lines go under \"users:\" in the site file.\n", stderr);
	explicit_bzero(&p, sizeof p);
	return status;
}

int cmd_passwd(int argc, char **argv)
{
	struct passwd_rtsp to = {NULL};
	bool make = false;
	const struct options_row rows[] = {{"generate", 'g', .flag = &make}, {"rtsp", 'r', .value = &to.file}, {"site", 's', .value = &to.site},
		{"md5", 'm', .flag = &to.md5}, {0}};
	int status;

	if (!options_read("passwd", usage, rows, 1, argc, argv, &status))
		return status;
	if (optind == argc)
		return complain("whose password? casemate passwd NAME");
	if (!text_is_name(argv[optind], strlen(argv[optind])))
		return complain("a name is 1 to 32 of a-z, 0-9 and -");
	if (!to.file != !to.site || (to.md5 && !to.file))
		return complain("--rtsp FILE and --site SITE go together, and --md5 with them");
	if (to.file && (!is_plain(to.file) || !key_is_name(to.site, strlen(to.site)) || *to.site == '/'))
		return complain("FILE is a path without quotes, and SITE what stands behind site: in the site file");
	return passwd(argv[optind], make, &to);
}
