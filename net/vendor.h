/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_VENDOR_H
#define NET_VENDOR_H
/*
 * Who probably made a camera, by words in what it says: a guess for people, on which nothing
 * rests. Nothing of the camera's text is kept. Pure.
 */
#include <stdint.h>

#include "net/span.h"

enum vendor_sign {
	VENDOR_SERVER,                    /* Server header of an RTSP reply */
	VENDOR_REALM,                     /* of a Digest or Basic challenge */
	VENDOR_SESSION_NAME,              /* SDP s= */
	VENDOR_SESSION_INFORMATION,       /* SDP i= */
	VENDOR_TOOL,                      /* SDP a=tool */
	VENDOR_SIGNS
};

struct vendor_guess {
	uint8_t row;                      /* of the table, 0: no idea */
};

/* The surest sign so far stays. */
void vendor_see(struct vendor_guess *g, enum vendor_sign sign, struct span value);
/* The SDP of a DESCRIBE: s=, i= and a=tool of its first 4 KiB. */
void vendor_see_sdp(struct vendor_guess *g, struct span sdp);
/* "Hikvision, or one of its rebrands", and by what: "its session name". NULL without an idea. */
const char *vendor_name(const struct vendor_guess *g, const char **ret_by);

#endif
