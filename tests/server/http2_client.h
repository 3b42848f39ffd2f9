/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_HTTP2_CLIENT_H
#define TESTS_SERVER_HTTP2_CLIENT_H
/*
 * A client by HTTP/2 in the world of http2_world.h, that can say what no good client would: frames are put together here,
 * byte by byte. What fails fails the test.
 */
#include "base/wr.h"
#include "tests/server/http2_world.h"

#define CLIENT_OPEN NGHTTP2_FLAG_END_HEADERS               /* more of the request is to come */
#define CLIENT_WHOLE (NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM)

/* A world, and a client who has sent his preface; and their end. */
void client_begin(void);
void client_end(void);

/* Frames, which go out together with client_send. */
void client_add(uint8_t type, uint8_t flags, uint32_t stream, const void *p, size_t n);
void client_add_u32(uint8_t type, uint32_t stream, uint32_t n);
void client_set_window(uint32_t n);
/* Of HPACK's table, to be sent before the next request: then no answer is read that does not begin by saying a smaller one (RFC 7541 4.2). */
void client_set_table(uint32_t n);
void client_ask(uint32_t stream, const char *path);
/* A head that is so much longer than it has to be. */
void client_ask_at_length(uint32_t stream, const char *method, const char *path, size_t longer, uint8_t flags);
void client_send(void);
/* HPACK, never indexed (RFC 7541 6.2.3): a value of at most 16000 bytes. */
void client_field(struct wr *w, const char *name, const char *value, size_t n);

/* What the server said since it was asked for last, in sum. */
struct client_heard {
	unsigned answers, resets, goaways, acks;
	unsigned status, fields, error;      /* of the last answer; of the last reset or goaway */
	uint32_t stream;                     /* of the last answer or reset */
	size_t bytes;                        /* of bodies */
};

struct client_heard client_hear(void);
/* It has ended the connection, and said why; or it has not. */
void client_expect_calm(const char *what);
void client_expect_borne(const char *what);

#endif
