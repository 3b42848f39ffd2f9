/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import {generateKeyPairSync, sign} from "node:crypto";
import test from "node:test";

import {Site} from "./log.mjs";
import {Refused} from "../../web/bytes.js";
import {Keychain} from "../../web/keychain.js";
import {judgeNote, openCheckpoint, parseNote, parseVkey} from "../../web/note.js";

const NAME = "museum.example/north-wing";
const TIME = "2026-11-22T15:30:00.040Z";
const bytes = (text) => new TextEncoder().encode(text);
const refuses = (what, why) => assert.rejects(what, (e) => e instanceof Refused && (e.message.includes(why) || assert.fail(e.message)));

/* A token's key: P-256, whose id has no name in it. */
class Token {
	constructor(name = NAME) {
		const {publicKey, privateKey} = generateKeyPairSync("ec", {namedCurve: "P-256"});
		const spki = publicKey.export({type: "spki", format: "der"});
		const pair = new Site(name);

		this.name = name;
		this.private = privateKey;
		this.id = pair.hash(spki).subarray(0, 4);
		this.vkey = `${name}+${this.id.toString("hex")}+${Buffer.concat([Buffer.from([2]), spki]).toString("base64")}`;
	}

	signNote(text) {
		const signature = Buffer.concat([this.id, sign("sha256", Buffer.from(text), this.private)]);

		return `${text}\n\u2014 ${this.name} ${signature.toString("base64")}\n`;
	}
}

const keyNote = (by, to, size, {origin = NAME, time = TIME, title = "casemate.key/v1"} = {}) =>
	`${by.signNote(`${title}\n${origin}\n${to.vkey}\n${time}\nsize ${size}\n`)}\n--\n`;
const chainOf = async (first, notes) => {
	const chain = new Keychain(await parseVkey(first.vkey));

	await chain.add(bytes(notes));
	return chain;
};

/* A log of n entries with checkpoints by whom one likes. */
function checkpointBy(site, n) {
	site.leaves = [];
	for (let i = 0; i < n; i++)
		site.addRaw(Buffer.from(`other/v1\n${i}\n`));
	return bytes(site.checkpoint());
}

test("keychain: a key that replaces another signs from there on, and the other up to there", async () => {
	const [a, b, c] = [new Site(), new Site(), new Site()];
	const chain = await chainOf(a, keyNote(a, b, 3) + keyNote(b, c, 7));

	for (const [site, size, holds] of [[a, 2, true], [a, 3, true], [a, 4, false], [b, 3, true], [b, 7, true], [b, 8, false], [c, 9, true]])
		if (holds)
			assert.equal((await openCheckpoint(checkpointBy(site, size), chain)).size, BigInt(size));
		else
			await refuses(openCheckpoint(checkpointBy(site, size), chain), "had been replaced");
	await refuses(openCheckpoint(checkpointBy(new Site(), 2), chain), "not signed by this site's key");
});

test("keychain: a token's certificates", async () => {
	const [token, run, next] = [new Token(), new Site(), new Site()];
	const chain = await chainOf(token, keyNote(token, run, 0) + keyNote(token, next, 0));

	assert.equal((await openCheckpoint(checkpointBy(run, 4), chain)).size, 4n);
	assert.equal((await openCheckpoint(checkpointBy(next, 5), chain)).size, 5n);
	assert.equal(chain.keys[2].certified, true);
});

test("keychain: a key that is replaced by a token's, which then certifies", async () => {
	const [a, token, run] = [new Site(), new Token(), new Site()];
	const chain = await chainOf(a, keyNote(a, token, 3) + keyNote(token, run, 0));

	assert.equal((await openCheckpoint(checkpointBy(a, 3), chain)).size, 3n);
	assert.equal((await openCheckpoint(checkpointBy(run, 4), chain)).size, 4n);
});

test("keychain: a token's key signs no checkpoints", async () => {
	const token = new Token(), key = await parseVkey(token.vkey);
	const checkpoint = bytes(token.signNote(`${NAME}\n9\n${Buffer.alloc(32).toString("base64")}\n`));

	assert.equal(await judgeNote(parseNote(checkpoint, "checkpoint"), key), "good");
	await refuses(openCheckpoint(checkpoint, await chainOf(token, "")), "not signed by this site's key");
	await refuses(openCheckpoint(checkpoint, key), "not signed by this site's key");
});

test("keychain: a certified key makes no other known, and only a token's certifies", async () => {
	const [token, run, site, other] = [new Token(), new Site(), new Site(), new Site()];
	const certificate = keyNote(token, run, 0);

	for (const size of [0, 5]) {
		await refuses(chainOf(token, certificate + keyNote(run, other, size)), "signed by a certified key");
		await refuses(chainOf(token, certificate + keyNote(run, token, size)), "signed by a certified key");
	}
	await refuses(chainOf(token, keyNote(token, site, 5) + keyNote(token, other, 0)), "certifies another");
	await refuses(chainOf(token, keyNote(token, site, 5) + keyNote(site, other, 0)), "not a token's");
	await refuses(chainOf(site, keyNote(site, other, 0)), "not a token's");
});

/* As the C parser does, whoever signed. */
test("keychain: notes by strangers are read as strictly", async () => {
	const [a, stranger, token] = [new Site(), new Site(), new Token()];
	const [, , base64] = token.vkey.split("+"), off = Buffer.from(base64, "base64");

	off[60] ^= 1;
	const id = a.hash(off.subarray(1)).subarray(0, 4).toString("hex");

	for (const [to, more] of [[{vkey: `${NAME}+${id}+${off.toString("base64")}`}, {}], [new Site(), {time: "1969-12-31T23:59:59.999Z"}],
		[{vkey: "keys.example+969E1698+AXqqvEbeOrsRQbmp8D9gnyToQ034g1HCxUedqlh2NHLd"}, {origin: "keys.example"}]])
		await refuses(chainOf(a, keyNote(stranger, to, 3, more)), "malformed");
	assert.equal((await chainOf(a, keyNote(stranger, new Site(), 3, {time: "1970-01-01T00:00:00.000Z"}))).unknown, 1);
});

test("keychain: a token's certified key ends with the token's", async () => {
	const [token, run, later] = [new Token(), new Site(), new Site()];
	const chain = await chainOf(token, keyNote(token, run, 0) + keyNote(token, later, 5));

	assert.equal((await openCheckpoint(checkpointBy(run, 5), chain)).size, 5n);
	await refuses(openCheckpoint(checkpointBy(run, 6), chain), "had been replaced");
});

test("keychain: what repeats or is by strangers says nothing", async () => {
	const [a, b, stranger] = [new Site(), new Site(), new Site()];
	const chain = await chainOf(a, keyNote(a, b, 3) + keyNote(a, b, 3) + keyNote(stranger, new Site(), 2));

	assert.equal(chain.keys.length, 2);
	assert.equal(chain.unknown, 1);
	assert.equal(await chain.knows(b.vkey), true);
	assert.equal(await chain.knows(stranger.vkey), false);
});

test("keychain: what is wrong leaves it as it was", async () => {
	const [a, b, c, foreign] = [new Site(), new Site(), new Site(), new Site("other.example")];
	const good = keyNote(a, b, 3), table = {
		"does not end": [good.slice(0, -1), good.slice(0, -3), keyNote(a, b, 3, {title: "x".repeat(2100)})],
		"malformed": [keyNote(a, b, "03"), keyNote(a, b, 3, {time: "2026-11-22T15:30:00Z"}), keyNote(a, b, 3, {title: "casemate.key/v2"}),
			keyNote(a, b, 3, {origin: "other.example"}), keyNote(a, {vkey: `${b.vkey} `}, 3), keyNote(a, b, "3\nmore 1"), "\n--\n"],
		"another site's": [keyNote(foreign, foreign, 3, {origin: "other.example"})],
		"signature is wrong": [good.replace("size 3", "size 4")],
		"replaced twice": [good + keyNote(a, c, 5)],
		"not a token's": [good + keyNote(a, c, 0)],
		"was there before": [keyNote(a, a, 3), good + keyNote(b, a, 5), good + keyNote(b, b, 5)],
	};

	for (const [why, all] of Object.entries(table))
		for (const notes of all) {
			const chain = new Keychain(await parseVkey(a.vkey));

			await assert.rejects(chain.add(bytes(notes)), (e) => e instanceof Refused &&
				(e.message.includes(why) || why === "malformed" || assert.fail(`${e.message}, not ${why}: ${notes}`)));
			assert.equal(chain.keys.length, 1);
			assert.equal((await openCheckpoint(checkpointBy(a, 9), chain)).size, 9n);
		}
});

test("keychain: ECDSA signatures in DER only", async () => {
	const token = new Token(), run = new Site(), note = keyNote(token, run, 0);
	const [, base64] = /\u2014 \S+ (\S+)\n/.exec(note), raw = Buffer.from(base64, "base64");

	for (const edit of [(r) => Buffer.concat([r, Buffer.from([0])]), (r) => r.subarray(0, -1), (r) => { r[4] = 0x31; return r; },
		(r) => { r[5] ^= 1; return r; }, (r) => { r[6] = 3; return r; }, (r) => Buffer.concat([r.subarray(0, 4), Buffer.alloc(64, 1)])]) {
		const changed = note.replace(base64, edit(Buffer.from(raw)).toString("base64"));

		await refuses(chainOf(token, changed), "signature is wrong");
	}
});
