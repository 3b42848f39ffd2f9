/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server says of itself and its cameras, asked every two seconds, and how it is said to the viewer. */
import {codecWord} from "./playable.js";

const POLL_MS = 2000;
const POLL_HIDDEN_MS = 15000;
const POLL_A_CAMERA_MS = 20;
const SILENT_MAX_MS = 15000;
const ANSWER_MS = 8000;

/* For the login that comes instead of this page (web/login.js). */
function sayEnded() {
	try {
		sessionStorage.setItem("casemate-ended", "1");
	} catch {
		/* then it is not said */
	}
}

/* A fetch of ours: never from a cache that is not ours; a session that has ended leads back to the login. */
export async function ask(url, init = {}) {
	const response = await fetch(url, {credentials: "same-origin", ...init});

	if (response.status === 401) {
		sayEnded();
		location.reload();
	}
	return response;
}

/* How long until the server is asked again, after so many silences, with so many cameras: what 1000 of them do is a lot to tell. */
export function waitMs(silences, cameras, hidden) {
	if (silences > 0)
		return Math.min(POLL_MS * 2 ** (silences - 1), SILENT_MAX_MS);
	return Math.max(hidden ? POLL_HIDDEN_MS : POLL_MS, cameras * POLL_A_CAMERA_MS);
}

/* Calls onSite(site) with every answer, onSilence(ms) when there is none, and it is asked again in so many ms. Never ends. */
export async function poll(onSite, onSilence) {
	let cameras = 0;

	for (let silences = 0;;) {
		const site = await answer();

		if (site) {
			silences = 0;
			cameras = site.cameras.length;
			onSite(site);
		} else {
			onSilence(waitMs(++silences, cameras, document.hidden));
		}
		await pause(waitMs(silences, cameras, document.hidden));
	}
}

async function answer() {
	try {
		const response = await ask("/api/site", {cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS)});

		return response.ok ? await response.json() : null;
	} catch {
		return null;
	}
}

/* Sooner when somebody looks again, or the network is back. */
function pause(ms) {
	return new Promise((resolve) => {
		const done = () => {
			clearTimeout(timer);
			document.removeEventListener("visibilitychange", done);
			removeEventListener("online", done);
			resolve();
		};
		const timer = setTimeout(done, ms);

		document.addEventListener("visibilitychange", done);
		addEventListener("online", done);
	});
}

/* The server's words, as a sentence's beginning. */
export function sentence(words) {
	return words ? words[0].toUpperCase() + words.slice(1) : "";
}

/*
 * {live, past, word, detail, since, retry} of a camera. detail says what is wrong and the mend, retry when it is tried again. past: who has a link
 * to a time sees that and is not told how the camera does now; he has no right of his own.
 */
export function stateOf(camera) {
	const none = {live: false, past: false, detail: "", since: "", retry: ""};

	if (camera.may?.length === 0)
		return {...none, past: true, word: "Recorded"};
	if (camera.phase === "streaming") {
		const alarms = camera.alarms ?? [];
		const word = alarms.length > 0 ? TROUBLE_WORDS[alarms[0].alarm] ?? "Trouble" : isOnDemand(camera) ? "On demand" : "Live";

		return {...none, live: true, word, detail: alarms.map((a) => sentence(a.detail)).join(". ")};
	}
	const why = camera.why === "none" ? "" : camera.why.replaceAll("-", " ");

	return {
		...none,
		word: {idle: "Not started", connecting: "Connecting", waiting: "No picture"}[camera.phase] ?? "Unknown",
		detail: sentence(camera.detail || why),
		since: camera.since_ms > 0 && camera.phase === "waiting" ? `since ${whenText(camera.since_ms)}` : "",
		retry: camera.retry_ms > 0 ? `Next try in ${Math.ceil(camera.retry_ms / 1000)} s` : "",
	};
}

const TROUBLE_WORDS = {silent: "Silent", frozen: "Frozen", black: "Black", covered: "Covered", late: "Late", "no-picture": "No picture", clock: "Clock off"};

/* Whether nothing of it is made before somebody wants it. */
function isOnDemand(camera) {
	const pictures = camera.renditions.filter((r) => r.kind === "video");

	return pictures.length > 0 && pictures.every((r) => r.on_demand);
}

/* What a camera's state comes to, the worst first; each camera is of one of them. */
export const CONDITIONS = [
	{id: "down", word: "Down"}, {id: "trouble", word: "Trouble"}, {id: "connecting", word: "Connecting"}, {id: "idle", word: "Not started"},
	{id: "live", word: "Live"}, {id: "demand", word: "On demand"}, {id: "past", word: "Recorded"}];

export function conditionOf(camera) {
	if (camera.may?.length === 0)
		return "past";
	if (camera.phase === "streaming")
		return (camera.alarms ?? []).length > 0 ? "trouble" : isOnDemand(camera) ? "demand" : "live";
	return {connecting: "connecting", waiting: "down"}[camera.phase] ?? "idle";
}

/* What stands in the place of a picture while there is none. */
export function blankOf(camera) {
	return {down: "No picture", connecting: "Connecting…", idle: "Not started", past: "Recorded"}[conditionOf(camera)] ?? "Loading…";
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

/* The time, and the day when it is another. */
export function whenText(ms) {
	return new Date(ms).toDateString() === new Date().toDateString() ? timeText(ms) : dateText(ms);
}

/* To the second, whatever the day. */
export function momentText(ms) {
	return new Date(ms).toLocaleString([], {dateStyle: "medium", timeStyle: "medium", hourCycle: "h23"});
}

export function dateText(ms) {
	return new Date(ms).toLocaleString([], {dateStyle: "medium", timeStyle: "short", hourCycle: "h23"});
}
