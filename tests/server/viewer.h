/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_VIEWER_H
#define TESTS_SERVER_VIEWER_H
/*
 * An HTTPS client for tests, over OpenSSL. While it waits it runs the given loop,
 * so that whoever else lives there (a parent, a store) goes on. It never waits
 * longer than VIEWER_PATIENCE_S: then the test fails.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define VIEWER_PATIENCE_S 20

struct event_base;
struct ssl_st;
struct ssl_ctx_st;

struct viewer {
	struct event_base *base;
	struct ssl_st *ssl;
	int fd;
	struct buf in;
	bool ended;              /* the server said goodbye */
};

struct response {
	unsigned status;         /* 0: the connection ended instead */
	char head[8192];
	struct buf body;
};

/* Connects to 127.0.0.1; false when the server refuses the handshake. tls: a highest version, 0 for the newest. */
bool viewer_open(struct viewer *v, struct event_base *base, uint16_t port, int tls);
/* The same, of one that offers these protocols (RFC 7301 3.1). */
bool viewer_open_offering(struct viewer *v, struct event_base *base, uint16_t port, const char *protocols);
/* The same, by what ctx says, which it takes over. */
bool viewer_open_by(struct viewer *v, struct event_base *base, uint16_t port, struct ssl_ctx_st *ctx);
void viewer_close(struct viewer *v);
void viewer_send(struct viewer *v, const void *p, size_t n);
/* Reads some more into v->in, for who takes the bytes as they come; false at the end. */
bool viewer_more(struct viewer *v);
/* The next response (ret holds an earlier one, or zeros); its body is left out when it answers a HEAD. */
void viewer_receive(struct viewer *v, struct response *ret, bool head_only);
/* The next chunk (RFC 9112 7.1) of a body that viewer_receive gave the head of, appended; 0 after the last one, -1 when the connection ended instead. */
int viewer_receive_chunk(struct viewer *v, struct buf *to);
/* Waits until the server has ended the connection. */
void viewer_wait_end(struct viewer *v);
/* One GET with extra header lines (each with its CRLF; "" for none). */
void viewer_get(struct viewer *v, const char *path, const char *extra, struct response *ret);
/* The value of a header, as a static text; NULL when it is not there. */
const char *response_header(const struct response *r, const char *name);
void response_free(struct response *r);

#endif
