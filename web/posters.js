/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each camera's newest snapshot on its card: of those cards that are in view, each anew every ten seconds. The server
 * makes them while they are asked for, and holds a request until there is one; by HTTP/1.1 a browser has but six connections to
 * a server, so some at a time, and none while something else is looked at.
 */
const RENEW_MS = 10000;
const AT_ONCE = {h2: 8, others: 2};

/* How many to ask for at a time. protocol: of the page itself, as the browser names it. */
export function atOnce(protocol = globalThis.performance?.getEntriesByType?.("navigation")[0]?.nextHopProtocol) {
	return AT_ONCE[protocol === "h2" ? "h2" : "others"];
}

export class Posters {
	#posters = new Map();   // name -> {img, card, inView, loading, dueMs}
	#observer;
	#live = new Set();
	#now;

	/* now() -> ms */
	constructor(Observer = globalThis.IntersectionObserver, now = () => Date.now()) {
		this.#now = now;
		this.#observer = new Observer((entries) => {
			for (const {target, isIntersecting} of entries)
				for (const p of this.#posters.values())
					if (p.card === target)
						p.inView = isIntersecting;
			this.#ask(this.#now());
		});
	}

	add(name, card, img) {
		const p = {img, card, inView: false, loading: false, dueMs: 0};

		img.addEventListener("load", () => { p.loading = false; img.hidden = false; this.#ask(this.#now()); });
		img.addEventListener("error", () => { this.#clear(p); this.#ask(this.#now()); });
		this.#posters.set(name, p);
		this.#observer.observe(card);
	}

	remove(name) {
		this.#observer.unobserve(this.#posters.get(name).card);
		this.#posters.delete(name);
	}

	/* live: names of the cameras that have a picture; nobody looks at the cards when it is empty. */
	tick(nowMs, live) {
		this.#live = live;
		for (const [name, p] of this.#posters)
			if (!live.has(name))
				this.#clear(p);
		this.#ask(nowMs);
	}

	/* For as many more as may be asked for, those that have waited longest. */
	#ask(nowMs) {
		const due = [];
		let loading = 0;

		for (const [name, p] of this.#posters)
			if (p.loading)
				loading++;
			else if (p.inView && p.dueMs <= nowMs && this.#live.has(name))
				due.push([name, p]);
		due.sort(([, a], [, b]) => a.dueMs - b.dueMs);
		for (const [name, p] of due.slice(0, Math.max(atOnce() - loading, 0)))
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
