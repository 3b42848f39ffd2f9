/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify.html: takes the key and the files, has them checked and shows the verdict
 * and why. Needs no server; all text reaches the page by textContent.
 */
import {fromUtf8} from "./bytes.js";
import {check, shapeOf} from "./check.js";
import {descend, sourceOfDrop, sourceOfFiles} from "./files.js";
import {findingsOf} from "./findings.js";
import {canVerify, parseVkey} from "./note.js";
import {read} from "./source.js";
import {verdictOf} from "./words.js";

const KEY_FILE_MAX_BYTES = 4096;
const SHOW_MS = 100;
const OTHERS_SHOWN = 20;

const $ = (id) => document.getElementById(id);
let given = null;           /* the key from elsewhere */
let dropped = null;         /* what was dropped last */
let running = null;         /* {stopped}: the check that runs */

class Stopped extends Error {}

/* The key */

async function takeKey(text) {
	const before = given?.vkey;

	given = null;
	$("key-said").textContent = "";
	try {
		given = text.trim() ? await parseVkey(text) : null;
		$("key-said").textContent = given ? `This is a key of ${given.name}.` : "";
	} catch (e) {
		$("key-said").textContent = `${e.message}.`;
	}
	if (dropped && given?.vkey !== before)
		await run();
}

async function readKey(file) {
	if (file.size <= KEY_FILE_MAX_BYTES)
		$("key").value = (await file.text()).trim();
	await takeKey($("key").value);
}

/* The key that lies beside the footage, or null. */
async function keyBeside(source) {
	const bytes = await read(source, "site.key.pub", KEY_FILE_MAX_BYTES);

	return bytes && parseVkey(fromUtf8(bytes, "site.key.pub is not text"));
}

/* The check */

function show({state, title, text}, parts = []) {
	$("seal").dataset.state = state;
	$("verdict").textContent = title;
	$("verdict-more").textContent = text;
	$("report").replaceChildren(...parts);
	$("result").hidden = false;
	$("result").focus();
}

const cannot = (text) => show({state: "wait", title: "Could not tell", text});

function showProgress(self) {
	let lastMs = 0;

	return (done, of) => {
		if (self.stopped)
			throw new Stopped();
		if (Date.now() - lastMs < SHOW_MS)
			return;
		lastMs = Date.now();
		const spentMs = lastMs - self.beganMs, leftS = Math.ceil(spentMs * (of - done) / done / 1000);

		$("bar").max = of;
		$("bar").value = done;
		$("doing").textContent = `${done} of ${of} entries${spentMs > 2000 ? `, about ${leftS} s to go` : ""}`;
	};
}

/* One folder of evidence is checked at a time; that there are others is said before anything else. */
function besideOf(folder, others) {
	const p = document.createElement("p");

	p.className = "bad-things";
	p.textContent = `This is about the folder ${folder} alone. Not checked, and to be dropped by themselves: ` +
		`${others.slice(0, OTHERS_SHOWN).join(", ")}${others.length > OTHERS_SHOWN ? ` and ${others.length - OTHERS_SHOWN} more` : ""}.`;
	return others.length ? [p] : [];
}

async function checkWith(self) {
	const {source, folder, others} = await descend(dropped), what = await shapeOf(source), key = given ?? await keyBeside(source);

	if (!what) {
		cannot("This is no exported clip, no archive, and no segment with its proof (.tlog-proof).");
		return;
	}
	if (!key) {
		cannot("The site's public key is missing: without it nobody can say whose footage this is.");
		return;
	}
	const report = await check(source, what, key, showProgress(self));
	const parts = await findingsOf(report, key);

	if (!self.stopped)
		show(verdictOf(report, !given), [...besideOf(folder, others), ...parts]);
}

async function run() {
	const self = {stopped: false, beganMs: Date.now()};

	if (running)
		running.stopped = true;
	running = self;
	$("result").hidden = true;
	$("working").hidden = false;
	$("bar").removeAttribute("value");
	$("doing").textContent = "Looking at what is there…";
	try {
		await checkWith(self);
	} catch (e) {
		if (!self.stopped)
			cannot(`${e.message}.`);
	}
	if (running === self) {
		running = null;
		$("working").hidden = true;
	}
}

function stop() {
	running.stopped = true;
	$("working").hidden = true;
}

/* What is handed in */

async function take(source) {
	dropped = await source;
	await run();
}

function onDrop(event) {
	const {items, files} = event.dataTransfer;

	event.preventDefault();
	$("drop").dataset.over = "false";
	if (files.length === 1 && files[0].name.endsWith(".pub") && files[0].size <= KEY_FILE_MAX_BYTES)
		readKey(files[0]);
	else if (items.length)
		take(sourceOfDrop(items)).catch((e) => cannot(`${e.message}.`));
}

function onDrag(event) {
	event.preventDefault();
	$("drop").dataset.over = "true";
}

/* A chosen file may be chosen again: it may have been changed. */
function onChoice(event) {
	const {files} = event.target;

	if (files.length)
		take(sourceOfFiles(files));
	event.target.value = "";
}

$("key").addEventListener("input", () => takeKey($("key").value));
$("pick-key").addEventListener("click", () => $("key-file").click());
$("key-file").addEventListener("change", () => readKey($("key-file").files[0]));
for (const id of ["folder", "files"]) {
	$(`pick-${id}`).addEventListener("click", () => $(id).click());
	$(id).addEventListener("change", onChoice);
}
$("stop").addEventListener("click", stop);
$("print").addEventListener("click", () => print());
addEventListener("beforeprint", () => { for (const d of document.querySelectorAll("details")) d.open = true; });
addEventListener("dragover", onDrag);
addEventListener("dragleave", () => { $("drop").dataset.over = "false"; });
addEventListener("drop", onDrop);
if (!globalThis.crypto?.subtle || !await canVerify()) {
	$("unable").textContent = "This browser cannot check Ed25519 signatures. Use a newer one, or casemate verify.";
	$("unable").hidden = false;
}
