/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log's tree (RFC 6962 section 2.1) and where its tiles lie (C2SP tlog-tiles). */
import {sameBytes} from "./bytes.js";
import {sha256Now} from "./sha256.js";

export const TILE_WIDTH = 256;
export const TILE_LEVELS = 7;
const INDEX_MAX = 2 ** 48;
const LEAF = Uint8Array.of(0x00), NODE = Uint8Array.of(0x01);

export const leafHash = (entry) => sha256Now(LEAF, entry);
export const nodeHash = (left, right) => sha256Now(NODE, left, right);

/* RFC 9162 section 2.1.3.2: the root that path leads to from the leaf, or null when path and tree do not fit. */
export function rootOf(leaf, index, size, path) {
	let fn = BigInt(index), sn = BigInt(size) - 1n, r = leaf;

	if (fn > sn)
		return null;
	for (const p of path) {
		if (sn === 0n)
			return null;
		if (fn & 1n || fn === sn) {
			r = nodeHash(p, r);
			while (!(fn & 1n) && fn !== 0n) {
				fn >>= 1n;
				sn >>= 1n;
			}
		} else {
			r = nodeHash(r, p);
		}
		fn >>= 1n;
		sn >>= 1n;
	}
	return sn === 0n ? r : null;
}

/* RFC 9162 section 2.1.4.2: whether the log of size2 entries under root2 begins with the size1 under root1. */
export function isConsistent(size1, root1, size2, root2, path) {
	let fn = BigInt(size1) - 1n, sn = BigInt(size2) - 1n;

	if (fn < 0n || fn > sn)
		return false;
	if (fn === sn)
		return path.length === 0 && sameBytes(root1, root2);
	const [first, ...more] = (fn & (fn + 1n)) === 0n ? [root1, ...path] : path;
	let fr = first, sr = first;

	for (; fn & 1n; fn >>= 1n)
		sn >>= 1n;
	for (const c of more) {
		if (sn === 0n)
			return false;
		if (fn & 1n || fn === sn) {
			fr = nodeHash(c, fr);
			sr = nodeHash(c, sr);
			for (; !(fn & 1n) && fn !== 0n; fn >>= 1n)
				sn >>= 1n;
		} else {
			sr = nodeHash(sr, c);
		}
		fn >>= 1n;
		sn >>= 1n;
	}
	return sn === 0n && path.length > 0 && sameBytes(fr, root1) && sameBytes(sr, root2);
}

/* The root over hashes whose number is a power of two. */
export function perfectRoot(hashes) {
	let level = hashes;

	while (level.length > 1)
		level = Array.from({length: level.length / 2}, (_, i) => nodeHash(level[2 * i], level[2 * i + 1]));
	return level[0];
}

/* A tree that grows to the right: only its edge, the roots of its perfect subtrees. */
export class Edge {
	#roots = [];

	/* The root of 2^height leaves more; what is there is a multiple of as many. */
	append(hash, height = 0) {
		while (this.#roots.at(-1)?.height === height)
			hash = nodeHash(this.#roots.pop().hash, hash), height++;
		this.#roots.push({hash, height});
	}

	clone() {
		const edge = new Edge();

		edge.#roots = this.#roots.slice();
		return edge;
	}

	root() {
		return this.#roots.length ? this.#roots.map((r) => r.hash).reduceRight((right, left) => nodeHash(left, right)) : sha256Now();
	}
}

/* Tiles: {entries, level, index, width}; of entries or, on a level, of hashes. */

export function tilePath({entries = false, level = 0, index, width = TILE_WIDTH}) {
	const digits = String(index), threes = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.../g);
	const name = threes.map((t, i) => i < threes.length - 1 ? `x${t}` : t).join("/");

	return `tile/${entries ? "entries" : level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ""}`;
}

/* The tile that lies there, or null. */
export function parseTilePath(path) {
	const part = /^tile\/(entries|[0-6])\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);

	if (!part)
		return null;
	const tile = {entries: part[1] === "entries", level: part[1] === "entries" ? 0 : Number(part[1]),
		index: Number(part[2].replace(/[x/]/g, "")), width: Number(part[3] ?? TILE_WIDTH)};

	return tile.index < INDEX_MAX && tilePath(tile) === path ? tile : null;
}

/* How many hashes (or entries) of a log of size the tile has. */
export function tileWidth(size, level, index) {
	const count = Math.floor(size / TILE_WIDTH ** level), full = Math.floor(count / TILE_WIDTH);

	return index < full ? TILE_WIDTH : index === full ? count % TILE_WIDTH : 0;
}
