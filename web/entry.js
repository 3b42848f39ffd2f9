/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log's entries, as doc/evidence.5 writes them: a kind's lines come in one
 * order and every value has one spelling. Pure, and the same grammar to the
 * byte as the server's own.
 */

const HEX = "[0-9a-f]{64}";
const NAME = "[a-z0-9-]{1,32}";
const NUMBER_MAX = 2 ** 53;
const DURATION_MAX_S = 3600;
/* Printable ASCII without a blank at either end. */
const text = (max) => `[!-~](?:[ -~]{0,${max - 2}}[!-~])?`;
const words = (characters, max) => `[${characters}](?:[ ${characters}]{0,${max - 2}}[${characters}])?`;

const TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z";
const COUNT = "0|[1-9][0-9]{0,15}";
const NUMBER = "[1-9][0-9]{0,15}";

/* A value's grammar, and what it becomes; undefined where it is out of range, which only a BigInt tells just above 2^53. */
const type = (grammar, take = (s) => s) => ({grammar: new RegExp(`^(?:${grammar})$`), take});
const upTo = (max) => (s) => BigInt(s) <= max ? Number(s) : undefined;

function takeTime(s) {
	const ms = Date.parse(s);

	return Number.isFinite(ms) && ms >= 0 && new Date(ms).toISOString() === s ? ms : undefined;
}

function takeDuration(s) {
	return Number(s) <= DURATION_MAX_S ? Number(s) : undefined;
}

function takeClock(s) {
	const [source, error] = s.split(" ");

	return Number(error) < 2 ** 32 ? {source, errorMs: Number(error)} : undefined;
}

function takeBeside(s) {
	const [rendition, ...counts] = s.split(" ");
	const [segments, bytes] = counts.map(upTo(NUMBER_MAX));

	return segments && bytes ? {rendition, segments, bytes} : undefined;
}

/* RFC 5952, as inet_ntop(3) spells it. */
function takeAddress(s) {
	return s === "-" || isIpv4(s) || isIpv6(s) ? s : undefined;
}

function isIpv4(s) {
	const part = s.split(".");

	return part.length === 4 && part.every((p) => /^(0|[1-9][0-9]{0,2})$/.test(p) && Number(p) <= 255);
}

/* The eight groups of an address as numbers, or null. */
function ipv6Groups(s) {
	const last = s.slice(s.lastIndexOf(":") + 1);
	let groups = s;

	if (last.includes(".")) {
		if (!isIpv4(last))
			return null;
		const [a, b, c, d] = last.split(".").map(Number);

		groups = `${s.slice(0, -last.length)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
	}
	const halves = groups.split("::");
	const numbers = halves.map((h) => h === "" ? [] : h.split(":"));
	const n = numbers.flat().length;

	if (halves.length > 2 || (halves.length === 1 ? n !== 8 : n > 7) || !numbers.flat().every((g) => /^[0-9a-f]{1,4}$/.test(g)))
		return null;
	return [...numbers[0], ...Array(8 - n).fill("0"), ...(numbers[1] ?? [])].map((g) => parseInt(g, 16));
}

function ipv6Text(group) {
	let from = 0, n = 1;

	/* The first of the longest runs of zeros, from two on, is written "::". */
	for (let i = 0; i < 8; i++) {
		let k = i;

		while (k < 8 && group[k] === 0)
			k++;
		if (k - i > n)
			[from, n] = [i, k - i];
	}
	const hex = group.map((g) => g.toString(16));
	/* The last four bytes are an IPv4 address behind ::, and behind ::ffff. */
	const mapped = from === 0 && (n === 6 || (n === 5 && group[5] === 0xffff));
	const tail = `${group[6] >> 8}.${group[6] & 255}.${group[7] >> 8}.${group[7] & 255}`;
	const back = mapped ? [...hex.slice(n, 6), tail] : hex.slice(from + n);

	return n === 1 ? hex.join(":") : `${hex.slice(0, from).join(":")}::${back.join(":")}`;
}

function isIpv6(s) {
	const group = ipv6Groups(s);

	return group !== null && ipv6Text(group) === s;
}

const T = {
	name: type(NAME),
	number: type(NUMBER, upTo(NUMBER_MAX)),
	count: type(COUNT, upTo(NUMBER_MAX)),
	changes: type("0|[1-9][0-9]{0,9}", upTo(2 ** 32 - 1)),
	leaf: type(HEX),
	sha256: type(`sha256:${HEX}`, (s) => s.slice(7)),
	time: type(TIME, takeTime),
	duration: type("(?:0|[1-9][0-9]{0,3})\\.[0-9]{3}", takeDuration),
	clock: type("(?:rtcp|arrival) (?:0|[1-9][0-9]{0,9})", takeClock),
	signature: type(`none|unverified (?:onvif|axis)|(?:valid|invalid|stripped)(?: sha256:${HEX})?`),
	key: type(text(263)),
	program: type(text(64)),
	settings: type(text(512)),
	names: type(`${NAME}(?: ${NAME}){0,9}`, (s) => s.split(" ")),
	beside: type(`${NAME} ${NUMBER} ${NUMBER}`, takeBeside),
	binary: type(`${NAME} sha256:${HEX}`, (s) => ({name: s.split(" ")[0], hash: s.split(":")[1]})),
	state: type("begin|end"),
	result: type("accepted|refused"),
	ways: type("page(?: player)?(?: rtsp)?|player(?: rtsp)?|rtsp", (s) => s.split(" ")),
	watched: type(`${NAME}(?: ${NAME}){0,10}`, (s) => s.split(" ")),
	address: type("[0-9a-f.:]{2,45}|-", takeAddress),
	detail: type(words("a-z0-9-", 96)),
	change: type(words("a-z0-9./:_-", 96)),
};

/*
 * A kind's fields in their order: [field, type], and optional: true, or many: how often at most (the value is a list). Where there
 * is more than one version, which.
 */
const KINDS = {
	segment: {
		fields: [["camera", T.name], ["rendition", T.name], ["number", T.number], ["init", T.sha256], ["media", T.sha256], ["bytes", T.number],
			["start", T.time], ["duration", T.duration], ["clock", T.clock], ["source", T.sha256], ["camera-signature", T.signature],
			["encoder", T.leaf, {optional: true}], ["previous", T.leaf]],
		holds: (e) => !(e.rendition === "copy" && e.encoder),
	},
	gap: {fields: [["camera", T.name], ["from", T.time], ["to", T.time], ["why", T.name]], holds: (e) => e.from <= e.to},
	delete: {
		fields: [["time", T.time], ["camera", T.name], ["rendition", T.name], ["from-number", T.number], ["to-number", T.number],
			["bytes", T.count], ["why", T.name]],
		holds: (e) => e["from-number"] <= e["to-number"],
	},
	start: {
		fields: [["time", T.time], ["program", T.program], ["build", T.sha256], ["site", T.sha256], ["key", T.key],
			["root", T.key, {optional: true}], ["keep", T.names], ["sbom", T.sha256, {optional: true}], ["binary", T.binary, {many: 8}]],
	},
	stop: {fields: [["time", T.time], ["why", T.name]]},
	alarm: {fields: [["camera", T.name], ["time", T.time], ["alarm", T.name], ["state", T.state], ["detail", T.detail]]},
	config: {
		fields: [["time", T.time], ["site", T.sha256], ["changes", T.changes], ["change", T.change, {many: 8}]],
		holds: (e) => e.change.length === Math.min(e.changes, 8),
	},
	encoder: {
		fields: [["time", T.time], ["camera", T.name], ["rendition", T.name], ["encoder", T.program], ["settings", T.settings]],
		holds: (e) => e.rendition !== "copy",
	},
	login: {fields: [["time", T.time], ["user", T.name], ["address", T.address], ["result", T.result], ["count", T.number]]},
	export: {
		fields: [["time", T.time], ["user", T.name], ["camera", T.name], ["rendition", T.name], ["from", T.time], ["to", T.time],
			["segments", T.count], ["bytes", T.count], ["beside", T.beside, {optional: true}]],
		versions: ["1", "2"],
		holds: (e, version) => e.from <= e.to && (version === "2") === ("beside" in e) && e.beside?.rendition !== e.rendition,
	},
	key: {fields: [["time", T.time], ["key", T.key], ["by", T.key], ["why", T.name]]},
	watch: {
		fields: [["user", T.name], ["address", T.address], ["camera", T.name], ["by", T.ways], ["renditions", T.watched], ["from-number", T.number],
			["to-number", T.number], ["from", T.time], ["to", T.time], ["bytes", T.count]],
		holds: (e) => e["from-number"] <= e["to-number"] && e.from <= e.to,
	},
};

/* The value of a line, or undefined where it is not one of that field. */
function valueOf(line, field, t) {
	const value = line?.startsWith(`${field} `) ? line.slice(field.length + 1) : undefined;

	return value !== undefined && t.grammar.test(value) ? t.take(value) : undefined;
}

function takeFields(lines, fields, e) {
	let at = 0;

	for (const [field, t, {optional = false, many = 0} = {}] of fields) {
		const list = [];

		for (let value; list.length < (many || 1) && (value = valueOf(lines[at], field, t)) !== undefined; at++)
			list.push(value);
		if (!many && !optional && !list.length)
			return false;
		if (many || list.length)
			e[field] = many ? list : list[0];
	}
	return at === lines.length;
}

/*
 * An entry's text -> {kind: "gap", camera: "gate", from: …}: a field for each
 * line, under its name. Times in milliseconds since 1970, durations in seconds,
 * hashes in hex without "sha256:", clock {source, errorMs}, binary a list of
 * {name, hash}, keep, change, by (of a watch entry) and renditions lists. Kinds that are not known here give
 * {kind: "other", name: "picture/v1"}. null: that is not an entry.
 */
export function parseEntry(entry) {
	const lines = entry.split("\n");
	const first = /^([a-z]{1,32})\/v([1-9][0-9]{0,3})$/.exec(lines[0]);

	if (!first || lines.length < 2 || lines.pop() !== "")
		return null;
	const kind = Object.hasOwn(KINDS, first[1]) && (KINDS[first[1]].versions ?? ["1"]).includes(first[2]) ? KINDS[first[1]] : undefined;

	if (!kind)
		return /[\0-\x09\x0b-\x1f]/.test(entry) ? null : {kind: "other", name: lines[0]};
	const e = {kind: first[1]};

	return takeFields(lines.slice(1), kind.fields, e) && (kind.holds?.(e, first[2]) ?? true) ? e : null;
}
