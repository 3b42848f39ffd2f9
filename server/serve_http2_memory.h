/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_HTTP2_MEMORY_H
#define SERVER_SERVE_HTTP2_MEMORY_H
/*
 * What a session of nghttp2 allocates, listed, so that it can be given back without the session's help: one that had no memory may not
 * be freed by nghttp2 itself (server/serve_http2.c says why). And wiped as it is given back: what viewers log in by was in it.
 */
#include <sys/queue.h>

#include <nghttp2/nghttp2.h>

LIST_HEAD(serve_http2_blocks, serve_http2_block);

struct serve_http2_memory {
	struct serve_http2_blocks blocks;
	nghttp2_mem mem;                 /* for nghttp2_session_server_new3; points back here, so it stays where it is */
};

void serve_http2_memory_init(struct serve_http2_memory *m);
/* Everything that is still there. */
void serve_http2_memory_free(struct serve_http2_memory *m);

#endif
