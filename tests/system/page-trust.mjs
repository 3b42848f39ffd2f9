/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node page-trust.mjs URL USER PASSWORD [--camera NAME] [--only WORD] [--screenshots FOLDER]
 * What the page makes of a site that it should not trust, and of a viewer's hands, case by case against a running site
 * with the test camera and a rendition of its own. Prints a line each; exit 0 when all hold, 1, or 2 for bad usage.
 */
import assert from "node:assert/strict";
import {parseArgs} from "node:util";

import {PATIENCE_MS, badge, fillLogin, logIn, look, lookWell, open, play, site, waitForBadge} from "./browser.mjs";

const {values: options, positionals} = parseArgs({allowPositionals: true,
	options: {camera: {type: "string"}, only: {type: "string"}, screenshots: {type: "string"}}});
const [url, user, password] = positionals;
const OTHER_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SEGMENT = /\/live\/[a-z0-9-]+\/(?!audio\/)[a-z0-9-]+\/[0-9]+\.m4s$/;
const PROOF = /\.m4s\.tlog-proof$/;

if (!password) {
	console.error("usage: node page-trust.mjs URL USER PASSWORD [--camera NAME] [--only WORD] [--screenshots FOLDER]");
	process.exit(2);
}

const text = (page, selector) => page.textContent(selector);
const shows = (page, selector) => page.isVisible(selector);

async function begin(page) {
	await logIn(page, url, user, password);
	await play(page, options.camera);
	await waitForBadge(page, "verified");
}

async function moves(page) {
	const before = await lookWell(page);

	await page.waitForTimeout(1500);
	const after = await lookWell(page);

	assert.ok(after.number > before.number, `the picture stands at ${after.number}`);
}

async function flipOnce(page) {
	let done = false;

	await page.route(SEGMENT, async (route) => {
		const response = await route.fetch(), body = await response.body();

		if (!done)
			body[body.length - 20] ^= 1;
		done = true;
		await route.fulfill({response, body});
	});
}

const cases = {
	"a wrong password is said, and the right one opens the page": async (page) => {
		await page.goto(url);
		await page.fill('input[name="name"]', user);
		await page.fill('input[name="password"]', `${password}x`);
		await page.click("form button");
		await page.waitForSelector("#message:not([hidden])");
		assert.match(await text(page, "#message"), /Wrong name or password|Too many tries/);
		await page.waitForTimeout(2000);
		await fillLogin(page, user, password);
	},

	"the other rendition plays and is verified too": async (page) => {
		await begin(page);
		const names = await page.$$eval("#levels option", (all) => all.map((o) => o.value));

		assert.ok(names.includes("auto") && names.includes("copy") && names.length >= 3, names.join());
		await page.selectOption("#levels", names.find((n) => n !== "auto" && n !== "copy"));
		await page.waitForFunction(() => document.getElementById("video").videoHeight === 360, null, {timeout: PATIENCE_MS});
		await moves(page);
		assert.equal((await badge(page)).state, "verified");
	},

	"pause, sound and going back by keyboard": async (page) => {
		await begin(page);
		const becomes = (name, value) => page.waitForFunction(([n, v]) => document.getElementById("video")[n] === v, [name, value], {timeout: PATIENCE_MS});
		const muted = await page.evaluate(() => document.getElementById("video").muted);

		await page.keyboard.press("k");
		await becomes("paused", true);
		await page.waitForSelector('#play[aria-label="Play"]', {timeout: PATIENCE_MS});
		const held = await look(page);

		await page.waitForTimeout(1500);
		assert.equal((await look(page)).time, held.time);
		await page.keyboard.press("k");
		await becomes("paused", false);
		await moves(page);
		await page.keyboard.press("m");
		await becomes("muted", !muted);
		await page.keyboard.press("Escape");
		await page.waitForSelector("#grid [data-camera]");
		assert.equal(await shows(page, "#video"), false);
	},

	"the key is held from the first sight on, and another one is an alarm": async (page) => {
		await begin(page);
		const {vkey} = await site(page);

		assert.equal(await shows(page, "#alarms"), false);
		await page.evaluate((k) => localStorage.setItem("casemate.key", JSON.stringify({vkey: k, sinceMs: 1, compared: true, size: 0})), OTHER_KEY);
		await page.reload();
		await page.waitForSelector("#alarms:not([hidden])");
		assert.match(await text(page, "#alarms"), /This site signs with another key/);
		assert.equal(await text(page, "#key-held"), OTHER_KEY);
		assert.equal(await text(page, "#key-said"), vkey);
		await waitForBadge(page, "failed");
		/* The admin carries the new key, and says so. */
		await page.click("#evidence summary");
		await page.fill("#key-field", vkey);
		await page.click("#key-form button");
		await page.click("#key-replace");
		await page.waitForFunction(() => document.getElementById("alarms").hidden && document.getElementById("key").textContent !== "");
		assert.equal(await text(page, "#key"), vkey);
		assert.match(await text(page, "#key-how"), /compared by you/);
		await waitForBadge(page, "verified");
	},

	"the key that the admin carries is compared": async (page) => {
		await begin(page);
		const {vkey} = await site(page);
		const compare = async (k) => {
			await page.fill("#key-field", k);
			await page.click("#key-form button");
			await page.waitForFunction(() => document.getElementById("key-message").textContent !== "");
			return text(page, "#key-message");
		};

		await page.click("#badge");
		assert.match(await compare("nonsense"), /not a key/);
		assert.match(await compare(vkey.slice(0, -4)), /belong together|not base64|not an Ed25519/);
		assert.match(await compare(OTHER_KEY), /Not the key/);
		assert.match(await compare(` ${vkey} `), /The same key/);
		assert.match(await text(page, "#key-how"), /compared by you/);
	},

	"a changed segment stays said over a reload, until the viewer takes note": async (page) => {
		await flipOnce(page);
		await logIn(page, url, user, password);
		await play(page, options.camera);
		await waitForBadge(page, "failed");
		const said = (await badge(page)).text;

		await page.reload();
		await waitForBadge(page, "failed");
		assert.equal((await badge(page)).text, said);
		await page.click("#badge");
		assert.equal(await page.$$eval("#failures li", (all) => all.length), 1);
		await page.click("#forget");
		await waitForBadge(page, "verified");
		await moves(page);
	},

	"a proof of another segment proves nothing": async (page) => {
		await page.route(PROOF, async (route) => {
			const other = route.request().url().replace(/([0-9]+)\.m4s/, (_, n) => `${n - 1}.m4s`);

			await route.fulfill({response: await route.fetch({url: other})});
		});
		await logIn(page, url, user, password);
		await play(page, options.camera);
		await waitForBadge(page, "failed");
		assert.match((await badge(page)).text, /its proof is that of/);
	},

	"proofs that do not come: first late, then failed": async (page) => {
		await page.route(PROOF, (route) => route.fulfill({status: 404, body: ""}));
		await logIn(page, url, user, password);
		await play(page, options.camera);
		await page.waitForFunction(() => document.getElementById("badge").textContent.includes("is late"), null, {timeout: PATIENCE_MS});
		assert.equal((await badge(page)).state, "checking");
		await waitForBadge(page, "failed");
		assert.match((await badge(page)).text, /no proof came: the server answers 404/);
	},

	"a log that has become shorter is an alarm": async (page) => {
		await begin(page);
		await page.evaluate(() => {
			const held = JSON.parse(localStorage.getItem("casemate.key"));

			localStorage.setItem("casemate.key", JSON.stringify({...held, size: held.size + 100000}));
		});
		await page.reload();
		await page.waitForSelector("#alarms:not([hidden])");
		assert.match(await text(page, "#alarms"), /entries were taken back/);
		await waitForBadge(page, "failed");
	},

	"a network that was away for a while is no evidence against the footage": async (page) => {
		await begin(page);
		await page.context().setOffline(true);
		await page.waitForTimeout(26000);
		assert.equal(await shows(page, "#silence"), true);
		await page.context().setOffline(false);
		await page.waitForFunction(() => document.getElementById("video").readyState >= 3, null, {timeout: PATIENCE_MS});
		await moves(page);
		await waitForBadge(page, "verified", 15000);
		assert.equal(await shows(page, "#silence"), false);
	},

	"logging out ends the session": async (page) => {
		await begin(page);
		await page.click('form[action="/logout"] button');
		await page.waitForSelector('input[name="password"]');
		assert.equal(await page.evaluate(async () => (await fetch("/api/site")).status), 401);
	},
};

let failed = 0, passed = 0;

for (const [name, run] of Object.entries(cases)) {
	if (options.only && !name.includes(options.only))
		continue;
	const {browser, page} = await open();

	try {
		await run(page);
		console.log(`ok   ${name}`);
		passed++;
	} catch (e) {
		console.log(`FAIL ${name}: ${String(e.message).split("\n")[0]}`);
		failed++;
	}
	if (options.screenshots)
		await page.screenshot({path: `${options.screenshots}/${name.replaceAll(/[^a-z]+/g, "-")}.png`});
	await browser.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
