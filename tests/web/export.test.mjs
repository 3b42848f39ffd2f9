// SPDX-License-Identifier: GPL-2.0-or-later
import assert from "node:assert/strict";
import test from "node:test";

import {ask, localText} from "../../web/export.js";

test("export: the viewer's own time is asked for in UTC", () => {
	const ms = Date.parse("2026-11-22T15:30:07.900Z");

	assert.equal(Date.parse(localText(ms)), ms - 900);
	assert.deepEqual(ask(localText(ms), localText(ms + 60000)), {from: "2026-11-22T15:30:07.000Z", to: "2026-11-22T15:31:07.000Z"});
});

test("export: a time that is none is not asked for", () => {
	for (const [from, to, why] of [["", "2026-11-22T15:30:00", /from when/], ["2026-11-22T15:30:00", "nonsense", /from when/],
		["2026-11-22T15:30:00", "2026-11-22T15:30:00", /not later/], ["2026-11-22T15:30:00", "2026-11-24T15:30:00", /a day/]])
		assert.match(ask(from, to).why, why);
});
