/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node page-views.mjs URL USER PASSWORD GUARD LATE PASSWORD FOLDER
 * Drives every view of the page of a site with the cameras gate and yard, of which GUARD may see gate alone, and LATE only what was recorded of it; a wall of 200 cameras is made of
 * gate's own answers. axe-core looks at each view, in light and dark and as wide as a phone; pictures of them go to FOLDER. A line of TAP for
 * each check; exit 0 or 1.
 */
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";

import {PATIENCE_MS, fillLogin, logIn, lookWell, open, waitForBadge} from "./browser.mjs";

const [url, user, password, guard, late, guardPassword, folder] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WALL = 200;
const FIRST_REQUESTS_MAX = 50, FIRST_BYTES_MAX = 1.5e6;
const LATE_MS = 4000;
const AWAY_MS = 8000, AWAY_REQUESTS_MAX = 40;
const PHONE = {width: 390, height: 844}, DESK = {width: 1280, height: 900};
let failed = 0;

async function check(name, act) {
	try {
		const said = await act();

		console.log(`ok ${name}${said ? `: ${said}` : ""}`);
	} catch (e) {
		failed++;
		console.log(`not ok ${name}: ${String(e.message ?? e).split("\n").slice(0, 12).join(" | ")}`);
	}
}

const {browser, page, complaints} = await open({viewport: DESK, reducedMotion: "reduce"});
const until = (act, arg) => page.waitForFunction(act, arg, {timeout: PATIENCE_MS});
const shown = (p, selector) => p.locator(selector).first().isVisible();
const text = (selector) => page.locator(selector).first().textContent();
const go = async (hash) => { await page.evaluate((h) => { location.hash = h; }, hash); };
const viewIs = (view) => until((v) => document.body.dataset.view === v, view);
const picture = (name) => page.screenshot({path: `${folder}/${name}.png`, fullPage: /^(site|camera)-/.test(name)});

/* By the browser's own debugger: the page's policy lets no script in but its own. */
async function looksWell(p) {
	await p.evaluate(`${axe}; undefined`);
	const {violations} = await p.evaluate(() => axe.run(document, {resultTypes: ["violations"]}));
	const bad = violations.filter((v) => v.impact === "serious" || v.impact === "critical");

	assert.deepEqual(bad.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.any[0]?.message ?? ""}`).join("; ")}`), []);
	assert.ok(await p.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it is wider than the window");
}

async function inEachLook(name) {
	for (const [look, colorScheme, size] of [["light", "light", DESK], ["dark", "dark", DESK], ["phone", "light", PHONE]]) {
		await page.emulateMedia({colorScheme});
		await page.setViewportSize(size);
		await check(`${name}, ${look}: nothing serious to axe-core`, () => looksWell(page));
		await picture(`${name}-${look}`);
	}
	await page.emulateMedia({colorScheme: "light"});
	await page.setViewportSize(DESK);
}

/* A wall of cameras in every state, each of gate's own shape, with gate's own picture, but not in gate's own state: that one may be in trouble on a busy machine. */
const STATES = [
	{phase: "streaming", alarms: []},
	{phase: "waiting", why: "camera-offline", detail: "does not answer", since_ms: Date.now() - 7200000, retry_ms: 8000, rate_bps: 0},
	{phase: "streaming", alarms: [{alarm: "frozen", detail: "the same picture for 60 s"}]},
	{phase: "connecting", rate_bps: 0},
	{phase: "streaming", alarms: [], demand: true},
	{phase: "idle", rate_bps: 0},
];
const stateAt = (i) => i % 23 === 5 ? STATES[1] : i % 37 === 7 ? STATES[2] : i % 41 === 9 ? STATES[3] : i % 11 === 10 ? STATES[4] : i % 53 === 3 ? STATES[5] : STATES[0];

function wallOf(site, count) {
	const model = site.cameras.find((c) => c.name === "gate");
	const cameras = Array.from({length: count}, (_, i) => {
		const {demand, ...state} = stateAt(i);
		const renditions = demand ? model.renditions.map((r) => ({...r, on_demand: true})) : model.renditions;

		return {...model, rate_bps: model.rate_bps + i * 1000, ...state, renditions, name: `cam-${String(i + 1).padStart(3, "0")}`};
	});

	return {...site, cameras};
}

/* It is made on demand, and may come late. */
async function snapshot() {
	for (const endMs = Date.now() + PATIENCE_MS; Date.now() < endMs; await page.waitForTimeout(500)) {
		const response = await page.request.get(`${url}live/gate/snapshot.jpg`, {timeout: PATIENCE_MS});

		if (response.ok())
			return response.body();
	}
	throw new Error("no snapshot came");
}

async function answerWall(count) {
	const jpeg = await snapshot();

	await page.route(/\/api\/site$/, async (route) => {
		const response = await route.fetch();

		await route.fulfill({response, json: wallOf(await response.json(), count)});
	});
	await page.route(/\/live\/cam-[0-9]+\/snapshot\.jpg/, (route) => route.fulfill({body: jpeg, contentType: "image/jpeg"}));
}

/* In the page: when all cards were drawn, and when those in view that are live had their pictures; milliseconds since the navigation began. */
function clockFirstView(count) {
	const isIn = (li) => li.getBoundingClientRect().top < innerHeight;
	const look = () => {
		const cards = Array.from(document.querySelectorAll("#grid > li"));

		if (cards.length === count && !window.firstView)
			window.firstView = {wallMs: performance.now()};
		if (window.firstView && cards.filter((li) => isIn(li) && li.dataset.state === "live").every((li) => !li.querySelector(".picture").hidden))
			window.firstView.picturesMs = performance.now();
		else
			requestAnimationFrame(look);
	};

	requestAnimationFrame(look);
}

const isPicture = (u) => u.includes("/live/");

async function wall() {
	const asked = [], bytesOf = new Map();

	await answerWall(WALL);
	page.on("request", (r) => asked.push(r.url()));
	/* Without cameras' pictures, and of each address once: how many have come by then, and how often it was asked again, is a matter of time. */
	page.on("response", async (r) => { bytesOf.set(r.url(), isPicture(r.url()) ? 0 : (await r.body().catch(() => "")).length); });
	await page.addInitScript(clockFirstView, WALL);
	await page.reload();
	await until(() => window.firstView?.wallMs);
	const first = Array.from(new Set(asked.filter((u) => !isPicture(u))));
	await until(() => window.firstView.picturesMs);
	const {wallMs, picturesMs} = await page.evaluate(() => window.firstView);

	const bytes = Array.from(bytesOf.values()).reduce((sum, n) => sum + n, 0);

	await check("200 cameras come by a bounded number of requests and bytes, all of them to the server itself", () => {
		assert.ok(first.length <= FIRST_REQUESTS_MAX, `${first.length} requests`);
		assert.ok(bytes <= FIRST_BYTES_MAX, `${bytes} bytes`);
		assert.deepEqual(asked.filter((u) => !u.startsWith(url) && !u.startsWith("data:")), []);
		return `${first.length} requests, ${bytes} bytes; from the navigation's begin ${Math.round(wallMs)} ms to the wall, ${Math.round(picturesMs)} ms to its pictures in view`;
	});
	await check("only cards in view, or nearly, have their picture asked for", async () => {
		const names = new Set(asked.map((u) => /\/live\/(cam-[0-9]+)\/snapshot/.exec(u)?.[1]).filter(Boolean));
		const inView = await page.$$eval("#grid > li", (all) => all.filter((li) => li.getBoundingClientRect().top < 2 * innerHeight).map((li) => li.dataset.camera));

		assert.deepEqual(Array.from(names).filter((n) => !inView.includes(n)), []);
	});
	await check("what is wrong comes first, or all by name", async () => {
		const order = () => page.$$eval("#grid > li", (all) => all.map((li) => li.dataset.condition));
		const sick = await order();

		assert.equal(sick[0], "down");
		assert.ok(sick.lastIndexOf("trouble") < sick.indexOf("live"));
		await page.selectOption("#order", "name");
		assert.equal(await page.locator("#grid > li").first().getAttribute("data-camera"), "cam-001");
		await page.selectOption("#order", "sick");
	});
	await check("down cameras say since when and why", async () => {
		await page.selectOption("#size", "large");
		assert.match(await text("#grid [data-condition=down] .detail"), /Does not answer · since /);
		await picture("wall-large");
		await page.selectOption("#size", "medium");
		await picture("wall-medium");
		await page.selectOption("#size", "auto");
	});
	await check("search and states choose among them", async () => {
		const visible = () => page.$$eval("#grid > li:not([hidden])", (all) => all.map((li) => li.dataset.camera));

		await page.keyboard.press("/");
		await page.keyboard.type("cam-17");
		assert.equal((await visible()).length, 10);
		await page.keyboard.press("Escape");
		assert.equal((await visible()).length, WALL);
		await page.click('#conditions [data-id="trouble"]');
		assert.ok((await visible()).length > 0 && (await visible()).length < 10);
		await page.fill("#search", "no such");
		assert.ok(await shown(page, "#none-found"));
		await picture("wall-none-found");
		await page.click("#show-all");
		assert.equal((await visible()).length, WALL);
	});
	await check("keys lead from card to card, and to the list of keys", async () => {
		const focused = () => page.evaluate(() => document.activeElement.closest("[data-camera]")?.dataset.camera);
		const names = await page.$$eval("#grid > li", (all) => all.map((li) => li.dataset.camera));
		const columns = await page.$$eval("#grid > li", (all) => all.filter((li) => li.offsetTop === all[0].offsetTop).length);

		await page.evaluate(() => document.activeElement.blur());
		await page.keyboard.press("ArrowRight");
		assert.equal(await focused(), names[0]);
		await page.keyboard.press("ArrowRight");
		await page.keyboard.press("ArrowDown");
		assert.equal(await focused(), names[columns + 1]);
		await page.keyboard.press("ArrowUp");
		await page.keyboard.press("ArrowLeft");
		assert.equal(await focused(), names[0]);
		await page.keyboard.press("?");
		assert.ok(await shown(page, "#help"));
		await looksWell(page);
		await picture("keys");
		await page.keyboard.press("Escape");
		assert.equal(await shown(page, "#help"), false);
	});
	await inEachLook("wall");
	await check("a camera that is down says so where its picture would be, and Escape leads back to its card", async () => {
		const name = await page.locator('#grid [data-condition="down"]').first().getAttribute("data-camera");

		await page.locator(`[data-camera="${name}"] a`).press("Enter");
		await viewIs("player");
		assert.match(await text("#notice-title"), /Does not answer/);
		await picture("camera-down");
		await page.keyboard.press("Escape");
		await viewIs("grid");
		assert.equal(await page.evaluate(() => document.activeElement.closest("[data-camera]")?.dataset.camera), name);
	});
	await page.unroute(/\/live\/cam-/);
	await page.unroute(/\/api\/site$/);
}

async function empty() {
	await page.route(/\/api\/site$/, async (route) => {
		const response = await route.fetch();

		await route.fulfill({response, json: {...await response.json(), cameras: []}});
	});
	await check("a site without cameras says so", async () => {
		await page.waitForSelector("#none:not([hidden])", {timeout: PATIENCE_MS});
		await picture("wall-empty");
	});
	await page.unroute(/\/api\/site$/);
	await page.waitForSelector('[data-camera="gate"]', {timeout: PATIENCE_MS});
}

async function oneCamera() {
	await page.click('[data-camera="gate"]');
	await page.waitForFunction(() => document.getElementById("video").readyState >= 3, null, {timeout: PATIENCE_MS});
	await waitForBadge(page, "verified");
	await check("the server's plots of the camera, and how far behind the picture is", async () => {
		for (const name of ["Rate", "Pictures", "Packets lost", "CPU", "Behind"])
			await page.waitForSelector(`#plots svg[aria-label^="${name}: "][aria-label*=" now, from "]`, {timeout: PATIENCE_MS});
		const labels = await page.$$eval("#plots svg", (all) => all.map((s) => s.getAttribute("aria-label")));

		return labels.join("; ").replaceAll("\u00a0", " ");
	});
	await check("one segment is verified by its number, one that there is not is not", async () => {
		const number = await page.evaluate(async () => (await (await fetch("/api/site")).json()).cameras.find((c) => c.name === "gate").renditions.find((r) => r.name === "copy").first + 1);
		const says = async (n) => {
			await page.fill("#prove-number", String(n));
			await page.click("#prove button");
			await until(() => /ed: /.test(document.getElementById("prove-said").textContent));
			const said = await text("#prove-said");

			await page.evaluate(() => { document.getElementById("prove-said").textContent = ""; });
			return said;
		};

		await page.click("#evidence summary");
		await page.selectOption("#prove-rendition", "copy");
		assert.match(await says(number), new RegExp(`^Verified: gate copy ${number}, captured `));
		assert.match(await says(number + 100000), /^Not verified: there is no such segment/);
		await page.click("#evidence summary");
	});
	await check("n leads to the next camera", async () => {
		await page.keyboard.press("n");
		await until(() => location.hash === "#yard");
		await page.keyboard.press("p");
		await until(() => location.hash === "#gate" && document.getElementById("video").readyState >= 3);
	});
	await inEachLook("camera");
}

/* Who may see what was recorded alone, from a little before the end of what he is told of; beside all else. */
async function seesWhatComes() {
	const context = await browser.newContext({ignoreHTTPSErrors: true, viewport: PHONE}), viewer = await context.newPage();
	const stands = () => viewer.evaluate(() => {
		const video = document.getElementById("video"), buffered = Array.from({length: video.buffered.length}, (_, i) => [video.buffered.start(i), video.buffered.end(i)]);
		const {readyState, paused, seeking, ended, currentTime, error} = video;

		return JSON.stringify({hash: location.hash, notice: document.getElementById("notice").hidden ? "" : document.getElementById("notice").textContent.trim(),
			captured: document.getElementById("captured").textContent, readyState, paused, seeking, ended, currentTime, buffered, error: error?.message, seen: window.seen?.slice(-3)});
	});
	const waits = (seen, arg) => viewer.waitForFunction(seen, arg).catch(async () => assert.fail(`it stands at ${await stands()}`));

	context.setDefaultTimeout(PATIENCE_MS);
	await check("with the right to history alone it plays on behind the end of what was listed, and waits for what comes", async () => {
		await logIn(viewer, url, late, guardPassword);
		/* Once what was recorded after the server was stopped is told. */
		const [fromMs, endMs] = await viewer.evaluate(async () => {
			for (;;) {
				const now = Math.floor(Date.now() / 1000), {spans, gaps} = await (await fetch(`/live/gate/${now - 3600}-${now}.json`)).json();

				if (spans.at(-1)[0] >= (gaps.findLast((g) => g.why === "not-running")?.to_ms ?? Infinity))
					return spans.at(-1);
				await new Promise((done) => { setTimeout(done, 500); });
			}
		});

		await viewer.evaluate((h) => { location.hash = h; }, `#gate?t=${new Date(Math.max(fromMs, endMs - LATE_MS)).toISOString()}`);
		await waits(() => document.getElementById("video").readyState >= 3);
		await viewer.evaluate(() => {
			window.seen = [];
			setInterval(() => seen.push({ms: Date.parse(document.getElementById("captured").textContent),
				title: document.getElementById("notice").hidden ? "" : document.getElementById("notice-title").textContent}), 250);
		});
		await waits((ms) => seen.at(-1)?.ms > ms && document.getElementById("video").readyState >= 3, endMs + LATE_MS);
		const seen = await viewer.evaluate(() => window.seen), times = seen.map(({ms}) => ms).filter(Boolean);

		/* It is told in whole seconds. */
		assert.deepEqual(times.filter((ms, i) => i && ms < times[i - 1] - 1000), []);
		assert.deepEqual(Array.from(new Set(seen.map(({title}) => title))).filter((title) => title !== "" && title !== "Loading…"), []);
	});
	await context.close();
}

/* What the camera recorded before the server was stopped for a while, and after. */
async function history() {
	const spans = () => page.evaluate(async () => {
		const now = Math.floor(Date.now() / 1000);

		return (await fetch(`/live/gate/${now - 3600}-${now + 60}.json`)).json();
	});
	const capturedIs = (fromMs, toMs) => until(([from, to]) => {
		const ms = Date.parse(document.getElementById("captured").textContent);

		return ms >= from && ms < to && document.getElementById("video").readyState >= 2;
	}, [fromMs - 1000, toMs]);
	const {gaps, oldest_ms: oldestMs} = await spans(), gap = gaps.find((g) => g.why === "not-running");

	await check("an address with a time in a gap says why there is nothing, and where it goes on", async () => {
		assert.ok(gap, JSON.stringify(gaps));
		await go(`#gate?t=${new Date((gap.from_ms + gap.to_ms) / 2).toISOString()}`);
		await until(() => /^Nothing was recorded from .*: the server was not running$/.test(document.getElementById("notice-title").textContent));
		await picture("past-gap");
		await page.click("#notice-go");
		await capturedIs(gap.to_ms, gap.to_ms + 60000);
		assert.match(new URL(page.url()).hash, /^#gate\?t=20/);
		await waitForBadge(page, "verified");
		return await text("#notice-go");
	});
	await check("recorded footage plays from the time on that is named, over a gap, and says so", async () => {
		await go(`#gate?t=${new Date(gap.from_ms - 2000).toISOString()}`);
		await capturedIs(gap.from_ms - 2000, gap.from_ms);
		assert.equal(await text("#behind"), "Recorded");
		await until(() => /^Nothing from .*: the server was not running\.$/.test(document.getElementById("past-said").textContent));
	});
	await check("the time line: its footage and gap, a place by pointer and by keys", async () => {
		await until(() => document.querySelectorAll("#strip rect.kept").length >= 2 && document.querySelectorAll("#strip rect.gap").length >= 1);
		const box = await page.locator("#strip").boundingBox(), [min, max] = await page.$eval("#strip", (s) => [s.ariaValueMin, s.ariaValueMax].map(Number));
		const x = (ms) => box.x + (ms / 1000 - min) / (max - min) * box.width;

		assert.ok(min * 1000 < oldestMs && max * 1000 > gap.to_ms);
		await page.mouse.click(x(gap.to_ms + 3000), box.y + 10);
		await capturedIs(gap.to_ms, gap.to_ms + 60000);
		await page.focus("#strip");
		await page.keyboard.press("Home");
		await until(() => /^What is kept of this camera begins /.test(document.getElementById("notice-title").textContent));
		await page.click("#notice-go");
		await capturedIs(oldestMs, oldestMs + 60000);
	});
	await inEachLook("past");
	await check("a step back from live, and one key to live", async () => {
		await page.evaluate(() => document.activeElement.blur());
		await page.keyboard.press("l");
		await until(() => location.hash === "#gate" && document.getElementById("behind").textContent.endsWith(" behind"));
		/* Four steps back there is footage again, and not the gap. */
		await until((ms) => Date.now() > ms, gap.to_ms + 60000);
		const liveMs = Date.now();

		await page.keyboard.press("ArrowLeft");
		await page.keyboard.press("ArrowLeft");
		await page.keyboard.press("ArrowLeft");
		await page.keyboard.press("ArrowLeft");
		await capturedIs(liveMs - 60000, liveMs);
		await page.keyboard.press("l");
		await until(() => document.getElementById("behind").textContent.endsWith(" behind"));
	});
	await check("a time that is to come, or before all that is kept, is told as such", async () => {
		await go("#gate?t=2001-01-01T00:00:00Z");
		await until(() => /^What is kept of this camera begins /.test(document.getElementById("notice-title").textContent));
		await page.keyboard.press("l");
		await until(() => location.hash === "#gate" && document.getElementById("video").readyState >= 3);
	});
}

/* The login, as somebody sees it who is not logged in. */
async function login() {
	const context = await browser.newContext({ignoreHTTPSErrors: true, viewport: DESK}), stranger = await context.newPage();

	context.setDefaultTimeout(PATIENCE_MS);
	let tooMany = false;

	/* From the beginning: a request that is made while the browser begins to hand them over may go past it. */
	await stranger.route(/\/login$/, (route) => tooMany ? route.fulfill({status: 429, headers: {"Retry-After": "2"}, body: ""}) : route.continue());
	await stranger.goto(url);
	for (const [look, colorScheme, size] of [["light", "light", DESK], ["dark", "dark", DESK], ["phone", "light", PHONE]]) {
		await stranger.emulateMedia({colorScheme});
		await stranger.setViewportSize(size);
		await check(`login, ${look}: nothing serious to axe-core`, () => looksWell(stranger));
		await stranger.screenshot({path: `${folder}/login-${look}.png`});
	}
	await check("login by keys alone: a wrong password is told, and who tries too often how long to wait", async () => {
		/* The button as it is then. */
		const said = (words) => stranger.waitForFunction((w) => {
			const {textContent, disabled} = document.querySelector("form button");

			return document.getElementById("message").textContent.includes(w) && {textContent, disabled};
		}, words, {timeout: PATIENCE_MS}).then((button) => button.jsonValue())
			.catch(async (e) => assert.fail(`"${words}" is not said, but "${await stranger.textContent("#message")}": ${e.message}`));

		assert.equal(await stranger.evaluate(() => document.activeElement.name), "name");
		await stranger.keyboard.type(guard);
		await stranger.keyboard.press("Tab");
		await stranger.keyboard.type("wrong");
		await stranger.keyboard.press("Enter");
		await said("Wrong name or password.");
		await looksWell(stranger);
		assert.equal(await stranger.evaluate(() => document.activeElement.name), "password");
		tooMany = true;
		await stranger.keyboard.press("Enter");
		const button = await said("has to wait");

		assert.match(button.textContent, /^Wait [12].s$/);
		assert.ok(button.disabled);
		await stranger.screenshot({path: `${folder}/login-wait.png`});
		await stranger.waitForSelector("form button:not([disabled])");
	});
	await context.close();
}

async function site() {
	const stranger = await browser.newContext({ignoreHTTPSErrors: true, viewport: DESK});

	stranger.setDefaultTimeout(PATIENCE_MS);
	const other = await stranger.newPage();

	await go("#/site");
	await viewIs("site");
	await check("roles, each with its sandbox; log and archive; alarms", async () => {
		await until(() => document.querySelectorAll("#roles tbody tr").length >= 5);
		const roles = await page.$$eval("#roles tbody tr", (all) => all.map((tr) => tr.innerText));

		for (const role of ["casemate", "ingest", "store", "sign", "serve", "transcode"])
			assert.ok(roles.some((r) => r.startsWith(role)), `${role} is not among ${roles}`);
		assert.ok(roles.every((r) => r.includes("seccomp")), roles.join("\n"));
		assert.match(await text("#figures"), /entries, [0-9]+ of them signed/);
		await page.waitForSelector("#alarms-now :is(table, p)");
		await page.waitForSelector("#alarms-last :is(table, p)");
	});
	await check("a link is made, opens its camera alone, and is revoked", async () => {
		await until(() => document.querySelectorAll("#share [name=camera] option").length === 2);
		await page.selectOption("#share [name=camera]", "yard");
		await page.click("#share .row > button");
		await page.waitForSelector("#share-made:not([hidden])", {timeout: PATIENCE_MS});
		const link = await page.inputValue("#share-link"), id = /share=(share-[a-z2-7]{6})/.exec(link)[1];

		await other.goto(link);
		await other.click("#shared button");
		await other.waitForSelector("[data-camera]", {timeout: PATIENCE_MS, state: "attached"});
		assert.deepEqual(await other.$$eval("#grid [data-camera]", (all) => all.map((c) => c.dataset.camera)), ["yard"]);
		assert.equal(await shown(other, "#to-site"), false);
		assert.equal(await other.evaluate(async () => (await fetch("/api/sessions")).status), 403);
		await page.waitForSelector(`#shares tr:has-text("${id}")`, {timeout: PATIENCE_MS});
		await inEachLook("site");
		await page.click(`#shares button[aria-label="Revoke ${id}"]`);
		await until((name) => !document.getElementById("shares").textContent.includes(name), id);
		await other.waitForSelector('input[name="name"]', {timeout: PATIENCE_MS});
	});
	await check("a session that is ended is out, and one's own is marked", async () => {
		await other.context().clearCookies();
		await logIn(other, url, guard, guardPassword);
		await page.click(`#sessions button[aria-label^="End the session of ${guard}"]`, {timeout: PATIENCE_MS});
		await until(() => document.getElementById("sessions-said").textContent.endsWith("has ended."));
		await other.waitForSelector('input[name="name"]', {timeout: PATIENCE_MS});
		assert.match(await other.textContent("#message"), /^Your session has ended/);
		await other.screenshot({path: `${folder}/login-ended.png`});
		assert.match(await text("#sessions"), /this one/);
	});
	await check("a camera is added by lines of the site file", async () => {
		await page.fill("#add [name=name]", "yard-2");
		await page.fill("#add [name=address]", "192.0.2.77");
		assert.equal(await text("#add-lines"), "cameras:\n  yard-2:\n    source: axis 192.0.2.77 main\n    user: casemate\n    password_file: secrets/yard-2.txt\n");
		await page.fill("#add [name=address]", "camera.example");
		assert.match(await text("#add-said"), /written in numbers/);
		return await text("#add-commands");
	});
	return other;
}

async function guardSees(other) {
	await fillLogin(other, guard, guardPassword);
	await check("who has few rights sees his camera and his own sessions, and no more", async () => {
		assert.deepEqual(await other.$$eval("#grid [data-camera]", (all) => all.map((c) => c.dataset.camera)), ["gate"]);
		assert.equal((await other.content()).includes("yard"), false);
		await other.evaluate(() => { location.hash = "#/site"; });
		await other.waitForSelector("#sessions table", {timeout: PATIENCE_MS});
		assert.equal(await other.locator("#sessions tbody tr").count(), 1);
		assert.equal(await other.locator("#site .of-admin:visible").count(), 0);
		const asked = await other.evaluate(() => Promise.all(["/api/status", "/api/alarms", "/api/shares", "/api/history/yard", "/api/history/gate"].map(async (u) => (await fetch(u)).status)));

		assert.deepEqual(asked, [403, 403, 403, 404, 200]);
		await looksWell(other);
		await other.screenshot({path: `${folder}/sessions-guard.png`});
	});
}

async function losesTheServer() {
	let asked = 0;

	await go("#gate");
	await until(() => document.getElementById("video").readyState >= 3);
	page.on("request", () => { asked++; });
	await check("the server goes away while a camera plays: the page says so, waits without a storm, and plays on", async () => {
		await page.context().setOffline(true);
		await page.waitForSelector("#silence:not([hidden])", {timeout: PATIENCE_MS});
		asked = 0;
		await page.waitForTimeout(AWAY_MS);
		assert.ok(asked <= AWAY_REQUESTS_MAX, `${asked} requests`);
		await picture("camera-away");
		await page.context().setOffline(false);
		await page.waitForSelector("#silence", {state: "hidden", timeout: PATIENCE_MS});
		const from = await lookWell(page);

		await until((number) => document.getElementById("video").readyState >= 3 && !document.getElementById("video").paused, from.number);
		for (let seen = from; seen.number <= from.number; seen = await lookWell(page))
			await page.waitForTimeout(200);
		await waitForBadge(page, "verified");
		return `${asked} requests in ${AWAY_MS / 1000} s and while it came back`;
	});
	await go("#");
	await viewIs("grid");
	await check("the server goes away and comes back: the page says so, and goes on", async () => {
		await page.context().setOffline(true);
		await page.waitForSelector("#silence:not([hidden])", {timeout: PATIENCE_MS});
		assert.match(await text("#silence"), /does not answer\. Trying again/);
		await picture("wall-away");
		await page.context().setOffline(false);
		await page.waitForSelector("#silence", {state: "hidden", timeout: PATIENCE_MS});
	});
}

try {
	await login();
	await logIn(page, url, user, password);
	await wall();
	await empty();
	await oneCamera();
	const past = seesWhatComes();

	await history();
	const other = await site();

	await guardSees(other);
	await past;
	/* The browser itself complains of what is not there: cameras that were made up, witnesses that the site has none of, pictures that come late. */
	await check("nothing is thrown, nothing against the page's policy", () =>
		assert.deepEqual(complaints.filter((c) => !c.startsWith("Failed to load resource: the server responded with")), []));
	await losesTheServer();
} catch (e) {
	failed++;
	console.log(`not ok it goes on to the end: ${String(e.stack ?? e).split("\n").slice(0, 6).join(" | ")}`);
	await picture("failed").catch(() => {});
}
await browser.close();
process.exit(failed ? 1 : 0);
