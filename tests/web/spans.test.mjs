/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import test from "node:test";

import {Sleep} from "../../web/sleep.js";
import {hashOf, missingAt, nextFrom, onFrom, placeOf, read, strip, ticks, whyText} from "../../web/spans.js";

const T = Date.parse("2026-11-23T10:00:00Z"), S = 1000, NOW = T + 7200 * S;
const account = () => read({oldest_ms: T, spans: [[T + 60 * S, T + 90 * S], [T, T + 20 * S], [T + 90 * S, T + 120 * S]],
	gaps: [{from_ms: T + 20 * S, to_ms: T + 60 * S, why: "refused"}], whole: true}, T + 9000 * S);

test("spans: what the server told is put in order, and what is no time is left out", () => {
	assert.deepEqual(account().spans.map(([from]) => from - T), [0, 60 * S, 90 * S]);
	assert.deepEqual(read({oldest_ms: "1", spans: [[1, "2"], [5, 4], [-1, 3], [1.5, 3]], gaps: [{from_ms: null, to_ms: 3, why: "x"}]}, T), {spans: [], gaps: [], oldestMs: 0, untilMs: T});
	assert.deepEqual(read(null, T), {spans: [], gaps: [], oldestMs: 0, untilMs: T});
	assert.deepEqual(read({}, T), {spans: [], gaps: [], oldestMs: 0, untilMs: T});
});

test("spans: of each time that has no picture it is said why, and when there is one", () => {
	const of = (s) => missingAt(account(), T + s * S, NOW), said = (s) => { const m = of(s); return m && [m.text.replace(/from .* to .*: /, "from …: "), (m.toMs - T) / S]; };

	assert.equal(of(0), null);
	assert.equal(of(19.9), null);
	assert.deepEqual(said(20), ["Nothing was recorded from …: the camera refused the connection", 60]);
	assert.equal(of(90), null);
	assert.match(of(120).text, /^Nothing was recorded after /);
	assert.equal(of(120).toMs, Infinity);
	assert.equal(missingAt(account(), T + 150 * S, T + 200 * S), null, "it may only not be told yet");
	assert.match(missingAt(account(), T + 130 * S, T + 200 * S).text, /^Nothing was recorded after /);
	assert.match(of(-1).text, /^What is kept of this camera begins /);
	assert.equal(of(-1).toMs, T);
	assert.equal(of(7201).text, "This time is still to come");
	assert.equal(missingAt(read(null, NOW), T, NOW).text, "Nothing of this time was recorded");
});

test("spans: of a camera that sends, what came last may not be told yet", () => {
	assert.equal(missingAt(account(), T + 150 * S, NOW, true), null);
	assert.match(missingAt(account(), T + 30 * S, NOW, true).text, /^Nothing was recorded from /);
	assert.match(missingAt(account(), T - S, NOW, true).text, /^What is kept of this camera begins /);
	assert.match(missingAt({...read(null, NOW + S), oldestMs: T}, T - S, NOW, true).text, /^What is kept of this camera begins /);
	assert.match(missingAt({...account(), untilMs: T + 200 * S}, T + 150 * S, NOW, true).text, /^Nothing was recorded after /, "it was asked for hours that are over");
});

test("spans: where it goes on", () => {
	assert.equal(nextFrom(account(), T + 5 * S), T + 5 * S);
	assert.equal(nextFrom(account(), T + 20 * S), T + 60 * S);
	assert.equal(nextFrom(account(), T + 120 * S), null);
});

test("spans: behind the end of a list it goes on, and nothing is played twice", () => {
	const of = (s, now, mayLive = false, sends = false) => { const ms = onFrom(account(), T + s * S, T + now * S, {mayLive, sends}); return typeof ms === "number" ? (ms - T) / S : ms; };

	assert.equal(of(100, 7200), 100, "in the middle of what there is");
	assert.equal(of(20, 7200), 60, "over a gap");
	assert.equal(of(19.9, 7200), 60, "though the list ends a little before the account");
	assert.equal(of(120, 125), undefined, "nothing is there yet");
	assert.equal(of(119.9, 125), undefined);
	assert.equal(of(120, 120.1), undefined);
	assert.equal(of(120, 179), undefined);
	assert.equal(of(120, 125, true), null, "who may goes on with what is live");
	assert.equal(of(120, 160, true), undefined, "but not long after it");
	assert.equal(of(120, 7200, false, true), undefined, "of a camera that sends it may still come, however long a segment is");
	assert.equal(of(20, 7200, false, true), 60);
	for (const [end, now] of [[120, 200], [119.9, 200]]) {
		assert.notEqual(missingAt(account(), T + of(end, now) * S, T + now * S), null, "and then it is said why");
		assert.ok(of(end, now) >= 120);
	}
});

test("spans: a strip is cut to its hours", () => {
	assert.deepEqual(strip(account(), T + 10 * S, T + 70 * S).map(({fromMs, toMs, kind, why}) => [(fromMs - T) / S, (toMs - T) / S, kind, why]),
		[[10, 20, "kept", ""], [60, 70, "kept", ""], [20, 60, "gap", "refused"]]);
	for (const hours of [1, 6, 24]) {
		const at = ticks(T + 1, T + hours * 3600 * S);

		assert.ok(at.length >= 3 && at.length <= 8, `${hours} h: ${at.length}`);
		assert.ok(at.every((ms) => ms > T && ms < T + hours * 3600 * S && new Date(ms).getSeconds() === 0));
	}
});

test("spans: words of the log alone are shown", () => {
	assert.equal(whyText("timed-out"), "the camera did not answer");
	assert.equal(whyText("some-new-word"), "some new word");
	assert.equal(whyText("constructor"), "constructor");
	for (const bad of ["", "<b>", "A", "x".repeat(33)])
		assert.equal(whyText(bad), "the log near it does not say why");
});

test("spans: an address names a camera, and a time", () => {
	const cases = [["#gate", "gate", null], ["#gate?t=2026-11-23T10:00:00Z", "gate", T], ["#gate?t=2026-11-23T11%3A00%3A00%2B01%3A00", "gate", T],
		["#gate?t=2026-11-23T10:00:00.500Z", "gate", T + 500], ["#gate?t=never", "gate", null], ["#gate?t=%", "gate", null]];

	for (const [hash, name, atMs] of cases)
		assert.deepEqual(placeOf(hash), {name, atMs}, hash);
	for (const hash of ["", "#", "#/site", "#Gate", "#gate?x=1", "#gate?t=", `#${"a".repeat(33)}`, "#gate/../x"])
		assert.equal(placeOf(hash), null, hash);
	assert.equal(hashOf("gate", T), "#gate?t=2026-11-23T10:00:00Z");
	assert.equal(hashOf("gate", null), "#gate");
	assert.deepEqual(placeOf(hashOf("gate", T)), {name: "gate", atMs: T});
});

test("sleep: only a long pause between two beats is one", () => {
	const sleep = new Sleep();

	for (const ms of [1000, 1500, 20000])
		sleep.beat(ms);
	assert.equal(sleep.wokeMs, 0);
	sleep.beat(50000);
	sleep.beat(50500);
	assert.equal(sleep.wokeMs, 50000);
});
