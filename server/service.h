/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H
/*
 * What a service manager gives the parent and is told by it: sockets that listen
 * already (sd_listen_fds(3)), that the server is ready or stops (sd_notify(3)),
 * that its loop still turns (sd_watchdog_enabled(3)). Without a manager all of it
 * does nothing. No role has any part in it: roles have no environment.
 */
#include <stdbool.h>
#include <stdint.h>

#define SERVICE_SOCKETS_MAX 16

/*
 * The sockets that were handed to this very process, from then on closed at exec. Their number, 0 if there are none;
 * -E2BIG, or -ENOTSOCK when one does not listen for TCP: then they are as they were.
 */
int service_sockets(int ret_fd[SERVICE_SOCKETS_MAX]);
/* Tells it ("READY=1"). Never waits; what does not reach it is lost. */
void service_notify(const char *state);
/* It expects WATCHDOG=1 each so many microseconds; 0: it does not. */
uint64_t service_watchdog_us(void);

/* Whether what is written to fd is a line of the journal, which takes a priority from "<4>" at its beginning (sd-daemon(3)). */
bool service_logs_to_journal(int fd);

#endif
