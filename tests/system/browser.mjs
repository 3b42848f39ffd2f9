/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headless Chromium on casemate's page: logs in, opens a camera, reads what is to be seen. */
import {chromium} from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/* What is waited for is there at once on a machine that has time for it. */
export const PATIENCE_MS = 90000;
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"];

/* {browser, page, complaints}: complaints fills with what the page says on its console as an error, and with uncaught exceptions. */
export async function open(options = {}) {
	const browser = await chromium.launch({executablePath: CHROMIUM, args: ARGS});
	const context = await browser.newContext({ignoreHTTPSErrors: true, viewport: {width: 1280, height: 900}, ...options});
	context.setDefaultTimeout(PATIENCE_MS);
	const page = await context.newPage();
	const complaints = [];

	page.on("console", (m) => m.type() === "error" && complaints.push(`${m.text()} ${m.location()?.url ?? ""}`));
	page.on("pageerror", (e) => complaints.push(String(e)));
	return {browser, page, complaints};
}

export async function logIn(page, url, user, password) {
	await page.goto(url);
	await fillLogin(page, user, password);
}

/* The login form that is shown now; the page behind it opens where it was. */
export async function fillLogin(page, user, password) {
	await page.fill('input[name="name"]', user);
	await page.fill('input[name="password"]', password);
	await page.click("form button");
	await page.waitForSelector("[data-camera]", {timeout: PATIENCE_MS, state: "attached"});
}

/* Opens the camera (the first one without a name) and waits for its first picture. */
export async function play(page, camera) {
	await page.click(camera ? `[data-camera="${camera}"]` : "[data-camera]");
	await page.waitForFunction(() => document.getElementById("video").readyState >= 3, null, {timeout: PATIENCE_MS});
	await page.evaluate(() => { document.getElementById("video").muted = false; });
}

/*
 * {number, clockMs, nowMs, time, audioBytes, dropped} of the picture that is shown now. number and clockMs: the test picture's own count
 * and clock (camera/scene.h says how they are drawn), or -1 where there are none to read.
 */
export function look(page) {
	return page.evaluate(() => {
		const WIDTH = 640, U = WIDTH / 40;
		const video = document.getElementById("video");
		const canvas = document.createElement("canvas");

		canvas.width = WIDTH;
		canvas.height = Math.round(WIDTH * video.videoHeight / video.videoWidth);
		const context = canvas.getContext("2d", {willReadFrequently: true});

		context.drawImage(video, 0, 0, canvas.width, canvas.height);
		const nowMs = Date.now();
		const read = (row, sync) => {
			const bits = Array.from({length: 32}, (_, i) => context.getImageData((1.5 + i) * U, (row + 0.5) * U, 1, 1).data[1] > 127 ? 1 : 0);
			const value = (from, n) => bits.slice(from, from + n).reduce((v, b) => v * 2 + b, 0);
			const digits = [4, 8, 12, 16, 20, 24].map((at) => value(at, 4));

			return value(0, 4) === sync && value(28, 4) === (digits.reduce((a, b) => a ^ b) ^ 15) ? value(4, 24) : -1;
		};

		return {number: read(1, 0b1010), clockMs: read(2, 0b0101), nowMs, time: video.currentTime, audioBytes: video.webkitAudioDecodedByteCount,
			dropped: video.getVideoPlaybackQuality().droppedVideoFrames};
	});
}

/* look, until it finds a number (a picture may be caught in the middle of a change). */
export async function lookWell(page) {
	for (let i = 0; i < 20; i++) {
		const seen = await look(page);

		if (seen.number >= 0)
			return seen;
		await page.waitForTimeout(50);
	}
	return look(page);
}

/* {state, since, count, text} */
export function badge(page) {
	return page.evaluate(() => {
		const b = document.getElementById("badge");

		return {state: b.dataset.state, since: b.dataset.since, count: Number(b.dataset.count), text: b.textContent.trim()};
	});
}

export function waitForBadge(page, state, timeout = PATIENCE_MS) {
	return page.waitForFunction((s) => document.getElementById("badge").dataset.state === s, state, {timeout});
}

export function site(page) {
	return page.evaluate(async () => (await fetch("/api/site")).json());
}
