/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SHARE_ID_H
#define SERVER_SHARE_ID_H
/* What a share link's viewer is called: "share-" and six of a-z and 2-7. No user of a site file has such a name. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/msg.h"

#define SHARE_PREFIX "share-"

/* From 30 random bits. */
void share_id(uint32_t random, char out[MSG_SHARE_ID]);
bool share_is_id(const char *s, size_t n);

#endif
