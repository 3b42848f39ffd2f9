/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose cosignatures a checkpoint needs (C2SP tlog-policy), a text of lines:
 *     log VKEY [URL]                    a log that is meant; none: any
 *     witness NAME VKEY [URL]
 *     group NAME N|any|all MEMBER...    of witnesses and groups of lines above
 *     quorum NAME|none                  exactly once
 * "#" begins a comment line. Every name is a member of one group at most.
 */
import {Refused, fromUtf8, need, sameBytes} from "./bytes.js";
import {cosignedAt, judgeNote, parseVkey, parseWitnessVkey} from "./note.js";

const BYTES_MAX = 16384;
const NAME_MAX = 128;
const EACH_MAX = 32;            /* logs; witnesses; groups */
const AHEAD_MS = 86400000;      /* a cosignature further in the future counts for nothing */

/* A name that is still free. */
function newName(policy, name) {
	need(name, "a name is missing");
	need(name.length <= NAME_MAX, "a name is longer than 128 bytes");
	need(name !== "none", "no witness or group can be named none");
	need(!policy.nodes.has(name), "the name is that of a witness or group above");
	return name;
}

async function readLog(policy, [vkey = "", , ...more]) {
	const key = await parseVkey(vkey);

	need(policy.logs.length < EACH_MAX, "more than 32 logs");
	need(!policy.logs.some((l) => sameBytes(l.raw, key.raw)), "the log's key is that of a log above");
	need(!more.length, "more words than a key and an address");
	policy.logs.push(key);
}

async function readWitness(policy, [name, vkey = "", , ...more]) {
	need(policy.witnesses.length < EACH_MAX, "more than 32 witnesses");
	const witness = {name: newName(policy, name), key: await parseWitnessVkey(vkey)};

	need(!policy.witnesses.some((w) => sameBytes(w.key.raw, witness.key.raw)), "the witness' key is that of a witness above");
	need(!more.length, "more words than a key and an address");
	policy.witnesses.push(witness);
	policy.nodes.set(name, witness);
}

function neededOf(word, members) {
	if (word === "any" || word === "all")
		return word === "any" ? 1 : members;
	need(/^[1-9][0-9]?$/.test(word) && Number(word) <= 2 * EACH_MAX, "after a group's name comes how many of its members are needed: a number, any or all");
	return Number(word);
}

function readGroup(policy, [name, needed = "", ...names]) {
	const group = {name: newName(policy, name), members: [], needed: neededOf(needed, names.length)};

	need(policy.groups.length < EACH_MAX, "more than 32 groups");
	for (const member of names) {
		const node = policy.nodes.get(member);

		need(node, "a member of the group is not defined on a line above");
		need(!node.isMember, "a member of the group is a member already, of this or another group");
		node.isMember = true;
		group.members.push(node);
	}
	need(names.length, "the group has no members");
	need(group.needed <= names.length, "the group needs more members than it has");
	policy.groups.push(group);
	policy.nodes.set(name, group);
}

function readQuorum(policy, [name, ...more]) {
	need(policy.quorum === undefined, "a second quorum line");
	need(name && !more.length, "a quorum is one name, or none");
	need(name === "none" || policy.nodes.has(name), "the quorum is not defined on a line above");
	policy.quorum = name === "none" ? null : policy.nodes.get(name);
}

const LINES = {log: readLog, witness: readWitness, group: readGroup, quorum: readQuorum};

async function readLine(policy, line) {
	const [word = "", ...words] = line.split(/[ \t]+/).filter(Boolean);

	need(!/[\0-\x08\x0b-\x1f\x7f]/.test(line), "a control character");
	if (word === "" || word.startsWith("#"))
		return;
	need(Object.hasOwn(LINES, word), "a line begins with log, witness, group, quorum or #");
	await LINES[word](policy, words);
}

/* Bytes -> {logs, witnesses: [{name, key}], groups, quorum}; what is wrong throws Refused, whose message names the line. */
export async function parsePolicy(bytes) {
	const policy = {logs: [], witnesses: [], groups: [], nodes: new Map(), quorum: undefined};

	need(bytes.length <= BYTES_MAX, "the policy is longer than 16384 bytes");
	const lines = fromUtf8(bytes, "the policy is not UTF-8 text").split("\n");

	need(lines.pop() === "", "the policy's last line has no line feed");
	for (const [i, line] of lines.entries())
		await readLine(policy, line).catch((e) => { throw e instanceof Refused ? new Refused(`line ${i + 1} of the policy: ${e.message}`) : e; });
	need(policy.quorum !== undefined, "there is no quorum line in the policy");
	return policy;
}

/* Whether those witnesses (a Set) are a quorum. */
export function isQuorum(policy, witnesses) {
	const is = (node) => node.members ? node.members.filter(is).length >= node.needed : witnesses.has(node);

	return policy.quorum === null || is(policy.quorum);
}

/*
 * Judges a checkpoint's note (of parseNote); who signed it for the log is another's to check. -> {met, isListed (the policy names no log,
 * or one of them signed), witnesses: [{name, vkey, timeMs: null when it is not seen}], quorumMs: so new are the cosignatures that meet it}.
 * A cosignature that is wrong throws Refused.
 */
export async function judgePolicy(policy, note, nowMs) {
	const times = new Map(), signed = [];

	for (const witness of policy.witnesses) {
		const timeMs = await cosignedAt(note, witness.key);

		if (timeMs !== null && timeMs - AHEAD_MS <= nowMs)
			times.set(witness, timeMs);
	}
	for (const key of policy.logs)
		signed.push(await judgeNote(note, key) === "good");
	const met = isQuorum(policy, new Set(times.keys()));
	const since = (ms) => new Set(Array.from(times.keys()).filter((w) => times.get(w) >= ms));
	const enough = met && policy.quorum ? Array.from(times.values()).filter((ms) => isQuorum(policy, since(ms))) : [];

	return {met, isListed: !signed.length || signed.includes(true), quorumMs: enough.length ? Math.max(...enough) : null,
		witnesses: policy.witnesses.map((w) => ({name: w.name, vkey: w.key.vkey, timeMs: times.get(w) ?? null}))};
}
