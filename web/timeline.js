/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time line below the picture: some hours of what was recorded, with its gaps, and a place on it. By pointer, finger and keys one goes to a
 * time; where that is, is the page's to say.
 */
import {localText} from "./export.js";
import {ask, timeText, whenText} from "./site.js";
import {read, strip, ticks} from "./spans.js";

const RENEW_MS = 15000;
const AGAIN_MS = 2000;        // where nothing was told yet
const ANSWER_MS = 10000;
const HOUR_MS = 3600000;
const STEP_MS = 10000, PAGE_MS = 600000;
const WIDTH = 1000, HEIGHT = 28;
const SVG = "http://www.w3.org/2000/svg";

export class Timeline {
	account = read(null, 0);      // of the hours shown
	known = false;                // whether the server has told it
	#root;
	#go;
	#told;
	#camera = "";
	#fromMs = 0;
	#dueMs = 0;
	#asked = 0;
	#atMs = null;                 // null: live
	#dragMs = null;               // while a finger or pointer is down
	#drawn = "";

	/* go(ms): to that time; null: to what is live. told(): the account is known, or another. */
	constructor(root, go, told) {
		const at = (event) => this.#timeOf(event.clientX);
		const line = root.querySelector("#strip");

		this.#root = root;
		this.#go = go;
		this.#told = told;
		line.addEventListener("pointerdown", (event) => {
			if (event.button !== 0)
				return;
			line.setPointerCapture(event.pointerId);
			this.#drag(at(event));
		});
		line.addEventListener("pointermove", (event) => this.#dragMs !== null && this.#drag(at(event)));
		line.addEventListener("pointerup", () => this.#drop());
		line.addEventListener("pointercancel", () => { this.#dragMs = null; this.#draw(); });
		line.addEventListener("keydown", (event) => this.#onKey(event));
		this.#find("#strip-before").addEventListener("click", () => this.#move(-this.#spanMs() / 2));
		this.#find("#strip-after").addEventListener("click", () => this.#move(this.#spanMs() / 2));
		this.#find("#strip-hours").addEventListener("change", () => this.#center(this.#atMs ?? Date.now()));
		this.#find("#strip-live").addEventListener("click", () => go(null));
		this.#find("#strip-go").addEventListener("submit", (event) => {
			const ms = Date.parse(this.#find("#strip-time").value);

			event.preventDefault();
			if (!Number.isNaN(ms))
				go(ms);
		});
	}

	/* atMs: as in show. */
	open(camera, atMs) {
		this.#camera = camera;
		this.#forget();
		this.#center(atMs ?? Date.now());
		this.#find("#strip-time").value = localText(atMs ?? Date.now() - HOUR_MS);
	}

	close() {
		this.#camera = "";
		this.#asked++;
		this.#dragMs = null;
	}

	/* To be called every second or so while it is seen: atMs is the capture time of the picture, live whether that is now. */
	show(nowMs, atMs, live) {
		const ms = live ? nowMs : atMs;

		this.#atMs = live ? null : atMs;
		if (ms !== null && this.#dragMs === null && ms > this.#toMs() && ms - this.#toMs() < this.#spanMs())
			this.#center(ms);
		if (nowMs >= this.#dueMs && (!this.known || this.#toMs() > nowMs - 2 * RENEW_MS)) {
			this.#dueMs = nowMs + RENEW_MS;
			this.#load();
		}
		this.#find("#strip-live").setAttribute("aria-pressed", String(live));
		this.#draw();
	}

	/* Where the strip does not show that time, it is moved. */
	reveal(ms) {
		if (ms < this.#fromMs || ms > this.#toMs())
			this.#center(ms);
	}

	#spanMs() {
		return Number(this.#find("#strip-hours").value) * HOUR_MS;
	}

	#toMs() {
		return this.#fromMs + this.#spanMs();
	}

	#center(ms) {
		this.#place(ms - this.#spanMs() * 0.75);
	}

	#move(byMs) {
		this.#place(this.#fromMs + byMs);
	}

	/* Never all in the future. */
	#place(fromMs) {
		this.#fromMs = Math.round(Math.max(0, Math.min(fromMs, Date.now() - this.#spanMs() * 0.75)) / 1000) * 1000;
		this.#forget();
		this.#draw();
	}

	#forget() {
		this.known = false;
		this.#dueMs = 0;
		this.#asked++;
	}

	async #load() {
		const mine = ++this.#asked, from = this.#fromMs / 1000, to = Math.round(this.#toMs() / 1000);

		try {
			const response = await ask(`/live/${this.#camera}/${from}-${to}.json`, {cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS)});
			const answer = response.ok ? await response.json() : null;

			if (mine !== this.#asked)
				return;
			if (!response.ok && response.status !== 404)
				throw new Error(`${response.status}`);
			this.account = read(answer, to * 1000);
			this.known = true;
			this.#draw();
			this.#told();
		} catch {
			/* what is known stays, and it is asked again */
			if (mine === this.#asked && !this.known)
				this.#dueMs = Date.now() + AGAIN_MS;
		}
	}

	#timeOf(x) {
		const {left, width} = this.#find("#strip").getBoundingClientRect();

		return this.#fromMs + Math.min(Math.max((x - left) / width, 0), 1) * this.#spanMs();
	}

	#drag(ms) {
		this.#dragMs = Math.min(ms, Date.now());
		this.#draw();
	}

	#drop() {
		const ms = this.#dragMs;

		this.#dragMs = null;
		if (ms !== null)
			this.#go(ms);
	}

	#onKey(event) {
		const ms = this.#atMs ?? Date.now();
		const to = {ArrowLeft: ms - STEP_MS, ArrowDown: ms - STEP_MS, ArrowRight: ms + STEP_MS, ArrowUp: ms + STEP_MS, PageDown: ms - PAGE_MS,
			PageUp: ms + PAGE_MS, Home: this.#fromMs, End: null}[event.key];

		if (to === undefined || event.ctrlKey || event.altKey || event.metaKey)
			return;
		event.preventDefault();
		event.stopPropagation();
		this.#go(to);
	}

	#find(selector) {
		return this.#root.querySelector(selector);
	}

	#x(ms) {
		return (ms - this.#fromMs) / this.#spanMs();
	}

	#rect({fromMs, toMs, kind}) {
		const rect = document.createElementNS(SVG, "rect"), x = this.#x(fromMs) * WIDTH;

		rect.setAttribute("class", kind);
		rect.setAttribute("x", x.toFixed(2));
		rect.setAttribute("width", Math.max(this.#x(toMs) * WIDTH - x, 0.5).toFixed(2));
		rect.setAttribute("height", String(kind === "gap" ? HEIGHT / 2 : HEIGHT));
		rect.setAttribute("y", String(kind === "gap" ? HEIGHT / 2 : 0));
		return rect;
	}

	#label(ms) {
		const label = document.createElement("span");

		label.textContent = new Date(ms).toLocaleTimeString([], {hour: "2-digit", minute: "2-digit", hourCycle: "h23"});
		label.style.left = `${(this.#x(ms) * 100).toFixed(2)}%`;
		return label;
	}

	/* What is recorded, drawn anew only where it is another. */
	#drawStrip() {
		const parts = strip(this.account, this.#fromMs, Math.min(this.#toMs(), Date.now()));
		const text = JSON.stringify([this.#fromMs, this.#spanMs(), parts]);

		if (text === this.#drawn)
			return;
		this.#drawn = text;
		this.#find("#strip svg").replaceChildren(...parts.map((p) => this.#rect(p)));
		this.#find("#strip-ticks").replaceChildren(...ticks(this.#fromMs, this.#toMs()).map((ms) => this.#label(ms)));
		this.#find("#strip-day").textContent = new Date(this.#fromMs).toLocaleDateString([], {dateStyle: "medium"});
	}

	#draw() {
		const line = this.#find("#strip"), cursor = this.#find("#strip-at"), ms = this.#dragMs ?? this.#atMs ?? Date.now();

		this.#drawStrip();
		cursor.hidden = ms < this.#fromMs || ms > this.#toMs();
		cursor.style.left = `${(this.#x(ms) * 100).toFixed(3)}%`;
		cursor.dataset.text = this.#dragMs === null ? "" : timeText(ms);
		line.dataset.known = String(this.known);
		line.setAttribute("aria-valuemin", String(Math.round(this.#fromMs / 1000)));
		line.setAttribute("aria-valuemax", String(Math.round(this.#toMs() / 1000)));
		line.setAttribute("aria-valuenow", String(Math.round(Math.min(Math.max(ms, this.#fromMs), this.#toMs()) / 1000)));
		line.setAttribute("aria-valuetext", this.#atMs === null && this.#dragMs === null ? "live" : whenText(ms));
	}
}
