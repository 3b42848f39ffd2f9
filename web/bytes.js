/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes and text, strictly: what is not to the byte as doc/evidence.5 writes it throws Refused. */

/* Its message is the reason, in words for people. */
export class Refused extends Error {}

/* What cannot be checked, and is neither good nor bad for it; its message says why. */
export class Unchecked extends Error {}

export function need(condition, why) {
	if (!condition)
		throw new Refused(why);
}

const DIGITS = Array.from({length: 256}, (_, b) => b.toString(16).padStart(2, "0"));

export function hex(bytes) {
	let text = "";

	for (const b of bytes)
		text += DIGITS[b];
	return text;
}

export function fromHex(text) {
	return Uint8Array.from(text.match(/../g) ?? [], (h) => parseInt(h, 16));
}

export function sameBytes(a, b) {
	return a.length === b.length && a.every((v, i) => v === b[i]);
}

export function concat(...parts) {
	const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
	let at = 0;

	for (const p of parts) {
		out.set(p, at);
		at += p.length;
	}
	return out;
}

export const toUtf8 = (text) => new TextEncoder().encode(text);

export function fromUtf8(bytes, why) {
	try {
		return new TextDecoder("utf-8", {fatal: true, ignoreBOM: true}).decode(bytes);
	} catch {
		throw new Refused(why);
	}
}

/* RFC 4648 section 4, padded, spare bits zero: one spelling for every value. */
export function fromBase64(text, why) {
	need(/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0, why);
	const raw = atob(text);

	need(btoa(raw) === text, why);
	return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

export function toInteger(text, max, why) {
	need(/^(0|[1-9][0-9]{0,19})$/.test(text), why);
	const n = BigInt(text);

	need(n <= max, why);
	return n;
}

/* By WebCrypto: for what is long. */
export async function sha256(...parts) {
	return new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", parts.length === 1 ? parts[0] : concat(...parts)));
}
