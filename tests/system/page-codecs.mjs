/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node page-codecs.mjs URL USER PASSWORD [--screenshot FILE]
 * Chromium (Debian's, which plays no H.265) on three cameras: "alone" sends H.265 and nothing else, which the page has to explain
 * with the lines that mend it; "both" has an encoded rendition beside, which has to play and be all there is to choose; "opus" sends
 * H.264 and Opus, "law" H.264 and G.711, of which picture and sound have to play; "smart" and
 * "smart-alone" sent a key frame long ago, and the first has an encoded rendition. Prints what was seen as JSON; exit 0 or 1, 2 for bad usage.
 */
import {parseArgs} from "node:util";

import {logIn, look, open, play} from "./browser.mjs";

const {values: options, positionals} = parseArgs({allowPositionals: true, options: {screenshot: {type: "string"}}});
const [url, user, password] = positionals;

if (!password) {
	console.error("usage: node page-codecs.mjs URL USER PASSWORD [--screenshot FILE]");
	process.exit(2);
}

const failures = [];
const expect = (holds, what) => { if (!holds) failures.push(what); };

const notice = (page) => page.evaluate(() => Object.fromEntries(["title", "advice", "lines"].map((k) => [k, document.getElementById(`notice-${k}`).textContent])));
const choices = (page) => page.evaluate(() => Array.from(document.getElementById("levels").options, (o) => o.value));
const back = (page) => page.click('a[href="#"]');

async function checkExplains(page, name, title) {
	await page.click(`[data-camera="${name}"]`);
	await page.waitForFunction(() => document.getElementById("notice-lines").textContent !== "", null, {timeout: 20000}).catch(() => {});
	const said = await notice(page);

	expect(said.title === title, `${name}: the page says: ${said.title}`);
	expect(said.lines.includes(`  ${name}:\n    renditions:\n      180p: {size: 320x180`), `${name}: the lines are: ${said.lines}`);
	if (options.screenshot)
		await page.screenshot({path: options.screenshot});
	await back(page);
	return said;
}

async function checkPlays(page, name, wanted) {
	await play(page, name);
	const before = await look(page);

	await page.waitForTimeout(4000);
	const after = await look(page), listed = await choices(page);
	const hidden = await page.evaluate(() => document.getElementById("notice").hidden);

	expect(after.time - before.time > 2, `${name}: the picture moved by ${(after.time - before.time).toFixed(1)} s in 4 s`);
	expect(listed.join() === wanted.join(), `${name}: to choose from: ${listed.join()}`);
	expect(hidden, `${name}: a notice lies over the picture`);
	await back(page);
	return {before, after, listed};
}

const {browser, page, complaints} = await open();
const seen = {};

try {
	await logIn(page, url, user, password);
	seen.alone = await checkExplains(page, "alone", "This camera sends H.265, which this browser cannot play.");
	seen.both = await checkPlays(page, "both", ["auto", "360p"]);
	for (const name of ["opus", "law"]) {
		const {before, after} = seen[name] = await checkPlays(page, name, ["auto", "copy"]);

		expect(before.audioBytes > 0 && after.audioBytes > before.audioBytes, `${name}: no sound is decoded`);
	}
	seen.smart = await checkPlays(page, "smart", ["auto", "360p"]);
	seen["smart-alone"] = await checkExplains(page, "smart-alone", "This camera sends a whole picture only now and then: it is shown from the next one on.");
	/* A snapshot that was not made in time is asked for again. */
	const [unexpected] = complaints.filter((text) => !/ 503 .*\/snapshot\.jpg/.test(text));
	expect(!unexpected, `the page complains: ${unexpected}`);
} catch (e) {
	failures.push(String(e).split("\n")[0]);
}
await browser.close();
console.log(JSON.stringify({ok: failures.length === 0, failures, complaints, ...seen}, null, "\t"));
process.exit(failures.length ? 1 : 0);
