/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a live HLS stream must be, one line a rule: its name, where it is written (RFC 8216 and its second edition,
 * draft-pantos-hls-rfc8216bis, whose numbering it is), and what it asks. checker.mjs holds what was seen against them.
 * Where a tolerance is needed, it stands here.
 */
export const RULES = {
	/* Any playlist. */
	syntax: ["4.1", "it is UTF-8 text of lines that are tags, comments or addresses, each tag where it may stand"],
	first: ["4.4.1.1", "EXTM3U is its first line"],
	version: ["4.4.1.2, 8", "EXT-X-VERSION is at least what its tags ask for"],
	/* A media playlist by itself. */
	target: ["4.4.3.1", "EXT-X-TARGETDURATION stands there, and no EXTINF rounds to more"],
	extinf: ["4.4.4.1", "every segment has an EXTINF"],
	map: ["4.4.4.5", "every fragmented MP4 segment has an EXT-X-MAP that applies to it"],
	date: ["4.4.4.6", "dates of successive segments differ by the first one's length, where nothing is discontinuous"],
	epoch: ["4.4.4.3, 4.4.3.3", "initialisation changes only with a discontinuity"],
	server_control: ["4.4.3.8", "HOLD-BACK is at least three targets; CAN-SKIP-UNTIL at least six"],
	part_hold_back: ["4.4.3.8", "with parts there is a PART-HOLD-BACK of at least two part targets (three: should)"],
	part_inf: ["4.4.3.7", "with parts there is an EXT-X-PART-INF"],
	part_longest: ["4.4.4.9", "no part is longer than PART-TARGET"],
	part_shortest: ["4.4.4.9", "a part has 85 % of PART-TARGET, but for a segment's last, or one before an independent part"],
	part_sum: ["4.4.4.9", "the parts of a segment are as long as it is"],
	part_order: ["6.2.2", "parts are taken from a list in the order in which they stand"],
	part_age: ["6.2.2", "parts stand only within three targets of the end"],
	preload: ["4.4.5.3", "there is at most one hint of a type, with an address"],
	reports: ["4.4.5.4", "each rendition report names another listed rendition by a relative address, with LAST-MSN, and LAST-PART where that has parts"],
	reports_all: ["4.4.5.4, B.1", "with parts, every other listed rendition is reported"],
	/* One and the next. */
	target_same: ["6.2.1", "EXT-X-TARGETDURATION never changes"],
	sequence: ["6.2.2", "EXT-X-MEDIA-SEQUENCE goes up by one for each segment that was taken from the front, and never down"],
	unchanged: ["6.2.1", "what was listed once stays as it was: address, length, date, discontinuity, gap"],
	appended: ["6.2.1", "segments and parts are added at the end only; none is lost there"],
	discontinuity_sequence: ["6.2.2", "EXT-X-DISCONTINUITY-SEQUENCE goes up by each discontinuity that was taken from the front"],
	three_targets: ["6.2.2", "no segment is taken from the front while fewer than three targets would stay"],
	kept: ["6.2.2", "a segment that was taken from the list can be had for as long again as the list is"],
	ended: ["6.2.1", "nothing follows EXT-X-ENDLIST"],
	preload_kept: ["4.4.5.3, 6.2.6", "what was hinted at becomes the next part, under that address, unless a discontinuity comes first"],
	/* Asked for by directives. */
	blocked: ["6.2.5.2", "an answer to _HLS_msn and _HLS_part has that segment and part, or what follows them"],
	too_far: ["6.2.5.2", "what lies more than two segments ahead, and a part without a segment, is 400"],
	delta: ["6.2.5.1", "an update with EXT-X-SKIP, put together with what was there before, is the whole playlist"],
	/* Media. */
	fetched: ["6.2.1", "what is listed can be had"],
	media: ["3.3", "segments are fragmented MP4, init segments too"],
	length: ["4.4.4.1", "EXTINF and DURATION are what the samples last"],
	continuous: ["4.4.4.3", "sample times go on from segment to segment where nothing is discontinuous"],
	independent: ["4.4.2.1, 4.4.4.9", "with EXT-X-INDEPENDENT-SEGMENTS, and in parts with INDEPENDENT, there is a picture that needs none before it, first in a segment"],
	concatenated: ["4.4.4.9", "the parts of a segment, one behind the other, are its bytes"],
	gap: ["4.4.4.7", "a gap is not media that is there"],
	/* The multivariant playlist, and all renditions together. */
	stream_inf: ["4.4.6.2", "each variant has BANDWIDTH and CODECS, and RESOLUTION with pictures"],
	media_group: ["4.4.6.1", "each group that a variant names is there, each member complete, DEFAULT only with AUTOSELECT"],
	codecs: ["4.4.6.2", "CODECS names the format of every track of a variant"],
	resolution: ["4.4.6.2", "RESOLUTION is the pictures'"],
	frame_rate: ["4.4.6.2", "FRAME-RATE is not below the most that a segment has"],
	bandwidth: ["4.4.6.2", "no run of segments of half to one and a half targets needs more than BANDWIDTH"],
	same_target: ["6.2.4", "all have the same EXT-X-TARGETDURATION"],
	aligned: ["6.2.4", "matching content has matching timestamps: what has the same date has the same sample time"],
	same_epochs: ["6.2.4", "what has the same number has the same count of discontinuities"],
};

export const LIMITS = {
	date_s: 1,                 // between a date and where the one before says that it should be: in an epoch's first seconds times of capture follow arrivals
	length_s: 0.002,           // EXTINF and samples
	continuous_s: 0.002,
	aligned_s: 0.06,           // between the sample times of one date
	frame_rate: 1.02,
	bandwidth: 1.0,
};

/* What a tag, or one of its attributes, asks of EXT-X-VERSION (8). */
export const VERSIONS = {
	"EXT-X-BYTERANGE": 4, "EXT-X-I-FRAMES-ONLY": 4, "EXT-X-MAP": 6, "EXT-X-DEFINE": 8, "EXT-X-SKIP": 9,
};
export const VERSION_DECIMAL = 3;  // EXTINF that is no whole number
