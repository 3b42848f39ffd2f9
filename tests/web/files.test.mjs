/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import test from "node:test";

import {descend} from "../../web/files.js";
import {MapSource} from "../../web/source.js";

const found = async (...paths) => {
	const {folder, others} = await descend(new MapSource(new Map(paths.map((p) => [p, null]))));

	return [folder, ...others];
};

test("files: evidence is found in folders, and none of them is passed over in silence", async () => {
	assert.deepEqual(await found("checkpoint", "proofs/7.tlog-proof", "old/proofs/1.tlog-proof"), [""]);
	assert.deepEqual(await found("notes.txt", "clip/checkpoint", "clip/proofs/7.tlog-proof"), ["clip/"]);
	assert.deepEqual(await found("b/proofs/7.tlog-proof", "a/proofs/7.tlog-proof", "a/proofs/8.tlog-proof", "c/d/log/checkpoint"), ["a/", "b/", "c/d/"]);
	assert.deepEqual(await found("5.m4s", "5.m4s.tlog-proof"), [""]);
	assert.deepEqual(await found("footage/gate/copy/000001/1000.m4s"), [""]);
});

test("files: what is found is read from its folder", async () => {
	const file = {}, {source} = await descend(new MapSource(new Map([["b/proofs/7.tlog-proof", null], ["a/proofs/7.tlog-proof", file]])));

	assert.equal(await source.open("proofs/7.tlog-proof"), file);
});
