/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import {createHash, webcrypto} from "node:crypto";
import test from "node:test";

import {Refused, Unchecked} from "../../web/bytes.js";
import {LiveParts} from "../../web/liveparts.js";

/* Node 18 has it, but not under this name. */
globalThis.crypto ??= webcrypto;

/* A part: a box of that many bytes, all of one value but for the header. */
function box(value, bytes = 24) {
	const b = Buffer.alloc(bytes, value);

	b.writeUInt32BE(bytes, 0);
	return b;
}

const PARTS = [box(1), Buffer.concat([box(2), box(3, 40)]), box(4), box(5)];
const WHOLE = Buffer.concat(PARTS);
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
const copyOf = (bytes) => Uint8Array.from(bytes).buffer;

/* What came whole, by "rendition number": a hash, or why not. */
class World {
	answers = [];            // for each fetch: bytes, a status, "broken" for a body that breaks off, or null for none; the last goes on
	fetched = [];
	slept = 0;
	woke = 0;                // by its clock, at which all began at 1
	whole = new Map();

	constructor(...answers) {
		this.answers = answers;
		this.parts = new LiveParts({fetch: async (url) => this.#answer(url), sleep: async (ms) => { this.slept += ms; }, now: () => 1, wokeMs: () => this.woke},
			(segment, media) => this.whole.set(`${segment.rendition} ${segment.number}`, media.then((h) => Buffer.from(h).toString("hex"), (e) => `${e instanceof Refused ? "Refused" : e instanceof Unchecked ? "Unchecked" : e.name}: ${e.message}`)));
	}

	#answer(url) {
		const answer = this.answers[Math.min(this.fetched.length, this.answers.length - 1)];

		this.fetched.push(url);
		if (answer === null)
			throw new TypeError("fetch failed");
		if (answer === "broken")
			return new Response(new ReadableStream({pull(body) { body.error(new TypeError("network error")); }}));
		return typeof answer === "number" ? new Response("", {status: answer}) : new Response(answer);
	}

	part(number, index, bytes = PARTS[index], rendition = "copy") {
		this.parts.part({rendition, number, url: `/live/gate/${rendition}/${number}.m4s`}, index, copyOf(bytes));
	}

	listed(newest, counts = {}, rendition = "copy") {
		this.parts.listed(rendition, newest, (number) => counts[number] ?? 0);
	}

	said(number, rendition = "copy") {
		return this.whole.get(`${rendition} ${number}`);
	}
}

test("liveparts: all parts of a segment are its bytes, whatever order they came in", async () => {
	const w = new World();

	for (const i of [2, 0, 1])
		w.part(7, i);
	w.listed(6);
	w.listed(7, {7: 4});
	assert.equal(w.said(7), undefined);
	w.part(7, 3);
	w.listed(7, {7: 4});
	assert.equal(await w.said(7), hash(WHOLE));
	assert.deepEqual(w.fetched, []);
});

test("liveparts: the bytes are those that came, whatever becomes of the buffer", async () => {
	const w = new World(), data = copyOf(WHOLE);

	w.parts.part({rendition: "copy", number: 7, url: "/7"}, 0, data);
	new Uint8Array(data).fill(9);
	w.listed(7, {7: 1});
	assert.equal(await w.said(7), hash(WHOLE));
});

test("liveparts: a segment whose parts did not all come is fetched, once it is over, and they have to lie in it", async () => {
	const lacks = Buffer.concat([PARTS[0], PARTS[1], PARTS[3]]), turned = Buffer.concat([PARTS[0], PARTS[1], PARTS[3], PARTS[2]]);
	const shifted = Buffer.concat([Buffer.alloc(3), WHOLE]), no = "Refused: the parts of it that were shown are not in it";
	const table = [[WHOLE, hash(WHOLE)], [lacks, no], [turned, no], [shifted, no], [Buffer.alloc(0), no], [Buffer.alloc(40), no], [PARTS[2].subarray(0, 20), no]];

	for (const [answer, expected] of table) {
		const w = new World(answer);

		w.part(7, 2);
		w.part(7, 3);
		w.listed(7, {7: 4});
		assert.deepEqual(w.fetched, []);
		w.listed(8, {7: 4});
		assert.equal(await w.said(7), expected);
		assert.deepEqual(w.fetched, ["/live/gate/copy/7.m4s"]);
	}
});

test("liveparts: so is one that lost its parts, and one of a rendition that was left", async () => {
	const w = new World(WHOLE);

	w.part(7, 0);
	w.part(8, 0);
	w.listed(7);
	w.part(9, 0, PARTS[0], "360p");
	w.listed(9, {}, "360p");
	assert.equal(await w.said(7), hash(WHOLE));
	assert.equal(await w.said(8), hash(WHOLE));
	assert.equal(w.said(9, "360p"), undefined);
});

test("liveparts: a server that does not answer is waited for, one that has no such segment is found out", async () => {
	const patient = new World(null, null, null, null, null, null, null, null, 503, WHOLE), gone = new World(404);
	const broken = new World(...Array(8).fill("broken"), WHOLE);

	for (const w of [patient, gone, broken]) {
		w.part(7, 0);
		w.listed(8);
	}
	assert.equal(await patient.said(7), hash(WHOLE));
	assert.equal(await broken.said(7), hash(WHOLE), "a network that went away says nothing of the footage");
	assert.equal(await gone.said(7), "Refused: parts of it were shown, but it never came whole: the server answers 404");
	assert.equal(gone.fetched.length, 6);
	assert.ok(gone.slept >= 20000);
});

test("liveparts: who slept, and may see no older footage, cannot check it: who was awake finds it out", async () => {
	const slept = new World(403), awake = new World(403);

	slept.woke = 2;
	for (const w of [slept, awake]) {
		w.part(7, 0);
		w.listed(8);
	}
	assert.match(await slept.said(7), /^Unchecked: it is too old now/);
	assert.equal(await awake.said(7), "Refused: parts of it were shown, but it never came whole: the server answers 403");
});

test("liveparts: a part that comes twice has to be the same", async () => {
	const w = new World(), other = Buffer.from(PARTS[0]);

	other[20] ^= 1;
	w.part(7, 0);
	w.part(7, 0);
	w.part(7, 0, other);
	assert.equal(await w.said(7), "Refused: one of its parts came twice, with other bytes");
	w.part(8, 0);
	w.part(8, 0, other.subarray(0, 20));
	assert.equal(await w.said(8), "Refused: one of its parts came twice, with other bytes");
});

test("liveparts: what is held has a limit, in segments and in bytes", async () => {
	const many = new World(WHOLE), large = new World(box(1, 64 << 20));

	for (let n = 1; n <= 17; n++)
		many.part(n, 0);
	assert.deepEqual([...many.whole.keys()], ["copy 1"]);
	assert.equal(await many.said(1), hash(WHOLE));
	large.part(1, 0, box(1, 64 << 20));
	large.part(2, 0, box(1, 64 << 20));
	assert.deepEqual([...large.whole.keys()], ["copy 1"]);
	assert.equal(await large.said(1), hash(box(1, 64 << 20)));
});
