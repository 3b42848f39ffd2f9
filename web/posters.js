/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each camera's newest snapshot on its card: of those cards that are in view, each anew every ten seconds. The server
 * makes them while they are asked for, and holds a request until there is one; a browser has but six connections to
 * a server, so two at a time, and none while something else is looked at.
 */
const RENEW_MS = 10000;
const AT_ONCE = 2;

export class Posters {
	#posters = new Map();   // name -> {img, card, inView, loading, dueMs}
	#observer;

	constructor(Observer = globalThis.IntersectionObserver) {
		this.#observer = new Observer((entries) => {
			for (const {target, isIntersecting} of entries)
				for (const p of this.#posters.values())
					if (p.card === target)
						p.inView = isIntersecting;
		});
	}

	add(name, card, img) {
		const p = {img, card, inView: false, loading: false, dueMs: 0};

		img.addEventListener("load", () => { p.loading = false; img.hidden = false; });
		img.addEventListener("error", () => this.#clear(p));
		this.#posters.set(name, p);
		this.#observer.observe(card);
	}

	remove(name) {
		this.#observer.unobserve(this.#posters.get(name).card);
		this.#posters.delete(name);
	}

	/* live: names of the cameras that have a picture; nobody looks at the cards when it is empty. */
	tick(nowMs, live) {
		const due = [];
		let loading = 0;

		for (const [name, p] of this.#posters) {
			if (!live.has(name))
				this.#clear(p);
			else if (p.loading)
				loading++;
			else if (p.inView && p.dueMs <= nowMs)
				due.push([name, p]);
		}
		due.sort(([, a], [, b]) => a.dueMs - b.dueMs);
		for (const [name, p] of due.slice(0, Math.max(AT_ONCE - loading, 0)))
			this.#load(name, p, nowMs);
	}

	/* A new address each time: an image of the same one would not be asked for again. */
	#load(name, p, nowMs) {
		p.loading = true;
		p.dueMs = nowMs + RENEW_MS;
		p.img.src = `/live/${name}/snapshot.jpg?${nowMs}`;
	}

	/* What was there is not live: nothing old is shown. */
	#clear(p) {
		if (!p.loading && p.img.hidden)
			return;
		p.loading = false;
		p.img.hidden = true;
		p.img.removeAttribute("src");
	}
}
