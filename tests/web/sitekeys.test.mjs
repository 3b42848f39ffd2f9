/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import test from "node:test";

import {Site} from "./log.mjs";
import {Refused} from "../../web/bytes.js";
import {openCheckpoint, parseVkey} from "../../web/note.js";
import {SiteKeys} from "../../web/sitekeys.js";

const bytes = (text) => new TextEncoder().encode(text);
const replaced = (by, to, size) => `${by.signNote(`casemate.key/v1\n${by.name}\n${to.vkey}\n2026-11-22T15:30:00.040Z\nsize ${size}\n`)}\n--\n`;

/* A server whose answers are taken one after the other, the last for ever: a text, a status, or null for none. */
async function keysOf(site, ...answers) {
	const asked = [];
	const keys = new SiteKeys(await parseVkey(site.vkey), {
		fetch: async (url) => {
			const answer = answers[Math.min(asked.push(url), answers.length) - 1];

			if (answer === null)
				throw new TypeError("no network");
			return typeof answer === "number" ? new Response("", {status: answer}) : new Response(answer);
		},
		sleep: async () => {},
	});

	return {keys, asked};
}

function checkpointBy(site) {
	site.addRaw(Buffer.from("other/v1\n"));
	return bytes(site.checkpoint());
}

test("sitekeys: a known key asks for nothing, a new one for the notes, once", async () => {
	const [a, b] = [new Site(), new Site()], {keys, asked} = await keysOf(a, replaced(a, b, 9)), newer = checkpointBy(b);

	await openCheckpoint(checkpointBy(a), keys);
	assert.equal(asked.length, 0);
	await Promise.all([openCheckpoint(newer, keys), openCheckpoint(newer, keys), openCheckpoint(newer, keys)]);
	assert.deepEqual(asked, ["/log/keys"]);
	await openCheckpoint(newer, keys);
	assert.equal(asked.length, 1);
});

test("sitekeys: a server that is restarted is asked again", async () => {
	const [a, b] = [new Site(), new Site()], {keys, asked} = await keysOf(a, null, 503, replaced(a, b, 9));

	await openCheckpoint(checkpointBy(b), keys);
	assert.equal(asked.length, 3);
});

test("sitekeys: a key that no note leads to is not the site's", async () => {
	const [a, b] = [new Site(), new Site()];

	for (const answer of ["", 404, 503, null, replaced(b, new Site(), 9), replaced(a, new Site(), 9)]) {
		const {keys, asked} = await keysOf(a, answer);

		await assert.rejects(openCheckpoint(checkpointBy(b), keys), (e) => e instanceof Refused && e.message.includes("not signed by this site's key"));
		assert.ok(asked.length >= 1 && asked.length <= 5);
	}
});

test("sitekeys: another log's checkpoint is no reason to ask", async () => {
	const {keys, asked} = await keysOf(new Site(), "");

	await assert.rejects(openCheckpoint(checkpointBy(new Site("other.example")), keys), Refused);
	assert.equal(asked.length, 0);
});
