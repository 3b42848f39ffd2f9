/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view of the site as a whole: its alarms, roles, log and archive, sessions and share links, for who may know them. Asked of the server while
 * it is looked at; what fails is said where it would stand, and tried again.
 */
import {setUp as setUpAdd} from "./addcamera.js";
import {setUp as setUpShares} from "./shares.js";
import {ask, dateText, sentence, whenText} from "./site.js";
import {button, table} from "./table.js";

const RENEW_MS = 5000;
const LAST_MAX = 30;
const ALIKE_MAX = 4;        /* more of a role than these, all of them well, are one line */

const $ = (id) => document.getElementById(id);
const time = (text) => whenText(Date.parse(text));

export function bytesText(n) {
	const units = ["B", "kB", "MB", "GB", "TB", "PB"];
	let i = 0;

	for (; n >= 1000 && i < units.length - 1; i++)
		n /= 1000;
	return `${i > 0 && n < 10 ? n.toFixed(1) : Math.round(n)}\u00a0${units[i]}`;
}

export function ageText(s) {
	if (s < 120)
		return `${Math.round(s)}\u00a0s`;
	return s < 7200 ? `${Math.round(s / 60)}\u00a0min` : s < 172800 ? `${Math.round(s / 3600)}\u00a0h` : `${Math.round(s / 86400)}\u00a0days`;
}

const isWell = (role) => role.state === "running";

/* Of roles as /api/status has them -> rows {role, of, state, up_s, restarts, last_end, memory_bytes, cpu_percent, sandbox}: many alike in one. */
export function gathered(roles) {
	const rows = [];

	for (const kind of new Set(roles.map((r) => r.role))) {
		const all = roles.filter((r) => r.role === kind), well = all.filter(isWell);
		const together = all.length > ALIKE_MAX ? well : [], alone = together.length > 0 ? all.filter((r) => !isWell(r)) : all;

		if (together.length > 0)
			rows.push({...together[0], index: -1, of: together.length, restarts: together.reduce((n, r) => n + r.restarts, 0),
				uptime_s: Math.min(...together.map((r) => r.uptime_s)), memory_bytes: together.reduce((n, r) => n + r.memory_bytes, 0),
				cpu_percent: together.reduce((n, r) => n + r.cpu_percent, 0), last_end: null,
				sandbox: together[0].sandbox.filter((layer) => together.every((r) => r.sandbox.includes(layer)))});
		rows.push(...alone.map((r) => ({...r, of: 1})));
	}
	return rows;
}

function roleRow(r) {
	return [r.of > 1 ? `${r.role} × ${r.of}` : r.role === "casemate" || r.index < 0 ? r.role : `${r.role} ${r.index}`,
		{text: r.state, state: isWell(r) ? "ok" : "bad"}, ageText(r.uptime_s), r.last_end ? `${r.restarts}: ${r.last_end}` : String(r.restarts),
		bytesText(r.memory_bytes), `${Math.round(r.cpu_percent)}\u00a0%`, r.sandbox.length > 0 ? r.sandbox.join(", ") : "none"];
}

function showRoles(status) {
	$("sandbox").textContent = status.sandbox === "strict" ? "Each role starts only with every layer of its sandbox." :
		"sandbox: best-effort: a role starts also where a layer of its sandbox is missing.";
	table($("roles"), ["Role", "State", "Runs for", "Restarts", "Memory", "CPU", "Sandbox"], gathered(status.roles).map(roleRow));
}

function showAlarms(status) {
	table($("alarms-now"), ["Since", "What", "Where", "Mend"], status.alarms.map((a) =>
		[time(a.begun), {text: sentence(a.detail), state: "bad"}, a.camera ? {text: a.camera, href: `#${a.camera}`} : "the site", sentence(a.mend)]),
	"Nothing is wrong.");
}

function showLast(last) {
	table($("alarms-last"), ["When", "What", "Where"], last.slice(0, LAST_MAX).map((e) =>
		[time(e.time), {text: `${e.state === "begin" ? "Began" : "Over"}: ${e.alarm.replaceAll("-", " ")}${e.detail ? `, ${e.detail}` : ""}`,
			state: e.state === "begin" ? "bad" : "ok"}, e.camera ?? "the site"]), "Nothing yet.");
}

/* [name, what is said, "bad" where it is] */
function figuresOf({log, archive, witness, certificate}) {
	const full = archive.max_bytes > 0 ? ` of ${bytesText(archive.max_bytes)}` : "";

	return [
		["Log", `${log.entries} entries, ${log.checkpoint} of them signed`],
		["Last checkpoint", log.checkpoint_time ? dateText(Date.parse(log.checkpoint_time)) : "none yet"],
		...(log.refusal ? [["Signing", log.refusal, "bad"]] : []),
		["Witnesses", witness ? `${witness.witnesses.length}, the quorum ${witness.quorum}, at ${witness.cosigned} entries` : "none are asked for", witness?.old ? "bad" : ""],
		["Archive", `${bytesText(archive.bytes)}${full}, ${archive.segments} segments, ${archive.gaps} gaps`],
		["Disk", `${bytesText(archive.disk_free_bytes)} free`],
		...(archive.alarm ? [["Archive's alarm", archive.alarm, "bad"]] : []),
		...(archive.dropped > 0 ? [["Lost to the disk", `${archive.dropped} segments`, "bad"]] : []),
		...(certificate.ends ? [["Certificate", `good until ${dateText(Date.parse(certificate.ends))}`]] : []),
	];
}

function showFigures(status) {
	$("figures").replaceChildren(...figuresOf(status).flatMap(([name, text, state]) => {
		const dt = document.createElement("dt"), dd = document.createElement("dd");

		dt.textContent = name;
		dd.textContent = text;
		dd.dataset.state = state ?? "";
		return [dt, dd];
	}));
}

async function fetchJson(url) {
	const response = await ask(url, {cache: "no-store", signal: AbortSignal.timeout(10000)});

	if (!response.ok)
		throw new Error(`the server answers ${response.status}`);
	return response.json();
}

/* A form of ours -> the server's words; throws what it says against it. */
async function post(url, fields) {
	const response = await ask(url, {method: "POST", body: new URLSearchParams(fields), signal: AbortSignal.timeout(10000)});
	const text = (await response.text()).trim();

	if (!response.ok)
		throw new Error(text || `the server answers ${response.status}`);
	return text;
}

export class Panels {
	#site = null;
	#dueMs = 0;
	#busy = false;
	#shares;

	constructor() {
		setUpAdd($("add"), $("add-lines"), $("add-commands"), $("add-said"));
		this.#shares = setUpShares($("shares"), $("share"), post, () => { this.#dueMs = 0; });
	}

	/* To be called every second or so while the view is seen. */
	tick(nowMs, site) {
		this.#site = site;
		for (const panel of document.querySelectorAll("#site .of-admin"))
			panel.hidden = !site.admin;
		if (nowMs < this.#dueMs || this.#busy)
			return;
		this.#dueMs = nowMs + RENEW_MS;
		this.#busy = true;
		this.#load().finally(() => { this.#busy = false; });
	}

	open() {
		this.#dueMs = 0;
	}

	async #load() {
		const of = this.#site.admin ? [
			["/api/status", ["alarms-now", "roles"], (status) => { showAlarms(status); showRoles(status); showFigures(status); }],
			["/api/alarms", ["alarms-last"], showLast],
			["/api/shares", ["shares"], (shares) => this.#shares(shares, this.#site)],
		] : [];

		await Promise.all([...of, ["/api/sessions", ["sessions"], (list) => this.#showSessions(list)]].map(async ([url, places, show]) => {
			try {
				show(await fetchJson(url));
			} catch {
				for (const id of places)
					this.#sayUnknown($(id));
			}
		}));
	}

	/* What was there stays until there is something newer. */
	#sayUnknown(place) {
		if (!place.firstChild)
			table(place, [], [], "It could not be loaded. Trying again…");
	}

	#showSessions(list) {
		table($("sessions"), ["Who", "From", "Since", "Until", ""], [...list].sort((a, b) => b.since.localeCompare(a.since)).map((s) =>
			[s.user, s.address, time(s.since), time(s.until), s.id === this.#site.session ? "this one" :
				button("End", `End the session of ${s.user} from ${s.address}`, () => this.#end(s))]), "Nobody is logged in by a session.");
	}

	async #end(session) {
		const said = $("sessions-said");

		try {
			await post("/api/sessions", {end: session.id});
			said.dataset.state = "ok";
			said.textContent = `The session of ${session.user} from ${session.address} has ended.`;
		} catch (e) {
			said.dataset.state = "bad";
			said.textContent = `${sentence(e.message)}.`;
		}
		this.#dueMs = 0;
	}
}
