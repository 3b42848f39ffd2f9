/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SIGN_MEDIA_H
#define SERVER_SIGN_MEDIA_H
/*
 * sign's other trade: SEI messages of ONVIF Media Signing for the workers' renditions, by a key that
 * signs nothing else. It signs no bytes that anybody gives it: of a group of pictures it is told times,
 * counts and two hashes, writes the message itself, with the camera's and the rendition's names
 * as the parent has them, and gives it back whole. So who took over a worker can have signed what he
 * encodes himself, under its camera's name, and nothing else.
 */
#include "server/msg.h"

#define SIGN_MEDIA_PER_S 2000        /* messages, for all workers together: some 5 % of a core */
#define SIGN_MEDIA_CERTIFIED 8       /* each so many groups carry the certificates as well, for who came in the middle */

struct media_key;

struct sign_media {
	struct media_key *key;           /* NULL: none was given, and nothing is signed */
	char origin[SITE_ORIGIN];
	int64_t second;
	unsigned signed_in_it;
};

/* fds: key and certificates, which stay the caller's. 0, or -errno with *why. */
int sign_media_read(struct sign_media *s, const char *origin, int key_fd, int certificates_fd, const char **why);
void sign_media_free(struct sign_media *s);
/* 0 with *ret; -ENOENT without a key, -EBUSY when it is too much in this second, -EINVAL for what makes no message, -ENOMEM. */
int sign_media_answer(struct sign_media *s, const struct msg_sei_ask *m, int64_t mono_us, struct msg_sei *ret);

#endif
