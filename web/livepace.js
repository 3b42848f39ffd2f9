/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far behind the camera a player stays, and how it keeps to that: a little faster than life where it lags, a little slower where
 * it runs dry, and where it lags far by a leap. Each time that the picture stood still it stays further behind, for a while. Pure:
 * seconds, and the clock is passed in.
 */
const SEGMENTS_BEHIND = 1.75;         // without parts: one that is being filled, and most of one in reserve
const BEHIND_LEAST = 0.3;
const BEHIND_MOST = 30;
const BEHIND_UNKNOWN = 6;
const NEWEST = 8;                     // segments whose length counts

const LAGS = 0.12;                    // further behind than wanted: faster
const LEADS = 0.15;                   // nearer than wanted: slower
const NEAR = 0.03;                    // as wanted
const LEAP = 2;
const AHEAD_LEAST = 0.2;              // nothing is made up for with less in the buffer
const DRY = 0.08;
const SLOW = 0.95;
const FAST_LEAST = 1.02;
const FAST_MOST = 1.1;
const FAST_PER_S = 0.1;

const STALL_STEP = 0.2;
const STALL_MOST = 1.2;
const STALL_FORGET_MS = 20000;

/* {behind, parts}: the distance that a media playlist asks for, and whether it lists parts. */
export function distanceOf(playlist) {
	const parts = /^#EXT-X-PART:/m.test(playlist);
	const hold = parts ? Number(/^#EXT-X-SERVER-CONTROL:.*PART-HOLD-BACK=([0-9]{1,3}(?:\.[0-9]{1,6})?)/m.exec(playlist)?.[1]) : NaN;
	const lengths = Array.from(playlist.matchAll(/^#EXTINF:([0-9]{1,3}(?:\.[0-9]{1,6})?)/gm), (m) => Number(m[1])).slice(-NEWEST);
	const behind = hold || SEGMENTS_BEHIND * Math.max(0, ...lengths) || BEHIND_UNKNOWN;

	return {behind: Math.min(Math.max(behind, BEHIND_LEAST), BEHIND_MOST), parts};
}

export class Pace {
	#stalls = 0;             // seconds that are kept besides
	#changedMs = 0;
	#rate = 1;

	/* The picture stood still for want of data. */
	stalled(nowMs) {
		this.#stalls = Math.min(this.#stalls + STALL_STEP, STALL_MOST);
		this.#changedMs = nowMs;
	}

	/* What is kept besides the distance that the playlist asks for. */
	more(nowMs) {
		if (this.#stalls > 0 && nowMs - this.#changedMs > STALL_FORGET_MS) {
			this.#stalls = Math.max(0, this.#stalls - STALL_STEP);
			this.#changedMs = nowMs;
		}
		return this.#stalls;
	}

	/*
	 * {rate, leap}: how fast to play, and how many seconds to leave out at once (0: none). latency: how far the picture is behind
	 * what is newest; behind: how far it should be; ahead: what is buffered.
	 */
	step({latency, behind, ahead}, nowMs) {
		const lag = latency - behind - this.more(nowMs);

		if (lag > LEAP && ahead > lag + AHEAD_LEAST) {
			this.#rate = 1;
			return {rate: 1, leap: lag};
		}
		this.#rate = this.#rateFor(lag, ahead);
		return {rate: this.#rate, leap: 0};
	}

	/* What was begun goes on until the distance is as wanted. */
	#rateFor(lag, ahead) {
		if ((lag > LAGS || (this.#rate > 1 && lag > NEAR)) && ahead > AHEAD_LEAST)
			return Math.round(Math.min(Math.max(1 + lag * FAST_PER_S, FAST_LEAST), FAST_MOST) * 100) / 100;
		if (ahead < DRY || lag < -LEADS || (this.#rate < 1 && lag < -NEAR))
			return SLOW;
		return 1;
	}
}
