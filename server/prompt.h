/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_PROMPT_H
#define SERVER_PROMPT_H
/* Asking for a password: on the terminal without showing it, or the first line of standard input. */
#include <stddef.h>

#define PROMPT_PASSWORD_MAX 256

struct prompt_password {
	char text[PROMPT_PASSWORD_MAX + 2];
	size_t len;                       /* without a NUL, which may not follow */
};

/* Standard input is a terminal. 0, or -ENODATA (nothing), -EINVAL (too long, or a NUL), -EINTR and other -errno. */
int prompt_ask(const char *prompt, struct prompt_password *p);
/* One line of fd, and not a byte of what follows. As prompt_ask. */
int prompt_read_line(int fd, struct prompt_password *p);

#endif
