/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_TLS_H
#define SERVER_SERVE_TLS_H
/*
 * TLS 1.3 on one non-blocking socket. Records are encrypted straight from the
 * caller's bytes (sealed memory) into one buffer that all connections share, and
 * leave by one large write: a connection at rest holds no buffer at all. OpenSSL's own two are kept from record to record by the first
 * SERVE_TLS_KEPT connections that have something to say: to wipe 16 KiB for each request cost more than to read it.
 * libevent's bufferevent copies per viewer and writes record by record.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/buf.h"

#define SERVE_TLS_RECORD 16384               /* plain bytes of one record, at most */
#define SERVE_TLS_BATCH (64u << 10)          /* encrypted bytes of one write */
#define SERVE_TLS_KEPT 64                    /* connections of a process, at 33 KiB */

struct ssl_ctx_st;
struct ssl_st;

struct serve_tls {
	struct ssl_st *ssl;                  /* NULL: nothing is encrypted */
	int fd;                              /* borrowed */
	struct buf pending;                  /* encrypted, and not yet taken by the socket */
	uint64_t sent;                       /* bytes that the socket took */
	bool dead;
	bool keeps, busy;                    /* OpenSSL's buffers; it read since the last tick */
};

/*
 * A context from PEM texts: the chain with the server's certificate first, and its key. No session
 * tickets, no early data. 0 or -EINVAL with *why.
 */
int serve_tls_context(const void *chain, size_t chain_len, const void *key, size_t key_len, struct ssl_ctx_st **ret, const char **why);

/* Connections that were opened with it keep it as long as they last. Takes NULL, sets it. */
void serve_tls_context_free(struct ssl_ctx_st **ctx);
/* SHA-256 of the server's certificate, in hex. */
#define SERVE_TLS_FINGERPRINT 65
void serve_tls_fingerprint(const struct ssl_ctx_st *ctx, char ret[SERVE_TLS_FINGERPRINT]);

/*
 * protocols: what may be chosen of what the client offers, the best first, each behind its length (RFC 7301 3.1); "" for nothing. A
 * client that offers others alone is refused (3.2); one that offers none is not. 0 or -ENOMEM.
 */
#define SERVE_TLS_HTTP "\x02h2\x08http/1.1"
int serve_tls_open(struct serve_tls *t, struct ssl_ctx_st *ctx, int fd, const char *protocols);
/* The same, of a connection on which nothing is encrypted: the shake of hands is done at once. */
void serve_tls_open_plain(struct serve_tls *t, int fd);
/* Says goodbye if that is possible at once; the socket stays the caller's. Takes any state. */
void serve_tls_close(struct serve_tls *t);
/* 1 when done, 0 when it waits for the other side, -EPIPE. */
int serve_tls_handshake(struct serve_tls *t);
/* Whether the handshake chose HTTP/2. */
bool serve_tls_speaks_http2(const struct serve_tls *t);
/* Bytes read, 0 at the other side's end, -EAGAIN, -EPIPE. */
ssize_t serve_tls_read(struct serve_tls *t, void *p, size_t n);
/* Once a second: who said nothing since the last one gives his buffers back. */
void serve_tls_tick(struct serve_tls *t);
/* Whether bytes that were read from the socket already wait inside. */
bool serve_tls_has_input(const struct serve_tls *t);
/* Encrypts and sends at most one batch; plain bytes taken (0 while an earlier batch still waits), or -EPIPE. */
ssize_t serve_tls_write(struct serve_tls *t, const struct iovec *iov, int niov);
/* The end of what is to be said (close_notify). */
void serve_tls_end(struct serve_tls *t);
/* Sends what waits; 0 or -EPIPE. */
int serve_tls_flush(struct serve_tls *t);

#endif
