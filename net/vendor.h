/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_VENDOR_H
#define NET_VENDOR_H
/*
 * Who probably made a camera, and on whose chip, by words in what it says: a guess for people, on which nothing
 * rests. Nothing of the camera's text is kept, only which rows of a table it matched. Pure.
 */
#include <stdbool.h>
#include <stdint.h>

#include "net/span.h"

enum vendor_sign {
	VENDOR_SERVER,                    /* Server header of an RTSP reply */
	VENDOR_REALM,                     /* of a Digest or Basic challenge */
	VENDOR_SESSION_NAME,              /* SDP s= */
	VENDOR_SESSION_INFORMATION,       /* SDP i= */
	VENDOR_TOOL,                      /* SDP a=tool */
	VENDOR_ATTRIBUTE,                 /* any other a= of an SDP */
	VENDOR_PARAMETER_SETS,            /* of an SDP: not they, but "zeros" where one ends in a zero byte */
	VENDOR_PATH,                      /* under which it was asked, and answered */
	VENDOR_SIGNS
};

enum vendor_certainty {
	VENDOR_WEAK,                      /* others do so too */
	VENDOR_LIKELY,                    /* its own way of saying it; its rebrands say it as well */
	VENDOR_SURE,                      /* its name */
};

#define VENDOR_ROWS_MAX 63

struct vendor_guess {
	uint64_t rows;                    /* bits of the table's rows; anything may stand here */
};

struct vendor_reason {
	const char *maker, *chip;         /* keys of conf/makers.txt, NULL where it does not tell; the chip is what is often behind it, no more */
	const char *name;                 /* "Hikvision, or one of its rebrands" */
	const char *by;                   /* "its session's name" */
	enum vendor_certainty certainty;  /* of the maker; of a chip it is never more than weak */
};

void vendor_see(struct vendor_guess *g, enum vendor_sign sign, struct span value);
/* The SDP of a DESCRIBE: s=, i= and a= of its first 4 KiB. */
void vendor_see_sdp(struct vendor_guess *g, struct span sdp);
/* The surest one's name, and by what: "its session's name". NULL without an idea. */
const char *vendor_name(const struct vendor_guess *g, const char **ret_by);
/* The i-th sign that was seen, the surest first, at most one of each kind. All of ret is static. False when there are no more. */
bool vendor_reason(const struct vendor_guess *g, unsigned i, struct vendor_reason *ret);

#endif
