/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_EXPORT_H
#define SERVER_SERVE_EXPORT_H
/*
 * POST /export: a clip as one ZIP file, which store makes while the viewer takes it. The
 * form has camera, from and to (2026-11-22T15:30:00Z); rendition and audio=no if wished.
 * The next piece is asked for when the last one is with the viewer, so a slow viewer
 * costs one piece; and then it is asked again whether he may have it: a user who is gone or has
 * another password, a session that is over, a camera that is not offered any more end it.
 */
#include <stdint.h>

#include "net/http.h"
#include "server/msg.h"
#include "server/serve_exchange.h"

struct serve_export;

/* Answers, or waits; the exchange has been told of its viewer, who has the right to exports. */
void serve_export_answer(struct serve_exchange *x, const struct http_request *r, const struct serve_viewer *v);
/* As serve_exchange_more: all that was given so far is out, and more is asked for unless it is there. */
enum serve_more_state serve_export_more(struct serve_exchange *x, struct serve_more *ret);
/* Nobody wants more of it; store is told. Nothing when there is none. */
void serve_export_end(struct serve_exchange *x);
/* store's answer; fd is -1 for none and stays the caller's. 0 or -EBADMSG with *why. */
int serve_export_piece(struct serve *s, const struct msg_clip_piece *m, int fd, const char **why);
/* There is no store any more: what is under way ends. */
void serve_export_lost(struct serve *s);

#endif
