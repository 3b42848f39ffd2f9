/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import test from "node:test";

import {HEIGHT, WIDTH, pathsOf, roof} from "../../web/plot.js";

test("plot: reaches up to a round number", () => {
	for (const [v, least, top] of [[0, 10, 10], [10, 10, 10], [10.1, 10, 20], [0.3, 0.1, 0.5], [1_950_000, 100_000, 2_000_000], [5001, 1, 10_000], [NaN, 5, 5]])
		assert.equal(roof(v, least), top, String(v));
});

test("plot: the newest stands at the right, the top is the top, and nothing measured is a gap", () => {
	const points = (line) => line.split(/[ML]/).filter(Boolean).map((p) => p.split(" ").map(Number));

	assert.deepEqual(points(pathsOf([0, 10], 3, 10).line), [[WIDTH / 2, HEIGHT - 1], [WIDTH, 1]]);
	assert.equal(pathsOf([1, 2, null, 3, 4, null], 6, 10).line.match(/M/g).length, 2);
	assert.deepEqual(points(pathsOf([9, 9, 9, 20], 2, 10).line), [[0, points(pathsOf([9, 9], 2, 10).line)[0][1]], [WIDTH, 1]], "more than there is room for, and above the top");
	assert.match(pathsOf([null, 5], 2, 10).line, /h0\.1$/, "one alone is a dot");
	assert.deepEqual(pathsOf([null, null], 2, 10), {line: "", area: ""});
	assert.deepEqual(pathsOf([], 2, 10), {line: "", area: ""});
});
