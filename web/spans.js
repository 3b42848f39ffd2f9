/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When there is footage of a camera and when not, as /live/CAMERA/FROM-TO.json tells it, and how that is said. Pure; milliseconds since 1970.
 */
import {timeText, whenText} from "./site.js";

export const LIVE_MS = 5000;          // nearer to now than this is live;
export const CAUGHT_UP_MS = 30000;    // and so is what was played on to this
const ROUND_MS = 250;                 // a list's end and the account's may differ by less
const RECENT_MS = 60000;              // of what is newer the account may not be told yet

/*
 * What the server answered (null: there is none) when it was asked up to untilMs -> {spans: [[from, to]] by time, gaps: [{fromMs, toMs, why}],
 * oldestMs: 0 where it told none, untilMs}.
 */
export function read(answer, untilMs) {
	if (!answer)
		return {spans: [], gaps: [], oldestMs: 0, untilMs};
	const isTime = (n) => Number.isSafeInteger(n) && n >= 0;
	const spans = (answer.spans ?? []).filter(([from, to]) => isTime(from) && isTime(to) && from <= to).sort(([a], [b]) => a - b);
	const gaps = (answer.gaps ?? []).map((g) => ({fromMs: g.from_ms, toMs: g.to_ms, why: String(g.why)})).filter((g) => isTime(g.fromMs) && isTime(g.toMs));

	return {spans, gaps, oldestMs: isTime(answer.oldest_ms) ? answer.oldest_ms : 0, untilMs};
}

const WORDS = {
	__proto__: null,      // words of the log alone, and none that every object has
	refused: "the camera refused the connection", unreachable: "there was no way to the camera", "timed-out": "the camera did not answer",
	"wrong-password": "the camera refused the login", unsupported: "the camera sent what cannot be recorded", "bad-stream": "the camera's stream was broken",
	silent: "the camera sent nothing", "camera-closed": "the camera ended the connection", overload: "the machine had too much to do",
	restart: "the stream began anew", stopped: "the server was stopped", "session-limit": "too many others watched the camera",
	certificate: "what answered did not prove to be the camera", "not-found": "the camera had no such stream", reconfigured: "the camera was set up anew",
	removed: "the camera was not in the site file", "not-running": "the server was not running", crashed: "the server had to begin anew",
	starting: "the server was starting", "clock-step": "the clock was set", deleted: "it was deleted to make room",
};

/* The log's word for a gap, for people; its own word where it has none here. */
export const whyText = (why) => WORDS[why] ?? (/^[a-z0-9-]{1,32}$/.test(why) ? why.replaceAll("-", " ") : "the log near it does not say why");

/*
 * Why nothing is to be seen of that time: null where something is, or may just not be told, else {fromMs, toMs, text}: to when it is so (Infinity: to the end of what
 * is known). sends: the camera does so now, and what it sent last is told when its segment has ended, and to who has no right to what is live when it has left the window.
 */
export function missingAt({spans, gaps, oldestMs, untilMs}, ms, nowMs, sends) {
	if (ms > nowMs)
		return {fromMs: nowMs, toMs: Infinity, text: "This time is still to come"};
	if (spans.some(([from, to]) => from <= ms && ms < to))
		return null;
	const after = spans.find(([from]) => from > ms)?.[0] ?? Infinity, before = spans.findLast(([, to]) => to <= ms)?.[1] ?? 0;
	if (after === Infinity && (ms > nowMs - RECENT_MS || (sends && untilMs > nowMs && ms > oldestMs)))
		return null;
	const gap = gaps.find((g) => g.fromMs <= ms && ms < g.toMs);

	if (gap)
		return {fromMs: gap.fromMs, toMs: gap.toMs, text: `Nothing was recorded from ${whenText(gap.fromMs)} to ${timeText(gap.toMs)}: ${whyText(gap.why)}`};
	if (oldestMs > ms)
		return {fromMs: 0, toMs: oldestMs, text: `What is kept of this camera begins ${whenText(oldestMs)}`};
	return {fromMs: before, toMs: after, text: before ? `Nothing was recorded after ${whenText(before)}` : "Nothing of this time was recorded"};
}

/* The first time from ms on of which there is something, or null. */
export function nextFrom({spans}, ms) {
	const span = spans.find(([, to]) => to > ms);

	return span ? Math.max(span[0], ms) : null;
}

/*
 * Where it goes on when all that was listed up to ms was played: a time, null: at what is live, undefined: nothing is there yet, and may still come. A time of which
 * there is nothing stands for the words that say so (missingAt).
 */
export function onFrom(account, ms, nowMs, {mayLive, sends}) {
	const behind = ms + ROUND_MS, next = nextFrom(account, behind), now = Math.min(behind, nowMs);

	if (mayLive && ms > nowMs - CAUGHT_UP_MS)
		return null;
	if (next !== null)
		return next === behind ? ms : next;
	return missingAt(account, now, nowMs, sends) ? now : undefined;
}

/* What lies between from and to -> [{fromMs, toMs, kind: "kept" | "gap", why}], cut to that, for a strip. */
export function strip({spans, gaps}, fromMs, toMs) {
	const cut = (kind, why) => ([from, to]) => ({fromMs: Math.max(from, fromMs), toMs: Math.min(to, toMs), kind, why});

	return [...spans.map(cut("kept", "")), ...gaps.map((g) => cut("gap", g.why)([g.fromMs, g.toMs]))].filter((s) => s.fromMs < s.toMs);
}

const STEPS_MIN = [5, 10, 15, 30, 60, 120, 180, 360, 720];
const LABELS_MAX = 8;
const EDGE = 0.04;            // nearer to an end a label would be cut

/* Round local times between the two, at most LABELS_MAX. */
export function ticks(fromMs, toMs) {
	const step = 60000 * (STEPS_MIN.find((min) => (toMs - fromMs) / 60000 / min <= LABELS_MAX) ?? 1440);
	const zoneMs = new Date(fromMs).getTimezoneOffset() * 60000, out = [];

	for (let ms = Math.ceil((fromMs - zoneMs) / step) * step + zoneMs; ms < toMs; ms += step)
		if (Math.min(ms - fromMs, toMs - ms) > (toMs - fromMs) * EDGE)
			out.push(ms);
	return out;
}

/* "#CAMERA" or "#CAMERA?t=TIME" (RFC 3339, or milliseconds left out) -> {name, atMs: null where none is named}; null for what is neither. */
export function placeOf(hash) {
	const [, name, time] = /^#([a-z0-9-]{1,32})(?:\?t=([0-9A-Za-z:.+%-]{1,64}))?$/.exec(hash) ?? [];
	let atMs = NaN;

	try {
		atMs = time ? Date.parse(decodeURIComponent(time)) : NaN;
	} catch {
		/* not a time, then */
	}
	return name ? {name, atMs: Number.isNaN(atMs) ? null : atMs} : null;
}

export const hashOf = (name, atMs) => `#${name}${atMs === null ? "" : `?t=${new Date(atMs).toISOString().replace(/\.\d+Z$/, "Z")}`}`;
