/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import test from "node:test";

import {Site, hexHash} from "./log.mjs";
import {showBadge, showLast} from "../../web/badge.js";
import {parseVkey} from "../../web/note.js";
import {Watch} from "../../web/watch.js";

const DATE_MS = Date.parse("2026-11-22T15:30:00.040Z");
const sha = async (text) => new Uint8Array(Buffer.from(hexHash(Buffer.from(text)), "hex"));

/* A site with a server that can be told to misbehave, and a clock that only sleeping moves. */
class World {
	site = new Site();
	made = new Map();        // "rendition number" -> what was sealed
	dates = new Map();       // the same -> milliseconds
	answer = null;           // (rendition, number, tries) -> Response, or undefined for the proof
	tries = new Map();
	clock = 0;
	woke = 0;

	async start() {
		this.watch = new Watch("gate-1", await parseVkey(this.site.vkey), {
			fetch: async (url) => this.#fetch(url),
			sleep: async (ms) => { this.clock += ms; await new Promise(setImmediate); },
			now: () => this.clock,
			wokeMs: () => this.woke,
		});
		return this;
	}

	seal(rendition, number, fields = {}) {
		this.dates.set(`${rendition} ${number}`, Date.parse(fields.start ?? new Date(DATE_MS).toISOString()));
		this.made.set(`${rendition} ${number}`, this.site.add("gate-1", rendition, number,
			{init: hexHash(Buffer.from("init")), media: hexHash(Buffer.from(`${rendition} ${number}`)), ...fields}));
	}

	play(rendition, number, change = {}) {
		return this.watch.segment({rendition, number, place: number, dateMs: this.dates.get(`${rendition} ${number}`) ?? DATE_MS, url: `/live/gate-1/${rendition}/${number}.m4s`,
			media: sha(`${rendition} ${number}`), init: sha("init"), ...change});
	}

	#fetch(url) {
		const [, rendition, number] = /^\/live\/gate-1\/([a-z0-9]+)\/([0-9]+)\.m4s\.tlog-proof$/.exec(url);
		const id = `${rendition} ${number}`;

		this.tries.set(id, (this.tries.get(id) ?? 0) + 1);
		return this.answer?.(rendition, Number(number), this.tries.get(id)) ?? new Response(this.site.proof(this.made.get(id)));
	}
}

const world = () => new World().start();

test("watch: counts what holds, since its capture time", async () => {
	const w = await world();

	assert.equal(w.watch.status.state, "checking");
	for (let n = 1; n <= 5; n++)
		for (const rendition of ["copy", "audio"]) {
			w.seal(rendition, n, {start: `2026-11-22T15:30:0${n}.040Z`});
			await w.play(rendition, n);
		}
	const {state, count, sinceMs, last, logSize, failures} = w.watch.status;

	assert.deepEqual([state, count, last.number, logSize, failures.length], ["verified", 10, 5, 10n, 0]);
	assert.equal(new Date(sinceMs).toISOString(), "2026-11-22T15:30:01.040Z");
});

test("watch: bytes that differ are named, and the state stays failed", async () => {
	const w = await world();

	for (let n = 1; n <= 4; n++) {
		w.seal("copy", n);
		await w.play("copy", n, n === 2 ? {media: sha("other bytes")} : {});
	}
	const {state, count, failures, failed} = w.watch.status;

	assert.deepEqual([state, count, failed], ["failed", 3, 1]);
	assert.deepEqual(failures.map((f) => [f.what, f.why]), [["gate-1 copy 2", "bytes differ from the signed hash"]]);
});

test("watch: what a server could say instead of the truth", async () => {
	const zero = "0".repeat(64);
	const cases = [
		[(w) => { w.seal("copy", 7); return w.play("copy", 7, {init: sha("other")}); }, "init segment differs"],
		[(w) => { w.seal("copy", 7); return w.play("copy", 7, {init: null}); }, "no init segment came"],
		[(w) => { w.seal("copy", 7); return w.play("copy", 7, {place: 8}); }, "in the place of 8"],
		[(w) => { w.seal("copy", 7); return w.play("copy", 7, {dateMs: DATE_MS - 2000}); }, "dates it -2.000 s off what was signed"],
		[(w) => { w.seal("copy", 7); return w.play("copy", 7, {dateMs: DATE_MS + 2}); }, "dates it 0.002 s off what was signed"],
		[(w) => { w.seal("copy", 7); return w.play("copy", 7, {dateMs: NaN}); }, "says no time of it"],
		[(w) => { w.seal("copy", 7); return Promise.all([w.play("copy", 7), w.play("copy", 7, {dateMs: DATE_MS + 3600000})]); }, "with other times"],
		[(w) => { w.seal("copy", 7); w.answer = () => new Response("no proof\n"); return w.play("copy", 7); }, "not a proof"],
		[(w) => { w.seal("copy", 7); w.made.set("copy 8", w.made.get("copy 7")); return w.play("copy", 8, {media: sha("copy 7")}); },
			"its proof is that of gate-1 copy 7"],
		[async (w) => { w.seal("copy", 7); w.seal("copy", 8, {previous: zero}); await w.play("copy", 7); await w.play("copy", 8); },
			"it does not follow 7 in the log"],
		[async (w) => { w.seal("copy", 7); w.seal("copy", 8, {previous: zero}); await w.play("copy", 8); await w.play("copy", 7); },
			"8 does not follow it in the log"],
		[async (w) => {
			const other = new Site(w.site.name);

			for (const field of ["private", "typed", "id", "vkey"])
				other[field] = w.site[field];
			w.seal("copy", 7);
			await w.play("copy", 7);
			w.site = other;
			w.seal("audio", 7);
			await w.play("audio", 7);
		}, "two different logs of 1 entries are signed"],
	];

	for (const [act, why] of cases) {
		const w = await world();

		await act(w);
		const {state, failures} = w.watch.status;

		assert.equal(state, "failed", why);
		assert.ok(failures[0].why.includes(why), `${failures[0].why} is not ${why}`);
	}
});

test("watch: a proof that is late is waited for, and one that never comes fails", async () => {
	const w = await world();

	w.seal("copy", 1);
	w.seal("copy", 2);
	w.answer = (_, number, tries) => (number === 1 && tries < 4 ? new Response("", {status: 503, headers: {"Retry-After": "1"}}) :
		number === 2 ? new Response("", {status: 404}) : undefined);
	await w.play("copy", 1);
	assert.deepEqual([w.watch.status.state, w.tries.get("copy 1")], ["verified", 4]);
	const never = w.play("copy", 2);

	w.clock += 5001;
	assert.deepEqual([w.watch.status.state, w.watch.status.late], ["checking", "gate-1 copy 2"]);
	await never;
	assert.equal(w.watch.status.failures[0].why, "no proof came: the server answers 404");
	assert.ok(w.clock < 60000);
});

test("watch: nobody's sleep is the server's silence", async () => {
	const w = await world();

	w.seal("copy", 1);
	w.answer = (_, number, tries) => {
		w.clock += tries <= 2 ? 3600000 : 0;
		return tries <= 2 ? new Response("", {status: 503}) : undefined;
	};
	await w.play("copy", 1);
	assert.deepEqual([w.watch.status.state, w.tries.get("copy 1")], ["verified", 3]);
});

test("watch: what is too old when this browser wakes is neither verified nor failed", async () => {
	const w = await world();

	for (const n of [1, 2, 3])
		w.seal("copy", n);
	w.answer = (_, number) => {
		if (number !== 2)
			return undefined;
		w.clock += 3600000;
		w.woke = w.clock;
		return new Response("", {status: 403});
	};
	await w.play("copy", 2);
	assert.deepEqual([w.watch.status.state, w.watch.status.unchecked, w.watch.status.failed], ["checking", 1, 0]);
	await w.play("copy", 1);
	assert.deepEqual([w.watch.status.state, w.watch.status.count], ["partly", 1]);
	await w.play("copy", 3, {media: sha("other bytes")});
	assert.equal(w.watch.status.state, "failed");
});

test("watch: a server that hides a proof from who was awake is no sleep", async () => {
	const w = await world();

	w.woke = w.clock - 1;
	w.seal("copy", 1);
	w.answer = () => new Response("", {status: 403});
	await w.play("copy", 1);
	assert.deepEqual([w.watch.status.state, w.watch.status.unchecked, w.watch.status.failures[0].why], ["failed", 0, "no proof came: the server answers 403"]);
});

test("watch: a server that is away is no evidence, one that only hides proofs is", async () => {
	const w = await world();

	w.seal("copy", 1);
	w.answer = (_, number, tries) => {
		if (number > 1 || tries < 100)
			throw new TypeError("failed to fetch");
	};
	await w.play("copy", 1);
	assert.deepEqual([w.watch.status.state, w.tries.get("copy 1")], ["verified", 100]);
	await Promise.all(Array.from({length: 60}, (_, i) => {
		w.seal("copy", i + 2);
		/* The rest wait until the test's own patience ends. */
		return Promise.race([w.play("copy", i + 2), new Promise((r) => setTimeout(r, 300))]);
	}));
	w.answer = null;
	assert.ok(w.watch.status.failures[0].why.startsWith("no proof came, while 40 later segments did"));
});

test("watch: what comes twice while its proof is late is the same both times", async () => {
	for (const [change, failed] of [[{}, 0], [{media: sha("other bytes")}, 1], [{init: sha("other")}, 1], [{init: null}, 1]]) {
		const w = await world();

		w.seal("copy", 1);
		w.answer = (rendition, number, tries) => tries < 4 ? new Response("", {status: 503}) : undefined;
		await Promise.all([w.play("copy", 1), w.play("copy", 1, change)]);
		assert.deepEqual([w.watch.status.failed, w.watch.status.count], [failed, 1]);
		assert.ok(w.watch.status.failures.every((f) => f.why === "it came twice, with other bytes"));
	}
});

test("watch: failures are counted beyond those that are kept", async () => {
	const w = await world();

	for (let i = 0; i < 150; i++)
		w.watch.fail(`gate-1 copy ${i}`, "why");
	assert.deepEqual([w.watch.status.failed, w.watch.status.failures.length], [150, 100]);
});

test("badge: the last segment is told with all that its entry says", async () => {
	const world = await new World().start(), element = {};

	world.seal("copy", 5, {signature: "unverified onvif"});
	await world.play("copy", 5);
	showLast(element, world.watch.status);
	assert.match(element.textContent, /^gate-1 copy 5: captured .*Z \(rtcp clock, ±12 ms\), 3 bytes, camera's signature: unverified onvif$/);
});

test("badge: what could not be checked is told, and is not green", () => {
	const text = {}, badge = {dataset: {}, querySelector: () => text};

	showBadge(badge, {}, {state: "partly", count: 7, unchecked: 2, sinceMs: 1});
	assert.equal(badge.dataset.state, "partly");
	assert.match(text.textContent, /^Verified \(7 segments\), but for 2: this browser slept/);
});
