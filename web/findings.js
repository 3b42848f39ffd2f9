/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report as parts of a page. Names and texts come out of files that anybody may have made: all of it is text, nothing markup. */
import {toUtf8, hex, sha256} from "./bytes.js";
import {BESIDE, KINDS, clockText, gapText, lengthText, placeText, quorumText, renditionText, timeText, witnessText} from "./words.js";

const SHOWN_MAX = 200;    /* rows of a table; more are counted */

function element(name, ...children) {
	const e = document.createElement(name);

	e.append(...children);
	return e;
}

/* total: how many there are, of which rows shows the first. */
function table(headings, rows, total = rows.length) {
	const head = element("tr", ...headings.map((h) => {
		const th = element("th", h);

		th.scope = "col";
		return th;
	}));
	const body = rows.slice(0, SHOWN_MAX).map((cells) => element("tr", ...cells.map((c) => element("td", String(c)))));
	const parts = [element("table", element("thead", head), element("tbody", ...body))];

	if (total > body.length)
		parts.push(element("p", `and ${total - body.length} more`));
	return element("div", ...parts);
}

function section(title, ...parts) {
	return element("section", element("h3", title), ...parts);
}

/* What is of use to some, under a line to open. */
function folded(title, ...parts) {
	return element("details", element("summary", title), ...parts);
}

function problemsOf(report) {
	return KINDS.map(([kind, title, meaning]) => {
		const some = report.problems.filter((p) => p.kind === kind);
		const part = section(title, element("p", meaning), table(["Where", "What"], some.map((p) => [placeText(p), p.text]),
			some.length < report.problems.length ? some.length : report.total));

		part.className = kind === "unreadable" ? "" : "bad-things";
		return some.length ? part : null;
	}).filter(Boolean);
}

function holdsText({good, segments, deleted, notKept, missing}) {
	return [`${good} of ${segments}`, deleted && `${deleted} deleted by the site`, notKept && `${notKept} never kept`, missing && `${missing} missing`]
		.filter(Boolean).join(", ");
}

function camerasOf(report) {
	const cameras = new Map();

	for (const line of report.renditions)
		cameras.set(line.camera, [...cameras.get(line.camera) ?? [], line]);
	return Array.from(cameras, ([camera, lines]) => {
		const gaps = report.gaps.list.filter((g) => g.camera === camera && g.to > g.from);
		const parts = [table(["What", "From", "To", "Segments that hold", "Times are of"], lines.filter((l) => l.segments).map((l) =>
			[renditionText(l.rendition), timeText(l.fromMs), timeText(l.toMs), holdsText(l), clockText(l)]))];

		if (gaps.length)
			parts.push(element("p", "Times without footage, as the site entered them:"), table(["From", "To", "Length", "Because"],
				gaps.map((g) => [timeText(g.from), timeText(g.to), lengthText(g.to - g.from), gapText(g.why)])));
		return section(`Camera ${camera}`, ...parts);
	});
}

function rangeText(e) {
	return e["from-number"] === e["to-number"] ? `segment ${e["from-number"]}` : `segments ${e["from-number"]} to ${e["to-number"]}`;
}

const EVENTS = [
	["deletes", "Deleted by the site", ["When", "What", "Because"], (e) => [timeText(e.time), `${e.camera} ${e.rendition}, ${rangeText(e)}`, e.why]],
	["alarms", "Alarms", ["When", "Camera", "What"], (e) => [timeText(e.time), e.camera, `${e.alarm} ${e.state}: ${e.detail}`]],
	["exports", "Exports", ["When", "By", "What"], (e) => [timeText(e.time), e.user, `${e.camera} ${e.rendition}, ${timeText(e.from)} to ${timeText(e.to)}`]],
	["keys", "Keys that signed", ["From", "Key", "Why"], (e) => [timeText(e.time), e.key, e.why]],
	["encoders", "Encoders", ["From", "What", "Encoder and settings"], (e) => [timeText(e.time), `${e.camera} ${e.rendition}`, `${e.encoder}; ${e.settings}`]],
	["configs", "Changes of the site file", ["When", "What"], (e) => [timeText(e.time), e.change.join(", ")]],
	["programs", "Programs", ["From", "Program", "SHA-256 of what ran"], (e) => [timeText(e.time), e.program, e.build]],
];

function eventsOf(report) {
	return EVENTS.filter(([what]) => report[what].total).map(([what, title, headings, row]) =>
		folded(`${title} (${report[what].total})`, table(headings, report[what].list.map(row), report[what].total)));
}

/* What people compare a key by: what sha256sum prints of the file site.key.pub. */
export async function fingerprint(vkey) {
	return hex(await sha256(toUtf8(`${vkey}\n`)));
}

async function basisOf(report, key) {
	const {checkpoint} = report, code = (text) => element("code", text);
	const rows = [["Key", code(key.vkey)], ["SHA-256 of the file site.key.pub", code((await fingerprint(key.vkey)).match(/.{8}/g).join(" "))]];

	if (checkpoint)
		rows.unshift(["Site", checkpoint.origin], ["Log", `${checkpoint.size} entries, signed`], ["Root", code(hex(checkpoint.root))]);
	if (report.chain.keys.length > 1)
		rows.push(["Keys after it", `${report.chain.keys.length - 1}, each signed for by the one before it or by the one that is given`]);
	if (report.quorum)
		rows.push(["Witnesses", quorumText(report.quorum, BESIDE)], ...report.quorum.witnesses.map((w) => [witnessText(w), code(w.vkey)]));
	if (report.starts)
		rows.push(["Runs of the server", `${report.starts}${report.crashes ? `, ${report.crashes} of them cut off (killed, or power was lost)` : ""}`]);
	if (report.unfinished)
		rows.push(["Unfinished files", `${report.unfinished}, still being written or cut off`]);
	rows.push(["Checked", `${report.entries} entries, ${report.bytes} bytes`]);
	return section("What this rests on", element("dl", ...rows.flatMap(([name, value]) => [element("dt", name), element("dd", value)])));
}

/* Plays a clip's files from where they lie. */
function playerOf(report) {
	const video = element("video"), list = element("p");
	/* Of more problems than were kept, any file may have one. */
	const bad = new Set(report.problems.map((p) => p.path)), isAny = report.total > report.problems.length;
	let url = "";

	video.controls = true;
	video.hidden = true;
	list.className = "buttons";
	for (const {path, blob} of report.files.slice(0, SHOWN_MAX)) {
		const button = element("button", isAny || bad.has(path) ? `Play ${path} (does not hold)` : `Play ${path}`);

		button.type = "button";
		button.addEventListener("click", () => {
			URL.revokeObjectURL(url);
			url = URL.createObjectURL(blob);
			video.src = url;
			video.hidden = false;
			video.play().catch(() => {});
		});
		list.append(button);
	}
	return section("Footage", list, video);
}

/* -> the parts, in their order. */
export async function findingsOf(report, key) {
	const parts = [...problemsOf(report), ...camerasOf(report)];

	if (report.files.length)
		parts.push(playerOf(report));
	return [...parts, ...eventsOf(report), await basisOf(report, key)];
}
