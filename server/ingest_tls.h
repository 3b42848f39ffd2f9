/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_TLS_H
#define SERVER_INGEST_TLS_H
/*
 * TLS towards a camera (rtsps://), as client over a connected socket: TLS 1.2 or
 * later, no renegotiation, no session resumed. Who the camera is: its certificate's
 * SHA-256 is the configured one (dates and names then count nothing), or an
 * authority signed it for the camera's address or the configured name, or nobody asks.
 *
 * Contexts are made before the role is sealed, for nothing may be looked for in files
 * later. A session takes 33 KiB with TLS 1.3 and 18 KiB with 1.2 while it lasts.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "server/msg.h"

#define INGEST_TLS_TEXT 160

struct ssl_st;
struct ssl_ctx_st;

/* What the cameras of a process share; zeros are empty. */
struct ingest_tls_contexts {
	struct ssl_ctx_st *certificate;   /* for those whose certificate itself counts, or nothing */
	struct ssl_ctx_st *ca;            /* of the authority read last */
};

/* How one camera proves itself; zeros: it has no TLS. */
struct ingest_tls {
	struct ssl_ctx_st *ctx;
	enum site_tls how;
	uint8_t fingerprint[32];
	char name[SITE_TLS_NAME];         /* "": the address below */
	char address[64];                 /* without its port */
};

/* pem: the authority's certificates, or -1 for the same ones as before; not taken over. 0, or -errno. */
int ingest_tls_init(struct ingest_tls *t, const struct msg_ingest_camera *m, int pem, struct ingest_tls_contexts *shared);
void ingest_tls_free(struct ingest_tls *t);
void ingest_tls_contexts_free(struct ingest_tls_contexts *shared);

/* A session over fd, which stays the caller's; t must outlive it. NULL on lack of memory. */
struct ssl_st *ingest_tls_open(const struct ingest_tls *t, int fd);
/* Says goodbye, if that goes at once. Takes NULL. */
void ingest_tls_close(struct ssl_st **ssl);

enum ingest_tls_step { INGEST_TLS_DONE, INGEST_TLS_READ, INGEST_TLS_WRITE, INGEST_TLS_FAILED };

/* Goes on with the handshake; READ, WRITE: once the socket can be read, written. */
enum ingest_tls_step ingest_tls_handshake(struct ssl_st *ssl);
/* Why the handshake failed, in our own words with the mend, and its word. */
enum gap_why ingest_tls_why(struct ssl_st *ssl, char text[INGEST_TLS_TEXT]);
/* As recv and send on a non-blocking socket, with -EAGAIN, -EPIPE (the connection broke) for errno; 0 from read: closed. */
ssize_t ingest_tls_read(struct ssl_st *ssl, void *p, size_t n);
ssize_t ingest_tls_write(struct ssl_st *ssl, const void *p, size_t n);

#endif
