/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_ASK_H
#define SERVER_ASK_H
/* What commands ask of the running server, over its local socket: one line, answered until the end. */
#include <stddef.h>
#include <sys/un.h>

#include "base/buf.h"

#define ASK_PATH (sizeof((struct sockaddr_un *)0)->sun_path)
/* Questions that change something, and how their answers begin. */
#define ASK_RELOAD "reload"
#define ASK_ROLLBACK "reload allow-rollback"
#define ASK_EXPORT "export "        /* CAMERA RENDITION FROM TO SEGMENTS BYTES [RENDITION SEGMENTS BYTES]: footage is handed out, by ASK_EXPORT_USER */
#define ASK_EXPORT_USER "operator"
/* Begins "alarms RUN NEXT", then a line each; the words behind it: "text now", "json now", "text since US" (wall clock), "json after RUN N". */
#define ASK_ALARMS "alarms "
#define ASK_INVENTORY "inventory"
#define ASK_SHARE "share "          /* CAMERA FROM TO EXPIRES USER, "-" for none: answered with ID TOKEN ADDRESS */
#define ASK_UNSHARE "unshare "      /* ID */
#define ASK_SHARES "shares "        /* text or json, as ASK_SESSIONS */
#define ASK_SESSIONS "sessions "
#define ASK_SESSIONS_END "end-sessions "  /* id ID, or user NAME */
#define ASK_QUESTION_MAX 512        /* bytes */
#define ASK_DONE "done\n"
#define ASK_REFUSED "refused\n"
#define ASK_ANSWER_MAX (9u << 20)   /* bytes */

/*
 * Where the server of this site file listens; path holds ASK_PATH bytes. 0, or -errno when the file is not good, and
 * then what is wrong with it was printed to standard error.
 */
int ask_socket_of_site(const char *file, char *path);
/* The one or the other: socket, if it is not NULL. 0, or not, and then what is wrong was printed. */
int ask_site(const char *command, const char *file, const char *socket, char *path);
/* Takes the path as it was given; -ENAMETOOLONG when no socket can have it. */
int ask_socket_given(const char *given, char *path);
/*
 * Appends the answer to out. -ECONNREFUSED or -ENOENT: no server runs there; -EACCES: it is another user's;
 * -ENODATA: it said nothing; -ENOBUFS: more than out may hold.
 */
int ask_server(const char *path, const char *question, struct buf *out);
/*
 * Asks, and prints what is behind ASK_DONE to standard output, behind ASK_REFUSED to standard error. The exit status: 0, 1 refused, 2 nobody
 * answered. ret, unless NULL, gets what was done instead.
 */
int ask_and_print(const char *command, const char *path, const char *question, struct buf *ret);
/* "casemate COMMAND: PATH: …" to standard error: what that error means, and the mend. */
void ask_complain(const char *command, const char *path, int error);

#endif
