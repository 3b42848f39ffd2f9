/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node page.mjs URL USER PASSWORD [SECONDS] [--camera NAME] [--screenshot FILE] [--expect-failed | --meanwhile COMMAND]
 * Logs in, plays a test camera, and checks that after SECONDS (10) its own clock has moved by as much, that sound is
 * there and that the badge says verified. With --expect-failed one byte of one segment is changed on its way to the
 * page, and the badge has to turn red and name that segment. With --meanwhile the shell COMMAND runs while it plays
 * (it kills something, say), and SECONDS later the picture has to go on and the badge to say verified (after a new
 * login, where sessions ended with the parent). Prints what was seen as JSON; exit 0 or 1, 2 for bad usage.
 */
import {execSync} from "node:child_process";
import {parseArgs} from "node:util";

import {PATIENCE_MS, badge, fillLogin, logIn, lookWell, open, play, site, waitForBadge} from "./browser.mjs";

const {values: options, positionals} = parseArgs({allowPositionals: true,
	options: {camera: {type: "string"}, screenshot: {type: "string"}, "expect-failed": {type: "boolean"}, meanwhile: {type: "string"}}});
const [url, user, password, text = "10"] = positionals;
const seconds = Number(text);

if (!password || !(seconds > 0)) {
	console.error("usage: node page.mjs URL USER PASSWORD [SECONDS] [--camera NAME] [--screenshot FILE] [--expect-failed | --meanwhile COMMAND]");
	process.exit(2);
}

const failures = [];
const expect = (holds, what) => { if (!holds) failures.push(what); };

/* The first picture and the one SECONDS later, by the picture's own clock. */
async function checkPlaying(page, complaints) {
	await waitForBadge(page, "verified");
	const before = await lookWell(page), beganMs = Date.now();
	await page.waitForTimeout(seconds * 1000);
	const after = await lookWell(page), spent = (Date.now() - beganMs) / 1000;
	/* Asked last: in a camera's first seconds its rate has not been measured. */
	const {cameras} = await site(page);
	const fps = (cameras.find((c) => c.name === options.camera) ?? cameras[0]).fps;
	const moved = (after.clockMs - before.clockMs + 2 ** 24) % 2 ** 24 / 1000;
	/* It may make up for what it was behind, as parts come, but for no more. */
	const behind = (before.nowMs - before.clockMs) % 2 ** 24 / 1000, about = 2 + spent / 10;
	const shown = await badge(page);

	expect(before.number >= 0 && after.number > before.number && before.clockMs >= 0 && after.clockMs >= 0, "the picture has no count or clock that can be read, or stands still");
	expect(moved >= spent - about && moved <= spent + behind + about, `the clock moved by ${moved.toFixed(1)} s in ${spent.toFixed(1)} s`);
	expect(before.audioBytes > 0 && after.audioBytes > before.audioBytes, "no sound is decoded");
	expect(shown.state === "verified" && shown.count >= 2, `the badge says: ${shown.text}`);
	/* A proof that is late is asked for again: what came of it the badge says. */
	const others = complaints.filter((c) => !/ 503 .*\.tlog-proof$/.test(c));

	expect(others.length === 0, `the page complains: ${others[0]}`);
	return {fps, moved_s: moved, before, after, badge: shown};
}

/* Flips one bit near the end of the fourth segment of pictures, or part of one, that is fetched. */
async function tamper(page) {
	const state = {seen: 0, name: ""};

	await page.route(/\/live\/[a-z0-9-]+\/(?!audio\/)[a-z0-9-]+\/[0-9.]+[0-9a-f]*\.m4s$/, async (route) => {
		const response = await route.fetch();
		const body = await response.body();

		if (++state.seen === 4) {
			state.name = new URL(route.request().url()).pathname.replace(/^\/live\//, "").replace(/(\.[0-9]+\.[0-9a-f]{8})?\.m4s$/, "").replaceAll("/", " ");
			body[body.length - 20] ^= 1;
		}
		await route.fulfill({response, body});
	});
	return state;
}

async function checkTampered(page, tampered) {
	await waitForBadge(page, "failed", 40000).catch(() => {});
	const first = await badge(page);

	await page.waitForTimeout(6000);
	const later = await badge(page);

	expect(tampered.name !== "", "no segment was fetched to be changed");
	expect(first.state === "failed", `the badge says: ${first.text}`);
	/* Or, where not all parts came and the segment was fetched: what was shown is not in it. */
	expect([": bytes differ from the signed hash", ": the parts of it that were shown are not in it"].some((why) => first.text.includes(`NOT VERIFIED: ${tampered.name}${why}`)),
		`the badge says: ${first.text}`);
	expect(later.state === "failed" && later.count > 0, `later the badge says: ${later.text}`);
	return {tampered: tampered.name, badge: later};
}

/* How long the picture's count stands still after the command, and whether all is well again after SECONDS. */
async function checkSurvives(page) {
	await waitForBadge(page, "verified");
	execSync(options.meanwhile, {stdio: ["ignore", "ignore", "inherit"]});
	const began = Date.now();
	let last = await lookWell(page), moved = Date.now(), still = 0;

	while (Date.now() - began < seconds * 1000) {
		await page.waitForTimeout(100);
		if (await page.$('input[name="password"]')) {
			await fillLogin(page, user, password);
			await page.waitForFunction(() => document.getElementById("video")?.readyState >= 2, null, {timeout: PATIENCE_MS});
		}
		const seen = await lookWell(page);

		if (seen.number >= 0 && seen.number !== last.number) {
			still = Math.max(still, Date.now() - moved);
			moved = Date.now();
			last = seen;
		}
	}
	const shown = await badge(page);

	expect(Date.now() - moved < 1000, `the picture has stood still for ${((Date.now() - moved) / 1000).toFixed(1)} s`);
	expect(shown.state === "verified", `the badge says: ${shown.text}`);
	return {still_s: Math.max(still, Date.now() - moved) / 1000, badge: shown};
}

const {browser, page, complaints} = await open();
let seen = {};

try {
	const tampered = options["expect-failed"] ? await tamper(page) : null;
	const began = Date.now();

	await logIn(page, url, user, password);
	await play(page, options.camera);
	const playingAfter = (Date.now() - began) / 1000;

	if (tampered)
		seen = await checkTampered(page, tampered);
	else
		seen = options.meanwhile ? await checkSurvives(page) : await checkPlaying(page, complaints);
	seen = {playing_after_s: playingAfter, ...seen};
} catch (e) {
	failures.push(String(e).split("\n")[0]);
}
if (options.screenshot)
	await page.screenshot({path: options.screenshot});
await browser.close();
console.log(JSON.stringify({ok: failures.length === 0, failures, complaints, ...seen}, null, "\t"));
process.exit(failures.length ? 1 : 0);
