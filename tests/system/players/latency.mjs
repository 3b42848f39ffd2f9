/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node latency.mjs URL USER PASSWORD [SECONDS]
 * How old the picture is that casemate's page shows in headless Chromium: the test camera's clock, read back from a canvas ten times a second
 * for SECONDS (20), beside the browser's own. Prints JSON: click_ms, from the click to the first picture; n, median_ms, p99_ms, most_ms; numbers: how many
 * different pictures were seen. Exit 0, or 1 when no picture moved.
 */
import {logIn, look, open, play} from "../browser.mjs";

const CLOCK = 2 ** 24;
const SETTLE_MS = 8000;
const EVERY_MS = 100;
const [url, user, password, seconds = "20"] = process.argv.slice(2);

if (!password || !(Number(seconds) > 0)) {
	console.error("usage: node latency.mjs URL USER PASSWORD [SECONDS]");
	process.exit(2);
}

const {browser, page} = await open();

try {
	await logIn(page, url, user, password);
	const clicked = Date.now();

	await play(page);
	const click_ms = Date.now() - clicked;
	const ages = [], numbers = new Set();

	await page.waitForTimeout(SETTLE_MS);
	for (const until = Date.now() + seconds * 1000; Date.now() < until; await page.waitForTimeout(EVERY_MS)) {
		const seen = await look(page);

		if (seen.clockMs >= 0) {
			ages.push(((seen.nowMs - seen.clockMs) % CLOCK + CLOCK) % CLOCK);
			numbers.add(seen.number);
		}
	}
	ages.sort((a, b) => a - b);
	console.log(JSON.stringify({click_ms, n: ages.length, median_ms: ages[ages.length >> 1], p99_ms: ages[Math.floor(ages.length * 0.99)], most_ms: ages.at(-1),
		numbers: numbers.size}));
	process.exitCode = numbers.size > 1 ? 0 : 1;
} finally {
	await browser.close();
}
