/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node page-share.mjs LINK CAMERA BAD-LINK
 * Opens a share link as somebody who was sent it: the page asks, shows that one camera and plays it, and the token is gone from the
 * address and was in none that was asked for; a link that is no good is told as such. Prints what was seen; exit 0 or 1.
 */
import {open, play} from "./browser.mjs";

const [link, camera, bad] = process.argv.slice(2);
const token = link.split(".").at(-1);
const {browser, page, complaints} = await open();
const asked = [], failures = [];
const expect = (holds, what) => { if (!holds) failures.push(what); };
let seen = {};

page.on("request", (r) => asked.push(r.url() + JSON.stringify(r.headers())));
try {
	await page.goto(link);
	await page.click("#shared button");
	await page.waitForSelector("[data-camera]", {timeout: 60000, state: "attached"});
	const cameras = await page.$$eval("#grid [data-camera]", (list) => list.map((c) => c.dataset.camera));

	expect(cameras.join() === camera, `it shows ${cameras}`);
	expect(!page.url().includes(token), "the token stands in the address");
	expect(!asked.some((text) => text.includes(token)), "the token stood in an address or a header that was asked for");
	await play(page, camera);
	seen = {cameras, url: page.url(), picture: await page.evaluate(() => document.getElementById("video").videoWidth)};
	expect(seen.picture > 0, "there is no picture");
	expect(complaints.length === 0, `the page complains: ${complaints[0]}`);
	/* In a tab of its own, where nobody is logged in: the one before would be let in. */
	const stranger = await (await browser.newContext({ignoreHTTPSErrors: true})).newPage();

	await stranger.goto(bad);
	await stranger.click("#shared button");
	await stranger.waitForSelector("#shared-message:not([hidden])", {timeout: 60000});
	seen.refused = await stranger.textContent("#shared-message");
	expect(seen.refused === "This link is no good any more.", `a bad link: ${seen.refused}`);
} catch (e) {
	failures.push(String(e));
} finally {
	await browser.close();
}
console.log(JSON.stringify({...seen, failures}, null, 1));
process.exit(failures.length ? 1 : 0);
