/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import test from "node:test";

import {isFound, neighbour, ordered, sizeFor} from "../../web/wall.js";

const camera = (name, phase, more = {}) => ({name, phase, alarms: [], renditions: [], may: ["live"], ...more});
const cameras = [camera("cam-10", "streaming"), camera("cam-2", "streaming"), camera("yard", "waiting"), camera("hall", "connecting"),
	camera("dark", "streaming", {alarms: [{alarm: "black", detail: ""}]}), camera("forged", "streaming")];
const names = (list) => list.map((c) => c.name).join(" ");

test("wall: trouble first, the worst of it at the top, or by name as people count", () => {
	assert.equal(names(ordered(cameras, "sick", (name) => name === "forged")), "forged yard dark hall cam-2 cam-10");
	assert.equal(names(ordered(cameras, "name", () => false)), "cam-2 cam-10 dark forged hall yard");
	assert.equal(names(cameras), "cam-10 cam-2 yard hall dark forged", "what it was given stays as it is");
});

test("wall: found by a part of the name and by condition", () => {
	const found = (text, condition) => names(cameras.filter((c) => isFound(c, text, condition)));

	assert.equal(found("", ""), names(cameras));
	assert.equal(found(" CAM ", ""), "cam-10 cam-2");
	assert.equal(found("", "down"), "yard");
	assert.equal(found("a", "trouble"), "dark");
	assert.equal(found("x", ""), "");
});

test("wall: as large as there is room for", () => {
	assert.deepEqual([1, 12, 13, 60, 61, 1000].map((n) => sizeFor("auto", n)), ["large", "large", "medium", "medium", "small", "small"]);
	assert.equal(sizeFor("large", 1000), "large");
});

test("wall: arrow keys go to the card that is next in that direction, and nowhere at an end", () => {
	/* three in a row, the last row has one */
	const boxes = Array.from({length: 7}, (_, i) => ({left: i % 3 * 100, top: Math.floor(i / 3) * 50}));

	for (const [at, key, to] of [[0, "ArrowRight", 1], [2, "ArrowRight", 3], [6, "ArrowRight", 6], [0, "ArrowLeft", 0], [3, "ArrowLeft", 2], [1, "ArrowDown", 4],
		[5, "ArrowDown", 6], [6, "ArrowDown", 6], [4, "ArrowUp", 1], [1, "ArrowUp", 1], [6, "ArrowUp", 3]])
		assert.equal(neighbour(boxes, at, key), to, `${key} at ${at}`);
});
