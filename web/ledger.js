/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What failed, kept over reloads of the page (a new login is one) until the viewer has taken note of it. */
const SLOT = "casemate.failed.";

export class Ledger {
	#storage;

	/* storage: sessionStorage, or null where the browser gives none. */
	constructor(storage) {
		this.#storage = storage;
	}

	/* [{atMs, what, why}] of a camera, as far as they can be read. */
	read(camera) {
		try {
			const list = JSON.parse(this.#storage.getItem(SLOT + camera));

			return list.filter((f) => Number.isFinite(f.atMs) && typeof f.what === "string" && typeof f.why === "string");
		} catch {
			return [];
		}
	}

	write(camera, failures) {
		try {
			this.#storage.setItem(SLOT + camera, JSON.stringify(failures));
		} catch {
			/* a full or missing storage: they last as long as the page */
		}
	}

	clear(camera) {
		try {
			this.#storage.removeItem(SLOT + camera);
		} catch {
			/* as above */
		}
	}

	clearAll() {
		try {
			this.#storage.clear();
		} catch {
			/* as above */
		}
	}
}
