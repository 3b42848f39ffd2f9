/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node page-certificate.mjs URL NAME
 * The page in a Chromium that shows a viewer's certificate (t-certificate.sh sets it up): it plays, for the user of that name, and asks for
 * no password. Prints a line each; exit 0 when all hold, 1, or 2 for bad usage.
 */
import assert from "node:assert/strict";

import {lookWell, open, play, site, waitForBadge} from "./browser.mjs";

const [url, name] = process.argv.slice(2);

if (!name) {
	console.error("usage: node page-certificate.mjs URL NAME");
	process.exit(2);
}

const {browser, page, complaints} = await open();
let asked = false;
let failed = 0;

async function step(what, run) {
	try {
		await run();
		console.log(`ok ${what}`);
	} catch (e) {
		failed++;
		console.log(`FAIL ${what}: ${String(e).split("\n")[0]}`);
	}
}

page.on("response", (r) => { asked ||= r.status() === 401; });
await step("the page comes without a login", async () => {
	await page.goto(url);
	await page.waitForSelector("[data-camera]", {state: "attached"});
	assert.equal(await page.locator('input[name="password"]').count(), 0);
	assert.equal((await site(page)).user, name);
});
await step("it plays, and what is shown is verified", async () => {
	await play(page);
	await waitForBadge(page, "verified");
	assert.ok((await lookWell(page)).time > 0);
});
await step("nothing asked for a password", async () => {
	assert.equal(asked, false);
	assert.deepEqual(complaints, []);
});
await browser.close();
process.exit(failed ? 1 : 0);
