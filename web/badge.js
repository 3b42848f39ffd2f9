/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the state of a Watch is said: the badge beside the picture, and what stands behind it. */
import {timeText} from "./site.js";

export const UNABLE = {
	player: "Not verified by this browser's player",
	crypto: "Not verified: this browser knows no Ed25519 signatures. Update it",
};

function textOf(status) {
	const n = `${status.count} ${status.count === 1 ? "segment" : "segments"}`;

	switch (status.state) {
	case "verified":
		return `Verified since ${timeText(status.sinceMs)} (${n})`;
	case "partly":
		return `Verified (${n}), but for ${status.unchecked}: this browser slept, and now they are too old to check without the right history`;
	case "failed": {
		const {what, why} = status.failures[0];
		const more = status.failed > 1 ? ` (and ${status.failed - 1} more)` : "";

		return `NOT VERIFIED: ${what}: ${why}${more}`;
	}
	default:
		if (status.late)
			return `Checking: the proof of ${status.late} is late`;
		return status.pending ? "Checking" : status.unchecked ? "Not checkable: too old since this browser slept; that needs the right history" : "Nothing checked yet";
	}
}

/* Screen readers hear of changes of state, not of every count. */
export function showBadge(badge, spoken, status) {
	const text = textOf(status);

	if (badge.dataset.state !== status.state)
		spoken.textContent = text;
	badge.dataset.state = status.state;
	badge.dataset.since = status.sinceMs ? new Date(status.sinceMs).toISOString() : "";
	badge.dataset.count = String(status.count);
	badge.querySelector(".text").textContent = text;
}

export function showUnable(badge, text) {
	badge.dataset.state = "unable";
	badge.querySelector(".text").textContent = text;
}

export function showFailures(list, status) {
	const missing = status.failures.slice(list.children.length);

	if (list.children.length > status.failures.length)
		list.replaceChildren();
	for (const {atMs, what, why} of missing) {
		const item = document.createElement("li");

		item.textContent = `${timeText(atMs)} ${what}: ${why}`;
		list.append(item);
	}
}

export function showLast(element, status) {
	const e = status.last;

	element.textContent = e ? `${e.camera} ${e.rendition} ${e.number}: captured ${e.start} (${e.clock} clock, ±${e.clockError} ms), ` +
		`${e.bytes} bytes, camera's signature: ${e["camera-signature"].split(" sha256:")[0]}` : "none yet";
}
