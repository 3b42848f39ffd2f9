/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/certified.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/libexec.h"

#define LONGEST_US 30000000
#define ANSWER_MAX (KEY_VKEY + 1 + KEYCHAIN_NOTE_MAX)
#define HIGH 10
#define VARIABLES 3

/* Where a token is, is told to its library by these, and by nothing else of our environment. */
static void keep_environment(char *out[VARIABLES + 1])
{
	static const char *const name[VARIABLES] = {"SOFTHSM2_CONF", "TPM2OPENSSL_TCTI", "PKCS11_MODULE_PATH"};
	unsigned n = 0;

	for (unsigned i = 0; i < VARIABLES; i++) {
		const char *value = getenv(name[i]);

		if (value && asprintf(&out[n], "%s=%s", name[i], value) > 0)
			n++;
	}
	out[n] = NULL;
}

static _Noreturn void become(const char *mode, const char *origin, int token_fd, int answer_fd, int key_fd)
{
	char *const argv[] = {(char *)"certify", (char *)mode, (char *)origin, NULL};
	char folder[4000], path[4096], *environment[VARIABLES + 1];
	int token = fcntl(token_fd, F_DUPFD, HIGH), answer = fcntl(answer_fd, F_DUPFD, HIGH), key = key_fd < 0 ? -1 : fcntl(key_fd, F_DUPFD, HIGH);

	if (libexec_folder(folder, sizeof folder) < 0)
		_exit(127);
	snprintf(path, sizeof path, "%s/certify", folder);
	keep_environment(environment);
	if (token < 0 || lseek(token, 0, SEEK_SET) < 0 || answer < 0 || dup2(token, STDIN_FILENO) < 0 || dup2(answer, STDOUT_FILENO) < 0 || (key >= 0 && dup2(key, 3) < 0) ||
	    close_range(key >= 0 ? 4 : 3, ~0u, 0) < 0)
		_exit(127);
	execve(path, argv, environment);
	_exit(127);
}

/* Until its end. 0, -ETIMEDOUT, -errno. */
static int read_answer(int fd, struct buf *b)
{
	int64_t end_us = clock_mono_us() + LONGEST_US, left_us;

	while ((left_us = end_us - clock_mono_us()) > 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint8_t *room;
		ssize_t n;

		if (poll(&p, 1, (int)(left_us / 1000) + 1) < 1)
			continue;
		room = buf_reserve(b, 256);
		n = room ? read(fd, room, 256) : -1;
		if (n == 0)
			return 0;
		if (n < 0 && room && errno == EINTR)
			continue;
		if (n < 0)
			return room ? -errno : -EMSGSIZE;
		buf_commit(b, (size_t)n);
	}
	fputs("casemate: token: it did not answer within 30 s\n", stderr);
	return -ETIMEDOUT;
}

static int ask(const char *mode, const char *origin, int token_fd, int key_fd, struct buf *answer)
{
	int fd[2], status = 0, rc;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(mode, origin, token_fd, fd[1], key_fd);
	rc = pid < 0 ? -errno : 0;
	close(fd[1]);
	if (!rc)
		rc = read_answer(fd[0], answer);
	close(fd[0]);
	if (pid > 0 && rc)
		kill(pid, SIGKILL);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!rc && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		fputs("casemate: token: libexec/casemate/certify cannot be started: install it again\n", stderr);
	return rc ? rc : status ? -EIO : 0;
}

/* Its first line is the token's public key. */
static int take_root(struct buf *answer, char ret[KEY_VKEY])
{
	const uint8_t *end = answer->len ? memchr(buf_data(answer), '\n', answer->len) : NULL;
	size_t n = end ? (size_t)(end - buf_data(answer)) : 0;
	struct key_public k;

	if (n == 0 || n >= KEY_VKEY || key_parse_vkey((const char *)buf_data(answer), n, &k, NULL))
		return -EBADMSG;
	memcpy(ret, buf_data(answer), n);
	ret[n] = 0;
	buf_consume(answer, n + 1);
	return 0;
}

int certified_public(int token_fd, const char *origin, char ret_root[KEY_VKEY])
{
	struct buf answer;
	int rc;

	buf_init(&answer, ANSWER_MAX + 256);
	rc = ask("public", origin, token_fd, -1, &answer);
	if (!rc)
		rc = take_root(&answer, ret_root);
	buf_free(&answer);
	return rc;
}

int certified_run(int token_fd, const char *origin, struct certified *ret)
{
	struct certified c = {.key_fd = memfd_create("key", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
	struct buf answer;
	int rc;

	if (c.key_fd < 0)
		return -errno;
	buf_init(&answer, ANSWER_MAX + 256);
	rc = ask("run", origin, token_fd, c.key_fd, &answer);
	if (!rc)
		rc = take_root(&answer, c.root);
	if (!rc && (answer.len == 0 || answer.len > sizeof c.note))
		rc = -EBADMSG;
	if (!rc && fcntl(c.key_fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		rc = -errno;
	if (!rc) {
		memcpy(c.note, buf_data(&answer), answer.len);
		c.note_len = answer.len;
		*ret = c;
	} else {
		close(c.key_fd);
	}
	buf_free(&answer);
	return rc;
}
