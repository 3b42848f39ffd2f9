/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_BACKUP_ASK_H
#define SERVER_BACKUP_ASK_H
/* A backup's passphrase, from whoever is asked for it: the first line of a file, the terminal (twice where it is a new one), or standard input. */
#include <stdbool.h>

#include "server/prompt.h"

#define BACKUP_PASSPHRASE_MIN 12

/* 0; or -errno after a complaint in the command's name. */
int backup_ask(const char *command, const char *file, bool is_new, struct prompt_password *p);

#endif
