/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_SESSION_H
#define SERVER_SERVE_SESSION_H
/*
 * Who is logged in: SHA-256 of each session's token, its user, and when it ends
 * (wall clock, us). The token itself is only in the viewer's cookie.
 */
#include <stdbool.h>
#include <stdint.h>

#define SERVE_SESSIONS_MAX 4096  /* more push out the one that ends first */

struct serve_sessions;

struct serve_sessions *serve_session_new(void);
void serve_session_free(struct serve_sessions **s);
/* 0 or -ENOMEM. The same hash again replaces what was known. */
int serve_session_add(struct serve_sessions *s, const uint8_t sha256[32], unsigned user, int64_t expires_us);
/* Whether there was one. */
bool serve_session_end(struct serve_sessions *s, const uint8_t sha256[32]);
/* The user, or -ENOENT. */
int serve_session_find(struct serve_sessions *s, const uint8_t sha256[32], int64_t now_us);

#endif
