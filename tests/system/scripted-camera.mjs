/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node scripted-camera.mjs CAMERAS.json LOG
 * Many cameras in one process, for the system tests: CAMERAS.json is a list of what camera/camera.mjs takes as options.
 * One with "trap": true is none: it listens there, and tells of whoever comes; its place in the list is before those that
 * name it as "elsewhere". Prints "NAME PORT" (and "NAME.onvif PORT") for each and then "ready"; writes one JSON object a line to LOG for everything that it sees.
 * Obeys lines on standard input: NAME down | up | hang-up | silent | speak | key. Ends with SIGTERM.
 */
import {createWriteStream, readFileSync} from "node:fs";
import {createServer} from "node:net";
import {createInterface} from "node:readline";

import {Camera} from "./camera/camera.mjs";
import {dialect} from "./camera/dialect.mjs";
import {hostile} from "./camera/hostile.mjs";
import {serveOnvif} from "./camera/onvif.mjs";

const [file, logFile] = process.argv.slice(2);

if (!logFile) {
	console.error("usage: node scripted-camera.mjs CAMERAS.json LOG");
	process.exit(2);
}

const out = createWriteStream(logFile, {flags: "a"});
const log = (event) => out.write(`${JSON.stringify(event)}\n`);
const cameras = new Map();

/* A place where nobody may come. */
function trap({name, address}) {
	return new Promise((done) => {
		const server = createServer((socket) => {
			log({at: Date.now(), camera: name, what: "trapped"});
			socket.on("error", () => {});
		});

		server.listen(0, address, () => done(`${address}:${server.address().port}`));
	});
}

const traps = new Map();

/* What is other about this camera than about one that does as it should. */
function character(options) {
	if (options.dialect)
		return dialect(options);
	return options.hostile ? hostile[options.hostile]({...options, elsewhere: traps.get(options.elsewhere)}) : {};
}

for (const options of JSON.parse(readFileSync(file, "utf8"))) {
	if (options.trap) {
		traps.set(options.name, await trap(options));
		continue;
	}
	const camera = new Camera(options, log, character(options));

	cameras.set(options.name, camera);
	console.log(`${options.name} ${await camera.up()}`);
	if (options.onvif)
		console.log(`${options.name}.onvif ${await serveOnvif(camera)}`);
}
console.log("ready");

const orders = {
	down: (c) => c.down(),
	up: (c) => c.up(),
	"hang-up": (c) => c.hangUp(),
	silent: (c) => { c.silent = true; },
	speak: (c) => { c.silent = false; },
	key: (c) => c.restart(),
};

createInterface({input: process.stdin}).on("line", async (line) => {
	const [name, order] = line.split(" ");

	await orders[order](cameras.get(name));
	cameras.get(name).log("order", {order});
});
process.on("SIGTERM", () => process.exit(0));
