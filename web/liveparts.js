/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments that come to a player part by part (Low-Latency HLS) are put together again here, from the very bytes that go to the
 * decoder, so that they can be held against their segment's signed hash. A segment of which not all parts came (the player came in
 * at its middle, or went to another rendition) is fetched whole, and what came has to lie in it. No page in here: the network and
 * the waiting are handed in.
 */
import {Refused, Unchecked} from "./bytes.js";

const HELD_MAX = 16;                  // segments
const HELD_BYTES_MAX = 96 * 2 ** 20;
const TRIES = 6;
const RETRY_MS = 1000;
const RETRY_MAX_MS = 8000;
const BOX_HEADER = 8;
const FORBIDDEN = 403;

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

function concatenate(pieces) {
	const all = new Uint8Array(pieces.reduce((n, p) => n + p.length, 0));
	let at = 0;

	for (const piece of pieces) {
		all.set(piece, at);
		at += piece.length;
	}
	return all;
}

function isAt(whole, at, piece) {
	if (at + piece.length > whole.length)
		return false;
	for (let i = 0; i < piece.length; i++)
		if (piece[i] !== whole[at + i])
			return false;
	return true;
}

/* Whether each of these lies in the segment, where one of its boxes begins (ISO/IEC 14496-12, 4.2), one behind the other. */
function hasInOrder(whole, pieces) {
	const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
	let at = 0;

	for (const piece of pieces) {
		while (at < whole.length && !isAt(whole, at, piece)) {
			const size = at + BOX_HEADER <= whole.length ? view.getUint32(at) : 0;

			at = size >= BOX_HEADER ? at + size : whole.length;
		}
		if (at >= whole.length)
			return false;
		at += piece.length;
	}
	return true;
}

export class LiveParts {
	#env;
	#whole;
	#held = new Map();       // "rendition number" -> {segment, parts: index -> bytes}, in the order in which they began
	#bytes = 0;

	/*
	 * env: {fetch(url) -> Response, sleep(ms), now() -> ms, wokeMs() as a Sleep has it}. whole(segment, media): a segment has ended, of which parts came; segment as part was given
	 * it, media a promise of the SHA-256 of all of it, rejected (Refused) where what came is not in it, or it never comes; Unchecked where
	 * this page slept meanwhile, and it is too old now for who may see what is live alone.
	 */
	constructor(env, whole) {
		this.#env = env;
		this.#whole = whole;
	}

	/* A part of {rendition, number, url: the segment's, …} has come to the player: the bytes are copied here and now. */
	part(segment, index, data) {
		const id = `${segment.rendition} ${segment.number}`;
		const held = this.#held.get(id) ?? {segment, parts: new Map(), beganMs: this.#env.now()};
		const bytes = new Uint8Array(data.slice(0)), before = held.parts.get(index);

		this.#held.set(id, held);
		if (before && !(before.length === bytes.length && isAt(before, 0, bytes))) {
			this.#settle(id, Promise.reject(new Refused("one of its parts came twice, with other bytes")));
			return;
		}
		this.#bytes += before ? 0 : bytes.length;
		held.parts.set(index, bytes);
		while (this.#held.size > HELD_MAX || this.#bytes > HELD_BYTES_MAX)
			this.#settleByFetch(this.#held.keys().next().value);
	}

	/* A playlist has come: its newest whole segment, and of a number how many parts it lists of that (0: none, or not all). */
	listed(rendition, newest, countOf) {
		const numbers = Array.from(this.#held.values(), ({segment}) => segment.number), latest = Math.max(0, ...numbers);

		for (const [id, {segment, parts}] of this.#held) {
			if (segment.number > newest)
				continue;
			const count = segment.rendition === rendition ? countOf(segment.number) : 0;
			const all = Array.from({length: count}, (_, i) => parts.get(i));

			if (count > 0 && all.every(Boolean))
				this.#settle(id, sha256(concatenate(all)));
			else if (segment.number < Math.max(newest, latest))
				this.#settleByFetch(id);
		}
	}

	#settle(id, media) {
		const {segment, parts} = this.#held.get(id);

		this.#held.delete(id);
		for (const bytes of parts.values())
			this.#bytes -= bytes.length;
		media.catch(() => {});
		this.#whole(segment, media);
	}

	#settleByFetch(id) {
		const {segment, parts, beganMs} = this.#held.get(id);

		this.#settle(id, this.#fetched(segment, beganMs, [...parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes)));
	}

	async #fetched(segment, beganMs, pieces) {
		const whole = await this.#fetchWhole(segment.url, beganMs);

		if (!hasInOrder(whole, pieces))
			throw new Refused("the parts of it that were shown are not in it");
		return sha256(whole);
	}

	/*
	 * A server that does not answer, or whose answer breaks off, is waited for; one that does, and has no such segment, showed what it does not
	 * answer for.
	 */
	async #fetchWhole(url, beganMs) {
		for (let tries = 0, waitMs = RETRY_MS;; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
			const response = await this.#env.fetch(url).catch(() => null);
			const whole = response?.ok ? await response.arrayBuffer().catch(() => null) : null;

			if (whole)
				return new Uint8Array(whole);
			if (response?.status === FORBIDDEN && this.#env.wokeMs() > beganMs)
				throw new Unchecked("it is too old now: this browser slept, and older footage needs the right history");
			tries += response && !response.ok ? 1 : 0;
			if (tries === TRIES)
				throw new Refused(`parts of it were shown, but it never came whole: the server answers ${response.status}`);
			await this.#env.sleep(waitMs);
		}
	}
}
