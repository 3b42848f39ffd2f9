/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where files come from, for the checks: an object with
 *     open(path)    -> a Blob (or what has its size, slice and arrayBuffer), or null when there is no such file
 *     list(folder)  -> its files' paths, all folders deep, in any order, one after the other
 * both awaited, paths as "log/checkpoint". What cannot be read throws. Files are
 * read in slices, so that their size does not matter.
 */
import {hex, sha256} from "./bytes.js";
import {Sha256} from "./sha256.js";

const SLICE_BYTES = 4 << 20;

export class TooLong extends Error {}

export async function bytesOf(blob, from = 0, to = blob.size) {
	return new Uint8Array(await blob.slice(from, to).arrayBuffer());
}

/* A whole file of at most max bytes; null when it is not there. */
export async function read(source, path, max) {
	const blob = await source.open(path);

	if (blob && blob.size > max)
		throw new TooLong(path);
	return blob && bytesOf(blob);
}

/* The hash (hex) of a part of a file. */
export async function hashOf(blob, from = 0, to = blob.size) {
	if (to - from <= SLICE_BYTES)
		return hex(await sha256(await bytesOf(blob, from, to)));
	const hasher = new Sha256();

	for (let at = from; at < to; at += SLICE_BYTES)
		hasher.update(await bytesOf(blob, at, Math.min(at + SLICE_BYTES, to)));
	return hex(hasher.digest());
}

/* Files in memory or on a disk, by their paths: open(path) hands out what the map holds. */
export class MapSource {
	#files;

	constructor(files) {
		this.#files = files;
	}

	open(path) {
		return this.#files.get(path) ?? null;
	}

	* list(folder) {
		for (const path of this.#files.keys())
			if (folder === "" || path.startsWith(`${folder}/`))
				yield path;
	}
}
