/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/backup_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"

static int ask_twice(struct prompt_password *p)
{
	struct prompt_password again = {.len = 0};
	int rc = prompt_ask("Passphrase of the backup: ", p);

	if (!rc)
		rc = prompt_ask("Once more: ", &again);
	if (!rc && (again.len != p->len || !text_same_secret(again.text, p->text, p->len)))
		rc = -EKEYREJECTED;
	explicit_bzero(&again, sizeof again);
	return rc;
}

static int read_file(const char *file, struct prompt_password *p)
{
	int fd = io_open_regular(AT_FDCWD, file, O_RDONLY, 0), rc;

	if (fd < 0)
		return fd;
	rc = prompt_read_line(fd, p);
	close(fd);
	return rc;
}

static const char *why(int rc)
{
	switch (rc) {
	case -ENODATA: return "no passphrase was given";
	case -EINVAL: return "a passphrase is a line of at most 256 bytes, without a NUL";
	case -EKEYREJECTED: return "the two passphrases differ";
	case -ERANGE: return "a passphrase has at least 12 characters: there are keys in a backup";
	default: return strerror(-rc);
	}
}

int backup_ask(const char *command, const char *file, bool is_new, struct prompt_password *p)
{
	int rc;

	p->len = 0;
	if (file)
		rc = read_file(file, p);
	else if (!isatty(STDIN_FILENO))
		rc = prompt_read_line(STDIN_FILENO, p);
	else
		rc = is_new ? ask_twice(p) : prompt_ask("Passphrase of the backup: ", p);
	if (!rc && is_new && p->len < BACKUP_PASSPHRASE_MIN)
		rc = -ERANGE;
	if (rc)
		fprintf(stderr, "casemate %s: %s%s%s\n", command, file ? file : "", file ? ": " : "", why(rc));
	return rc;
}
