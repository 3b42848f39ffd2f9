/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTP_VIDEO_H
#define NET_RTP_VIDEO_H
/*
 * H.264 and H.265 out of RTP (RFC 6184, RFC 7798): single NAL units, aggregates
 * (STAP-A, AP) and fragments (FU-A, FU) in, access units out. The interleaved kinds
 * (STAP-B, MTAP, FU-B, PACI, anything with a DON) are dropped. Pure.
 *
 * An access unit ends where the timestamp changes, or at the marker bit once
 * that has proved true: cameras set it on parameter sets, SEI or every slice.
 * Parameter sets are taken out and kept here, those in the stream before those of
 * the session description; a further PPS with another id stays in the access unit,
 * since a track holds one of each. NAL units that hold Annex B start codes are
 * taken apart at them (they can't be right otherwise).
 *
 * Lenient in what only annoys: a fragment with its start and end bit set is a whole
 * unit, one that changes its type midway keeps the first. What is not whole is
 * dropped whole: a fragment that has no beginning or no end, and any packet missing
 * inside an access unit, cost that access unit; counted apart by whose fault it was.
 * Bounds: AU_MAX_BYTES per NAL unit and access unit, RTP_VIDEO_NALS_MAX NAL units.
 */
#include "base/buf.h"
#include "media/au.h"
#include "media/au_room.h"
#include "net/rtp.h"
#include "net/sdp.h"

#define RTP_VIDEO_NALS_MAX 512

struct rtp_video_au {
	uint32_t timestamp;
	int64_t arrival_us;               /* of its first packet */
	const uint8_t *data;              /* as struct au: each NAL unit behind its 4-byte length; borrowed for the call */
	size_t len;
	bool key;                         /* decoding may begin here: IDR; of H.265 also CRA and BLA */
};

/* Called for each whole access unit; it may read d's parameter sets, nothing else. */
typedef void rtp_video_emit(void *ctx, const struct rtp_video_au *au);

enum rtp_set { RTP_SET_VPS, RTP_SET_SPS, RTP_SET_PPS, RTP_SETS };  /* H.264 has no VPS */

struct rtp_video {
	rtp_video_emit *emit;
	void *ctx;
	const struct rtp_video_format *format;
	/* The parameter sets in force for the access unit emitted; sets counts changes, 0: none yet. */
	struct {
		uint8_t nal[SDP_SET_MAX];
		uint16_t len;             /* 0: none yet */
	} set[RTP_SETS];
	uint32_t sets;

	struct au_room own, *room;        /* room: where access units are put together, NULL for own */
	struct buf split;                 /* scratch for Annex B */
	bool open, has_slice, key, damaged, lost, marked;
	bool in_fragment;
	size_t fragment_at;               /* offset in the room of the fragmented unit's length */
	unsigned nals, proofs;            /* proofs: times that the marker was right */
	bool marker_lies;
	uint32_t timestamp, emitted_timestamp;
	int64_t arrival_us;

	uint64_t aus;                     /* emitted */
	uint64_t damaged_lost;            /* access units dropped: a packet of theirs is missing */
	uint64_t damaged_broken;          /* access units dropped: as the camera sent them they are not whole */
	uint64_t dropped_nals;            /* of a kind that does not belong here, empty, or parameter sets too large */
};

/* codec: CODEC_H264 or CODEC_H265. Allocates nothing. */
void rtp_video_init(struct rtp_video *d, enum codec codec, rtp_video_emit *emit, void *ctx);
/* Before the first packet: access units are put together in that room, which outlives d. emit's data is then what is under way there. */
void rtp_video_into(struct rtp_video *d, struct au_room *room);
void rtp_video_free(struct rtp_video *d);
/* Takes the parameter sets that the session description has. */
void rtp_video_sets(struct rtp_video *d, const struct sdp_media *m);
/* lost: packets are missing before this one. May emit none, one or two access units. */
void rtp_video_feed(struct rtp_video *d, const struct rtp_packet *p, bool lost, int64_t arrival_us);
/* The stream ends: emits the access unit under way if its last packet was marked. */
void rtp_video_end(struct rtp_video *d);

#endif
