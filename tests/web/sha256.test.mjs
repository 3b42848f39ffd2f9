/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import {createHash} from "node:crypto";
import test from "node:test";

import {Sha256, sha256Now} from "../../web/sha256.js";

const pattern = (n) => Uint8Array.from({length: n}, (_, i) => (i * 131 + (i >> 8)) & 255);
const theirs = (bytes) => createHash("sha256").update(bytes).digest("hex");
const text = (hash) => Buffer.from(hash).toString("hex");

test("sha256: every length around a block's end", () => {
	for (let n = 0; n < 300; n++)
		assert.equal(text(sha256Now(pattern(n))), theirs(pattern(n)), `${n} bytes`);
});

test("sha256: in pieces of every size, again and again", () => {
	const hasher = new Sha256(), whole = pattern(1000);

	for (let piece = 1; piece < 200; piece++) {
		for (let at = 0; at < whole.length; at += piece)
			hasher.update(whole.subarray(at, at + piece));
		assert.equal(text(hasher.digest()), theirs(whole), `pieces of ${piece}`);
	}
});

test("sha256: parts are one behind the other", () => {
	assert.equal(text(sha256Now(pattern(3), pattern(0), pattern(70))), theirs(Buffer.concat([pattern(3), pattern(70)])));
});

test("sha256: a length beyond 32 bits of bits", () => {
	const hasher = new Sha256(), mine = createHash("sha256"), piece = new Uint8Array(1 << 20);

	for (let i = 0; i < 513; i++) {
		hasher.update(piece);
		mine.update(piece);
	}
	assert.equal(text(hasher.digest()), mine.digest("hex"));
});
