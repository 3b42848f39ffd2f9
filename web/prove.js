/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks one segment that a viewer names: its bytes, its init segment and its proof are fetched anew. */
import {Refused, hex} from "./bytes.js";
import {ask, dateText} from "./site.js";
import {parseProof, parseSegmentEntry, verifySegment} from "./verify.js";

const INIT_PREFIX = 16;

async function bytesOf(url) {
	const response = await ask(url, {cache: "no-store"});

	if (!response.ok)
		throw new Refused(response.status === 404 || response.status === 410 ? "there is no such segment, or no more" :
			response.status === 403 ? "you may not see that one" : `the server answers ${response.status}`);
	return new Uint8Array(await response.arrayBuffer());
}

const hashOf = async (bytes) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));

/* keys: a SiteKeys. -> its entry; throws Refused. */
async function prove(keys, camera, rendition, number) {
	const folder = `/live/${camera}/${rendition}`;
	const media = await bytesOf(`${folder}/${number}.m4s`), proof = await bytesOf(`${folder}/${number}.m4s.tlog-proof`);
	const {init} = parseSegmentEntry(parseProof(proof).entry);
	const begin = await bytesOf(`${folder}/init-${init.slice(0, INIT_PREFIX)}.mp4`);
	const {entry} = await verifySegment(proof, keys, {camera, rendition, number, media: await hashOf(media), init: await hashOf(begin)});

	return entry;
}

/* now(): {keys, camera, renditions: names}; keys null while nothing can be verified. */
export function setUp(form, now) {
	const said = form.querySelector("[role=status]"), button = form.querySelector("button"), {elements} = form;
	const say = (state, text) => { said.dataset.state = state; said.textContent = text; };

	form.addEventListener("submit", async (event) => {
		const {keys, camera} = now(), number = Number(elements["prove-number"].value);

		event.preventDefault();
		if (!keys) {
			say("bad", "This browser knows no Ed25519 signatures.");
			return;
		}
		button.disabled = true;
		say("", "Checking…");
		try {
			const e = await prove(keys, camera, elements["prove-rendition"].value, number);

			say("ok", `Verified: ${e.camera} ${e.rendition} ${e.number}, captured ${dateText(e.startMs)}, ${e.bytes} bytes as they were sealed.`);
		} catch (e) {
			say("bad", e instanceof Refused ? `Not verified: ${e.message}.` : "It could not be loaded: the server does not answer.");
		} finally {
			button.disabled = false;
		}
	});
	return (renditions) => {
		const select = elements["prove-rendition"], before = Array.from(select.options, (o) => o.value);

		if (before.join() !== renditions.join())
			select.replaceChildren(...renditions.map((name) => new Option(name, name)));
	};
}
