/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report in words for people who were not there: what the verdict is, what each kind of problem means, why there is no footage. */

const plural = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
const sum = (report, field) => report.renditions.reduce((n, r) => n + r[field], 0);

export const timeText = (ms) => new Date(ms).toISOString().replace("T", " ").replace("Z", " UTC");

export function lengthText(ms) {
	const s = Math.round(ms / 1000), two = (n) => String(n).padStart(2, "0");

	if (s < 60)
		return `${(ms / 1000).toFixed(1)} s`;
	return s < 3600 ? `${Math.floor(s / 60)} min ${two(s % 60)} s` : `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} min`;
}

/* Kinds of problems, the gravest first: [kind, title, what it means]. */
export const KINDS = [
	["changed", "Changed", "These bytes are not those that were recorded and sealed."],
	["missing", "Missing", "This was recorded and sealed, nothing in the log says that it was deleted, and it is not here."],
	["unaccounted", "Time without an account", "For this time there is neither footage nor an entry that says why there is none."],
	["order", "Out of order", "Entries do not follow each other as they were written: one was changed, moved or taken out."],
	["extra", "Added", "The site never sealed this."],
	["log", "The log does not hold", "The list of what was sealed, or a proof out of it, is damaged or was changed."],
	["unsigned", "Not signed", "No signature by the site's key covers this."],
	["unreadable", "Not readable", "This could not be read, so nothing is said about it."],
];

const GAPS = {
	starting: "the camera was being connected to", refused: "the camera refused the connection", unreachable: "the camera could not be reached",
	"timed-out": "the camera did not answer", "wrong-password": "the camera refused the password", unsupported: "the camera sent what is not recorded",
	"bad-stream": "the camera's stream was broken", silent: "the camera stopped sending", "camera-closed": "the camera closed the connection",
	"camera-away": "the camera was away", overload: "the server was overloaded", restart: "the server was off, or was cut off", stopped: "the server was stopped",
	"session-limit": "too many others watched the camera", "stale-session": "the camera had forgotten the session",
	"bad-description": "what the camera said of its stream could not be read", certificate: "the camera did not prove who it is",
	"not-found": "the camera had no such stream", reconfigured: "the camera's settings were changed", removed: "the camera was taken out of the site file",
	"not-running": "the server was not running", crashed: "the server had crashed", "clock-step": "the server's clock was set",
	"disk-full": "the disk was full", "disk-slow": "the disk was too slow", "disk-error": "the disk failed",
};

export const gapText = (why) => Object.hasOwn(GAPS, why) ? `${GAPS[why]} (${why})` : why;

const RENDITIONS = {copy: "the camera's own pictures", audio: "the camera's own sound", snapshot: "still pictures"};

export const renditionText = (name) => Object.hasOwn(RENDITIONS, name) ? `${name}, ${RENDITIONS[name]}` : `${name}, encoded from the camera's pictures`;

/* Which segments, which time, which file a problem is about. */
export function placeText({camera, rendition, first, last, fromMs, toMs, path}) {
	const segments = !first ? "" : last > first ? `segments ${first} to ${last}` : last ? `segment ${first}` : `segments from ${first} on`;
	const time = toMs ? `${timeText(fromMs)} to ${timeText(toMs)}` : "";

	return [[camera, rendition].filter(Boolean).join(" "), segments, time, path].filter(Boolean).join(", ");
}

export function clockText({clock, segments}) {
	const from = clock.rtcp === segments ? "the camera's clock" : clock.rtcp ? "the camera's clock, for a part the server's" : "the server's clock";

	return `${from}, right to within ${clock.worstMs} ms by its own estimate`;
}

function badTitle(report) {
	const kinds = new Set(report.problems.map((p) => p.kind).filter((k) => k !== "unreadable"));

	if (kinds.has("changed"))
		return "Changed";
	if (kinds.size === 1)
		return {missing: "Something is missing", extra: "Something was added", unaccounted: "Time is not accounted for", order: "Out of order",
			unsigned: "Not signed by this key", log: "The log does not hold"}[[...kinds][0]];
	return "Does not hold";
}

function goodText(report) {
	const gaps = report.gaps.list.filter((g) => g.to > g.from).length, deleted = sum(report, "deleted");
	const lines = [`${plural(sum(report, "good"), "segment")} here ${sum(report, "good") === 1 ? "is" : "are"}, byte for byte and in order, what ` +
		`${report.checkpoint.origin} recorded and sealed.`];

	if (gaps)
		lines.push(`${plural(gaps, "time")} without footage ${gaps === 1 ? "is" : "are"} accounted for, with the reason.`);
	if (deleted)
		lines.push(`${plural(deleted, "segment")} ${deleted === 1 ? "was" : "were"} deleted by the site, which the log says.`);
	return lines.join(" ");
}

/* -> {state: good, wait or bad; title; text}. isOwnKey: the key came with the footage. */
export function verdictOf(report, isOwnKey) {
	if (report.verdict === "not verified")
		return {state: "bad", title: badTitle(report), text: `${report.total === 1 ? "1 thing does not hold; it is named" : `${report.total} things do not hold; they are named`} below. ` +
			`${plural(sum(report, "good"), "segment")} of ${sum(report, "segments")} ${sum(report, "good") === 1 ? "holds" : "hold"}.`};
	if (report.isSigned && !report.unreadable && sum(report, "good") === 0)
		return {state: "wait", title: "Nothing to check", text: `The log of ${report.checkpoint.origin} holds, but there is no footage here.`};
	if (report.verdict === "could not tell")
		return {state: "wait", title: "Could not tell", text: report.problems[0] ? `${placeText(report.problems[0])}: ${report.problems[0].text}.` :
			"There is nothing signed here."};
	if (isOwnKey)
		return {state: "wait", title: "Unchanged, under the key that came with it", text: `${goodText(report)} But who replaces footage can put another ` +
			"key beside it: compare the key below with the one that you have from the site's operator."};
	return {state: "good", title: "Unchanged", text: goodText(report)};
}

/* Where a policy came from, and so who chose whom it trusts. */
export const BESIDE = "by the policy that lies beside the footage; whoever made it chose these witnesses";
export const SERVED = "by the policy that this server gave; whoever runs it chose these witnesses";

/* What came after the entries that witnesses have cosigned; only of a check that has seen all of it. */
function laterText(later) {
	if (!later?.entries)
		return "";
	return `The ${later.entries} entries after these are not cosigned${later.segments ?
		`: ${plural(later.segments, "segment")} here, from ${timeText(later.fromMs)} on, ${later.segments === 1 ? "is" : "are"} among them` : ""}. `;
}

/* What a policy says of the witnesses, in a sentence. from: BESIDE or SERVED. */
export function quorumText({met, why, isListed, witnesses, quorumMs, size, later}, from) {
	if (why)
		return `The policy cannot be used: ${why}.`;
	if (!isListed)
		return "The policy is for other logs than this.";
	const seen = witnesses.filter((w) => w.timeMs !== null);

	return `${seen.length} of ${plural(witnesses.length, "witness", "witnesses")} cosigned the first ${size} entries: ` +
		`${met ? `the quorum is met${quorumMs === null ? "" : ` (${timeText(quorumMs)})`}` : "not as many as the policy needs"}, ${from}. ` +
		`${laterText(seen.length ? later : null)}` +
		"Compare their keys with those that you have from the witnesses themselves.";
}

/* One of them, beside its key. */
export const witnessText = ({name, timeMs}) => `${name}, ${timeMs === null ? "has not cosigned it" : `cosigned it ${timeText(timeMs)}`}`;
