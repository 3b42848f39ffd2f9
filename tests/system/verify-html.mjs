/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node verify-html.mjs FOLDER
 * verify.html in headless Chromium, opened from a disk, without a network. FOLDER has clip/ (an export, verify.html in it), archive/,
 * segment/ (N.m4s and its proof), key (the site's public key) and evidence/ (tests/evidence/mutate). Prints ok or FAIL and what was
 * looked at, a line each, and at the end how many passed.
 */
import {copyFileSync, cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {resolve} from "node:path";
import {pathToFileURL} from "node:url";

import {open} from "./browser.mjs";
import {KINDS} from "../../web/words.js";

const PATIENCE_MS = 60000;
const SAMPLE = 20;          /* rows of the table of mutations */
const folder = resolve(process.argv[2]);
const siteKey = readFileSync(`${folder}/key`, "utf8").trim();
const asked = [];           /* what the page asked a network for */
let passed = 0, failed = 0;

function expect(holds, what) {
	console.log(`${holds ? "ok" : "FAIL"} ${what}`);
	passed += holds ? 1 : 0;
	failed += holds ? 0 : 1;
}

const {browser, page, complaints} = await open();

page.on("request", (r) => /^(file|blob|data):/.test(r.url()) || asked.push(r.url()));
await page.context().setOffline(true);

async function visit(key = "", from = `${folder}/clip/verify.html`) {
	await page.goto(pathToFileURL(from).href);
	if (key)
		await page.fill("#key", key);
}

/* {state, title, text, kinds: headings of problems} when the check that act begins is at its end. */
async function verdict(act) {
	await page.evaluate(() => { document.getElementById("result").hidden = true; });
	await act();
	await page.waitForSelector("#result:not([hidden])", {timeout: PATIENCE_MS});
	return page.evaluate(() => ({state: document.getElementById("seal").dataset.state, title: document.getElementById("verdict").textContent,
		text: document.getElementById("verdict-more").textContent, all: document.getElementById("report").textContent,
		headings: Array.from(document.querySelectorAll("#report h3"), (h) => h.textContent)}));
}

const choose = (path) => () => page.setInputFiles("#folder", path);
const chooseFiles = (...paths) => () => page.setInputFiles("#files", paths);

/* As a hand would: onto the field, out of a window of files. */
function drop(...files) {
	return async () => {
		const session = await page.context().newCDPSession(page), {x, y} = await page.locator("#drop").boundingBox();

		for (const type of ["dragEnter", "dragOver", "drop"])
			await session.send("Input.dispatchDragEvent", {type, x: x + 20, y: y + 20, data: {items: [], files, dragOperationsMask: 1}});
		await session.detach();
	};
}

async function checkPage() {
	await visit();
	expect(await page.isHidden("#unable"), "opens from a disk, and can check");
	const refused = await page.evaluate(async () => {
		const blocked = [];

		await fetch("https://127.0.0.1/").catch(() => blocked.push("fetch"));
		try {
			document.body.insertAdjacentHTML("beforeend", "<b></b>");
		} catch {
			blocked.push("markup");
		}
		return blocked.join(" ");
	});

	expect(refused === "fetch markup", `its policy refuses a network and made-up markup (${refused})`);
	const stops = [];

	await page.focus("#key");
	for (let i = 0; i < 4; i++) {
		stops.push(await page.evaluate(() => document.activeElement.id));
		await page.keyboard.press("Tab");
	}
	expect(stops.join(" ") === "key pick-key pick-folder pick-files", `all is reached by keys (${stops.join(" ")})`);
}

async function checkKeys() {
	const own = await verdict(choose(`${folder}/clip`));

	expect(own.state === "wait" && own.title.includes("key that came with it"), `without a key: ${own.title}`);
	expect(own.all.includes(siteKey), "and the key is shown, to be compared");
	const good = await verdict(() => page.fill("#key", siteKey));

	expect(good.state === "good" && good.title === "Unchanged", `with the site's key: ${good.title}. ${good.text}`);
	expect(good.headings.includes("Camera gate"), "and what there is of the camera");
	const other = await verdict(() => page.fill("#key", readFileSync(`${folder}/evidence/key`, "utf8")));

	expect(other.state === "bad", `with another site's key: ${other.title}`);
	await visit();
	const fromFile = await verdict(async () => {
		await page.setInputFiles("#key-file", `${folder}/key`);
		await page.waitForFunction(() => document.getElementById("key-said").textContent.startsWith("This is a key"), null, {timeout: PATIENCE_MS});
		await choose(`${folder}/clip`)();
	});

	expect(fromFile.state === "good", `with the key out of a file: ${fromFile.title}`);
}

async function checkShapes() {
	const segment = readdirSync(`${folder}/segment`).map((name) => `${folder}/segment/${name}`);

	for (const [what, act] of [["a clip that is dropped", drop(`${folder}/clip`)], ["an archive", choose(`${folder}/archive`)],
		["an archive that is dropped", drop(`${folder}/archive`)], ["a segment and its proof", chooseFiles(...segment)],
		["both dropped", drop(...segment)]]) {
		await visit(siteKey);
		const said = await verdict(act);

		expect(said.state === "good", `${what}: ${said.title}. ${said.text}`);
	}
}

async function checkPlaying() {
	await visit(siteKey);
	await verdict(choose(`${folder}/clip`));
	await page.click('#report button:has-text("gate-copy")');
	const plays = await page.waitForFunction(() => {
		const v = document.querySelector("#report video");

		return v.readyState >= 2 && v.videoWidth > 0 && v.src.startsWith("blob:");
	}, null, {timeout: PATIENCE_MS}).then(() => true, () => false);

	expect(plays, "the footage plays beside the verdict");
	await page.emulateMedia({media: "print"});
	expect(await page.isHidden("#drop") && await page.isVisible("#verdict"), "on paper is the verdict, and nothing to press");
	await page.emulateMedia({media: null});
}

/* A copy of the clip with something done to it. */
async function withClip(change) {
	const copy = `${folder}/changed`;

	rmSync(copy, {recursive: true, force: true});
	cpSync(`${folder}/clip`, copy, {recursive: true});
	change(copy);
	await visit(siteKey);
	return verdict(choose(copy));
}

async function checkChanges() {
	const media = readdirSync(`${folder}/clip`).find((n) => n.startsWith("gate-copy-"));
	const changed = await withClip((copy) => {
		const bytes = readFileSync(`${copy}/${media}`);

		bytes[bytes.length - 1000] ^= 1;
		writeFileSync(`${copy}/${media}`, bytes);
	});

	expect(changed.state === "bad" && changed.headings.includes("Changed") && changed.all.includes(media), `a bit of ${media}: ${changed.title}`);
	const hostile = "<img src=x onerror=document.title='x'>.mp4";
	const added = await withClip((copy) => copyFileSync(`${copy}/checkpoint`, `${copy}/${hostile}`));

	expect(added.state === "bad" && added.headings.includes("Added") && added.all.includes(hostile), `a file besides: ${added.title}`);
	expect(await page.evaluate(() => document.querySelectorAll("#report img").length === 0 && document.title !== "x"), "its name is text");
}

/* Some rows of the table that all verifiers judge alike, through the page. */
async function checkTable() {
	const evidence = `${folder}/evidence`, key = readFileSync(`${evidence}/key`, "utf8");
	const rows = readFileSync(`${evidence}/table`, "utf8").trimEnd().split("\n").map((line) => line.split("\t"));
	const step = rows.length / SAMPLE, wrong = [];

	for (let i = 0; i < SAMPLE; i++) {
		const [id, shape, expected, what] = rows[Math.floor((i + 0.5) * step)], at = `${folder}/row`, delta = `${evidence}/delta/${id}`;

		rmSync(at, {recursive: true, force: true});
		cpSync(`${evidence}/clean/${shape}`, at, {recursive: true});
		if (existsSync(delta))
			cpSync(delta, at, {recursive: true});
		for (const path of existsSync(`${delta}.gone`) ? readFileSync(`${delta}.gone`, "utf8").trimEnd().split("\n") : [])
			rmSync(`${at}/${path}`);
		await visit(existsSync(`${delta}.key`) ? readFileSync(`${delta}.key`, "utf8") : key);
		const said = await verdict(shape === "segment" ? chooseFiles(...readdirSync(at).map((n) => `${at}/${n}`)) : choose(at));
		const title = KINDS.find(([kind]) => kind === expected)?.[1];
		const agrees = expected === "good" ? said.state === "good" : said.state === (expected === "unreadable" ? "wait" : "bad") && said.headings.includes(title);

		if (!agrees)
			wrong.push(`${id} (${shape}: ${what}) should be ${expected}: ${said.title}, ${said.headings.join(", ")}`);
	}
	expect(wrong.length === 0, `${SAMPLE} rows of the table are judged as it says ${wrong.join("; ")}`);
}

try {
	for (const part of [checkPage, checkKeys, checkShapes, checkPlaying, checkChanges, checkTable])
		await part();
	/* but what was tried above */
	const others = complaints.filter((c) => !/127\.0\.0\.1|TrustedHTML/.test(c));

	expect(others.length === 0, `nothing complains ${others.join("; ")}`);
	expect(asked.filter((url) => url !== "https://127.0.0.1/").length === 0, `nothing is asked of a network ${asked.join(" ")}`);
} catch (e) {
	expect(false, `came to an end before its end: ${e.stack.replaceAll("\n", " ")}`);
}
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
