/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node latency.mjs URL USER PASSWORD [SECONDS [dash.js] [shaka]]
 * How old the picture is that headless Chromium shows of a site's first camera: the test camera's clock, read back from a canvas ten
 * times a second for SECONDS (20), beside the browser's own; by casemate's page, and by hls.js alone with whole segments. Prints JSON:
 * {near, plain: {n, median_ms, p99_ms, most_ms, least_ms, pictures: how many different ones, stalls, by_parts: the share of looks at which the page played
 * part by part, samples_ms}, click_ms: from each of CLICKS clicks on the camera to its first picture}. With players named, of these alone, by DASH of
 * low latency: {"dash.js": …, shaka: …}. Exit 0, or 1 when no picture moved.
 */
import {readFileSync} from "node:fs";

import {PATIENCE_MS, logIn, open, play} from "../browser.mjs";

const CLOCK = 2 ** 24;           // the picture's clock comes round
const CLICKS = 5;
const SETTLE_MS = 10000;
const EVERY_MS = 100;
const PLAIN = {lowLatencyMode: false, liveSyncDuration: 3.5};
const [url, user, password, seconds = "20", ...players] = process.argv.slice(2);
const NEAR = {"dash.js": [playDash, "../node_modules/dashjs/dist/modern/umd/dash.all.min.js"], shaka: [playShaka, "../node_modules/shaka-player/dist/shaka-player.compiled.js"]};

if (!password || !(Number(seconds) > 0) || players.some((p) => !NEAR[p])) {
	console.error("usage: node latency.mjs URL USER PASSWORD [SECONDS [dash.js] [shaka]]");
	process.exit(2);
}

/* In the page: how old the picture of its video is, looked at again and again: {ages, numbers, stalls, near} (camera/scene.h says how the clock is drawn). */
function watch({everyMs, forMs}) {
	const U = 16, video = document.querySelector("video"), canvas = document.createElement("canvas");
	const context = canvas.getContext("2d", {willReadFrequently: true});
	const seen = {ages: [], numbers: [], stalls: 0, near: 0};
	const onWaiting = () => seen.stalls++;
	const read = (row, sync) => {
		const pixels = context.getImageData(0, Math.floor((row + 0.5) * U), canvas.width, 1).data;
		const bits = Array.from({length: 32}, (_, i) => (pixels[4 * Math.floor((1.5 + i) * U) + 1] > 127 ? 1 : 0));
		const value = (from, n) => bits.slice(from, from + n).reduce((v, b) => v * 2 + b, 0);
		const check = [4, 8, 12, 16, 20, 24].reduce((x, at) => x ^ value(at, 4), 15);

		return value(0, 4) === sync && value(28, 4) === check ? value(4, 24) : -1;
	};

	canvas.width = 40 * U;
	canvas.height = Math.round(canvas.width * video.videoHeight / video.videoWidth);
	video.addEventListener("waiting", onWaiting);
	return new Promise((done) => {
		const end = Date.now() + forMs, timer = setInterval(() => {
			context.drawImage(video, 0, 0, canvas.width, canvas.height);
			const nowMs = Date.now(), clockMs = read(2, 0b0101), number = read(1, 0b1010);

			if (clockMs >= 0) {
				seen.ages.push(((nowMs - clockMs) % 2 ** 24 + 2 ** 24) % 2 ** 24);
				seen.numbers.push(number);
				seen.near += document.getElementById("behind")?.dataset.near === "true" ? 1 : 0;
			}
			if (nowMs < end)
				return;
			clearInterval(timer);
			video.removeEventListener("waiting", onWaiting);
			done(seen);
		}, everyMs);
	});
}

function summary({ages, numbers, stalls, near}) {
	const a = ages.map((age) => (age > CLOCK / 2 ? age - CLOCK : age)).sort((x, y) => x - y);

	return {n: a.length, median_ms: a[a.length >> 1], p99_ms: a[Math.floor(a.length * 0.99)], most_ms: a.at(-1), least_ms: a[0],
		pictures: new Set(numbers).size, stalls, by_parts: near / a.length, samples_ms: ages};
}

async function ages(page) {
	await page.waitForTimeout(SETTLE_MS);
	return summary(await page.evaluate(watch, {everyMs: EVERY_MS, forMs: seconds * 1000}));
}

/* From a click on the first camera to its first picture, by the browser's own clock; the page is back at its cameras afterwards. */
async function click(page) {
	const ms = await page.evaluate(() => new Promise((done) => {
		const began = performance.now();

		document.getElementById("video").requestVideoFrameCallback(() => done(performance.now() - began));
		document.querySelector("[data-camera] a").click();
	}));

	await page.evaluate(() => { location.hash = ""; });
	await page.waitForFunction(() => document.body.dataset.view === "grid", null, {timeout: PATIENCE_MS});
	await page.waitForTimeout(500);
	return Math.round(ms);
}

/* In the page: hls.js as it comes, told to take whole segments and to stay behind so far. */
function playHls({camera, config}) {
	const hls = new window.Hls(config);

	hls.loadSource(`/live/${camera}/index.m3u8`);
	hls.attachMedia(document.querySelector("video"));
}

/* What comes in chunks it fetches without the session's cookie, unless it is told to take it along. */
function playDash({camera}) {
	const dash = window.dashjs.MediaPlayer().create();

	dash.setXHRWithCredentialsForType("MediaSegment", true);
	dash.initialize(document.querySelector("video"), `/live/${camera}/manifest-ll.mpd`, true);
}

async function playShaka({camera}) {
	const shaka = new window.shaka.Player();

	await shaka.attach(document.querySelector("video"));
	shaka.configure({streaming: {lowLatencyMode: true}});
	await shaka.load(`/live/${camera}/manifest-ll.mpd`);
}

/* In a page of the site's own origin. */
async function playAlone(page, play, script, ask) {
	await page.route("**/plain-test", (route) => route.fulfill({contentType: "text/html", body: "<!doctype html><video muted autoplay width=640 height=360></video>"}));
	await page.goto(new URL("/plain-test", url).href);
	await page.addScriptTag({content: readFileSync(new URL(script, import.meta.url), "utf8")});
	await page.evaluate(play, ask);
	await page.waitForFunction(() => document.querySelector("video").readyState >= 3, null, {timeout: PATIENCE_MS});
}

const {browser, page} = await open();

async function measureNear(camera) {
	const seen = {};

	for (const name of players) {
		await playAlone(page, ...NEAR[name], {camera});
		seen[name] = await ages(page);
	}
	console.log(JSON.stringify(seen));
	process.exitCode = Object.values(seen).every((s) => s.pictures > 1) ? 0 : 1;
}

async function measurePage(camera) {
	await play(page);
	/* Parts come once the camera's rate is known. */
	await page.waitForFunction(() => document.getElementById("behind").dataset.near === "true", null, {timeout: PATIENCE_MS});
	const near = await ages(page), click_ms = [];

	await page.evaluate(() => { location.hash = ""; });
	await page.waitForFunction(() => document.body.dataset.view === "grid", null, {timeout: PATIENCE_MS});
	for (let i = 0; i < CLICKS; i++)
		click_ms.push(await click(page));
	await playAlone(page, playHls, "../../../web/node_modules/hls.js/dist/hls.min.js", {camera, config: PLAIN});
	const plain = await ages(page);

	console.log(JSON.stringify({near, plain, click_ms}));
	process.exitCode = near.pictures > 1 && plain.pictures > 1 ? 0 : 1;
}

try {
	await logIn(page, url, user, password);
	const camera = await page.getAttribute("[data-camera]", "data-camera");

	await (players.length ? measureNear(camera) : measurePage(camera));
} finally {
	await browser.close();
}
