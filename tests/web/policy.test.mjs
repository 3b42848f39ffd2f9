/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import {sign} from "node:crypto";
import test from "node:test";

import {Site} from "./log.mjs";
import {Refused} from "../../web/bytes.js";
import {parseCheckpoint} from "../../web/note.js";
import {judgePolicy, parsePolicy} from "../../web/policy.js";
import {BESIDE, SERVED, quorumText, witnessText} from "../../web/words.js";

const bytes = (text) => new TextEncoder().encode(text);
const NOW = Date.parse("2026-11-22T15:30:00Z");
const DAY = 86400000;

class Witness extends Site {
	constructor(name) {
		super(name);
		const typed = Buffer.concat([Buffer.from([4]), this.typed.subarray(1)]);

		this.id = this.hash(name, "\n", typed).subarray(0, 4);
		this.vkey = `${name}+${this.id.toString("hex")}+${typed.toString("base64")}`;
	}

	line(text, timeMs) {
		const time = Buffer.alloc(8);

		time.writeBigUInt64BE(BigInt(timeMs / 1000));
		const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${timeMs / 1000}\n${text}`), this.private);

		return `\u2014 ${this.name} ${Buffer.concat([this.id, time, signature]).toString("base64")}\n`;
	}
}

const site = new Site(), [a, b, c] = ["a", "b", "c"].map((n) => new Witness(`${n}.example`));
const text = `${site.name}\n5\n${"A".repeat(43)}=\n`;
const noteWith = (...lines) => parseCheckpoint(bytes(site.signNote(text) + lines.join(""))).note;
const policyOf = (lines) => parsePolicy(bytes(`${lines.join("\n")}\n`));
const ALL = [`witness a ${a.vkey}`, `witness b ${b.vkey} https://b.example/`, "# two of three", `witness c ${c.vkey}`];

test("policy: groups, any, all and numbers", async () => {
	for (const [group, seen, met] of [
		["group g 2 a b c\nquorum g", [a, b], true], ["group g 2 a b c\nquorum g", [c], false], ["group g all a b\nquorum g", [a, c], false],
		["group g any a b\nquorum g", [b], true], ["quorum a", [a], true], ["quorum a", [b, c], false], ["quorum none", [], true],
		["group g any a b\ngroup h all g c\nquorum h", [b, c], true], ["group g any a b\ngroup h all g c\nquorum h", [a, b], false]]) {
		const verdict = await judgePolicy(await policyOf([...ALL, group]), noteWith(...seen.map((w) => w.line(text, NOW))), NOW);

		assert.equal(verdict.met, met, `${group} ${seen.map((w) => w.name)}`);
		assert.deepEqual(verdict.witnesses.map((w) => w.timeMs !== null), [a, b, c].map((w) => seen.includes(w)));
	}
});

test("policy: whose witnesses they are is told, each with its key", async () => {
	const verdict = await judgePolicy(await policyOf([...ALL, "quorum a"]), noteWith(a.line(text, NOW)), NOW);

	assert.deepEqual(verdict.witnesses.map((w) => w.vkey), [a, b, c].map((w) => w.vkey));
	assert.match(quorumText({...verdict, size: 5}, BESIDE), /^1 of 3 witnesses cosigned the first 5 entries: the quorum is met \(2026-.* UTC\), by the policy that lies beside the footage; whoever made it chose these witnesses\./);
	assert.match(quorumText({...verdict, met: false, size: 5}, SERVED), /not as many as the policy needs, by the policy that this server gave; whoever runs it chose/);
	assert.match(witnessText(verdict.witnesses[0]), /^a, cosigned it 2026-11-22 15:30/);
	assert.equal(witnessText(verdict.witnesses[1]), "b, has not cosigned it");
});

test("policy: how new the quorum is", async () => {
	const policy = await policyOf([...ALL, "group g 2 a b c", "quorum g"]);
	const verdict = await judgePolicy(policy, noteWith(a.line(text, NOW - 3 * DAY), b.line(text, NOW - DAY), c.line(text, NOW - 2 * DAY)), NOW);

	assert.equal(verdict.quorumMs, NOW - 2 * DAY);
});

test("policy: one that cosigns tomorrow counts for nothing, one that is wrong spoils it", async () => {
	const policy = await policyOf([...ALL, "quorum a"]);

	assert.equal((await judgePolicy(policy, noteWith(a.line(text, NOW + 2 * DAY)), NOW)).met, false);
	for (const line of [a.line(text, NOW).replace(/.{6}\n$/, "AAAA==\n"), a.line(`${text}x\n`, NOW), `\u2014 a.example ${Buffer.concat([a.id, Buffer.alloc(9)]).toString("base64")}\n`])
		await assert.rejects(judgePolicy(policy, noteWith(line), NOW), Refused);
});

test("policy: the logs that it is for", async () => {
	for (const [log, listed] of [[site, true], [new Site(), false]])
		assert.equal((await judgePolicy(await policyOf([`log ${log.vkey}`, ...ALL, "quorum none"]), noteWith(), NOW)).isListed, listed);
});

test("policy: what is none is refused, with its line", async () => {
	const table = {
		"no quorum": [[], ALL], "line 5": [[...ALL, "quorum d"], [...ALL, "quorum a b"], [...ALL, "quorum"], [...ALL, "group g 3 a b"], [...ALL, "group g any"],
			[...ALL, "group g 0 a"], [...ALL, "group g x a"], [...ALL, "group a any b"], [...ALL, "group none any b"], [...ALL, "group g any a a"],
			[...ALL, `witness d ${a.vkey}`], [...ALL, `witness d ${site.vkey}`], [...ALL, "witness"], [...ALL, `witness d ${new Witness("d").vkey} url more`],
			[...ALL, `log ${a.vkey}`], [...ALL, "log"], [...ALL, "what a"], [...ALL, "quorum a\r"]],
		"line 6": [[...ALL, "quorum a", "quorum a"], [...ALL, `log ${site.vkey}`, `log ${site.vkey}`], [...ALL, "group g any a", "group h any a"]],
	};

	for (const [why, all] of Object.entries(table))
		for (const lines of all)
			await assert.rejects(policyOf(lines), (e) => e instanceof Refused && (e.message.includes(why) || assert.fail(`${e.message}: ${lines}`)));
	await assert.rejects(parsePolicy(bytes("quorum none")), Refused);
	await assert.rejects(parsePolicy(bytes(`${"#".repeat(17000)}\nquorum none\n`)), Refused);
});
