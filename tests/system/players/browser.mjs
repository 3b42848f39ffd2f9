/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node browser.mjs URL USER PASSWORD CAMERA PLAYER…
 * Players that others wrote in headless Chromium, all in one page: hls.js, dash.js and Shaka (its HLS: shaka-hls, its DASH: shaka-dash); by DASH
 * of low latency: dash.js-ll, shaka-ll.
 * Prints `playing` when all show pictures; then, for each line on standard input that is a wall clock in ms and players' names, plays until
 * each of these has shown a picture that the test camera took after it, and prints `after` and, in JSON, what was seen; before that, `missing` and each
 * part of a segment that a player was answered 404 for. Ends with its input.
 * Exit 0, or 1 when a player shows nothing, or no such picture, within a minute and a half.
 */
import {createInterface} from "node:readline";
import {readFileSync} from "node:fs";

import {logIn, open} from "../browser.mjs";

const LIMIT_MS = 90000;
const EVERY_MS = 200;
const CLOCK = 2 ** 24;           // the picture's clock comes round
const here = new URL(".", import.meta.url);
const SCRIPTS = {"hls.js": "../../../web/node_modules/hls.js/dist/hls.min.js", "dash.js": "../node_modules/dashjs/dist/modern/umd/dash.all.min.js",
	shaka: "../node_modules/shaka-player/dist/shaka-player.compiled.js"};
const [url, user, password, camera, ...players] = process.argv.slice(2);

if (!players.length || players.some((p) => !SCRIPTS[p.replace(/-.*/, "")])) {
	console.error("usage: node browser.mjs URL USER PASSWORD CAMERA PLAYER...");
	process.exit(2);
}

/* In the page: a video element of that name, and the player at work on it. */
async function begin({name, base}) {
	const video = Object.assign(document.createElement("video"), {id: name, muted: true, autoplay: true, width: 640, height: 360});
	const said = (window.said ??= {})[name] = [];

	document.body.append(video);
	if (name === "hls.js") {
		const hls = new window.Hls();

		hls.on("hlsError", (_, e) => said.push(`${e.details}${e.fatal ? ", fatal" : ""}`));
		hls.loadSource(`${base}/index.m3u8`);
		hls.attachMedia(video);
	} else if (name.startsWith("dash.js")) {
		const dash = window.dashjs.MediaPlayer().create();

		dash.on("error", (e) => said.push(e.error?.message ?? String(e.error)));
		dash.setXHRWithCredentialsForType("MediaSegment", true);
		dash.initialize(video, `${base}/${name === "dash.js" ? "manifest" : "manifest-ll"}.mpd`, true);
	} else {
		const list = {"shaka-hls": "index.m3u8", "shaka-dash": "manifest.mpd", "shaka-ll": "manifest-ll.mpd"}[name];
		const shaka = new window.shaka.Player();

		/* By itself it tries again behind errors of the network alone, and not behind its own (doc/players.md). */
		shaka.configure("streaming.failureCallback", () => shaka.retryStreaming());
		await shaka.attach(video);
		shaka.addEventListener("error", (e) => said.push(`${e.detail.code} ${e.detail.data}`));
		shaka.configure({streaming: {lowLatencyMode: name === "shaka-ll"}});
		shaka.load(`${base}/${list}`).then(() => video.play()).catch((e) => said.push(`${e.code} ${e.data ?? e}`));
	}
}

/* In the page: {clockMs, frames, said}; clockMs of the picture that is shown, or -1 (camera/scene.h says how it is drawn). */
function look(name) {
	const U = 16, video = document.getElementById(name), canvas = document.createElement("canvas");
	const context = canvas.getContext("2d", {willReadFrequently: true});
	const seen = {clockMs: -1, frames: video.getVideoPlaybackQuality().totalVideoFrames, at: video.currentTime, said: window.said[name].slice(-3)};

	if (!video.videoWidth)
		return seen;
	canvas.width = 40 * U;
	canvas.height = Math.round(canvas.width * video.videoHeight / video.videoWidth);
	context.drawImage(video, 0, 0, canvas.width, canvas.height);
	const bits = Array.from({length: 32}, (_, i) => (context.getImageData((1.5 + i) * U, 2.5 * U, 1, 1).data[1] > 127 ? 1 : 0));
	const value = (from, n) => bits.slice(from, from + n).reduce((v, b) => v * 2 + b, 0);
	const check = [4, 8, 12, 16, 20, 24].reduce((x, at) => x ^ value(at, 4), 15);

	if (value(0, 4) === 0b0101 && value(28, 4) === check)
		seen.clockMs = value(4, 24);
	return seen;
}

const isAfter = (clockMs, wallMs) => clockMs >= 0 && ((clockMs - wallMs) % CLOCK + CLOCK) % CLOCK < CLOCK / 2;
const {browser, page} = await open();
const missing = [];

page.on("response", (r) => r.status() === 404 && /\/\d+\.\d+\.[0-9a-f]{8}\.m4s$/.test(r.url()) && missing.push(new URL(r.url()).pathname));

/* Until the picture of each of these is good; what was seen of them, and whose was not. */
async function until(names, good) {
	const left = new Set(names), seen = {};

	for (const end = Date.now() + LIMIT_MS; left.size && Date.now() < end; await page.waitForTimeout(EVERY_MS))
		for (const name of left) {
			seen[name] = await page.evaluate(look, name);
			if (good(seen[name]))
				left.delete(name);
		}
	return {seen, late: [...left]};
}

async function show(word, names, good) {
	const {seen, late} = await until(names, good);

	for (const part of missing.splice(0))
		console.log(`missing ${part}`);
	console.log(`${late.length ? `not ${word}: ${late.join(", ")}` : word} ${JSON.stringify(seen)}`);
	if (late.length)
		process.exitCode = 1;
	return !late.length;
}

try {
	await logIn(page, url, user, password);
	// A page of the site's own origin, without its policy: the session's cookie goes along, scripts of others may run.
	await page.route("**/players-test", (route) => route.fulfill({contentType: "text/html", body: "<!doctype html><body></body>"}));
	await page.goto(new URL("/players-test", url).href);
	for (const script of new Set(players.map((p) => p.replace(/-.*/, ""))))
		await page.addScriptTag({content: readFileSync(new URL(SCRIPTS[script], here), "utf8")});
	for (const name of players)
		await page.evaluate(begin, {name, base: `/live/${camera}`});
	if (await show("playing", players, (s) => s.clockMs >= 0 && s.frames > 10))
		for await (const line of createInterface({input: process.stdin})) {
			const [wallMs, ...names] = line.split(" ");

			if (!await show("after", names, (s) => isAfter(s.clockMs, Number(wallMs))))
				break;
		}
} finally {
	await browser.close();
}
