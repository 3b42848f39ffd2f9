/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches what the player plays of one camera: for every segment it fetches the
 * proof, has verify.js check it, and holds neighbours against each other. What
 * failed once stays failed. No page in here: the network, the clock and the
 * waiting are handed in.
 *
 * A segment's entry and proof follow it within a second. Without a proof the
 * state is "checking" after LATE_MS, and the segment has failed after GIVE_UP_MS of a
 * server that answers, or when more than PENDING_MAX wait (a server that is
 * restarted is no evidence against its footage, one that goes on without proofs is).
 *
 * What this browser slept over can be too old when it wakes, for who may see what is live
 * alone: that is neither verified nor failed, and said for as long as the page lives.
 */
import {Refused, Unchecked, hex} from "./bytes.js";
import {verifySegment} from "./verify.js";

const LATE_MS = 5000;
const GIVE_UP_MS = 30000;
const RETRY_MS = 500;
const RETRY_MAX_MS = 4000;
const TURN_MAX_MS = 10000;   // what counts of one answer and the wait behind it: a machine sleeps, a page that nobody looks at wakes once a minute
const PENDING_MAX = 40;
const NEIGHBOURS_MAX = 64;
const FAILURES_MAX = 100;
const DATE_TOLERANCE_MS = 1;
const FORBIDDEN = 403;

/* Sets in a Map that forgets its oldest. */
function remember(map, key, value, max) {
	map.set(key, value);
	if (map.size > max)
		map.delete(map.keys().next().value);
}

export class Watch {
	#camera;
	#key;
	#env;
	#pending = new Map();     // "rendition number" -> when its bytes came, and which: {sinceMs, media, init}
	#leaves = new Map();      // "rendition number" -> {leaf, previous}
	#roots = new Map();       // size of the log -> root
	#failures = [];
	#failed = 0;
	#unchecked = 0;
	#count = 0;
	#sinceMs = 0;
	#last = null;
	#logSize = 0n;

	/* env: {fetch(url) -> Response, sleep(ms), now() -> ms, wokeMs() as a Sleep has it}. */
	constructor(camera, key, env) {
		this.#camera = camera;
		this.#key = key;
		this.#env = env;
	}

	/*
	 * {state: "checking" | "verified" | "partly" (but for those unchecked) | "failed", count, sinceMs, failures: [{atMs, what, why}], failed, unchecked, pending, late: what or "",
	 *  last: the newest entry, logSize}. failures holds the first FAILURES_MAX of failed. sinceMs: capture time of the first one verified.
	 */
	get status() {
		const late = this.#late();
		const state = this.#failed ? "failed" : !this.#count || late ? "checking" : this.#unchecked ? "partly" : "verified";

		return {state, late, pending: this.#pending.size, count: this.#count, sinceMs: this.#sinceMs, failures: this.#failures, failed: this.#failed,
			unchecked: this.#unchecked, last: this.#last, logSize: this.#logSize};
	}

	fail(what, why, atMs = this.#env.now()) {
		this.#failed++;
		if (this.#failures.length < FAILURES_MAX)
			this.#failures.push({atMs, what, why});
	}

	/*
	 * A segment has come to the player. place: its place in the playlist; dateMs: when it begins, by the playlist; media, init:
	 * promises of the SHA-256 (bytes) of what came, init null when none did. Resolves when it is settled.
	 */
	async segment({rendition, number, place, dateMs, url, media, init}) {
		const id = `${rendition} ${number}`;
		const what = `${this.#camera} ${id}`;

		if (this.#pending.has(id)) {
			await this.#compareAgain(what, this.#pending.get(id), {dateMs, media, init});
			return;
		}
		this.#pending.set(id, {sinceMs: this.#env.now(), dateMs, media, init});
		try {
			this.#refuseUnless(place === number, `the playlist names it in the place of ${place}`);
			this.#refuseUnless(init, "no init segment came before it");
			await this.#check({rendition, number, dateMs}, url, hex(await media), hex(await init));
		} catch (e) {
			if (e instanceof Unchecked)
				this.#unchecked++;
			else
				this.fail(what, e instanceof Refused ? e.message : `could not be checked: ${e.name}`);
		} finally {
			this.#pending.delete(id);
		}
	}

	/* It comes once more while its proof is late: what the one is checked for, the other must be. */
	async #compareAgain(what, first, again) {
		try {
			for (const part of ["media", "init"])
				this.#refuseUnless(first[part] && again[part] && hex(await first[part]) === hex(await again[part]), "it came twice, with other bytes");
			this.#refuseUnless(first.dateMs === again.dateMs, "it came twice, with other times");
		} catch (e) {
			if (!(e instanceof Unchecked))
				this.fail(what, e instanceof Refused ? e.message : `could not be checked: ${e.name}`);
		}
	}

	#refuseUnless(condition, why) {
		if (!condition)
			throw new Refused(why);
	}

	#late() {
		const [id, {sinceMs}] = this.#pending.entries().next().value ?? ["", {}];

		return id && this.#env.now() - sinceMs > LATE_MS ? `${this.#camera} ${id}` : "";
	}

	async #check({rendition, number, dateMs}, url, media, init) {
		const proof = await this.#fetchProof(`${rendition} ${number}`, `${url}.tlog-proof`);
		const found = await verifySegment(proof, this.#key, {camera: this.#camera, rendition, number, media, init});

		this.#compareDate(dateMs, found.entry.startMs);
		this.#compareRoots(found.checkpoint);
		this.#compareNeighbours(rendition, number, found);
		if (!this.#count++ || found.entry.startMs < this.#sinceMs)
			this.#sinceMs = found.entry.startMs;
		if (!this.#last || found.entry.startMs >= this.#last.startMs)
			this.#last = found.entry;
	}

	/* The time that is shown with the picture is the playlist's. */
	#compareDate(dateMs, startMs) {
		this.#refuseUnless(Math.abs(dateMs - startMs) <= DATE_TOLERANCE_MS,
			Number.isFinite(dateMs) ? `the playlist dates it ${((dateMs - startMs) / 1000).toFixed(3)} s off what was signed` : "the playlist says no time of it");
	}

	/* One key signs one log: two roots for one size are two histories. */
	#compareRoots({size, root}) {
		const text = hex(root), known = this.#roots.get(size);

		this.#refuseUnless(!known || known === text, `two different logs of ${size} entries are signed`);
		remember(this.#roots, size, text, NEIGHBOURS_MAX);
		if (size > this.#logSize)
			this.#logSize = size;
	}

	#compareNeighbours(rendition, number, {leaf, entry}) {
		const before = this.#leaves.get(`${rendition} ${number - 1}`);
		const after = this.#leaves.get(`${rendition} ${number + 1}`);

		remember(this.#leaves, `${rendition} ${number}`, {leaf, previous: entry.previous}, NEIGHBOURS_MAX);
		this.#refuseUnless(!before || before.leaf === entry.previous, `it does not follow ${number - 1} in the log`);
		this.#refuseUnless(!after || after.previous === leaf, `${number + 1} does not follow it in the log`);
	}

	async #fetchProof(id, url) {
		let spentMs = 0;

		for (let waitMs = RETRY_MS;; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
			const began = this.#env.now();
			const answer = await this.#try(url);

			if (answer.bytes)
				return answer.bytes;
			if (answer.status === FORBIDDEN && this.#env.wokeMs() > this.#pending.get(id).sinceMs)
				throw new Unchecked("its proof is too old now");
			await this.#env.sleep(answer.retryMs || waitMs);
			if (answer.status)
				spentMs += Math.min(this.#env.now() - began, TURN_MAX_MS);
			this.#refuseUnless(spentMs < GIVE_UP_MS, `no proof came: the server answers ${answer.status}`);
			this.#refuseUnless(!this.#isOverrun(id), `no proof came, while ${PENDING_MAX} later segments did`);
		}
	}

	/* {bytes}, or {status, retryMs} of an answer without a proof, or {} when no answer came. */
	async #try(url) {
		try {
			const response = await this.#env.fetch(url);

			if (response.ok)
				return {bytes: new Uint8Array(await response.arrayBuffer())};
			return {status: response.status, retryMs: Math.min(Number(response.headers.get("Retry-After")) * 1000 || 0, RETRY_MAX_MS)};
		} catch {
			return {};
		}
	}

	#isOverrun(id) {
		return this.#pending.size > PENDING_MAX && this.#pending.keys().next().value === id;
	}
}
