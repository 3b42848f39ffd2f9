/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import test from "node:test";

import {stateOf} from "../../web/site.js";

const camera = {phase: "idle", why: "none", detail: "", retry_ms: 0, alarms: []};

test("a camera says how it does, but to who sees a time of it alone", () => {
	const said = (c) => { const s = stateOf({...camera, ...c}); return [s.word, s.live, s.past]; };

	assert.deepEqual(said({may: ["live"], phase: "streaming"}), ["Streaming", true, false]);
	assert.deepEqual(said({may: ["live"]}), ["Not started", false, false]);
	assert.deepEqual(said({may: []}), ["Recorded", false, true]);
});
