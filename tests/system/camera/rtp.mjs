/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTP and RTCP as a camera sends them (RFC 3550, 6184, 7798, 3640), and what a receiver answers. */
const PAYLOAD_MAX = 1400;

/* RFC 6184 5.6, 5.8: whole, or in FU-As. */
export function h264(nal) {
	const out = [];

	if (nal.length <= PAYLOAD_MAX)
		return [nal];
	for (let i = 1; i < nal.length; i += PAYLOAD_MAX - 2) {
		const part = nal.subarray(i, i + PAYLOAD_MAX - 2);
		const first = i === 1, last = i + part.length === nal.length;

		out.push(Buffer.concat([Buffer.from([nal[0] & 0xe0 | 28, (first ? 0x80 : 0) | (last ? 0x40 : 0) | nal[0] & 31]), part]));
	}
	return out;
}

/* RFC 7798 4.4.1, 4.4.3 */
function h265(nal) {
	const out = [];

	if (nal.length <= PAYLOAD_MAX)
		return [nal];
	for (let i = 2; i < nal.length; i += PAYLOAD_MAX - 3) {
		const part = nal.subarray(i, i + PAYLOAD_MAX - 3);
		const first = i === 2, last = i + part.length === nal.length;

		out.push(Buffer.concat([Buffer.from([nal[0] & 0x81 | 49 << 1, nal[1], (first ? 0x80 : 0) | (last ? 0x40 : 0) | nal[0] >> 1 & 63]), part]));
	}
	return out;
}

/* RFC 3640 3.3.6: one frame behind one AU header of 13 and 3 bits. */
function aac(frame) {
	return [Buffer.concat([Buffer.from([0, 16, frame.length >> 5, frame.length << 3 & 0xff]), frame])];
}

/* The payloads of picture or frame i; a picture's parameter sets are in it as the file has them. */
export function payloads(m, i) {
	if (m.pictures)
		return m.pictures[i].nals.flatMap(m.codec === "h264" ? h264 : h265);
	return m.codec === "aac" ? aac(m.frames[i]) : [m.frames[i]];
}

export function rtpPacket({pt, marker, seq, time, ssrc}, payload) {
	const head = Buffer.alloc(12);

	head[0] = 0x80;
	head[1] = (marker ? 0x80 : 0) | pt;
	head.writeUInt16BE(seq & 0xffff, 2);
	head.writeUInt32BE(time >>> 0, 4);
	head.writeUInt32BE(ssrc >>> 0, 8);
	return Buffer.concat([head, payload]);
}

/* RFC 3550 6.4.1, with an empty-handed CNAME behind it (6.5.1). unixMs: the camera's clock at that RTP time. */
export function senderReport({ssrc, unixMs, time, packets, octets}) {
	const b = Buffer.alloc(28 + 16);
	const seconds = Math.floor(unixMs / 1000);

	b.writeUInt32BE(0x80c80006, 0);
	b.writeUInt32BE(ssrc >>> 0, 4);
	b.writeUInt32BE((seconds + 2208988800) % 2 ** 32, 8);
	b.writeUInt32BE(Math.floor((unixMs - seconds * 1000) / 1000 * 2 ** 32) % 2 ** 32, 12);
	b.writeUInt32BE(time >>> 0, 16);
	b.writeUInt32BE(packets >>> 0, 20);
	b.writeUInt32BE(octets >>> 0, 24);
	b.writeUInt32BE(0x81ca0003, 28);
	b.writeUInt32BE(ssrc >>> 0, 32);
	b[36] = 1;
	b[37] = 3;
	b.write("cam", 38, "latin1");
	return b;
}

/* RFC 3550 6.6, for whoever forges one: the reason's length is what is claimed. */
export function bye(ssrc, {count = 1, reasonLength} = {}) {
	const b = Buffer.alloc(reasonLength === undefined ? 8 : 12);

	b[0] = 0x80 | count;
	b[1] = 203;
	b.writeUInt16BE(b.length / 4 - 1, 2);
	b.writeUInt32BE(ssrc >>> 0, 4);
	if (reasonLength !== undefined)
		b[8] = reasonLength;
	return b;
}

/* What a receiver's compound packet holds: ["RR", "SDES", "PLI", "FIR", …], with the loss it reports. */
export function readRtcp(bytes) {
	const kinds = [];
	let lost = null, fraction = null;

	for (let i = 0; i + 4 <= bytes.length; i += 4 + bytes.readUInt16BE(i + 2) * 4) {
		const count = bytes[i] & 31, type = bytes[i + 1];
		const name = {200: "SR", 201: "RR", 202: "SDES", 203: "BYE", 204: "APP"}[type] ??
			(type === 206 ? {1: "PLI", 4: "FIR"}[count] : undefined) ?? `${type}/${count}`;

		kinds.push(name);
		if (name === "RR" && count && i + 32 <= bytes.length) {
			fraction = bytes[i + 12] / 256;
			lost = bytes.readIntBE(i + 13, 3);
		}
	}
	return {kinds, lost, fraction};
}
