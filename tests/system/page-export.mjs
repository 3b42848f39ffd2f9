/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node page-export.mjs URL USER PASSWORD CAMERA FROM TO FILE
 * Logs in, opens the camera, asks for its footage from FROM to TO (UTC, as the form's fields would have it in that time zone) by the
 * page's own form, and saves what the browser downloads as FILE. Prints the name that the browser would give it. Exit 0 or 1.
 */
import {PATIENCE_MS, logIn, open} from "./browser.mjs";

const [url, user, password, camera, from, to, file] = process.argv.slice(2);
const {browser, page, complaints} = await open({timezoneId: "UTC", acceptDownloads: true});

try {
	await logIn(page, url, user, password);
	await page.click(`[data-camera="${camera}"]`);
	await page.click("#export summary");
	await page.waitForSelector("#export-from", {state: "visible", timeout: PATIENCE_MS});
	await page.fill("#export-from", from);
	await page.fill("#export-to", to);
	/* The file comes in a tab of its own, which closes at once. */
	const coming = new Promise((resolve) => {
		page.on("download", resolve);
		page.context().on("page", (tab) => tab.on("download", resolve));
	});

	await page.click("#export button");
	const download = await Promise.race([coming, page.waitForTimeout(90000).then(() => null)]);

	if (!download)
		throw new Error("nothing was downloaded within 90 s");
	await download.saveAs(file);
	/* Of its player, which plays meanwhile, other tests have the complaints. */
	const refused = complaints.find((text) => /Content Security Policy|TypeError|ReferenceError/.test(text));

	if (refused)
		throw new Error(`the page complains: ${refused}`);
	console.log(download.suggestedFilename());
} catch (error) {
	console.log(String(error));
	process.exitCode = 1;
} finally {
	await browser.close();
}
