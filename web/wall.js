/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wall: which cameras are shown, in what order, how large, and how one moves among them by keys. What is chosen is kept in this browser. */
import {Grid} from "./grid.js";
import {CONDITIONS, conditionOf} from "./site.js";

const STORED = "casemate-wall";
const LARGE_MAX = 12, MEDIUM_MAX = 60;   /* cards, to the screen */

/* The cameras in the order wanted; sick: what is wrong comes first, by how wrong it is. failed(name): its footage is not as it was sealed. */
export function ordered(cameras, order, failed) {
	const rank = (c) => failed(c.name) ? -1 : CONDITIONS.findIndex(({id}) => id === conditionOf(c));
	const by = (a, b) => a.name.localeCompare(b.name, undefined, {numeric: true});

	return [...cameras].sort(order === "name" ? by : (a, b) => rank(a) - rank(b) || by(a, b));
}

export function isFound(camera, text, condition) {
	return camera.name.includes(text.trim().toLowerCase()) && (condition === "" || conditionOf(camera) === condition);
}

export function sizeFor(wanted, count) {
	if (wanted !== "auto")
		return wanted;
	return count <= LARGE_MAX ? "large" : count <= MEDIUM_MAX ? "medium" : "small";
}

/* Of boxes {left, top}, in reading order, the one next to the one at `at` in the direction of an arrow key; at itself at an end. */
export function neighbour(boxes, at, key) {
	const from = boxes[at];

	if (key === "ArrowLeft" || key === "ArrowRight")
		return Math.min(Math.max(at + (key === "ArrowRight" ? 1 : -1), 0), boxes.length - 1);
	const down = key === "ArrowDown";
	const rows = boxes.map(({top}) => top).filter((top) => down ? top > from.top : top < from.top);

	if (rows.length === 0)
		return at;
	const row = down ? Math.min(...rows) : Math.max(...rows);
	let best = at, far = Infinity;

	for (const [i, {left, top}] of boxes.entries())
		if (top === row && Math.abs(left - from.left) < far)
			[best, far] = [i, Math.abs(left - from.left)];
	return best;
}

export class Wall {
	#grid;
	#root;
	#storage;
	#condition = "";
	#cameras = [];
	#failed = () => false;

	/* root: the section of the wall; storage: a Storage or null. */
	constructor(root, template, storage) {
		this.#root = root;
		this.#storage = storage;
		this.#grid = new Grid(this.#find("#grid"), template);
		this.#restore();
		this.#find("#tools").addEventListener("submit", (event) => { event.preventDefault(); this.#links()[0]?.focus(); });
		this.#find("#search").addEventListener("input", () => this.#again());
		this.#find("#show-all").addEventListener("click", () => this.clear());
		for (const id of ["#order", "#size"])
			this.#find(id).addEventListener("change", () => { this.#store(); this.#again(); });
	}

	/* failed(name): as ordered has it; seen: somebody looks at the cards. */
	show(cameras, failed, seen) {
		const text = this.#find("#search").value;
		const list = ordered(cameras, this.#find("#order").value, failed);
		const found = new Set(list.filter((c) => isFound(c, text, this.#condition)).map((c) => c.name));

		this.#cameras = cameras;
		this.#failed = failed;
		this.#find("#grid").dataset.size = sizeFor(this.#find("#size").value, found.size);
		this.#showConditions(cameras);
		this.#find("#none").hidden = cameras.length > 0;
		this.#find("#tools").hidden = cameras.length < 2;
		this.#find("#none-found").hidden = cameras.length === 0 || found.size > 0;
		this.#grid.show(list, failed, seen, found);
	}

	/* A key that was pressed on the wall; whether it was one of its own. */
	key(event) {
		const links = this.#links(), at = links.indexOf(document.activeElement);

		if (event.key.startsWith("Arrow") && links.length > 0) {
			const boxes = links.map((a) => a.getBoundingClientRect());

			links[at < 0 ? 0 : neighbour(boxes, at, event.key)].focus();
			return true;
		}
		if (event.key === "/") {
			this.#find("#search").focus();
			return true;
		}
		return false;
	}

	clear() {
		this.#find("#search").value = "";
		this.#condition = "";
		this.#again();
	}

	/* The one that comes so many after that of that name, as they stand on the wall; "" when it is not there. */
	after(name, by) {
		const names = this.#links().map((a) => a.closest("[data-camera]").dataset.camera), at = names.indexOf(name);

		return at < 0 ? names[0] ?? "" : names[(at + by + names.length) % names.length];
	}

	/* The address of the picture that its card shows; "" when it shows none. */
	pictureOf(name) {
		return this.#grid.pictureOf(name);
	}

	focus(name) {
		this.#grid.focus(name);
	}

	#again() {
		this.show(this.#cameras, this.#failed, true);
	}

	#find(selector) {
		return this.#root.querySelector(selector);
	}

	#links() {
		return Array.from(this.#root.querySelectorAll("#grid > li:not([hidden]) > a"));
	}

	/* How many there are of each, to choose by; buttons stay, so that focus does. */
	#showConditions(cameras) {
		const group = this.#find("#conditions"), count = new Map();

		for (const c of cameras)
			count.set(conditionOf(c), (count.get(conditionOf(c)) ?? 0) + 1);
		if (!group.firstChild)
			group.append(...[{id: "", word: "All"}, ...CONDITIONS].map((c) => this.#conditionButton(c)));
		for (const button of group.children) {
			const {id} = button.dataset, n = id === "" ? cameras.length : count.get(id) ?? 0;

			button.hidden = id !== "" && n === 0 && id !== this.#condition;
			button.setAttribute("aria-pressed", String(id === this.#condition));
			if (button.lastChild.textContent !== String(n))
				button.lastChild.textContent = String(n);
		}
	}

	#conditionButton({id, word}) {
		const button = document.createElement("button"), count = document.createElement("span");

		button.type = "button";
		button.dataset.id = id;
		button.append(`${word} `, count);
		button.addEventListener("click", () => { this.#condition = id; this.#again(); });
		return button;
	}

	#restore() {
		try {
			const kept = JSON.parse(this.#storage?.getItem(STORED) ?? "{}");

			for (const id of ["order", "size"])
				if (Array.from(this.#find(`#${id}`).options, (o) => o.value).includes(kept[id]))
					this.#find(`#${id}`).value = kept[id];
		} catch {
			/* what another version has kept */
		}
	}

	#store() {
		try {
			this.#storage?.setItem(STORED, JSON.stringify({order: this.#find("#order").value, size: this.#find("#size").value}));
		} catch {
			/* it is full, or may not be used: for this page alone, then */
		}
	}
}
