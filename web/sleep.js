/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether this page was asleep: its machine was, or the browser let it do nothing for a while. Only our own clock can tell, so no server can make it
 * look so.
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
