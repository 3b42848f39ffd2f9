/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify.html: takes the key and the files, shows the verdict and why. Works
 * without a server; all text reaches the page by textContent.
 */
import {canVerify, hex, parseVkey, sha256, verifyFile} from "./verify.js";

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

async function bytesOf(file) {
	return new Uint8Array(await file.arrayBuffer());
}

async function check(files) {
	const proof = files.find((f) => f.name.endsWith(".tlog-proof"));
	const segment = files.find((f) => f !== proof);

	if (!proof || !segment || files.length !== 2) {
		show("wait", "Could not tell", "Give a segment and its proof (.tlog-proof), both files together.");
		return;
	}
	if (!key) {
		show("wait", "Could not tell", "The site's public key is missing.");
		return;
	}
	try {
		const {entry, checkpoint} = await verifyFile(await bytesOf(proof), key, hex(await sha256(await bytesOf(segment))));

		show("good", "Unchanged", `${segment.name} is segment ${entry.number} of ${entry.camera} ${entry.rendition}, of ${entry.start}, ` +
			`as sealed by ${checkpoint.origin}.`);
	} catch (e) {
		show("bad", "Does not hold", `${segment.name}: ${e.message}.`);
	}
}

function onDrop(event) {
	event.preventDefault();
	$("drop").dataset.over = "false";
	check(Array.from(event.dataTransfer.files));
}

function onDrag(event) {
	event.preventDefault();
	$("drop").dataset.over = "true";
}

$("key").addEventListener("input", takeKey);
$("pick-folder").addEventListener("click", () => $("folder").click());
$("pick-files").addEventListener("click", () => $("files").click());
for (const id of ["folder", "files"])
	$(id).addEventListener("change", () => check(Array.from($(id).files)));
$("print").addEventListener("click", () => print());
addEventListener("dragover", onDrag);
addEventListener("dragleave", () => { $("drop").dataset.over = "false"; });
addEventListener("drop", onDrop);
if (!globalThis.crypto?.subtle || !await canVerify()) {
	$("unable").textContent = "This browser cannot check Ed25519 signatures. Use a newer one, or casemate verify.";
	$("unable").hidden = false;
}
