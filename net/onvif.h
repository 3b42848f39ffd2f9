/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_ONVIF_H
#define NET_ONVIF_H
/*
 * Asks a camera for a key frame by ONVIF's SetSynchronizationPoint (Media Service
 * Specification 5.12), for those that heed no RTCP feedback. Pure: requests out, replies in;
 * each request wants a connection of its own, made by whoever may.
 *
 *   GetSystemDateAndTime (nobody needs to log in), since a camera whose clock is wrong
 *   refuses every other request; GetCapabilities and GetProfiles, once; SetSynchronizationPoint.
 *
 * Credentials: WS-Security's UsernameToken with PasswordDigest (it is made with SHA-1, so only where
 * MD5 is allowed too), and HTTP Digest where that is asked for. The password itself is never sent.
 * Of what a camera says its clock, the path of its media service and a profile's token are kept, each
 * checked; hosts and ports that it names are not looked at.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/digest.h"

#define ONVIF_REPLY_MAX (64u << 10)   /* head and body, bytes */
#define ONVIF_REQUEST_MAX (16u << 10)
#define ONVIF_PATH_MAX 512
#define ONVIF_TOKEN_MAX 64
#define ONVIF_REPLY_S 10              /* the longest wait that makes sense, connecting included */

enum onvif_step { ONVIF_CLOCK, ONVIF_SERVICES, ONVIF_PROFILES, ONVIF_SYNC };

struct onvif_config {
	const char *host, *path;          /* of the device service: "192.0.2.11:80", "/onvif/device_service"; borrowed for the engine's life */
	const char *user, *password;      /* NULL if none; borrowed likewise */
	bool allow_md5;
};

struct onvif {
	struct onvif_config config;
	enum onvif_step step;
	int64_t offset_us;                /* the camera's clock less ours */
	char media[ONVIF_PATH_MAX + 1], token[ONVIF_TOKEN_MAX + 1];
	bool known;                       /* media and token are from the camera: the next round is only CLOCK and SYNC */
	struct digest_challenge challenge;
	bool has_challenge, answered;     /* answered: this step's request carried an answer already */
	unsigned challenges;              /* that were answered in this step */
	uint32_t nonce_count;
};

enum onvif_result {
	ONVIF_MORE,                       /* the reply is not whole */
	ONVIF_NEXT,                       /* a further request is to be made, on a new connection */
	ONVIF_DONE,                       /* the camera said yes; onvif_request begins a new round */
	ONVIF_FAILED                      /* likewise, and *why is a static text */
};

void onvif_init(struct onvif *o, const struct onvif_config *config);
/* Appends the next request to out (max at least ONVIF_REQUEST_MAX). random is fresh. 0, -ENOBUFS, -EINVAL (a text that can't be sent), -EIO. */
int onvif_request(struct onvif *o, int64_t wall_us, const uint8_t random[16], struct buf *out);
/* All bytes of the reply so far, at most ONVIF_REPLY_MAX; closed: no more will come. */
enum onvif_result onvif_reply(struct onvif *o, const uint8_t *p, size_t n, bool closed, int64_t wall_us, const char **why);

#endif
