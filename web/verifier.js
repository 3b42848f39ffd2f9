/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify.html: takes the key and the files, shows the verdict and why. Works
 * without a server; all text reaches the page by textContent.
 */
import {check, shapeOf} from "./check.js";
import {canVerify, parseVkey} from "./note.js";
import {MapSource} from "./source.js";

const $ = (id) => document.getElementById(id);
let key = null;

async function takeKey() {
	const text = $("key").value.trim();

	key = null;
	$("key-said").textContent = "";
	delete $("key-said").dataset.state;
	if (!text)
		return;
	try {
		key = await parseVkey(text);
		$("key-said").textContent = `The key of ${key.name}.`;
	} catch (e) {
		$("key-said").textContent = `${e.message}.`;
	}
}

function show(state, verdict, more) {
	$("seal").dataset.state = state;
	$("verdict").textContent = verdict;
	$("verdict-more").textContent = more;
	$("result").hidden = false;
	$("result").focus();
}

/* A folder's files by their paths in it, or files by their names. */
function sourceOf(files) {
	return new MapSource(new Map(files.map((f) => [f.webkitRelativePath.split("/").slice(1).join("/") || f.name, f])));
}

const WORDS = {verified: ["good", "Unchanged"], "not verified": ["bad", "Does not hold"], "could not tell": ["wait", "Could not tell"]};

async function checkFiles(files) {
	const source = sourceOf(files), what = await shapeOf(source);

	if (!what || !key) {
		show("wait", "Could not tell", key ? "This is no clip, no archive, and no segment with its proof." : "The site's public key is missing.");
		return;
	}
	const report = await check(source, what, key), [state, verdict] = WORDS[report.verdict];

	show(state, verdict, report.problems[0]?.text ?? report.checkpoint?.origin ?? "");
}

function onDrop(event) {
	event.preventDefault();
	$("drop").dataset.over = "false";
	checkFiles(Array.from(event.dataTransfer.files));
}

function onDrag(event) {
	event.preventDefault();
	$("drop").dataset.over = "true";
}

$("key").addEventListener("input", takeKey);
$("pick-folder").addEventListener("click", () => $("folder").click());
$("pick-files").addEventListener("click", () => $("files").click());
for (const id of ["folder", "files"])
	$(id).addEventListener("change", () => checkFiles(Array.from($(id).files)));
$("print").addEventListener("click", () => print());
addEventListener("dragover", onDrag);
addEventListener("dragleave", () => { $("drop").dataset.over = "false"; });
addEventListener("drop", onDrop);
if (!globalThis.crypto?.subtle || !await canVerify()) {
	$("unable").textContent = "This browser cannot check Ed25519 signatures. Use a newer one, or casemate verify.";
	$("unable").hidden = false;
}
