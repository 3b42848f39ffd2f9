/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/prompt.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

/* Byte by byte: what follows is not ours. */
int prompt_read_line(int fd, struct prompt_password *p)
{
	bool bad = false;
	ssize_t n;
	char c;

	p->len = 0;
	while ((n = read(fd, &c, 1)) == 1 && c != '\n') {
		bad |= c == 0 || p->len == PROMPT_PASSWORD_MAX;
		if (!bad)
			p->text[p->len++] = c;
	}
	if (n < 0)
		return -errno;
	if (n == 0 && p->len == 0)
		return -ENODATA;
	return bad ? -EINVAL : 0;
}

static const int watched[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP};
#define WATCHED (sizeof watched / sizeof *watched)

/* With echo off; whatever ends it, the terminal gets its echo back before anything else happens. */
int prompt_ask(const char *prompt, struct prompt_password *p)
{
	struct sigaction act = {.sa_handler = on_signal}, old[WATCHED];
	struct termios was, quiet;
	int rc;

	if (tcgetattr(STDIN_FILENO, &was) < 0)
		return -errno;
	for (size_t i = 0; i < WATCHED; i++)
		sigaction(watched[i], &act, &old[i]);
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	fputs(prompt, stderr);
	rc = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0 ? -errno : prompt_read_line(STDIN_FILENO, p);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	fputc('\n', stderr);
	for (size_t i = 0; i < WATCHED; i++)
		sigaction(watched[i], &old[i], NULL);
	if (caught)
		raise(caught);
	return rc;
}
