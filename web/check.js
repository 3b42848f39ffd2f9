/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and a key in, a Report out: what they are (an archive, a clip, a segment
 * with its proof) is told by their names. The same questions as casemate verify's,
 * with the same answers.
 */
import {Archive} from "./archive.js";
import {Refused, sameBytes} from "./bytes.js";
import {Clip} from "./clip.js";
import {Keychain} from "./keychain.js";
import {openCheckpoint, parseNote} from "./note.js";
import {judgePolicy, parsePolicy} from "./policy.js";
import {Report, Tables} from "./report.js";
import {TooLong, hashOf, read} from "./source.js";
import {leafHash, rootOf} from "./tree.js";
import {PROOF_MAX_BYTES, parseProof, parseSegmentEntry} from "./verify.js";

const KEYS_MAX_BYTES = 4 << 20;
const POLICY_MAX_BYTES = 16384;
const LOOKED_AT_MAX = 10000;

/* What the site's key notes make known beside the key: {keys, bytes}. A chain that is wrong is said, and the key stays alone. */
async function learnKeys(source, path, key, report) {
	const keys = new Keychain(key);

	try {
		const bytes = await read(source, path, KEYS_MAX_BYTES) ?? new Uint8Array();

		await keys.add(bytes);
		return {keys, bytes};
	} catch (e) {
		const isBad = e instanceof Refused || e instanceof TooLong;

		report.add(isBad ? "log" : "unreadable", {path}, e instanceof TooLong ? "holds more keys than a site can have" : e.message);
	}
	return {keys, bytes: new Uint8Array()};
}

/* The proof's entry when it is of a segment and holds; else null, and why not is said. */
async function openProof(source, path, keys, report) {
	let kind = "log";

	try {
		const bytes = await read(source, path, PROOF_MAX_BYTES);

		if (!bytes) {
			report.add("unreadable", {path}, "there is no proof; save the segment's .tlog-proof beside it");
			return null;
		}
		const proof = parseProof(bytes);

		kind = "unsigned";
		report.checkpoint = await openCheckpoint(proof.checkpoint, keys);
		report.isSigned = true;
		report.notes.push({bytes: proof.checkpoint, at: report.checkpoint});
		kind = "log";
		const root = rootOf(leafHash(proof.entry), proof.index, report.checkpoint.size, proof.path);

		if (!root || !sameBytes(root, report.checkpoint.root))
			throw new Refused("the entry is not in the log that the checkpoint signs");
		return {...parseSegmentEntry(proof.entry), index: proof.index};
	} catch (e) {
		const isBad = e instanceof Refused || e instanceof TooLong;

		report.add(isBad ? kind : "unreadable", {path}, e instanceof TooLong ? "the proof is too long" : e.message);
		return null;
	}
}

async function checkSegment(source, {segment, proof}, keys, report) {
	report.entries = 1;
	const e = await openProof(source, proof, keys, report);

	if (!e)
		return;
	const {line} = new Tables(report).track(e.camera, e.rendition), toMs = e.startMs + Math.round(e.duration * 1000);
	const where = {camera: e.camera, rendition: e.rendition, first: e.number, last: e.number, path: segment};

	Object.assign(line, {segments: 1, first: e.number, last: e.number, fromMs: e.startMs, toMs});
	line.clock[e.clock]++;
	line.clock.worstMs = e.clockError;
	try {
		const file = await source.open(segment);
		const same = file.size === e.bytes && await hashOf(file) === e.media;

		report.bytes += same ? file.size : 0;
		if (same)
			Object.assign(line, {good: 1, goodBytes: e.bytes});
		else
			report.add("changed", where, "the segment's bytes are not those that were sealed");
	} catch (error) {
		report.add("unreadable", where, error.message);
	}
}

/* Files in a folder, as far as one looks for what they are. */
async function listed(source) {
	const paths = [];

	for await (const path of source.list("")) {
		if (paths.push(path) === LOOKED_AT_MAX)
			break;
	}
	return paths;
}

/* {shape, …} of what lies in a source; null: nothing that can be checked. */
export async function shapeOf(source) {
	const paths = await listed(source), has = (folder) => paths.some((p) => p.startsWith(folder));
	const signs = (has("proofs/") ? 1 : 0) + (await source.open("checkpoint") ? 1 : 0);

	if (signs < 2 && (has("log/") || has("footage/")))
		return {shape: "archive"};
	if (signs)
		return {shape: "clip"};
	const proof = paths.find((p) => p.endsWith(".tlog-proof"));
	const segments = paths.filter((p) => p !== proof && p !== "keys" && !p.endsWith(".key.pub"));

	if (segments.length > 1 || (!proof && !segments.length))
		return null;
	return {shape: "segment", segment: segments[0] ?? proof.slice(0, -".tlog-proof".length), proof: proof ?? `${segments[0]}.tlog-proof`};
}

/* Whether one of the site's keys leads to the other: they are of one log then, whichever of them a policy names. */
async function leads(from, to, notes) {
	const keys = new Keychain(from);

	try {
		await keys.add(notes);
		return keys.find(to) >= 0;
	} catch {
		return false;
	}
}

async function isListed(policy, said, {first, bytes}) {
	for (const log of said.isListed ? [] : policy.logs)
		if (await leads(log, first, bytes) || await leads(first, log, bytes))
			return true;
	return said.isListed;
}

function isBetter(a, b) {
	const seen = (q) => q.witnesses.filter((w) => w.timeMs !== null).length;

	if (a.met !== b.met)
		return b.met;
	return a.met ? b.quorumMs > a.quorumMs : seen(b) > seen(a);
}

/* What the policy that lies there says of the checkpoints: the better of them. That it is not met is told, and no verdict about footage. */
async function judgeWitnesses(source, shape, nowMs, report, notes) {
	try {
		const bytes = await read(source, shape === "archive" ? "log/policy" : "policy", POLICY_MAX_BYTES), policy = bytes && await parsePolicy(bytes);

		for (const {bytes: note, at} of policy ? report.notes : []) {
			const said = await judgePolicy(policy, parseNote(note, "checkpoint"), nowMs);

			if (!report.quorum || isBetter(report.quorum, said))
				report.quorum = {...said, isListed: await isListed(policy, said, notes), size: at.size};
		}
		if (report.quorum)
			report.quorum.later = {entries: report.notes[0].at.size - report.quorum.size, ...report.uncosigned};
	} catch (e) {
		report.quorum = {met: false, isListed: true, witnesses: [], quorumMs: null, why: e.message};
	}
}

/*
 * what: of shapeOf; key: of parseVkey; progress(done, of): told now and then, what it throws ends the check. Bad evidence is in the
 * report; that more is there than can be kept in mind throws RangeError.
 */
export async function check(source, what, key, progress = null, nowMs = Date.now()) {
	const report = new Report(what.shape), notes = what.shape === "archive" ? "log/keys" : "keys";
	const {keys, bytes} = await learnKeys(source, notes, key, report);

	report.chain = keys;
	if (what.shape === "segment")
		await checkSegment(source, what, keys, report);
	else
		await new (what.shape === "clip" ? Clip : Archive)(source, keys, report, progress).check();
	await judgeWitnesses(source, what.shape, nowMs, report, {first: key, bytes});
	return report;
}
