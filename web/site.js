/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server says of itself and its cameras, asked every two seconds, and how it is said to the viewer. */
import {codecWord} from "./playable.js";

const POLL_MS = 2000;
const POLL_HIDDEN_MS = 15000;
const ANSWER_MS = 8000;

/* A fetch of ours: never from a cache that is not ours; a session that has ended leads back to the login. */
export async function ask(url, init = {}) {
	const response = await fetch(url, {credentials: "same-origin", ...init});

	if (response.status === 401)
		location.reload();
	return response;
}

/* Calls onSite(site) with every answer, onSilence() when there is none. Never ends. */
export async function poll(onSite, onSilence) {
	for (;;) {
		try {
			const response = await ask("/api/site", {cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS)});

			if (response.ok)
				onSite(await response.json());
			else
				onSilence();
		} catch {
			onSilence();
		}
		await pause(document.hidden ? POLL_HIDDEN_MS : POLL_MS);
	}
}

function pause(ms) {
	return new Promise((resolve) => {
		const done = () => {
			clearTimeout(timer);
			document.removeEventListener("visibilitychange", done);
			resolve();
		};
		const timer = setTimeout(done, ms);

		document.addEventListener("visibilitychange", done);
	});
}

/* The server's words, as a sentence's beginning. */
export function sentence(words) {
	return words ? words[0].toUpperCase() + words.slice(1) : "";
}

/*
 * {live, past, word, detail, retry} of a camera. detail says what is wrong and the mend, retry when it is tried again. past: who has a link
 * to a time sees that and is not told how the camera does now; he has no right of his own.
 */
export function stateOf(camera) {
	if (camera.may?.length === 0)
		return {live: false, past: true, word: "Recorded", detail: "", retry: ""};
	if (camera.phase === "streaming")
		return {live: true, past: false, word: "Streaming", detail: (camera.alarms ?? []).map((a) => sentence(a.detail)).join(". "), retry: ""};
	const why = camera.why === "none" ? "" : camera.why.replaceAll("-", " ");

	return {
		live: false,
		past: false,
		word: {idle: "Not started", connecting: "Connecting", waiting: "No picture"}[camera.phase] ?? "Unknown",
		detail: sentence(camera.detail || why),
		retry: camera.retry_ms > 0 ? `Next try in ${Math.ceil(camera.retry_ms / 1000)} s` : "",
	};
}

/* Alarms, a sentence each: the site's, then each camera's. */
export function troublesOf(site) {
	const cameras = site.cameras.flatMap((c) => (c.alarms ?? []).map((a) => `${c.name}: ${a.detail.replaceAll("-", " ")}`));

	return [...(site.alarms ?? []).map((a) => sentence(a.detail)), ...cameras];
}

export function rateText(bps) {
	return bps >= 1e6 ? `${(bps / 1e6).toFixed(1)}\u00a0Mb/s` : `${Math.round(bps / 1000)}\u00a0kb/s`;
}

/* "H.264 · 1280×720 · 25 fps · 1.9 Mb/s", as far as it is known. */
export function factsOf(camera) {
	const copy = camera.renditions.find((r) => r.name === "copy");
	const audio = camera.renditions.find((r) => r.kind === "audio");
	const facts = [];

	if (copy?.codec)
		facts.push(codecWord(copy.codec));
	if (camera.width > 0)
		facts.push(`${camera.width}×${camera.height}`);
	if (camera.fps > 0)
		facts.push(`${camera.fps < 10 ? Number(camera.fps.toFixed(1)) : Math.round(camera.fps)}\u00a0fps`);
	if (camera.rate_bps > 0)
		facts.push(rateText(camera.rate_bps));
	if (audio?.codec)
		facts.push(`${codecWord(audio.codec)}\u00a0sound`);
	return facts.join(" · ");
}

export function timeText(ms) {
	return new Date(ms).toLocaleTimeString([], {hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23"});
}

export function dateText(ms) {
	return new Date(ms).toLocaleString([], {dateStyle: "medium", timeStyle: "short"});
}
