/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys over time: who begins with one public key learns from key notes (the file
 * log/keys; doc/evidence.5, KEYS) which other keys sign the same log, and up to
 * which size. Followed forward only: a later key makes no earlier one known.
 */
import {Refused, fromUtf8, need, sameBytes, toInteger} from "./bytes.js";
import {isTokens, judgeNote, parseNote, parseVkey} from "./note.js";

const KEYS_MAX = 4096;
const NOTE_MAX_BYTES = 2048;
const BYTES_MAX = 4 << 20;
const SIZE_MAX = 1n << 56n;
const BETWEEN = "\n\n--\n";
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;

const sameKey = (a, b) => a.name === b.name && a.type === b.type && sameBytes(a.raw, b.raw);

function parseTime(text, why) {
	const ms = TIME.test(text) ? Date.parse(text) : NaN;

	need(ms >= 0 && new Date(ms).toISOString() === text, why);
	return ms;
}

/* What a note says: {key, sinceMs, size}; size 0 makes it a certificate. */
async function parseStatement(text) {
	const why = "a key note is malformed";
	const [title, origin, vkey, time, size, end, ...more] = text.split("\n");

	need(title === "casemate.key/v1" && size?.startsWith("size ") && end === "" && more.length === 0 && vkey === vkey.trim(), why);
	const key = await parseVkey(vkey).catch(() => { throw new Refused(why); });

	need(key.name === origin, why);
	return {key, sinceMs: parseTime(time, why), size: toInteger(size.slice(5), SIZE_MAX, why)};
}

/* log/keys -> its notes, as bytes. */
function* split(bytes) {
	let rest = bytes;

	while (rest.length) {
		const head = fromUtf8(rest.subarray(0, NOTE_MAX_BYTES).map((b) => b < 0x80 ? b : 0x3f), "");
		const at = head.indexOf(BETWEEN);

		need(at >= 0, "a key note does not end in an empty line and --");
		yield rest.subarray(0, at + 1);
		rest = rest.subarray(at + BETWEEN.length);
	}
}

export class Keychain {
	/* first: of parseVkey; it is keys[0].key. */
	constructor(first) {
		this.name = first.name;
		this.keys = [{key: first, until: SIZE_MAX, sinceMs: 0, by: 0, certified: false}];
		this.unknown = 0;   /* notes by keys that are not known: they say nothing */
	}

	/* Reads log/keys; what is wrong throws, and the chain is as it was. */
	async add(bytes) {
		const before = this.keys.map((k) => ({...k}));

		try {
			need(bytes.length <= BYTES_MAX, "the keys are more than 4 MiB");
			for (const note of split(bytes))
				await this.#take(parseNote(note, "key note"));
		} catch (e) {
			this.keys = before;
			throw e;
		}
	}

	/* The place of a key, or -1. */
	find(key) {
		return this.keys.findIndex((k) => sameKey(k.key, key));
	}

	async knows(vkey) {
		try {
			return this.find(await parseVkey(vkey)) >= 0;
		} catch {
			return false;
		}
	}

	/* The size up to which checkpoints of the key hold: its own, or that of those who certified it. */
	until(which) {
		const {until, certified, by} = this.keys[which];
		const above = certified ? this.until(by) : SIZE_MAX;

		return above < until ? above : until;
	}

	/* As judgeNote, of a checkpoint; "late" when only keys signed it that had been replaced at a smaller size. One by a token's key is none. */
	async judge(note, checkpoint) {
		let said = "none";

		if (checkpoint.origin !== this.name)
			return "none";
		for (const [i, {key}] of this.keys.entries()) {
			const one = await judgeNote(note, key);

			if (one === "wrong")
				return "wrong";
			if (one === "good" && said !== "good" && !isTokens(key))
				said = checkpoint.size <= this.until(i) ? "good" : "late";
		}
		return said;
	}

	async #take(note) {
		const said = await parseStatement(note.text);

		need(said.key.name === this.name, "the keys are another site's");
		for (const [by, {key}] of this.keys.entries()) {
			const one = await judgeNote(note, key);

			need(one !== "wrong", "a key note's signature is wrong: it was changed after it was signed");
			if (one === "good")
				return this.#learn(said, by);
		}
		this.unknown++;
	}

	#learn({key, sinceMs, size}, by) {
		const known = this.find(key), signer = this.keys[by];

		/* A token's keys certify, what they certified signs checkpoints: a key that leaked out of a run makes no other known. */
		need(!signer.certified, "a key note is signed by a certified key: those sign checkpoints only");
		need(size || isTokens(signer.key), "a certificate is signed by a key that is not a token's");
		/* The same once more says nothing new: a restart after a crash writes it twice. */
		if (known > 0 && this.keys[known].by === by && this.keys[known].certified === (size === 0n) && (size === 0n || signer.until === size))
			return;
		need(known < 0, "a key note makes a key known that was there before");
		need(signer.until === SIZE_MAX, size ? "a key is replaced twice" : "a key that had been replaced certifies another");
		need(this.keys.length < KEYS_MAX, "there are more than 4096 keys");
		if (size)
			signer.until = size;
		this.keys.push({key, until: SIZE_MAX, sinceMs, by, certified: size === 0n});
	}
}
