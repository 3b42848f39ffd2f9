/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import test from "node:test";

import {Keyring} from "../../web/keyring.js";

class Storage {
	#slots = new Map();

	getItem(name) {
		return this.#slots.get(name) ?? null;
	}

	setItem(name, value) {
		this.#slots.set(name, value);
	}
}

test("keyring: the first key is held over visits, and no other takes its place", () => {
	const storage = new Storage();

	assert.equal(new Keyring(storage).meet("a+1+x", 1000), "new");
	const later = new Keyring(storage);

	assert.equal(later.meet("a+1+x", 2000), "same");
	assert.equal(later.meet("a+2+y", 3000), "changed");
	assert.deepEqual(new Keyring(storage).held, {vkey: "a+1+x", sinceMs: 1000, compared: false, size: 0});
});

test("keyring: the admin's word", () => {
	const storage = new Storage(), keyring = new Keyring(storage);

	keyring.meet("a+1+x", 1000);
	keyring.saw(40);
	keyring.trust("a+1+x", 2000);
	assert.deepEqual(new Keyring(storage).held, {vkey: "a+1+x", sinceMs: 1000, compared: true, size: 40});
	keyring.trust("a+2+y", 3000);
	assert.deepEqual(new Keyring(storage).held, {vkey: "a+2+y", sinceMs: 3000, compared: true, size: 0});
});

test("keyring: the log only grows", () => {
	const storage = new Storage(), keyring = new Keyring(storage);

	keyring.saw(10);
	keyring.meet("a+1+x", 1000);
	for (const size of [10, 30, 20])
		keyring.saw(size);
	assert.equal(new Keyring(storage).held.size, 30);
});

test("keyring: a browser that stores nothing, or something else", () => {
	const none = new Keyring(null), full = new Keyring({getItem: () => null, setItem: () => { throw new Error("quota"); }});

	for (const keyring of [none, full]) {
		assert.equal(keyring.meet("a+1+x", 1000), "new");
		assert.equal(keyring.meet("a+2+y", 2000), "changed");
		assert.equal(keyring.lasts, false);
	}
	for (const text of ["", "null", "{", "[]", "{\"vkey\":1}", "{\"vkey\":\"a\",\"sinceMs\":1}", "{\"vkey\":\"a\",\"sinceMs\":1,\"size\":1.5}"])
		assert.equal(new Keyring({getItem: () => text, setItem: () => {}}).held, null, text);
});
