/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtcp.h"

#include <errno.h>

#include "base/rd.h"

enum { RTCP_SR = 200, RTCP_RR = 201, RTCP_SDES = 202, RTCP_BYE = 203, RTCP_PSFB = 206 };
enum { PSFB_PLI = 1, PSFB_FIR = 4 };

#define NTP_UNIX 2208988800u          /* seconds from 1900 to 1970 */

static int bad(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

static void read_sender(struct rd *r, uint32_t ssrc, struct rtcp_report *ret)
{
	struct rtcp_sender s;
	uint32_t from = rd_u32(r);

	s.ntp = rd_u64(r);
	s.rtp_timestamp = rd_u32(r);
	s.packets = rd_u32(r);
	s.octets = rd_u32(r);
	if (r->bad || from != ssrc)
		return;
	ret->has_sender = true;
	ret->sender = s;
}

static void read_bye(struct rd *r, unsigned count, uint32_t ssrc, struct rtcp_report *ret)
{
	while (count-- && !r->bad)
		if (rd_u32(r) == ssrc && !r->bad)
			ret->bye = true;
}

/* The next packet of the compound: 0, or -EBADMSG. */
static int read_packet(struct rd *all, uint32_t ssrc, struct rtcp_report *ret, const char **why)
{
	uint8_t first = rd_u8(all), type = rd_u8(all);
	struct rd one = rd_sub(all, 4u * rd_u16(all));

	if (all->bad || first >> 6 != 2)
		return bad(why, all->bad ? "RTCP length past the end" : "RTCP version is not 2");
	if (type == RTCP_SR)
		read_sender(&one, ssrc, ret);
	else if (type == RTCP_BYE)
		read_bye(&one, first & 31, ssrc, ret);
	return one.bad ? bad(why, "RTCP counts more than it holds") : 0;
}

int rtcp_parse(const uint8_t *p, size_t n, uint32_t ssrc, struct rtcp_report *ret, const char **why)
{
	struct rtcp_report report = {0}, before = report;
	struct rd all = rd_init(p, n);

	if (n < 8)
		return bad(why, "RTCP packet too short");
	while (rd_left(&all)) {
		if (read_packet(&all, ssrc, &report, why)) {
			/* A report is whole by itself; some cameras get the lengths behind it wrong. */
			if (!before.has_sender)
				return -EBADMSG;
			report = before;
			break;
		}
		before = report;
	}
	*ret = report;
	return 0;
}

int64_t rtcp_ntp_to_us(uint64_t ntp)
{
	uint64_t seconds = ntp >> 32;

	/* Era 1 begins in 2036 (RFC 5905 6). */
	if (seconds < NTP_UNIX)
		seconds = seconds >> 31 ? 0 : seconds + (1ull << 32);
	if (ntp == 0 || seconds < NTP_UNIX)
		return 0;
	return (int64_t)((seconds - NTP_UNIX) * 1000000 + ((ntp & UINT32_MAX) * 1000000 >> 32));
}

/* RFC 3550 A.3, over what came since the last report. */
static uint8_t fraction_lost(struct rtp_source *s)
{
	uint64_t lost = s->lost - s->reported_lost, expected = s->packets - s->reported_packets + lost;

	s->reported_lost = s->lost;
	s->reported_packets = s->packets;
	return expected ? (uint8_t)(lost * 255 / expected) : 0;
}

static void write_block(struct wr *w, struct rtp_source *s, const struct rtcp_sender *last, int64_t since_us)
{
	uint64_t since = last && since_us > 0 ? (uint64_t)since_us : 0;

	if (since > 3600u * 1000000u)
		since = 3600u * 1000000u;
	wr_u32(w, s->ssrc);
	wr_u8(w, fraction_lost(s));
	wr_u24(w, s->lost > 0x7fffff ? 0x7fffff : (uint32_t)s->lost);
	wr_u32(w, s->cycles + (uint16_t)(s->next - 1));
	wr_u32(w, s->jitter_x16 >> 4);
	wr_u32(w, last ? (uint32_t)(last->ntp >> 16) : 0);
	wr_u32(w, (uint32_t)(since * 65536 / 1000000));
}

void rtcp_write_receiver(struct wr *w, uint32_t own_ssrc, struct rtp_source *s, const struct rtcp_sender *last, int64_t since_us)
{
	static const char cname[] = "casemate";

	wr_u8(w, 2 << 6 | 1);
	wr_u8(w, RTCP_RR);
	wr_u16(w, 7);
	wr_u32(w, own_ssrc);
	write_block(w, s, last, since_us);
	/* One item of 8 letters: 4 + 2 + 8 bytes, and an end that fills up to 16. */
	wr_u8(w, 2 << 6 | 1);
	wr_u8(w, RTCP_SDES);
	wr_u16(w, 4);
	wr_u32(w, own_ssrc);
	wr_u8(w, 1);
	wr_u8(w, sizeof cname - 1);
	wr_str(w, cname);
	wr_u16(w, 0);
}

void rtcp_write_pli(struct wr *w, uint32_t own_ssrc, uint32_t media_ssrc)
{
	wr_u8(w, 2 << 6 | PSFB_PLI);
	wr_u8(w, RTCP_PSFB);
	wr_u16(w, 2);
	wr_u32(w, own_ssrc);
	wr_u32(w, media_ssrc);
}

void rtcp_write_fir(struct wr *w, uint32_t own_ssrc, uint32_t media_ssrc, uint8_t number)
{
	wr_u8(w, 2 << 6 | PSFB_FIR);
	wr_u8(w, RTCP_PSFB);
	wr_u16(w, 4);
	wr_u32(w, own_ssrc);
	wr_u32(w, 0);                      /* the media stands in the entry that follows */
	wr_u32(w, media_ssrc);
	wr_u8(w, number);
	wr_u24(w, 0);
}
