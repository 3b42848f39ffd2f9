/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether this page was asleep: its machine was, or the browser let it do nothing for a while. Our own clock tells, and no answer does. A server that
 * has this page work on what it sends for as long can make it look so; what waited then is said to be unchecked, and never verified.
 */
const ASLEEP_MS = 20000;

export class Sleep {
	#beatMs = 0;
	wokeMs = 0;            // when it came back last; 0: it never was away

	/* To be called every second or so. */
	beat(nowMs) {
		if (this.#beatMs && nowMs - this.#beatMs > ASLEEP_MS)
			this.wokeMs = nowMs;
		this.#beatMs = nowMs;
	}
}
