/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import {createHash} from "node:crypto";
import test from "node:test";

import {Edge, isConsistent, parseTilePath, perfectRoot, tilePath, tileWidth} from "../../web/tree.js";

const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest();
const leaf = (i) => sha256([0], [i & 255, i >> 8]);

/* RFC 6962 2.1, as it is written. */
function rootOf(leaves) {
	if (leaves.length === 0)
		return sha256();
	if (leaves.length === 1)
		return leaves[0];
	let k = 1;

	while (k * 2 < leaves.length)
		k *= 2;
	return sha256([1], rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

test("tree: an edge has the root of every size", () => {
	const edge = new Edge(), leaves = [];

	for (let i = 0; i < 300; i++) {
		assert.deepEqual(Buffer.from(edge.root()), rootOf(leaves), `${i} leaves`);
		leaves.push(leaf(i));
		edge.append(leaf(i));
	}
});

test("tree: whole tiles are appended as one", () => {
	const edge = new Edge(), leaves = Array.from({length: 600}, (_, i) => leaf(i));

	edge.append(perfectRoot(leaves.slice(0, 256)), 8);
	edge.append(perfectRoot(leaves.slice(256, 512)), 8);
	leaves.slice(512).forEach((l) => edge.append(l));
	assert.deepEqual(Buffer.from(edge.root()), rootOf(leaves));
});

/* RFC 6962 2.1.2, as it is written. */
function subproof(m, leaves, whole) {
	if (m === leaves.length)
		return whole ? [] : [rootOf(leaves)];
	let k = 1;

	while (k * 2 < leaves.length)
		k *= 2;
	return m <= k ? [...subproof(m, leaves.slice(0, k), whole), rootOf(leaves.slice(k))] :
		[...subproof(m - k, leaves.slice(k), false), rootOf(leaves.slice(0, k))];
}

test("tree: a log goes on as another, and no other path says so", () => {
	const leaves = Array.from({length: 20}, (_, i) => leaf(i)), other = sha256([7]);

	for (let n = 1; n <= leaves.length; n++) {
		for (let m = 1; m <= n; m++) {
			const first = rootOf(leaves.slice(0, m)), all = rootOf(leaves.slice(0, n)), path = subproof(m, leaves.slice(0, n), true), what = `${m} of ${n}`;

			assert.equal(isConsistent(m, first, n, all, path), true, what);
			assert.equal(isConsistent(m, other, n, all, path), false, what);
			assert.equal(isConsistent(m, first, n, other, path), false, what);
			assert.equal(isConsistent(m, first, n, all, [...path, other]), false, what);
			assert.equal(isConsistent(n + 1, first, n, all, path), false, what);
			assert.equal(isConsistent(0, first, n, all, path), false, what);
			for (let i = 0; i < path.length; i++) {
				assert.equal(isConsistent(m, first, n, all, path.filter((_, k) => k !== i)), false, what);
				assert.equal(isConsistent(m, first, n, all, path.map((h, k) => k === i ? other : h)), false, what);
			}
		}
	}
});

test("tree: tiles have one path each", () => {
	const paths = {"tile/0/000": {index: 0}, "tile/3/x001/234": {level: 3, index: 1234}, "tile/entries/x001/x234/067.p/8": {entries: true, index: 1234067, width: 8}};

	for (const [path, tile] of Object.entries(paths)) {
		assert.equal(tilePath(tile), path);
		assert.deepEqual(parseTilePath(path), {entries: false, level: 0, width: 256, ...tile});
	}
	for (const path of ["", "tile/7/000", "tile/0/0", "tile/0/x000/001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/08", "tile/0/000/", "tile/-1/000",
		"tile/entries/x999/x999/x999/x999/x999/999", "xtile/0/000"])
		assert.equal(parseTilePath(path), null, path);
});

test("tree: how wide a tile is in a log of some size", () => {
	for (const [size, level, index, width] of [[0, 0, 0, 0], [1, 0, 0, 1], [256, 0, 0, 256], [256, 0, 1, 0], [257, 0, 1, 1], [257, 1, 0, 1],
		[65536, 1, 0, 256], [65535, 1, 0, 255], [65536 * 3 + 5, 2, 0, 3], [2 ** 40, 3, 0, 256]])
		assert.equal(tileWidth(size, level, index), width, `${size} ${level} ${index}`);
});
