/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/certified.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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

static _Noreturn void become(char *const argv[], int token_fd, int answer_fd, int key_fd)
{
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
	int64_t end_us = clock_mono_us() + CERTIFIED_LONGEST_US, left_us;

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

/* The process, whose answer comes by *ret_fd; or -errno. */
static pid_t start(char *const argv[], int token_fd, int key_fd, int *ret_fd)
{
	int fd[2], error;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(argv, token_fd, fd[1], key_fd);
	error = errno;
	close(fd[1]);
	if (pid < 0) {
		close(fd[0]);
		return -error;
	}
	*ret_fd = fd[0];
	return pid;
}

static int ask(const char *mode, const char *origin, int token_fd, int key_fd, struct buf *answer)
{
	char *const argv[] = {(char *)"certify", (char *)mode, (char *)origin, NULL};
	int fd = -1, status = 0, rc;
	pid_t pid = start(argv, token_fd, key_fd, &fd);

	if (pid < 0)
		return (int)pid;
	rc = read_answer(fd, answer);
	close(fd);
	if (rc)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!rc && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		fputs("casemate: token: libexec/casemate/certify cannot be started: install it again\n", stderr);
	if (!rc && WIFEXITED(status) && WEXITSTATUS(status) == CERTIFIED_EXIT_PIN)
		return -EKEYREJECTED;
	return rc ? rc : status ? -EIO : 0;
}

int certified_take_root(struct buf *answer, char ret[KEY_VKEY])
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

	buf_init(&answer, CERTIFIED_ANSWER_MAX + 256);
	rc = ask("public", origin, token_fd, -1, &answer);
	if (!rc)
		rc = certified_take_root(&answer, ret_root);
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
	buf_init(&answer, CERTIFIED_ANSWER_MAX + 256);
	rc = ask("run", origin, token_fd, c.key_fd, &answer);
	if (!rc)
		rc = certified_take_root(&answer, c.root);
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

int certified_turn(int token_fd, const char *origin, const char *heir, int64_t time_us, uint64_t size, pid_t *ret_pid, int *ret_fd)
{
	char time[24], at[24], *const argv[] = {(char *)"certify", (char *)"turn", (char *)origin, (char *)heir, time, at, NULL};
	pid_t pid;

	snprintf(time, sizeof time, "%" PRId64, time_us);
	snprintf(at, sizeof at, "%" PRIu64, size);
	pid = start(argv, token_fd, -1, ret_fd);
	if (pid < 0)
		return (int)pid;
	*ret_pid = pid;
	return 0;
}
