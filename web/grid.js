/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cameras, a card each. Cards are kept, refilled and moved, so that focus and reader's place stay. */
import {Posters} from "./posters.js";
import {blankOf, conditionOf, factsOf, stateOf} from "./site.js";

export class Grid {
	#list;
	#template;
	#cards = new Map();
	#posters = new Posters();

	constructor(list, template) {
		this.#list = list;
		this.#template = template;
	}

	/*
	 * cameras: all, in their order; failed(name): whether the page has found something wrong with the camera's footage; seen: somebody looks
	 * at the cards; found: names of those to be shown.
	 */
	show(cameras, failed, seen, found) {
		const names = new Set(cameras.map((c) => c.name));

		for (const [name, card] of this.#cards)
			if (!names.has(name)) {
				this.#posters.remove(name);
				card.remove();
				this.#cards.delete(name);
			}
		for (const camera of cameras) {
			const card = this.#cards.get(camera.name) ?? this.#add(camera.name);

			this.#fill(card, camera, failed(camera.name));
			card.hidden = !found.has(camera.name);
		}
		this.#arrange(cameras);
		this.#posters.tick(Date.now(), new Set(seen ? cameras.filter((c) => stateOf(c).live && found.has(c.name)).map((c) => c.name) : []));
	}

	pictureOf(name) {
		const img = this.#cards.get(name)?.querySelector(".picture");

		return img && !img.hidden ? img.src : "";
	}

	focus(name) {
		this.#cards.get(name)?.querySelector("a").focus();
	}

	/* Only what stands in another place is moved; who had the focus gets it back. */
	#arrange(cameras) {
		const focused = document.activeElement;
		let at = this.#list.firstElementChild;

		for (const {name} of cameras) {
			const card = this.#cards.get(name);

			if (card === at)
				at = at.nextElementSibling;
			else
				this.#list.insertBefore(card, at);
		}
		if (focused !== document.activeElement)
			focused.focus({preventScroll: true});
	}

	#add(name) {
		const card = this.#template.content.firstElementChild.cloneNode(true);

		card.dataset.camera = name;
		card.querySelector("a").href = `#${name}`;
		card.querySelector(".name").textContent = name;
		this.#cards.set(name, card);
		this.#list.append(card);
		this.#posters.add(name, card, card.querySelector(".picture"));
		return card;
	}

	#fill(card, camera, failed) {
		const state = stateOf(camera);

		card.dataset.state = state.live ? "live" : camera.phase;
		card.dataset.condition = failed ? "failed" : conditionOf(camera);
		this.#text(card, ".state", state.word);
		this.#text(card, ".blank", blankOf(camera));
		this.#text(card, ".facts", state.live && !state.detail ? factsOf(camera) : "");
		this.#text(card, ".detail", [state.detail, state.since].filter(Boolean).join(" · "));
		this.#text(card, ".retry", state.retry);
		this.#text(card, ".failed", failed ? "Not verified: open it to see what failed" : "");
	}

	#text(card, selector, text) {
		const e = card.querySelector(selector);

		if (e.textContent !== text)
			e.textContent = text;
		e.hidden = text === "";
	}
}
