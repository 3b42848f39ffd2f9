/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_VIEWERS_LINK_H
#define BENCH_VIEWERS_LINK_H
/*
 * One viewer's connection, of which a load is made of many: TLS 1.3 and HTTP/1.1, one request at a time, one thread, one epoll for all.
 * It is there to cost little: no certificate is checked, a body is kept only when that is wanted. Each connection comes from
 * one of many addresses of 127/8, since the server counts connections by address.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define LINK_BODY_MAX (1u << 20)  /* of one that is kept */

struct ssl_st;
struct link_load;

enum link_state { LINK_CLOSED, LINK_CONNECTING, LINK_SHAKING, LINK_OPEN, LINK_ASKING, LINK_ENDING };

struct link {
	struct link_load *load;
	unsigned number;             /* which of the load's it is: chooses its address */
	enum link_state state;
	int fd;
	struct ssl_st *ssl;
	bool keep;                   /* the body of the answer that comes goes into body */
	struct buf head, body;
	bool has_head;
	unsigned status;
	uint64_t left;               /* bytes of the body that have not come */
	bool slow;                   /* reads nothing but when link_sip says so */
};

struct link_load {
	struct sockaddr_in to;
	const char *authorization;   /* a header's value, or NULL */
	int epoll;
	struct ssl_ctx_st *tls;
	uint64_t bytes;              /* of bodies, that came */
	/* The handshake is done; the whole answer is there (status, body); the other side has ended, or why the connection broke. */
	void (*opened)(struct link *l);
	void (*answered)(struct link *l);
	void (*ended)(struct link *l, const char *why);
};

/* 0, or -1 with errno. ADDRESS:PORT, of IPv4. */
int link_load_init(struct link_load *load, const char *to);
/* Handles what has happened, waiting for it at most wait_ms. */
void link_load_run(struct link_load *load, int wait_ms);

/* 0, or -1 with errno: l is closed then. */
int link_open(struct link *l, struct link_load *load, unsigned number);
/* Asks for path; keep: its body is wanted. l has no other request under way. */
void link_get(struct link *l, const char *path, bool keep);
/* Says that nothing more will be asked, and waits for the other side to end. */
void link_end(struct link *l);
/* A slow one reads at most n bytes. */
void link_sip(struct link *l, size_t n);
void link_close(struct link *l);

#endif
