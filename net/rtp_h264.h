/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTP_H264_H
#define NET_RTP_H264_H
/*
 * H.264 out of RTP (RFC 6184): single NAL units, STAP-A and FU-A in, access
 * units out. The interleaved kinds (STAP-B, MTAP, FU-B) are dropped. Pure.
 *
 * An access unit ends where the timestamp changes, or at the marker bit once
 * that has proved true: cameras set it on parameter sets, SEI or every slice.
 * SPS and PPS are taken out and kept here; a further PPS with another id stays
 * in the access unit, since a track holds one of each. NAL units that hold Annex B
 * start codes are taken apart at them (they can't be right otherwise).
 *
 * What is not whole is dropped whole: a fragment that has no beginning, has both
 * its start and end bit set, or changes its type midway, and any packet missing
 * inside an access unit, cost that access unit. Bounds: AU_MAX_BYTES per
 * NAL unit and access unit, RTP_H264_NALS_MAX NAL units.
 */
#include "base/buf.h"
#include "net/rtp.h"
#include "net/sdp.h"

#define RTP_H264_NALS_MAX 512

struct rtp_h264_au {
	uint32_t timestamp;
	int64_t arrival_us;               /* of its first packet */
	const uint8_t *data;              /* as struct au: each NAL unit behind its 4-byte length; borrowed for the call */
	size_t len;
	bool idr;
};

/* Called for each whole access unit; it may read d's parameter sets, nothing else. */
typedef void rtp_h264_emit(void *ctx, const struct rtp_h264_au *au);

struct rtp_h264 {
	rtp_h264_emit *emit;
	void *ctx;
	/* The parameter sets in force for the access unit emitted; sets counts changes, 0: none yet. */
	uint8_t sps[SDP_SET_MAX], pps[SDP_SET_MAX];
	uint16_t sps_len, pps_len;
	uint32_t sets;

	struct buf au, split;             /* under way; scratch for Annex B */
	bool open, has_slice, idr, damaged, marked;
	bool in_fragment;
	uint8_t fragment_type;
	size_t fragment_at;               /* offset in au of the fragmented unit's length */
	unsigned nals, proofs;            /* proofs: times that the marker was right */
	bool marker_lies;
	uint32_t timestamp, emitted_timestamp;
	int64_t arrival_us;

	uint64_t aus, damaged_aus;        /* emitted; dropped */
	uint64_t dropped_nals;            /* of a kind that does not belong here, empty, or parameter sets too large */
};

void rtp_h264_init(struct rtp_h264 *d, rtp_h264_emit *emit, void *ctx);
void rtp_h264_free(struct rtp_h264 *d);
/* Parameter sets of the session description; either may be empty. */
void rtp_h264_sets(struct rtp_h264 *d, const uint8_t *sps, size_t nsps, const uint8_t *pps, size_t npps);
/* lost: packets are missing before this one. May emit none, one or two access units. */
void rtp_h264_feed(struct rtp_h264 *d, const struct rtp_packet *p, bool lost, int64_t arrival_us);
/* The stream ends: emits the access unit under way if its last packet was marked. */
void rtp_h264_end(struct rtp_h264 *d);

#endif
