/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: hls [--ca FILE] [--user NAME --password-file FILE] [--seconds N | --minutes N] [--restarts] [--must RULE,RULE…] [--past URI] [--json FILE] ADDRESS
 * Plays all renditions of a live stream at ADDRESS (…/index.m3u8, the multivariant playlist) at once, as a low-latency player would where
 * the server offers it, and holds every playlist and every byte against the rules of rules.mjs. --restarts: the server may go and come
 * back meanwhile. --must: rules that have to be seen at work; `low-latency` stands for all that are about parts and directives.
 * --past: the playlist at that address, from ADDRESS on, is of what was recorded, and ends: as it is once it stays.
 * Exit 0: no rule was broken, 1: one was, 2: could not tell.
 */
import {readFileSync, writeFileSync} from "node:fs";
import {Agent, request} from "node:https";
import {parseArgs} from "node:util";

import {Checker} from "./checker.mjs";
import {newest} from "./m3u8.mjs";
import {RULES} from "./rules.mjs";

const USAGE = "usage: hls [--ca FILE] [--user NAME --password-file FILE] [--seconds N | --minutes N] [--restarts] [--must RULE,RULE...] [--past URI] [--json FILE] ADDRESS";
const LOW_LATENCY = ["server_control", "part_inf", "part_hold_back", "part_longest", "part_shortest", "part_sum", "part_age", "preload", "preload_kept", "reports",
	"reports_all", "blocked", "too_far", "delta", "concatenated"];
const ANSWER_MS = 60000;
const BACK_MS = 60000;           // a server that is started anew is there again within
const DELTA_EVERY = 7;           // playlists
const DELTA_TRIES = 8;
const ENDED_MS = 15000;          // between two looks at a list that ended: no player would take a second one

function usage(why) {
	console.error(why ? `hls: ${why}\n${USAGE}` : USAGE);
	process.exit(2);
}

function settings() {
	try {
		const {values, positionals} = parseArgs({allowPositionals: true, options: {ca: {type: "string"}, user: {type: "string"},
			"password-file": {type: "string"}, seconds: {type: "string"}, minutes: {type: "string"}, restarts: {type: "boolean"},
			must: {type: "string"}, past: {type: "string"}, json: {type: "string"}}});
		const seconds = Number(values.seconds ?? 60 * Number(values.minutes ?? 1));
		const must = (values.must ?? "").split(",").filter(Boolean).flatMap((r) => (r === "low-latency" ? LOW_LATENCY : [r]));

		if (positionals.length !== 1 || !(seconds > 0) || must.some((r) => !RULES[r]))
			usage();
		return {...values, seconds, must, address: new URL(positionals[0]),
			auth: values.user && `${values.user}:${readFileSync(values["password-file"], "utf8").trim()}`};
	} catch (e) {
		return usage(e.message);
	}
}

const set = settings();
const agent = new Agent({keepAlive: true, ca: set.ca && readFileSync(set.ca)});
const checker = new Checker();
const until = Date.now() + set.seconds * 1000;
const sleep = (ms) => new Promise((done) => setTimeout(done, Math.max(0, ms)));
let restarts = 0;
let generation = 0;              // of the server: what it said before says nothing of what it says now

function once(url, fresh) {
	return new Promise((done, fail) => {
		const r = request(url, {agent: fresh ? new Agent({ca: agent.options.ca}) : agent, auth: set.auth, timeout: ANSWER_MS}, (answer) => {
			const pieces = [];

			answer.on("data", (p) => pieces.push(p));
			answer.on("error", fail);
			answer.on("end", () => done({status: answer.statusCode, body: Buffer.concat(pieces), retry_s: Number(answer.headers["retry-after"] ?? 1)}));
		});

		r.on("error", fail);
		r.on("timeout", () => r.destroy(new Error(`no answer in ${ANSWER_MS / 1000} s`)));
		r.end();
	});
}

/* A kept connection may have been closed just now: once more, on one of its own. */
const get = (url) => once(url, false).catch(() => once(url, true));

/* As get; while the server is away, and may be, it is waited for. */
async function patiently(url) {
	const deadline = Date.now() + BACK_MS, at = generation;

	for (;;) {
		const answer = await get(url).catch((e) => ({error: e}));

		if (!answer.error && answer.status !== 503) {
			if (at !== generation || !answer.away)
				return answer;
		}
		if (answer.error && !set.restarts)
			throw answer.error;
		if (Date.now() > deadline)
			throw answer.error ?? new Error(`${url.pathname}: 503 for ${BACK_MS / 1000} s`);
		if (answer.error && at === generation) {
			generation++;
			restarts++;
			checker.restarted();
		}
		await sleep(answer.error ? 200 : answer.retry_s * 1000);
	}
}

/* One rendition, until the end. */
class Follower {
	#name;
	#url;
	#known = new Set();          // addresses that were fetched
	#hinted = new Map();         // address of a part -> its answer
	#leaving = [];               // {s, atMs}: gone from the list, to be had until then
	#before = null;              // {list, text, generation}
	#turn = 0;

	constructor({name, uri}, base) {
		this.#name = name;
		this.#url = new URL(uri, base);
	}

	#at(uri, query = "") {
		return new URL(uri + query, this.#url);
	}

	async run() {
		while (Date.now() < until) {
			const asked = this.#next(), sentMs = Date.now();
			const answer = await patiently(this.#at("", asked ? `?_HLS_msn=${asked.msn}${asked.part >= 0 ? `&_HLS_part=${asked.part}` : ""}` : ""));

			if (answer.status !== 200) {
				checker.fetched(this.#name, this.#url.pathname, answer.status);
				await sleep(1000);
				continue;
			}
			await this.#playlist(answer.body.toString(), asked, sentMs);
			if (this.#before.list.ended)
				await sleep(Math.min(ENDED_MS, until - Date.now()));
		}
	}

	/* What to ask for: null, the newest there is, where blocking is not offered or nothing came before. */
	#next() {
		const b = this.#before;

		if (!b || b.generation !== generation || b.list.control["CAN-BLOCK-RELOAD"] !== "YES")
			return null;
		const {tail} = b.list;

		return b.list.partTarget !== null && tail.parts.length ? {msn: tail.msn, part: tail.parts.length} : {msn: tail.msn, part: b.list.partTarget === null ? -1 : 0};
	}

	async #playlist(text, asked, sentMs) {
		const list = checker.playlist(this.#name, text, sentMs, Date.now()), before = this.#before;

		this.#before = {list, text, generation};
		if (asked && before.generation === generation)
			checker.blocked(this.#name, asked, text);
		this.#hint(list);
		await this.#fetch(list);
		if (before?.generation === generation)
			this.#left(before.list, list);
		await this.#kept();
		if (list.control["CAN-BLOCK-RELOAD"] === "YES" && this.#turn % (DELTA_EVERY * 10) === 0)
			await this.#tooFar(list);
		if (list.control["CAN-SKIP-UNTIL"] && ++this.#turn % DELTA_EVERY === 0)
			await this.#delta();
		if (list.control["CAN-BLOCK-RELOAD"] !== "YES")
			await sleep(before?.text === text ? list.target * 500 : list.target * 1000 / 4);
	}

	/* A part that is coming is asked for at once, and held by the server until it is there. */
	#hint(list) {
		for (const {TYPE, URI} of list.hints) {
			if (TYPE === "PART" && URI && !this.#hinted.has(URI)) {
				this.#hinted.set(URI, get(this.#at(URI)).catch(() => null));
				if (this.#hinted.size > 8)
					this.#hinted.delete(this.#hinted.keys().next().value);
			}
		}
	}

	async #one(uri, use) {
		if (this.#known.has(uri))
			return;
		const at = generation, answer = (await this.#hinted.get(uri)) ?? await patiently(this.#at(uri));

		this.#known.add(uri);
		if (at !== generation && answer.status !== 200)
			return;
		checker.fetched(this.#name, uri, answer.status);
		if (answer.status === 200)
			use(answer.body);
	}

	/* In the order of the list, so that parts come before their segment. */
	async #fetch(list) {
		for (const s of [...list.segments, list.tail]) {
			if (s.gap)
				continue;
			if (s.map && (s.parts.length || s.uri))
				await this.#one(s.map, (b) => checker.init(this.#name, s.map, b));
			for (const p of s.parts)
				if (!p.gap)
					await this.#one(p.uri, (b) => checker.part(this.#name, s, p, b));
			if (s.uri)
				await this.#one(s.uri, (b) => checker.segment(this.#name, s, b));
		}
	}

	#left(before, list) {
		const lasts = list.segments.reduce((sum, s) => sum + s.duration, 0);

		for (const s of before.segments)
			if (s.msn < list.sequence && !s.gap)
				this.#leaving.push({s, atMs: Date.now() + (lasts + s.duration) * 800});
	}

	async #kept() {
		while (this.#leaving.length && this.#leaving[0].atMs <= Date.now()) {
			const {s} = this.#leaving.shift(), at = generation, answer = await patiently(this.#at(s.uri));

			if (at === generation)
				checker.fetched(this.#name, s.uri, answer.status, true);
		}
	}

	async #tooFar(list) {
		const last = newest(list).msn;

		checker.tooFar(this.#name, "a segment ten ahead", (await patiently(this.#at("", `?_HLS_msn=${last + 10}`))).status);
		checker.tooFar(this.#name, "a part without its segment", (await patiently(this.#at("", "?_HLS_part=0"))).status);
	}

	/* Both forms at one moment: the whole one before and behind must be the same. */
	async #delta() {
		const had = this.#before, at = generation;

		for (let i = 0; i < DELTA_TRIES && Date.now() < until; i++) {
			const [one, delta, two] = [await patiently(this.#at("")), await patiently(this.#at("", "?_HLS_skip=YES")), await patiently(this.#at(""))].map((a) => a.body.toString());

			if (at !== generation)
				return;
			/* Where nothing is old enough the whole one is the answer, too. */
			if (one === two) {
				if (delta.includes("#EXT-X-SKIP"))
					checker.delta(this.#name, delta, one, had.text);
				return;
			}
		}
	}
}

function report() {
	const {results} = checker;
	const broken = results.filter((r) => r.broken), missed = set.must.filter((id) => !results.find((r) => r.id === id).held);

	for (const r of results)
		console.log(`${(r.broken ? "BROKEN" : r.held ? "held" : "unseen").padEnd(7)}${String(r.held).padStart(6)} ${r.id.padEnd(22)} (${r.section}) ${r.text}`);
	for (const r of broken)
		r.what.forEach((w) => console.log(`not ok ${r.id} (${r.section}): ${w}`));
	for (const id of missed)
		console.log(`not ok ${id} was never seen at work`);
	console.log(`# ${results.length - broken.length} of ${results.length} rules, ${results.reduce((n, r) => n + r.held, 0)} times; ${broken.length} broken, ` +
		`${results.filter((r) => !r.held && !r.broken).length} unseen; ${restarts} restarts`);
	if (set.json)
		writeFileSync(set.json, JSON.stringify({address: set.address.pathname, seconds: set.seconds, restarts, results}, null, 1));
	process.exitCode = broken.length || missed.length ? 1 : 0;
}

try {
	const answer = await patiently(set.address);

	if (answer.status !== 200)
		throw new Error(`${set.address.pathname}: ${answer.status}`);
	const renditions = checker.multivariant(answer.body.toString());
	if (set.past)
		renditions.push({name: "past", uri: set.past});

	await Promise.all(renditions.map((r) => new Follower(r, set.address).run()));
	/* Rates are measured of what is listed: those that are said at the end. */
	checker.multivariant((await patiently(set.address)).body.toString());
	checker.together();
	report();
} catch (e) {
	console.error(`hls: ${e.code ? `${e.message} (${e.code})` : e.message}`);
	process.exitCode = 2;
}
agent.destroy();
