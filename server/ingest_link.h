/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_LINK_H
#define SERVER_INGEST_LINK_H
/*
 * One TCP connection to a camera, plain or TLS, on the process's loop. It is handed a
 * connected socket, says when there is something to read, and keeps what the socket
 * does not take in the sender's own buffer.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "server/ingest_tls.h"

struct event;
struct event_base;

enum ingest_link_news {
	INGEST_LINK_UP,                   /* what is written from now on goes out; at once for a plain one */
	INGEST_LINK_READABLE,
	INGEST_LINK_BROKEN                /* the handshake failed (ingest_link_why), or the connection broke */
};

struct ingest_link {
	int fd;                           /* -1: there is none */
	struct ssl_st *ssl;               /* NULL: plain */
	bool up;
	struct event *readable, *writable, *soon;  /* soon: TLS, what is decrypted already */
	struct buf *waiting;              /* of the last write: not all of it is out */
	void (*news)(void *ctx, enum ingest_link_news what);
	void *ctx;
};

#define INGEST_LINK_NONE {.fd = -1}

/* Takes fd over, in any case. news may be called from within; it may close the link. 0 or -ENOMEM. */
int ingest_link_open(struct ingest_link *l, struct event_base *base, int fd, const struct ingest_tls *tls,
		     void (*news)(void *ctx, enum ingest_link_news what), void *ctx);
/* Closes both ways at once. */
void ingest_link_close(struct ingest_link *l);
/* Bytes read (fewer than n: the socket is empty), 0 when the camera closed, -EAGAIN, or -EPIPE. Read until it is empty, or call ingest_link_again. */
ssize_t ingest_link_read(struct ingest_link *l, void *p, size_t n);
/* There may be more, but others are to have their turn: READABLE is said anew, also of what is decrypted already. */
void ingest_link_again(struct ingest_link *l);
/* Sends what is in out; what is not taken goes when it can. False: the connection broke. */
bool ingest_link_write(struct ingest_link *l, struct buf *out);
/* After BROKEN: why, if it was the handshake; else GAP_CAMERA_CLOSED. */
enum gap_why ingest_link_why(const struct ingest_link *l, char text[INGEST_TLS_TEXT]);

#endif
