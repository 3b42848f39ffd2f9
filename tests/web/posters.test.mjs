/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import test from "node:test";

import {Posters, atOnce} from "../../web/posters.js";

class Image extends EventTarget {
	hidden = true;
	src = "";

	removeAttribute() {
		this.src = "";
	}

	end(how) {
		this.dispatchEvent(new Event(how));
	}
}

/* Posters of cards that are all in view. */
function made(...names) {
	let tell;
	const posters = new Posters(class {
		constructor(seen) {
			tell = seen;
		}

		observe(card) {
			tell([{target: card, isIntersecting: true}]);
		}

		unobserve() {}
	}, () => 2000);
	const img = new Map(names.map((n) => [n, new Image()]));

	for (const n of names)
		posters.add(n, {n}, img.get(n));
	return {posters, img, live: new Set(names)};
}

const asked = (img) => Array.from(img).filter(([, i]) => i.src).map(([n]) => n);

test("posters: two at a time, then the next ones, each anew after ten seconds", () => {
	const {posters, img, live} = made("a", "b", "c");

	posters.tick(1000, live);
	posters.tick(1500, live);
	assert.deepEqual(asked(img), ["a", "b"]);
	assert.equal(img.get("a").src, "/live/a/snapshot.jpg?1000");
	assert.equal(img.get("a").hidden, true, "nothing is there yet");
	img.get("a").end("load");
	assert.equal(img.get("a").hidden, false);
	assert.deepEqual(asked(img), ["a", "b", "c"], "the next one follows at once");
	assert.equal(img.get("c").src, "/live/c/snapshot.jpg?2000");
	img.get("b").end("load");
	img.get("c").end("load");
	posters.tick(10500, live);
	assert.equal(img.get("a").src, "/live/a/snapshot.jpg?1000");
	posters.tick(11000, live);
	assert.equal(img.get("a").src, "/live/a/snapshot.jpg?11000");
	assert.equal(img.get("a").hidden, false, "the one before stays until the next is there");
});

test("posters: more at a time where the browser is not short of connections", () => {
	assert.deepEqual([atOnce("h2"), atOnce("http/1.1"), atOnce("")], [8, 2, 2]);
});

test("posters: nothing old is shown", () => {
	const {posters, img, live} = made("a", "b");

	posters.tick(0, live);
	img.get("a").end("load");
	img.get("b").end("load");
	posters.tick(500, new Set(["b"]));
	assert.ok(img.get("a").hidden && !img.get("a").src, "the camera has no picture any more");
	posters.tick(10000, live);
	img.get("b").end("error");
	assert.ok(img.get("b").hidden && !img.get("b").src, "none came");
	posters.tick(20000, live);
	assert.ok(img.get("b").src, "it is asked for again");
});

test("posters: nothing is asked for while nobody looks", () => {
	const {posters, img, live} = made("a");

	posters.tick(0, live);
	assert.deepEqual(asked(img), ["a"]);
	posters.tick(500, new Set());
	assert.deepEqual(asked(img), [], "and what is under way is left");
	posters.tick(9000, live);
	assert.deepEqual(asked(img), []);
	posters.tick(10000, live);
	assert.deepEqual(asked(img), ["a"]);
});

test("posters: only cards in view", () => {
	let tell;
	const posters = new Posters(class {
		constructor(seen) {
			tell = seen;
		}

		observe() {}
		unobserve() {}
	});
	const img = new Image(), card = {};

	posters.add("a", card, img);
	posters.tick(0, new Set(["a"]));
	assert.equal(img.src, "");
	tell([{target: card, isIntersecting: true}]);
	posters.tick(1, new Set(["a"]));
	assert.notEqual(img.src, "");
	posters.remove("a");
});
