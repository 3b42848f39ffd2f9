/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a scripted camera shows: files that ffmpeg made, read into access units. Everything is in memory; the files are small. */
import {readFileSync} from "node:fs";

/* The NAL units of an Annex B file, start codes and the zeros before them gone. */
export function nalUnits(bytes) {
	const starts = [];
	const units = [];

	for (let i = bytes.indexOf("\0\0\x01", 0, "latin1"); i >= 0; i = bytes.indexOf("\0\0\x01", i + 3, "latin1"))
		starts.push(i + 3);
	for (let i = 0; i < starts.length; i++) {
		let end = i + 1 < starts.length ? starts[i + 1] - 3 : bytes.length;

		while (end > starts[i] && bytes[end - 1] === 0)
			end--;
		if (end > starts[i])
			units.push(bytes.subarray(starts[i], end));
	}
	return units;
}

const H264 = {type: (n) => n[0] & 31, delimiter: 9, sets: new Map([[7, "sps"], [8, "pps"]]), key: (t) => t === 5};
const H265 = {type: (n) => n[0] >> 1 & 63, delimiter: 35, sets: new Map([[32, "vps"], [33, "sps"], [34, "pps"]]), key: (t) => t >= 16 && t <= 21};

/* A file whose pictures begin with access unit delimiters. {codec, rate, pictures: [{nals, key}], sets: {vps, sps, pps}} */
function video(codec, kind, file) {
	const pictures = [];
	const sets = {};

	for (const nal of nalUnits(readFileSync(file))) {
		const type = kind.type(nal);

		if (type === kind.delimiter) {
			pictures.push({nals: [], key: false});
			continue;
		}
		if (kind.sets.has(type))
			sets[kind.sets.get(type)] ??= nal;
		pictures.at(-1).nals.push(nal);
		pictures.at(-1).key ||= kind.key(type);
	}
	return {codec, rate: 90000, pictures, sets};
}

/* ISO/IEC 13818-7 6.2: frames of 1024 samples behind headers of 7 bytes. */
function aac(file) {
	const bytes = readFileSync(file);
	const frames = [];
	const rates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
	const index = bytes[2] >> 2 & 15;
	const channels = (bytes[2] & 1) << 2 | bytes[3] >> 6;

	for (let i = 0; i + 7 <= bytes.length;) {
		const n = (bytes[i + 3] & 3) << 11 | bytes[i + 4] << 3 | bytes[i + 5] >> 5;

		frames.push(bytes.subarray(i + 7, i + n));
		i += n;
	}
	return {codec: "aac", rate: rates[index], channels, samples: 1024, frames,
		config: ((2 << 11) | index << 7 | channels << 3).toString(16).padStart(4, "0")};
}

/* Samples of so many bits as a camera packs them, 20 ms a packet. */
function samples(codec, rate, bits, file) {
	const bytes = readFileSync(file);
	const n = rate / 50 * bits / 8;
	const frames = [];

	for (let i = 0; i + n <= bytes.length; i += n)
		frames.push(bytes.subarray(i, i + n));
	return {codec, rate, channels: 1, samples: rate / 50, frames};
}

const readers = {
	h264: (file) => video("h264", H264, file),
	h265: (file) => video("h265", H265, file),
	aac,
	pcmu: (file) => samples("pcmu", 8000, 8, file),
	pcma: (file) => samples("pcma", 8000, 8, file),
	"g726-32": (file) => samples("g726-32", 8000, 4, file),
	l16: (file) => samples("l16", 16000, 16, file),
};
const read = new Map();

/* media("h264:clip.h264"): once read, shared by all cameras. */
export function media(name) {
	const colon = name.indexOf(":");

	if (!read.has(name))
		read.set(name, readers[name.slice(0, colon)](name.slice(colon + 1)));
	return read.get(name);
}

const base64 = (nal) => nal.toString("base64");

/* The lines of an SDP that describe the medium with this payload type (RFC 6184 8.2, 7798 7.2, 3640 4.1). */
export function describe(m, pt) {
	const rtpmap = (name) => `a=rtpmap:${pt} ${name}`;

	switch (m.codec) {
	case "h264":
		return [`m=video 0 RTP/AVP ${pt}`, rtpmap("H264/90000"),
			`a=fmtp:${pt} packetization-mode=1;profile-level-id=${m.sets.sps.subarray(1, 4).toString("hex")};` +
			`sprop-parameter-sets=${base64(m.sets.sps)},${base64(m.sets.pps)}`];
	case "h265":
		return [`m=video 0 RTP/AVP ${pt}`, rtpmap("H265/90000"),
			`a=fmtp:${pt} sprop-vps=${base64(m.sets.vps)};sprop-sps=${base64(m.sets.sps)};sprop-pps=${base64(m.sets.pps)}`];
	case "aac":
		return [`m=audio 0 RTP/AVP ${pt}`, rtpmap(`MPEG4-GENERIC/${m.rate}/${m.channels}`),
			`a=fmtp:${pt} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=${m.config}`];
	default:
		return [`m=audio 0 RTP/AVP ${pt}`, rtpmap(`${m.codec.toUpperCase()}/${m.rate}`)];
	}
}

/* The payload type that a medium has in the descriptions made here. */
export const payloadType = (m, index) => ({pcmu: 0, pcma: 8})[m.codec] ?? 96 + index;
