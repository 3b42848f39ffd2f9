/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTCP_H
#define NET_RTCP_H
/*
 * RTCP (RFC 3550 6): what a camera's reports say about its own source, and the
 * receiver reports that some cameras want to see. Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/wr.h"
#include "net/rtp.h"

struct rtcp_sender {
	uint64_t ntp;                     /* 32.32 fixed point, seconds since 1900 */
	uint32_t rtp_timestamp;           /* the same moment on the media clock */
	uint32_t packets, octets;
};

/* What a compound packet said about one SSRC. */
struct rtcp_report {
	bool has_sender, bye;
	struct rtcp_sender sender;
};

/*
 * Only what concerns ssrc is kept. 0, or -EBADMSG with *why: nothing of it is then used. Behind a whole sender report of ssrc, the first
 * packet that is broken, and what follows it, is as if it were not there.
 */
int rtcp_parse(const uint8_t *p, size_t n, uint32_t ssrc, struct rtcp_report *ret, const char **why);

/* Unix time in microseconds of an NTP time; 0 for one that is not set or before 1970. */
int64_t rtcp_ntp_to_us(uint64_t ntp);

/*
 * Writes a receiver report about s and the SDES with a CNAME that a compound packet needs (6.1). last: the newest
 * sender report, NULL if none; since_us: how long ago it came. Counts what has been reported.
 */
void rtcp_write_receiver(struct wr *w, uint32_t own_ssrc, struct rtp_source *s, const struct rtcp_sender *last, int64_t since_us);

/*
 * What asks for a key frame, to stand behind a receiver report in the same compound packet: a picture loss indication
 * (RFC 4585 6.3.1), or a full intra request (RFC 5104 4.3.1), whose number is one more at each new request.
 */
void rtcp_write_pli(struct wr *w, uint32_t own_ssrc, uint32_t media_ssrc);
void rtcp_write_fir(struct wr *w, uint32_t own_ssrc, uint32_t media_ssrc, uint8_t number);

#endif
