/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import test from "node:test";

import {CONDITIONS, blankOf, conditionOf, stateOf, waitMs} from "../../web/site.js";

const camera = {phase: "idle", why: "none", detail: "", retry_ms: 0, since_ms: 0, alarms: [], renditions: []};

test("a camera says how it does, but to who sees a time of it alone", () => {
	const said = (c) => { const s = stateOf({...camera, ...c}); return [s.word, s.live, s.past]; };

	assert.deepEqual(said({may: ["live"], phase: "streaming"}), ["Live", true, false]);
	assert.deepEqual(said({may: ["live"]}), ["Not started", false, false]);
	assert.deepEqual(said({may: []}), ["Recorded", false, true]);
});

test("a camera is of one condition, and has words for it where its picture would be", () => {
	const video = (on_demand) => ({kind: "video", on_demand}), frozen = [{alarm: "frozen", detail: "the same picture"}];

	for (const [c, condition, word, blank] of [
		[{phase: "streaming", renditions: [video(false), video(true)]}, "live", "Live", "Loading…"],
		[{phase: "streaming", renditions: [video(true), {kind: "audio"}]}, "demand", "On demand", "Loading…"],
		[{phase: "streaming", alarms: frozen}, "trouble", "Frozen", "Loading…"], [{phase: "streaming", alarms: [{alarm: "else", detail: ""}]}, "trouble", "Trouble", "Loading…"],
		[{phase: "waiting"}, "down", "No picture", "No picture"], [{phase: "connecting"}, "connecting", "Connecting", "Connecting…"],
		[{}, "idle", "Not started", "Not started"], [{may: [], phase: "waiting"}, "past", "Recorded", "Recorded"],
	]) {
		const of = {...camera, ...c};

		assert.deepEqual([conditionOf(of), stateOf(of).word, blankOf(of)], [condition, word, blank]);
		assert.ok(CONDITIONS.some(({id}) => id === condition));
	}
	assert.equal(stateOf({...camera, phase: "waiting", detail: "refuses the password", since_ms: 1, retry_ms: 1500}).retry, "Next try in 2 s");
	assert.match(stateOf({...camera, phase: "waiting", since_ms: 1}).since, /^since .*1970/);
});

test("a silent server is asked again after longer and longer, many cameras are asked for less often", () => {
	assert.deepEqual([0, 1, 2, 3, 4, 5, 50].map((silences) => waitMs(silences, 10, false)), [2000, 2000, 4000, 8000, 15000, 15000, 15000]);
	assert.deepEqual([waitMs(0, 200, false), waitMs(0, 1000, false), waitMs(0, 10, true)], [4000, 20000, 15000]);
});
