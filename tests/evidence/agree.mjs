/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * node agree.mjs FOLDER: verify.html's engine on the table that mutate wrote there (evidence.h), and the page's on what of it is
 * a single segment; then the clean segments. Says where it is of another opinion than the table; exit status 1 if anywhere.
 */
import {webcrypto} from "node:crypto";

import {Evidence} from "./folder.mjs";
import {Refused, hex, sha256} from "../../web/bytes.js";
import {check, shapeOf} from "../../web/check.js";
import {Keychain} from "../../web/keychain.js";
import {parseVkey} from "../../web/note.js";
import {MapSource, bytesOf} from "../../web/source.js";
import {parseProof, parseSegmentEntry, verifySegment} from "../../web/verify.js";

/* Node 18 has it, but not under this name. */
globalThis.crypto ??= webcrypto;

const evidence = new Evidence(process.argv[2]);

function explain(report) {
	return report.problems.map((p) => `    ${p.kind}: ${p.camera}/${p.rendition} ${p.first}-${p.last} ${p.path}: ${p.text}`).join("\n");
}

/* As evidence.h says what a verdict means. */
function agrees(report, verdict) {
	if (verdict === "good")
		return report.verdict === "verified";
	return report.verdict === (verdict === "unreadable" ? "could not tell" : "not verified") && report.problems.some((p) => p.kind === verdict);
}

/* The keys that the page holds: it has no good word for anything under key notes that are wrong. */
async function pageKeys(vkey, notes) {
	const keys = new Keychain(vkey);

	try {
		await keys.add(notes);
		return keys;
	} catch (e) {
		if (!(e instanceof Refused))
			throw e;
		return null;
	}
}

/* The page's engine knows only what it played, and says yes or no. */
async function pagePasses(segment, proof, key) {
	try {
		const {camera, rendition, number, init} = parseSegmentEntry(parseProof(proof).entry);

		await verifySegment(proof, key, {camera, rendition, number, media: hex(await sha256(segment)), init});
		return true;
	} catch (e) {
		if (!(e instanceof Refused))
			throw e;
		return false;
	}
}

async function checkRow(row) {
	const {files, key} = evidence.of(row), source = new MapSource(files), vkey = await parseVkey(key);
	const what = row.shape === "segment" ? {shape: "segment", segment: "5.m4s", proof: "5.m4s.tlog-proof"} : {shape: row.shape};
	const told = await shapeOf(source), report = await check(source, what, vkey);
	let good = agrees(report, row.verdict);

	if (!good)
		console.log(`${row.id} (${row.shape}: ${row.what}) should be ${row.verdict}, and is ${report.verdict}:\n${explain(report)}`);
	if (told?.shape !== row.shape) {
		console.log(`${row.id} (${row.what}) is a ${row.shape}, and told to be ${told?.shape ?? "nothing"}`);
		good = false;
	}
	if (row.shape === "segment" && files.has("5.m4s.tlog-proof") && files.has("5.m4s")) {
		const keys = await pageKeys(vkey, files.has("keys") ? await bytesOf(files.get("keys")) : new Uint8Array());
		const passes = keys !== null && await pagePasses(await bytesOf(files.get("5.m4s")), await bytesOf(files.get("5.m4s.tlog-proof")), keys);

		if (passes !== (row.verdict === "good"))
			console.log(`${row.id} (${row.what}) ${passes ? "passes" : "does not pass"} on the page`);
		good &&= passes === (row.verdict === "good");
	}
	return good;
}

const clean = ["segment", "clip", "archive"].map((shape) => ({id: "clean", shape, verdict: "good", what: "the clean one"}));
let bad = 0, segments = 0;

for (const row of [...clean, ...evidence.rows])
	bad += await checkRow(row) ? 0 : 1;
const key = new Keychain(await parseVkey(evidence.key));

for (const {segment, proof} of evidence.many()) {
	bad += await pagePasses(segment, proof, key) ? 0 : 1;
	segments++;
}
console.log(`agree.mjs: ${evidence.rows.length} mutations and ${segments} clean segments, ${bad} judged otherwise than the table says`);
process.exitCode = bad || evidence.rows.length < 500 || segments !== 10000 ? 1 : 0;
