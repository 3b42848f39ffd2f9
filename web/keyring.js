/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The site's key as this browser holds it: taken at first sight, or given by the
 * admin, and from then on not replaced by anything that the server says. Beside
 * it the size of the largest log that was seen signed, since a log only grows.
 */
const SLOT = "casemate.key";

export class Keyring {
	#storage;
	#held = null;

	/* storage: localStorage, or null where the browser gives none; then the key lasts as long as the page. */
	constructor(storage) {
		this.#storage = storage;
		this.#held = this.#read();
	}

	/* {vkey, sinceMs, compared, size} or null. compared: the admin gave or confirmed it. */
	get held() {
		return this.#held;
	}

	get lasts() {
		return this.#storage !== null;
	}

	/* What the server says its key is -> "new" (it is held now), "same", "changed". */
	meet(vkey, nowMs) {
		if (this.#held)
			return this.#held.vkey === vkey ? "same" : "changed";
		this.#write({vkey, sinceMs: nowMs, compared: false, size: 0});
		return "new";
	}

	/* The admin's word. */
	trust(vkey, nowMs) {
		const same = this.#held && this.#held.vkey === vkey;

		this.#write({vkey, sinceMs: same ? this.#held.sinceMs : nowMs, compared: true, size: same ? this.#held.size : 0});
	}

	/* A checkpoint of this size is signed by the key. */
	saw(size) {
		if (this.#held && size > this.#held.size)
			this.#write({...this.#held, size});
	}

	#read() {
		try {
			const {vkey, sinceMs, compared, size} = JSON.parse(this.#storage.getItem(SLOT));

			return typeof vkey === "string" && Number.isFinite(sinceMs) && Number.isSafeInteger(size) ?
				{vkey, sinceMs, compared: compared === true, size} : null;
		} catch {
			return null;
		}
	}

	#write(held) {
		this.#held = held;
		try {
			this.#storage.setItem(SLOT, JSON.stringify(held));
		} catch {
			this.#storage = null;
		}
	}
}
