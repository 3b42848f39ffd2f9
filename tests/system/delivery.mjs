/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node delivery.mjs CA URL NAME:PASSWORD-FILE SECONDS PATH…
 * A viewer of several media playlists at https://…: asks for each when its next segment is due, and for the segment. Prints for each segment a
 * JSON line: path, number, start (its capture time, as the playlist has it) and delivery_ms, from the capture of its first picture to its
 * last byte here. What was listed at the beginning does not count.
 */
import {readFileSync} from "node:fs";
import {Agent, request} from "node:https";

const [caFile, origin, login, seconds, ...paths] = process.argv.slice(2);

if (!paths.length) {
	console.error("usage: node delivery.mjs CA URL NAME:PASSWORD-FILE SECONDS PATH...");
	process.exit(2);
}

const POLL_MS = 10;
const EARLY = 0.85;                     /* of a segment's length: so long after one there is no other */
const [name, passwordFile] = login.split(":");
const auth = `${name}:${readFileSync(passwordFile, "utf8").trim()}`;
const agent = new Agent({keepAlive: true, ca: readFileSync(caFile)});
const until = Date.now() + seconds * 1000;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function get(path) {
	return new Promise((done, fail) => {
		const r = request(new URL(path, origin), {agent, auth, timeout: 10000}, (answer) => {
			const chunks = [];

			answer.on("data", (c) => chunks.push(c));
			answer.on("error", fail);
			answer.on("end", () => (answer.statusCode === 200 ? done(Buffer.concat(chunks)) : fail(new Error(`${path}: ${answer.statusCode}`))));
		});

		r.on("error", fail);
		r.on("timeout", () => r.destroy(new Error(`${path}: timeout`)));
		r.end();
	});
}

/* [{number, start, seconds}] of a media playlist; a date stands at some segments, the others follow on. */
function segments(text) {
	const list = [];
	let start = NaN, length = NaN;

	for (const line of text.split("\n")) {
		if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:"))
			start = Date.parse(line.slice(25));
		else if (line.startsWith("#EXTINF:"))
			length = parseFloat(line.slice(8)) * 1000;
		else if (/^\d+\.m4s$/.test(line)) {
			list.push({number: parseInt(line, 10), start, length});
			start += length;
		}
	}
	return list;
}

async function watch(path) {
	const folder = path.replace(/[^/]*$/, "");
	let last = segments((await get(path)).toString()).at(-1)?.number ?? 0;

	while (Date.now() < until) {
		const news = segments((await get(path)).toString()).filter((s) => s.number > last);

		for (const s of news) {
			await get(`${folder}${s.number}.m4s`);
			console.log(JSON.stringify({path, number: s.number, start: s.start, delivery_ms: Date.now() - s.start}));
			last = s.number;
		}
		await sleep(news.length ? Math.max(POLL_MS, news.at(-1).start + news.at(-1).length * (1 + EARLY) - Date.now()) : POLL_MS);
	}
}

await Promise.all(paths.map(watch)).catch((e) => {
	console.error(e.code ? `${e.message} (${e.code})` : e.message);
	process.exitCode = 1;
});
agent.destroy();
