/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a segment is what the site sealed: its proof (C2SP tlog-proof) and its
 * entry, as doc/evidence.5 writes them. Pure: no page, no network, no clock. What
 * does not hold throws Refused, whose message is the reason in words for the viewer.
 */
import {fromBase64, fromUtf8, hex, need, sameBytes, toInteger} from "./bytes.js";
import {parseEntry} from "./entry.js";
import {openCheckpoint} from "./note.js";
import {leafHash, rootOf} from "./tree.js";

export const PROOF_MAX_BYTES = 16384 + 8192;
const ENTRY_MAX_BYTES = 1024;
const PATH_MAX = 64;
const HASH_BYTES = 32;
const SIZE_MAX = 1n << 56n;

/* Entries */

/* The bytes of a segment/v1 entry -> its fields as parseEntry's, but start as it is written and startMs, clock and clockError, hashes in hex. */
export function parseSegmentEntry(bytes) {
	const why = "the proof's entry is not one of a segment";

	need(bytes.length <= ENTRY_MAX_BYTES, why);
	const e = parseEntry(fromUtf8(bytes, why));

	need(e?.kind === "segment", why);
	return {...e, start: new Date(e.start).toISOString(), startMs: e.start, clock: e.clock.source, clockError: e.clock.errorMs};
}

/* Proofs */

/* Bytes of a .tlog-proof -> {entry, index, path, checkpoint}, the checkpoint as bytes. */
export function parseProof(bytes) {
	need(bytes.length <= PROOF_MAX_BYTES, "the proof is too long");
	let at = 0;
	const line = (why) => {
		const end = bytes.indexOf(0x0a, at);

		need(end >= 0, why);
		const text = fromUtf8(bytes.subarray(at, end), why);

		at = end + 1;
		return text;
	};
	const value = (field, why) => {
		const text = line(why);

		need(text.startsWith(field), why);
		return text.slice(field.length);
	};

	need(line("this is not a proof") === "c2sp.org/tlog-proof@v1", "this is not a proof");
	const entryWhy = "the proof's entry is missing or malformed";
	const entry = fromBase64(value("extra ", entryWhy), entryWhy);
	const indexWhy = "the proof's index is missing or malformed";
	const index = toInteger(value("index ", indexWhy), SIZE_MAX - 1n, indexWhy);
	const pathWhy = "a hash of the proof is malformed, or the empty line after them is missing";
	const path = [];

	need(entry.length > 0 && entry.length <= ENTRY_MAX_BYTES, entryWhy);
	for (let text = line(pathWhy); text !== ""; text = line(pathWhy)) {
		const h = fromBase64(text, pathWhy);

		need(h.length === HASH_BYTES && path.length < PATH_MAX, pathWhy);
		path.push(h);
	}
	return {entry, index, path, checkpoint: bytes.subarray(at)};
}

/* Bytes of a consistency proof, hashes in base64 on lines of their own -> the hashes. */
export function parseConsistency(bytes) {
	const why = "is not a consistency proof", lines = fromUtf8(bytes, why).split("\n");

	need(lines.pop() === "" && lines.length <= PATH_MAX, why);
	return lines.map((text) => {
		const h = fromBase64(text, why);

		need(h.length === HASH_BYTES, why);
		return h;
	});
}

/* That the proof's entry is in a log that the key signs. -> {leaf (hex), checkpoint}; throws Refused. */
async function openProof(proof, key) {
	const checkpoint = await openCheckpoint(proof.checkpoint, key);
	const leaf = leafHash(proof.entry);
	const root = rootOf(leaf, proof.index, checkpoint.size, proof.path);

	need(root && sameBytes(root, checkpoint.root), "its entry is not in the log that the checkpoint signs");
	return {leaf: hex(leaf), checkpoint};
}

/*
 * The whole check of one segment. played: {camera, rendition, number} as the
 * page asked for it, media and init the hashes (hex) of the bytes that came.
 * -> {entry, leaf (hex), checkpoint}; throws Refused.
 */
export async function verifySegment(proofBytes, key, played) {
	const proof = parseProof(proofBytes);
	const entry = parseSegmentEntry(proof.entry);

	need(entry.camera === played.camera && entry.rendition === played.rendition && entry.number === played.number,
		`its proof is that of ${entry.camera} ${entry.rendition} ${entry.number}`);
	const proved = await openProof(proof, key);

	need(entry.media === played.media, "bytes differ from the signed hash");
	need(entry.init === played.init, "its init segment differs from the signed hash");
	return {entry, ...proved};
}
