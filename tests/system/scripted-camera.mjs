/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: node scripted-camera.mjs CAMERAS.json LOG
 * Many cameras in one process, for the system tests: CAMERAS.json is a list of what camera/camera.mjs takes as options.
 * Prints "NAME PORT" for each and then "ready"; writes one JSON object a line to LOG for everything that it sees.
 * Obeys lines on standard input: NAME down | up | hang-up | silent | speak | key. Ends with SIGTERM.
 */
import {createWriteStream, readFileSync} from "node:fs";
import {createInterface} from "node:readline";

import {Camera} from "./camera/camera.mjs";

const [file, logFile] = process.argv.slice(2);

if (!logFile) {
	console.error("usage: node scripted-camera.mjs CAMERAS.json LOG");
	process.exit(2);
}

const out = createWriteStream(logFile, {flags: "a"});
const log = (event) => out.write(`${JSON.stringify(event)}\n`);
const cameras = new Map();

for (const options of JSON.parse(readFileSync(file, "utf8"))) {
	const camera = new Camera(options, log);

	cameras.set(options.name, camera);
	console.log(`${options.name} ${await camera.up()}`);
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
