/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import test from "node:test";

const read = (name) => readFileSync(new URL(`../../web/${name}`, import.meta.url), "utf8");

/* What a module needs before it runs: names, itself among them. */
function needed(name, found = new Set()) {
	if (!found.has(name)) {
		found.add(name);
		for (const [, other] of read(name).matchAll(/^import .* from "\.\/([^"]+)";$/gm))
			needed(other, found);
	}
	return found;
}

test("preload: the page names all modules of its first view, so that one does not wait for the other, and hls.js is none of them", () => {
	const named = Array.from(read("index.html").matchAll(/<link rel="modulepreload" href="\/assets\/([^"]+)">/g), (m) => m[1]);
	const all = needed("page.js");

	all.delete("page.js");
	assert.deepEqual(named, Array.from(all).sort());
	assert.equal(named.includes("hls.min.mjs"), false);
});
