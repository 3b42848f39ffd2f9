/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of ISO/IEC 14496-12 as says what a CMAF track holds and when. Only boxes that we write are known; a file that does not
 * fit throws. Pure: bytes in, an object out.
 */
const HEVC_IRAP = [16, 21], AVC_IDR = 5;

function* boxes(b, from = 0, to = b.length) {
	while (from < to) {
		const size = from + 8 <= to ? b.readUInt32BE(from) : 0;

		if (size < 8 || from + size > to)
			throw new Error(`a box of ${size} bytes at ${from}, with ${to - from} left`);
		yield {type: b.toString("latin1", from + 4, from + 8), at: from, from: from + 8, to: from + size};
		from += size;
	}
}

function find(b, box, ...path) {
	for (const type of path) {
		box = [...boxes(b, box?.from ?? 0, box?.to ?? b.length)].find((x) => x.type === type);
		if (!box)
			throw new Error(`no ${path.join("/")}`);
	}
	return box;
}

const has = (b, from, to, type) => [...boxes(b, from, to)].find((x) => x.type === type);

function video(b, entry) {
	const config = {codec: entry.type, width: b.readUInt16BE(entry.from + 24), height: b.readUInt16BE(entry.from + 26)};
	const avc = has(b, entry.from + 78, entry.to, "avcC");
	const hevc = has(b, entry.from + 78, entry.to, "hvcC");

	if (avc)
		return {...config, codecs: `${entry.type}.${b.toString("hex", avc.from + 1, avc.from + 4)}`, nal: "avc"};
	if (hevc)
		return {...config, codecs: entry.type, nal: "hevc"};
	throw new Error(`${entry.type} without its configuration`);
}

/* {kind, timescale, codecs (H.265: only its beginning), width, height, nal} of an init segment with one track. */
export function init(b) {
	const mdia = find(b, null, "moov", "trak", "mdia");
	const mdhd = find(b, mdia, "mdhd");
	const stsd = find(b, mdia, "minf", "stbl", "stsd");
	const [entry] = boxes(b, stsd.from + 8, stsd.to);
	const kind = b.toString("latin1", find(b, mdia, "hdlr").from + 8, find(b, mdia, "hdlr").from + 12);
	const timescale = b.readUInt32BE(mdhd.from + (b[mdhd.from] === 1 ? 20 : 12));
	const mp4a = entry.type === "mp4a" ? "mp4a.40" : {Opus: "opus", fLaC: "flac", alaw: "alaw", ulaw: "ulaw"}[entry.type] ?? entry.type;

	if (!timescale)
		throw new Error("a timescale of 0");
	return {kind, timescale, ...(kind === "vide" ? video(b, entry) : {codecs: mp4a})};
}

/* Whether the first slice of a sample is of a picture that needs none before it. */
function isIntra(b, from, to, nal) {
	while (from + 5 <= to) {
		const n = b.readUInt32BE(from);
		const type = nal === "avc" ? b[from + 4] & 31 : b[from + 4] >> 1 & 63;

		if (nal === "avc" ? type === 1 || type === AVC_IDR : type < 32)
			return nal === "avc" ? type === AVC_IDR : type >= HEVC_IRAP[0] && type <= HEVC_IRAP[1];
		from += 4 + n;
	}
	return false;
}

function defaults(b, tfhd) {
	const flags = b.readUIntBE(tfhd.from + 1, 3);
	let at = tfhd.from + 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0);
	const field = (bit) => (flags & bit ? b.readUInt32BE((at += 4) - 4) : 0);

	return {duration: field(8), size: field(16), flags: field(32)};
}

/* The samples of one trun: [{duration, size, sync}]. */
function run(b, trun, from) {
	const flags = b.readUIntBE(trun.from + 1, 3), n = b.readUInt32BE(trun.from + 4);
	let at = trun.from + 8 + (flags & 1 ? 4 : 0);
	const first = flags & 4 ? b.readUInt32BE((at += 4) - 4) : null;

	return Array.from({length: n}, (_, i) => {
		const field = (bit, other) => (flags & bit ? b.readUInt32BE((at += 4) - 4) : other);
		const sample = {duration: field(0x100, from.duration), size: field(0x200, from.size)};
		const f = field(0x400, i === 0 && first !== null ? first : from.flags);

		field(0x800, 0);
		return {...sample, sync: !(f & 0x10000)};
	});
}

/*
 * [{time, duration, samples, intra}] of the chunks (moof, mdat) of a segment or part, in ticks. intra: for each sample, whether both the
 * container and the coded picture say that it needs none before it.
 */
export function chunks(b, track) {
	const list = [];
	let moof = null;

	for (const box of boxes(b)) {
		if (box.type === "moof") {
			const traf = find(b, box, "traf");
			const tfdt = find(b, traf, "tfdt");
			const samples = run(b, find(b, traf, "trun"), defaults(b, find(b, traf, "tfhd")));

			moof = {time: b[tfdt.from] === 1 ? Number(b.readBigUInt64BE(tfdt.from + 4)) : b.readUInt32BE(tfdt.from + 4), samples,
				duration: samples.reduce((sum, s) => sum + s.duration, 0)};
		} else if (box.type === "mdat" && moof) {
			let at = box.from;

			moof.intra = moof.samples.map((s) => (at += s.size, s.sync && (!track.nal || isIntra(b, at - s.size, at, track.nal))));
			if (at !== box.to)
				throw new Error(`samples of ${at - box.from} bytes in an mdat of ${box.to - box.from}`);
			list.push(moof);
			moof = null;
		}
	}
	if (moof || !list.length)
		throw new Error("no moof with its mdat");
	return list;
}
