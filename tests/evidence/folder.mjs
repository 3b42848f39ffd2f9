/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folder that mutate writes (evidence.h), read for verifiers in JavaScript: its table, and what each row's files are. */
import {existsSync, readFileSync, readdirSync, statSync} from "node:fs";

/* Bytes as the checks want a file: what they use of a Blob. */
class Bytes {
	constructor(bytes) {
		this.bytes = bytes;
		this.size = bytes.length;
	}

	slice(from, to) {
		return new Bytes(this.bytes.subarray(from, to));
	}

	async arrayBuffer() {
		return Uint8Array.from(this.bytes).buffer;
	}
}

/* Every file below a folder, by its path in there. */
function readFolder(folder, into = new Map(), below = "") {
	for (const name of existsSync(folder) ? readdirSync(folder) : []) {
		if (statSync(`${folder}/${name}`).isDirectory())
			readFolder(`${folder}/${name}`, into, `${below}${name}/`);
		else
			into.set(`${below}${name}`, new Bytes(readFileSync(`${folder}/${name}`)));
	}
	return into;
}

export class Evidence {
	#clean = new Map();

	constructor(folder) {
		this.folder = folder;
		this.key = readFileSync(`${folder}/key`, "utf8");
		this.rows = readFileSync(`${folder}/table`, "utf8").trimEnd().split("\n").map((line) => {
			const [id, shape, verdict, what] = line.split("\t");

			return {id, shape, verdict, what};
		});
	}

	clean(shape) {
		if (!this.#clean.has(shape))
			this.#clean.set(shape, readFolder(`${this.folder}/clean/${shape}`));
		return this.#clean.get(shape);
	}

	/* {files, key} of a row. */
	of({id, shape}) {
		const at = `${this.folder}/delta/${id}`;
		const files = readFolder(at, new Map(this.clean(shape)));
		const gone = existsSync(`${at}.gone`) ? readFileSync(`${at}.gone`, "utf8").trimEnd().split("\n") : [];

		for (const path of gone)
			files.delete(path);
		return {files, key: existsSync(`${at}.key`) ? readFileSync(`${at}.key`, "utf8") : this.key};
	}

	/* The clean segments: {segment, proof}. */
	* many() {
		const all = readFileSync(`${this.folder}/many`);

		for (let at = 0; at < all.length;) {
			const n = all.readUInt32BE(at), segment = all.subarray(at + 4, at + 4 + n), m = all.readUInt32BE(at + 4 + n);

			at += 8 + n + m;
			yield {segment, proof: all.subarray(at - m, at)};
		}
	}
}
