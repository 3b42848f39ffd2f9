/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_BECOME_H
#define SERVER_BECOME_H
/* How a role's program is begun by whoever plays its parent: the other side of role_begin. */
#include "server/roles.h"

/*
 * In the new process (sandbox_fork returned 0): leaves it with /dev/null as standard input and output, log as standard error,
 * channel as ROLE_CHANNEL_FD, and nothing else: no other descriptor, no environment, no blocked signal, a session of its own. Then
 * runs the program of that descriptor; when it cannot, says why in a line of the log and exits with 127.
 */
_Noreturn void become_role(int program, enum role_kind role, int channel, int log);

#endif
