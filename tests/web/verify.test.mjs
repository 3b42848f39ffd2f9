/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import {createPublicKey} from "node:crypto";
import {existsSync, readFileSync, readdirSync} from "node:fs";
import test from "node:test";

import {Site, hexHash} from "./log.mjs";
import {Refused, hex} from "../../web/bytes.js";
import {openCheckpoint, parseVkey} from "../../web/note.js";
import {rootOf} from "../../web/tree.js";
import {parseProof, parseSegmentEntry, verifySegment} from "../../web/verify.js";

const bytes = (text) => new TextEncoder().encode(text);
const refuses = (what, why) => assert.rejects(what, (e) => e instanceof Refused && (!why || e.message.includes(why) || assert.fail(e.message)));
const throwsRefused = (what, why) => assert.throws(what, (e) => e instanceof Refused && (!why || e.message.includes(why) || assert.fail(e.message)));

/* The vector of the signed-note specification, as in doc/evidence.5. */
const NOTE_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

const media = bytes("abc"), init = bytes("init");
const played = {camera: "gate-1", rendition: "copy", number: 1042, media: hexHash(media), init: hexHash(init)};

/* A log of some entries with the segment played among them. */
async function world(before = 3, after = 2) {
	const site = new Site();

	for (let i = 0; i < before; i++)
		site.add("yard", "copy", i + 1);
	const made = site.add("gate-1", "copy", 1042, {init: played.init, media: played.media});

	for (let i = 0; i < after; i++)
		site.add("yard", "copy", before + i + 1);
	return {site, made, key: await parseVkey(site.vkey)};
}

test("verify: a segment that was sealed, in logs of every shape", async () => {
	for (let before = 0; before < 9; before++)
		for (let after = 0; after < 9; after++) {
			const {site, made, key} = await world(before, after);
			const found = await verifySegment(bytes(site.proof(made)), key, played);

			assert.equal(found.leaf, made.leaf);
			assert.equal(found.entry.startMs, Date.UTC(2026, 10, 22, 15, 30, 0, 40));
			assert.equal(found.checkpoint.size, BigInt(before + after + 1));
		}
});

test("verify: names what differs", async () => {
	const {site, made, key} = await world();
	const proof = bytes(site.proof(made));
	const other = await parseVkey(new Site(site.name).vkey);
	const wrong = [
		[{media: hexHash(bytes("abd"))}, "bytes differ from the signed hash"],
		[{init: hexHash(bytes("inix"))}, "init segment differs"],
		[{number: 1043}, "its proof is that of gate-1 copy 1042"],
		[{camera: "gate-2"}, "its proof is that of gate-1 copy 1042"],
		[{rendition: "360p"}, "its proof is that of gate-1 copy 1042"],
	];

	for (const [change, why] of wrong)
		await refuses(verifySegment(proof, key, {...played, ...change}), why);
	await refuses(verifySegment(proof, other, played), "not signed by this site's key");
});

test("verify: no byte of a proof is without meaning", async () => {
	const {site, made, key} = await world(1, 1);
	const good = bytes(site.proof(made));

	for (let i = 0; i < good.length; i++) {
		const changed = good.slice();

		changed[i] ^= 1;
		await refuses(verifySegment(changed, key, played));
		await refuses(verifySegment(good.slice(0, i), key, played));
	}
});

test("verify: an entry that is in the log, but under another checkpoint", async () => {
	const {site, made, key} = await world(3, 4);
	const wrong = site.proof(made, {size: 8, checkpoint: site.checkpoint(5)});

	await refuses(verifySegment(bytes(wrong), key, played), "not in the log");
	await verifySegment(bytes(site.proof(made, {size: 5})), key, played);
});

test("verify: proofs to the byte", async () => {
	const {site, made} = await world();
	const good = site.proof(made);
	const bad = [
		["", "not a proof"],
		[good.replace("@v1\n", "@v1 \n"), "not a proof"],
		[good.replace("@v1\n", "@v1\r\n"), "not a proof"],
		[good.replace("extra ", "Extra "), "entry is missing"],
		[good.replace(/extra .*\n/, "extra \n"), "entry is missing"],
		[good.replace(/extra .*\n/, `extra ${"A".repeat(1368 + 4)}\n`), "entry is missing"],
		[good.replace("index 3", "index 03"), "index is missing"],
		[good.replace("index 3", "index -3"), "index is missing"],
		[good.replace("index 3", `index ${2n ** 56n}`), "index is missing"],
		[good.replace(/index 3\n.*\n/, "index 3\nAAAA\n"), "a hash of the proof"],
		[good.replace("index 3\n", `index 3\n${`${"A".repeat(43)}=\n`.repeat(65)}`), "a hash of the proof"],
		[good.slice(0, good.indexOf("\n\n") + 1), "a hash of the proof"],
		[good + "x".repeat(30000), "too long"],
	];

	for (const [text, why] of bad)
		throwsRefused(() => parseProof(bytes(text)), why);
	/* The spare bits of base64's last digit must be zero. */
	throwsRefused(() => parseProof(bytes("c2sp.org/tlog-proof@v1\nextra YR==\nindex 0\n\n")), "entry is missing");
	assert.equal(parseProof(bytes("c2sp.org/tlog-proof@v1\nextra YQ==\nindex 0\n\n")).entry[0], 0x61);
});

test("verify: what the C rooms write as proofs is read", () => {
	const folder = new URL("../fuzz/corpus/proof/", import.meta.url);
	const names = readdirSync(folder);

	assert.ok(names.length >= 2);
	for (const name of names)
		assert.ok(parseProof(readFileSync(new URL(name, folder))).entry.length > 0);
	assert.equal(parseSegmentEntry(parseProof(readFileSync(new URL("three-hashes", folder))).entry).number, 1042);
});

test("verify: entries to the byte", async () => {
	const {made} = await world();
	const good = made.entry.toString();
	const zero = "0".repeat(64);
	const cases = [
		[/number .*/, "number 0", false], [/number .*/, "number 01042", false], [/number .*/, "number 9007199254740992", true],
		[/number .*/, "number 9007199254740994", false], [/camera g/, "camera G", false], [/camera gate-1/, `camera ${"a".repeat(33)}`, false],
		[/duration .*/, "duration 2.0", false], [/duration .*/, "duration 3600.001", false], [/duration .*/, "duration 0.040", true],
		[/start .*/, "start 2026-02-30T00:00:00.000Z", false], [/start .*/, "start 2026-11-22T15:30:00Z", false],
		[/clock .*/, "clock arrival 4294967295", true], [/clock .*/, "clock arrival 4294967296", false], [/clock .*/, "clock ntp 1", false],
		[/signature .*/, `signature valid sha256:${zero}`, true], [/signature .*/, "signature stripped", true],
		[/signature .*/, `signature none sha256:${zero}`, false], [/init sha256:/, "init sha512:", false],
		[/signature .*/, "signature unverified onvif", true], [/signature .*/, `signature unverified axis sha256:${zero}`, false],
		[/previous /, `encoder ${zero}\nprevious `, false],
		[/\n$/, "", false], [/\n$/, "\n\n", false], [/\n$/, "\nmore 1\n", false], [/segment\/v1/, "segment/v2", false],
		[/\ncamera/, "\r\ncamera", false], [/^/, "\ufeff", false],
	];

	assert.deepEqual({...parseSegmentEntry(made.entry)}.number, 1042);
	for (const [what, by, takes] of cases) {
		const text = bytes(good.replace(what, by));

		if (takes)
			parseSegmentEntry(text);
		else
			throwsRefused(() => parseSegmentEntry(text), "not one of a segment");
	}
	throwsRefused(() => parseSegmentEntry(bytes(good.replace("none", "\xff"))));
	throwsRefused(() => parseSegmentEntry(bytes(`gap/v1\n${"x".repeat(2000)}`)));
});

test("verify: keys", async () => {
	const key = await parseVkey(` ${NOTE_VKEY}\n`);

	assert.equal(key.name, "example.com/foo");
	assert.equal(hex(key.id), "530d903a");
	for (const text of ["", "x", NOTE_VKEY.replace("530d", "530e"), NOTE_VKEY.slice(0, -4), NOTE_VKEY.replace("foo", "fop"), NOTE_VKEY.replace("AekyeR", "BekyeR"),
		NOTE_VKEY.replace("+530d903a", "+530D903A"), `${NOTE_VKEY}==`, NOTE_VKEY.replace("example", "exa mple")])
		await refuses(parseVkey(text));
});

test("verify: checkpoints", async () => {
	const site = new Site("example.com/foo"), other = new Site("example.com/bar");
	const key = await parseVkey(site.vkey);
	const root = "A".repeat(43) + "=";
	const text = `example.com/foo\n5\n${root}\n`;
	const good = site.signNote(text);
	const second = other.signNote(text).split("\n\n")[1];
	const bad = [
		[other.signNote(text), "not signed by this site's key"],
		[site.signNote(`example.com/bar\n5\n${root}\n`), "not signed by this site's key"],
		[site.signNote(`example.com/foo\n05\n${root}\n`), "origin, size and root"],
		[site.signNote(`example.com/foo\n5\n${root.slice(4)}\n`), "origin, size and root"],
		[site.signNote(`example.com/foo\n5\n${root}\nmore\n\nx\n`), "origin, size and root"],
		[site.signNote("example.com/foo\n5\n"), "origin, size and root"],
		[good.replace("\n5\n", "\n6\n"), "signature is wrong"],
		[good.replace("\u2014", "-"), "malformed"],
		[good.slice(0, -1), "cut off"],
		[text, "no empty line"],
		[`${text}\n`, "no signature"],
		[good + second.repeat(32), "more than 32"],
		[good + "x".repeat(17000), "longer than"],
		[good.replace("foo\n", "foo\r\n"), "control characters"],
	];

	assert.equal((await openCheckpoint(bytes(good), key)).size, 5n);
	assert.equal((await openCheckpoint(bytes(good + second), key)).size, 5n);
	assert.equal((await openCheckpoint(bytes(site.signNote(`${text}an extension\n`)), key)).size, 5n);
	for (const [note, why] of bad)
		await refuses(openCheckpoint(bytes(note), key), why);
	/* A second signature by the same key spoils the note when it is wrong. */
	const forged = good.split("\n\n")[1].replace(/ [^ ]*$/, (b) => ` ${Buffer.concat([site.id, Buffer.alloc(64)]).toString("base64")}\n`);

	await refuses(openCheckpoint(bytes(good + forged), key), "signature is wrong");
});

test("verify: the signature of the signed-note vector", async () => {
	const key = await parseVkey(NOTE_VKEY);
	const note = "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

	/* It is no checkpoint, and that is all that is wrong with it. */
	await refuses(openCheckpoint(bytes(note), key), "origin, size and root");
	assert.ok(createPublicKey({key: {kty: "OKP", crv: "Ed25519", x: Buffer.from(key.raw).toString("base64url")}, format: "jwk"}));
});

const VECTORS = new URL("../../../shared/vectors/rfc6962/inclusion/", import.meta.url);

test("verify: inclusion vectors", {skip: !existsSync(VECTORS) && "no ../shared/vectors"}, async () => {
	let seen = 0;

	for (const folder of readdirSync(VECTORS))
		for (const name of readdirSync(new URL(`${folder}/`, VECTORS)).filter((n) => n.endsWith(".json"))) {
			const v = JSON.parse(readFileSync(new URL(`${folder}/${name}`, VECTORS)));
			const raw = (b) => new Uint8Array(Buffer.from(b ?? "", "base64"));
			const root = v.leafIdx >= 0 && v.treeSize > 0 ? await rootOf(raw(v.leafHash), v.leafIdx, v.treeSize, (v.proof ?? []).map(raw)) : null;
			const holds = root !== null && root.length === 32 && hex(root) === hex(raw(v.root));

			assert.equal(holds, !v.wantErr, `${folder}/${name}: ${v.desc}`);
			seen++;
		}
	assert.ok(seen > 50, `${seen} vectors`);
});
