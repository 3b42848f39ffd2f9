/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A site of its own for tests: a key, a log, and proofs, made by node's OpenSSL and by RFC 6962's recursive words, not by web/verify.js. */
import {createHash, generateKeyPairSync, sign, webcrypto} from "node:crypto";

/* Node 18 has it, but not under this name. */
globalThis.crypto ??= webcrypto;

const ZERO = "0".repeat(64);
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest();
const leafOf = (entry) => sha256([0], entry);

export const hexHash = (bytes) => sha256(bytes).toString("hex");

/* RFC 6962 2.1: the largest power of two below n. */
function half(n) {
	let k = 1;

	while (k * 2 < n)
		k *= 2;
	return k;
}

function rootOf(leaves) {
	if (leaves.length === 1)
		return leaves[0];
	const k = half(leaves.length);

	return sha256([1], rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

/* RFC 6962 2.1.1 */
function pathOf(m, leaves) {
	if (leaves.length === 1)
		return [];
	const k = half(leaves.length);

	return m < k ? [...pathOf(m, leaves.slice(0, k)), rootOf(leaves.slice(k))] :
		[...pathOf(m - k, leaves.slice(k)), rootOf(leaves.slice(0, k))];
}

export class Site {
	constructor(name = "museum.example/north-wing") {
		const pair = generateKeyPairSync("ed25519");
		const raw = Buffer.from(pair.publicKey.export({format: "jwk"}).x, "base64url");

		this.name = name;
		this.private = pair.privateKey;
		this.typed = Buffer.concat([Buffer.from([1]), raw]);
		this.id = sha256(name, "\n", this.typed).subarray(0, 4);
		this.vkey = `${name}+${this.id.toString("hex")}+${this.typed.toString("base64")}`;
		this.leaves = [];
		this.last = new Map();
	}

	hash(...parts) {
		return sha256(...parts);
	}

	/* Appends an entry of a segment; its fields may be given. -> {entry, index, leaf (hex)} */
	add(camera, rendition, number, fields = {}) {
		const track = `${camera} ${rendition}`;
		const f = {init: ZERO, media: ZERO, bytes: 3, start: "2026-11-22T15:30:00.040Z", duration: "2.000", clock: "rtcp 12",
			source: ZERO, signature: "none", previous: this.last.get(track) ?? ZERO, ...fields};
		const entry = Buffer.from(`segment/v1\ncamera ${camera}\nrendition ${rendition}\nnumber ${number}\ninit sha256:${f.init}\n` +
			`media sha256:${f.media}\nbytes ${f.bytes}\nstart ${f.start}\nduration ${f.duration}\nclock ${f.clock}\n` +
			`source sha256:${f.source}\ncamera-signature ${f.signature}\nprevious ${f.previous}\n`);

		return {...this.addRaw(entry), track: this.last.set(track, leafOf(entry).toString("hex"))};
	}

	addRaw(entry) {
		const leaf = leafOf(entry);

		this.leaves.push(leaf);
		return {entry, index: this.leaves.length - 1, leaf: leaf.toString("hex")};
	}

	signNote(text) {
		const signature = Buffer.concat([this.id, sign(null, Buffer.from(text), this.private)]);

		return `${text}\n\u2014 ${this.name} ${signature.toString("base64")}\n`;
	}

	checkpoint(size = this.leaves.length) {
		return this.signNote(`${this.name}\n${size}\n${rootOf(this.leaves.slice(0, size)).toString("base64")}\n`);
	}

	/* The proof of one entry in the first size ones, as text. */
	proof({entry, index}, {size = this.leaves.length, checkpoint = this.checkpoint(size)} = {}) {
		const path = pathOf(index, this.leaves.slice(0, size)).map((h) => `${h.toString("base64")}\n`).join("");

		return `c2sp.org/tlog-proof@v1\nextra ${entry.toString("base64")}\nindex ${index}\n${path}\n${checkpoint}`;
	}
}
