/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether bytes are what the site sealed: keys, entries, proofs and checkpoints
 * as doc/evidence.5 writes them (C2SP signed-note, tlog-checkpoint, tlog-proof;
 * RFC 6962 hashing), checked with WebCrypto alone. Pure: no page, no network, no
 * clock. What is not to the byte as written there throws Refused, whose message
 * is the reason in words for the viewer.
 */

import {parseEntry} from "./entry.js";

export class Refused extends Error {}

const PROOF_MAX_BYTES = 16384 + 8192;
const NOTE_MAX_BYTES = 16384;
const NOTE_SIGNATURES_MAX = 32;
const ENTRY_MAX_BYTES = 1024;
const PATH_MAX = 64;
const HASH_BYTES = 32;
const SIZE_MAX = 1n << 56n;
const ED25519 = 0x01;

const subtle = () => globalThis.crypto.subtle;
const encoder = new TextEncoder();

function need(condition, why) {
	if (!condition)
		throw new Refused(why);
}

/* Bytes and text */

export function hex(bytes) {
	return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

export function sameBytes(a, b) {
	return a.length === b.length && a.every((v, i) => v === b[i]);
}

function concat(...parts) {
	const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
	let at = 0;

	for (const p of parts) {
		out.set(p, at);
		at += p.length;
	}
	return out;
}

export async function sha256(...parts) {
	return new Uint8Array(await subtle().digest("SHA-256", parts.length === 1 ? parts[0] : concat(...parts)));
}

/* RFC 4648 section 4, padded, spare bits zero: one spelling for every value. */
function fromBase64(text, why) {
	need(/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0, why);
	const raw = atob(text);

	need(btoa(raw) === text, why);
	return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

function fromUtf8(bytes, why) {
	try {
		return new TextDecoder("utf-8", {fatal: true, ignoreBOM: true}).decode(bytes);
	} catch {
		throw new Refused(why);
	}
}

function toInteger(text, below, why) {
	need(/^(0|[1-9][0-9]{0,19})$/.test(text), why);
	const n = BigInt(text);

	need(n < below, why);
	return n;
}

/* Keys */

/* A vkey, "name+keyid+base64(type || key)" -> {vkey, name, id, raw}. */
export async function parseVkey(text) {
	const vkey = text.trim();
	const part = /^([!-*,-~]{1,128})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey);

	need(part, "this is not a key: a key looks like name+1a2b3c4d+AbCd…");
	const [, name, id, base64] = part;
	const typed = fromBase64(base64, "the key's last part is not base64");

	need(typed.length === 1 + 32 && typed[0] === ED25519, "the key is not an Ed25519 key");
	const made = (await sha256(encoder.encode(name), new Uint8Array([0x0a]), typed)).subarray(0, 4);

	need(hex(made) === id, "the key's name, id and bytes do not belong together: part of it is mistyped or cut off");
	return {vkey, name, id: made, raw: typed.slice(1)};
}

async function isSignedBy(key, text, signature) {
	const k = await subtle().importKey("raw", key.raw, {name: "Ed25519"}, false, ["verify"]);

	return subtle().verify({name: "Ed25519"}, k, signature, text);
}

/* Whether this browser has Ed25519 at all. */
export async function canVerify() {
	try {
		await subtle().generateKey({name: "Ed25519"}, false, ["sign", "verify"]);
		return true;
	} catch {
		return false;
	}
}

/* Checkpoints */

function lastEmptyLine(bytes) {
	for (let i = bytes.length - 1; i > 0; i--)
		if (bytes[i] === 0x0a && bytes[i - 1] === 0x0a)
			return i;
	return -1;
}

function parseSignature(line) {
	const why = "a signature line of the checkpoint is malformed";
	const part = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line);

	need(part, why);
	const raw = fromBase64(part[2], why);

	need(raw.length >= 5, why);
	return {name: part[1], id: raw.subarray(0, 4), signature: raw.subarray(4)};
}

function parseSignatures(text) {
	need(text.endsWith("\n"), "the checkpoint has no signature, or its last line is cut off");
	const lines = text.slice(0, -1).split("\n");

	need(lines.length <= NOTE_SIGNATURES_MAX, "the checkpoint has more than 32 signatures");
	return lines.map(parseSignature);
}

function parseCheckpointText(text) {
	const why = "the checkpoint is not origin, size and root on lines of their own";
	const lines = text.split("\n");

	need(lines.length >= 4 && lines.pop() === "" && lines.every((l) => l !== ""), why);
	const root = fromBase64(lines[2], why);

	need(/^[!-*,-~]{1,128}$/.test(lines[0]) && root.length === HASH_BYTES, why);
	return {origin: lines[0], size: toInteger(lines[1], SIZE_MAX + 1n, why), root};
}

/* Bytes of a checkpoint -> {origin, size, root}, signed by the key. */
export async function openCheckpoint(bytes, key) {
	need(bytes.length <= NOTE_MAX_BYTES, "the checkpoint is longer than 16384 bytes");
	const split = lastEmptyLine(bytes);
	const whole = fromUtf8(bytes, "the checkpoint is not UTF-8 text");

	need(split > 0, "the checkpoint has no empty line before its signatures");
	need(!/[\0-\x09\x0b-\x1f\x7f]/.test(whole), "the checkpoint has control characters");
	const text = bytes.subarray(0, split);
	const signatures = parseSignatures(fromUtf8(bytes.subarray(split + 1), "the checkpoint is not UTF-8 text"));
	const checkpoint = parseCheckpointText(fromUtf8(text, "the checkpoint is not UTF-8 text"));
	const ours = signatures.filter((s) => s.name === key.name && sameBytes(s.id, key.id));

	need(ours.length && checkpoint.origin === key.name, "the checkpoint is not signed by this site's key");
	for (const s of ours)
		need(s.signature.length === 64 && await isSignedBy(key, text, s.signature),
			"the checkpoint's signature is wrong: it was changed after it was signed");
	return checkpoint;
}

/* The tree */

export function leafHash(entry) {
	return sha256(new Uint8Array([0x00]), entry);
}

function nodeHash(left, right) {
	return sha256(new Uint8Array([0x01]), left, right);
}

/* RFC 9162 section 2.1.3.2: the root that path leads to from the leaf, or null when path and tree do not fit. */
export async function rootOf(leaf, index, size, path) {
	let fn = BigInt(index), sn = BigInt(size) - 1n, r = leaf;

	if (fn > sn)
		return null;
	for (const p of path) {
		if (sn === 0n)
			return null;
		if (fn & 1n || fn === sn) {
			r = await nodeHash(p, r);
			while (!(fn & 1n) && fn !== 0n) {
				fn >>= 1n;
				sn >>= 1n;
			}
		} else {
			r = await nodeHash(r, p);
		}
		fn >>= 1n;
		sn >>= 1n;
	}
	return sn === 0n ? r : null;
}

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
	const index = toInteger(value("index ", indexWhy), SIZE_MAX, indexWhy);
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

/* That the proof's entry is in a log that the key signs. -> {leaf (hex), checkpoint}; throws Refused. */
async function openProof(proof, key) {
	const checkpoint = await openCheckpoint(proof.checkpoint, key);
	const leaf = await leafHash(proof.entry);
	const root = await rootOf(leaf, proof.index, checkpoint.size, proof.path);

	need(root && sameBytes(root, checkpoint.root), "its entry is not in the log that the checkpoint signs");
	return {leaf: hex(leaf), checkpoint};
}

/* A segment that lies alone beside its proof: media is the hash (hex) of its bytes. -> {entry, leaf (hex), checkpoint}; throws Refused. */
export async function verifyFile(proofBytes, key, media) {
	const proof = parseProof(proofBytes);
	const entry = parseSegmentEntry(proof.entry);
	const proved = await openProof(proof, key);

	need(entry.media === media, "bytes differ from the signed hash");
	return {entry, ...proved};
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
