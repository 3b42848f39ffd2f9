/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys, signed notes and checkpoints (C2SP signed-note, tlog-checkpoint;
 * doc/evidence.5), checked with WebCrypto alone. What is malformed throws Refused.
 */
import {Refused, concat, fromBase64, fromUtf8, hex, need, sameBytes, sha256, toInteger, toUtf8} from "./bytes.js";

const NOTE_MAX_BYTES = 16384;
const NOTE_SIGNATURES_MAX = 32;
const HASH_BYTES = 32;
const SIZE_MAX = 1n << 56n;
const ED25519 = 0x01, ECDSA = 0x02, COSIGNATURE = 0x04;
/* SubjectPublicKeyInfo of a P-256 key, as far as its point: one spelling for each key. */
const P256 = [0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
	0x07, 0x03, 0x42, 0x00, 0x04];
const P256_BYTES = P256.length + 64;
const NAME = "[!-*,-~]{1,128}";

const subtle = () => globalThis.crypto.subtle;

/* Keys */

function isKey(type, raw) {
	if (type === ECDSA)
		return raw.length === P256_BYTES && sameBytes(raw.subarray(0, P256.length), P256);
	return (type === ED25519 || type === COSIGNATURE) && raw.length === 32;
}

/* signed-note: an ECDSA key's id has no name in it. */
function keyId(name, typed) {
	return typed[0] === ECDSA ? sha256(typed.subarray(1)) : sha256(toUtf8(`${name}\n`), typed);
}

const importP256 = (raw) => subtle().importKey("spki", raw, {name: "ECDSA", namedCurve: "P-256"}, false, ["verify"]);

async function readVkey(vkey, types) {
	const part = new RegExp(`^(${NAME})\\+([0-9a-f]{8})\\+([A-Za-z0-9+/=]+)$`).exec(vkey);

	need(part, "this is not a key: a key looks like name+1a2b3c4d+AbCd…");
	const [, name, id, base64] = part;
	const typed = fromBase64(base64, "the key's last part is not base64");
	const type = typed[0], raw = typed.slice(1);

	need(types.includes(type) && isKey(type, raw),
		types.includes(COSIGNATURE) ? "the key is not that of a witness" : "the key is not an Ed25519 key, nor one of ECDSA over P-256");
	const imported = type === ECDSA ? await importP256(raw).catch(() => null) : undefined;

	need(imported !== null, "the key is not a point of the curve P-256");
	const made = (await keyId(name, typed)).subarray(0, 4);

	need(hex(made) === id, "the key's name, id and bytes do not belong together: part of it is mistyped or cut off");
	return {vkey, name, type, id: made, raw, imported};
}

/* Whether it is a token's: such a key signs key notes only. */
export const isTokens = (key) => key.type === ECDSA;

/* A log's vkey, "name+keyid+base64(type || key)" -> {vkey, name, type, id, raw}. */
export function parseVkey(text) {
	return readVkey(text.trim(), [ED25519, ECDSA]);
}

/* The same of a witness. */
export function parseWitnessVkey(text) {
	return readVkey(text.trim(), [COSIGNATURE]);
}

/* ECDSA-Sig-Value (RFC 3279 2.2.3) as WebCrypto has it, r and s of 32 bytes; null when it is not in DER. */
function ecdsaSignature(der) {
	const out = new Uint8Array(64);
	let at = 2;

	if (der.length < 8 || der[0] !== 0x30 || der[1] !== der.length - 2)
		return null;
	for (const to of [32, 64]) {
		const n = der[at + 1], number = der.subarray(at + 2, at + 2 + n);

		if (der[at] !== 0x02 || !(n >= 1) || number.length !== n || number[0] & 0x80 || (n > 1 && number[0] === 0 && !(number[1] & 0x80)))
			return null;
		const digits = number[0] === 0 ? number.subarray(1) : number;

		if (digits.length > 32)
			return null;
		out.set(digits, to - digits.length);
		at += 2 + n;
	}
	return at === der.length ? out : null;
}

async function isSignedBy(key, bytes, signature) {
	if (key.type === ECDSA) {
		const raw = ecdsaSignature(signature);

		return raw !== null && subtle().verify({name: "ECDSA", hash: "SHA-256"}, key.imported, raw, bytes);
	}
	if (signature.length !== 64)
		return false;
	key.imported ??= subtle().importKey("raw", key.raw, {name: "Ed25519"}, false, ["verify"]);
	return subtle().verify({name: "Ed25519"}, await key.imported, signature, bytes);
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

/* Notes */

function lastEmptyLine(bytes) {
	for (let i = bytes.length - 1; i > 0; i--)
		if (bytes[i] === 0x0a && bytes[i - 1] === 0x0a)
			return i;
	return -1;
}

function parseSignature(line, what) {
	const why = `a signature line of the ${what} is malformed`;
	const part = /^\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)$/u.exec(line);

	need(part, why);
	const raw = fromBase64(part[2], why);

	need(raw.length >= 5, why);
	return {name: part[1], id: raw.subarray(0, 4), signature: raw.subarray(4)};
}

function parseSignatures(text, what) {
	need(text.endsWith("\n"), `the ${what} has no signature, or its last line is cut off`);
	const lines = text.slice(0, -1).split("\n");

	need(lines.length <= NOTE_SIGNATURES_MAX, `the ${what} has more than 32 signatures`);
	return lines.map((l) => parseSignature(l, what));
}

/* Bytes of a note -> {signed (bytes), text, signatures}; what: how it is called in words. */
export function parseNote(bytes, what) {
	need(bytes.length <= NOTE_MAX_BYTES, `the ${what} is longer than 16384 bytes`);
	const split = lastEmptyLine(bytes);
	const whole = fromUtf8(bytes, `the ${what} is not UTF-8 text`);

	need(!/[\0-\x09\x0b-\x1f]/.test(whole), `the ${what} has control characters`);
	need(split > 0, `the ${what} has no empty line before its signatures`);
	const signed = bytes.subarray(0, split);

	return {signed, text: fromUtf8(signed, ""), signatures: parseSignatures(fromUtf8(bytes.subarray(split + 1), ""), what)};
}

/* "good", "none" when no line is by the key, "wrong" when any that says so is not. */
export async function judgeNote(note, key) {
	const ours = note.signatures.filter((s) => s.name === key.name && sameBytes(s.id, key.id));

	for (const s of ours)
		if (!await isSignedBy(key, note.signed, s.signature))
			return "wrong";
	return ours.length ? "good" : "none";
}

/*
 * Cosignature/v1 (C2SP tlog-cosignature) of a note by a witness: the newest time
 * that one says, in milliseconds; null: none is by it. One that is wrong throws.
 */
export async function cosignedAt(note, witness) {
	let newest = null;

	for (const s of note.signatures.filter((l) => l.name === witness.name && sameBytes(l.id, witness.id))) {
		const time = s.signature.length === 72 ? new DataView(s.signature.slice().buffer).getBigUint64(0) : null;
		const good = time !== null && time <= 253402300799n &&
			await isSignedBy(witness, concat(toUtf8(`cosignature/v1\ntime ${time}\n`), note.signed), s.signature.subarray(8));

		need(good, "a witness' cosignature is wrong: the checkpoint or the cosignature was changed");
		newest = Math.max(newest ?? 0, Number(time) * 1000);
	}
	return newest;
}

/* Checkpoints */

function parseCheckpointText(text) {
	const why = "the checkpoint is not origin, size and root on lines of their own";
	const lines = text.split("\n");

	need(lines.length >= 4 && lines.pop() === "" && lines.every((l) => l !== ""), why);
	const root = fromBase64(lines[2], why);

	need(new RegExp(`^${NAME}$`).test(lines[0]) && root.length === HASH_BYTES, why);
	return {origin: lines[0], size: toInteger(lines[1], SIZE_MAX, why), root};
}

/* Bytes of a checkpoint -> {note, checkpoint: {origin, size, root}}; who signed is not looked at. */
export function parseCheckpoint(bytes) {
	const note = parseNote(bytes, "checkpoint");

	return {note, checkpoint: parseCheckpointText(note.text)};
}

/* Refused since it is not the site's, or not any more; not since it is malformed. */
export class Unsigned extends Refused {}

/* Why a checkpoint is not taken. */
const UNSIGNED = {
	none: "the checkpoint is not signed by this site's key",
	wrong: "the checkpoint's signature is wrong: it was changed after it was signed",
	late: "the checkpoint is signed by a key that had been replaced before",
};

/* Bytes of a checkpoint -> {origin, size, root}, signed by the key (a Keychain: by any of its keys). */
export async function openCheckpoint(bytes, key) {
	const {note, checkpoint} = parseCheckpoint(bytes);
	const said = key.judge ? await key.judge(note, checkpoint) : checkpoint.origin === key.name && !isTokens(key) ? await judgeNote(note, key) : "none";

	if (said !== "good")
		throw new Unsigned(UNSIGNED[said]);
	return checkpoint;
}
