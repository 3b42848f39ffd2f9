/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cameras, a card each. Cards are kept and refilled, so that focus and reader's place stay. */
import {Posters} from "./posters.js";
import {factsOf, stateOf} from "./site.js";

export class Grid {
	#list;
	#template;
	#cards = new Map();
	#posters = new Posters();

	constructor(list, template) {
		this.#list = list;
		this.#template = template;
	}

	/* failed(name): whether the page has found something wrong with the camera's footage. seen: somebody looks at the cards. */
	show(cameras, failed, seen) {
		const names = new Set(cameras.map((c) => c.name));

		for (const [name, card] of this.#cards)
			if (!names.has(name)) {
				this.#posters.remove(name);
				card.remove();
				this.#cards.delete(name);
			}
		for (const camera of cameras)
			this.#fill(this.#cards.get(camera.name) ?? this.#add(camera.name), camera, failed(camera.name));
		this.#posters.tick(Date.now(), new Set(seen ? cameras.filter((c) => stateOf(c).live).map((c) => c.name) : []));
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
		this.#text(card, ".state", state.word);
		this.#text(card, ".facts", factsOf(camera));
		this.#text(card, ".detail", state.detail);
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
