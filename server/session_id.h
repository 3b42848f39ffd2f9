/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SESSION_ID_H
#define SERVER_SESSION_ID_H
/* What a session is called where it is listed and ended: the beginning of the hash of its token, which opens nothing. */
#include "base/text.h"

#define SESSION_ID_BYTES 8
#define SESSION_ID (2 * SESSION_ID_BYTES + 1)   /* with NUL */

static inline void session_id(const uint8_t token_sha256[32], char out[SESSION_ID]) { hex_encode(token_sha256, SESSION_ID_BYTES, out); }

#endif
