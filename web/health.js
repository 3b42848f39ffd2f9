/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the camera that is open did over time. The server keeps an hour of what it measures itself; how far behind the picture is can only be
 * seen here, so that is gathered while the camera is open.
 */
import {Plot} from "./plot.js";
import {ask, rateText} from "./site.js";

const RENEW_MS = 10000;
const SAMPLE_MS = 1000;
const BEHIND_MAX = 600;
const SAMPLES_LEAST = 30;       /* five minutes: the first samples are a line, not a dot */

const percent = (v) => `${v >= 10 || v === 0 ? Math.round(v) : v.toFixed(v < 1 ? 2 : 1)}\u00a0%`;

const PLOTS = [
	{key: "rate_bps", name: "Rate", text: rateText, least: 100000},
	{key: "fps", name: "Pictures", text: (v) => `${Number(v.toFixed(1))}\u00a0/s`, least: 5},
	{key: "lost_percent", name: "Packets lost", text: percent, least: 1},
	{key: "cpu_percent", name: "CPU", text: percent, least: 10, hint: "Of one core, by the process that makes this camera's renditions and snapshots"},
	{key: "behind", name: "Behind", text: (v) => `${v.toFixed(1)}\u00a0s`, least: 5, hint: "How long ago the picture shown here was captured"},
];

export class Health {
	#details;
	#plots = new Map();
	#camera = "";
	#dueMs = 0;
	#sampleMs = 0;
	#behind = [];
	#asked = 0;

	constructor(details) {
		this.#details = details;
		for (const what of PLOTS)
			this.#plots.set(what.key, new Plot(what));
		details.querySelector("#plots").append(...Array.from(this.#plots.values(), (p) => p.element));
	}

	open(camera) {
		this.#camera = camera;
		this.#dueMs = this.#sampleMs = 0;
		this.#behind = [];
		this.#asked++;
		this.#say("Loading…");
		for (const plot of this.#plots.values())
			plot.show([], SAMPLES_LEAST, "");
	}

	close() {
		this.#camera = "";
		this.#asked++;
	}

	/* To be called every second or so. may: whether the server tells this viewer; behindS: how old the picture is, or NaN. */
	tick(nowMs, may, behindS) {
		this.#details.hidden = !may;
		if (!may || this.#camera === "")
			return;
		if (nowMs - this.#sampleMs >= SAMPLE_MS) {
			this.#sampleMs = nowMs;
			this.#behind = [...this.#behind, behindS >= 0 ? behindS : null].slice(-BEHIND_MAX);
		}
		if (!this.#details.open)
			return;
		this.#plots.get("behind").show(this.#behind, Math.max(this.#behind.length, 60), "opened here");
		if (nowMs >= this.#dueMs) {
			this.#dueMs = nowMs + RENEW_MS;
			this.#load();
		}
	}

	async #load() {
		const mine = ++this.#asked;

		try {
			const response = await ask(`/api/history/${this.#camera}`, {cache: "no-store", signal: AbortSignal.timeout(RENEW_MS)});
			const history = response.ok ? await response.json() : null;

			if (mine === this.#asked)
				this.#show(history);
		} catch {
			if (mine === this.#asked)
				this.#show(null);
		}
	}

	#show(history) {
		if (!history) {
			this.#say("What the server measured could not be loaded. Trying again…");
			return;
		}
		const room = Math.max(history.rate_bps.length, SAMPLES_LEAST), minutes = Math.round(room * history.interval_s / 60);

		for (const [key, plot] of this.#plots)
			if (key !== "behind")
				plot.show(history[key], room, `${minutes} min ago`);
		this.#say(history.rate_bps.length === 0 ? "Nothing was measured yet: the first figures come after some seconds." : "");
	}

	#say(text) {
		const p = this.#details.querySelector("#health-state");

		if (p.textContent !== text)
			p.textContent = text;
		p.hidden = text === "";
	}
}
