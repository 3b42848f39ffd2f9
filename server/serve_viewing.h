/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_VIEWING_H
#define SERVER_SERVE_VIEWING_H
/* What viewers are given of cameras, for the log's watch/v1 entries: gathered for each of them, and told to the parent. */
#include "server/serve.h"

struct serve_camera;
struct serve_peer;

/* So many bytes of that segment go out to him. */
void serve_viewing_note(struct serve *s, const struct serve_peer *to, unsigned user, enum msg_viewing_by by, const struct serve_camera *c,
                        unsigned rendition, uint64_t number, uint64_t bytes);
/* Each second: the parent hears of what was gathered. */
void serve_viewing_tell(struct serve *s);

#endif
