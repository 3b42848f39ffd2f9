/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole archive (doc/evidence.5, ARCHIVE) against the site's key: its
 * checkpoint, every entry against its tile, every tile against the one above, the
 * root against the checkpoint, every segment's bytes, and files that nobody sealed.
 */
import {Account} from "./account.js";
import {Refused, sameBytes} from "./bytes.js";
import {Footage} from "./footage.js";
import {openCheckpoint} from "./note.js";
import {TooLong, read} from "./source.js";
import {Edge, TILE_LEVELS, TILE_WIDTH, leafHash, parseTilePath, perfectRoot, tilePath, tileWidth} from "./tree.js";

const HASH_BYTES = 32;
const NOTE_MAX_BYTES = 16384;
const TILE_BYTES = TILE_WIDTH * HASH_BYTES;
const BUNDLE_MAX_BYTES = TILE_WIDTH * (2 + 1024);
const ENTRY_MAX_BYTES = 1024;
const SIZE_MAX = 2 ** 48;     /* walked through here; more is none that anybody has */
const HOLES_MAX = 64;         /* tiles in a row that are not there, past what a checkpoint signs: then the log has ended */

/* What is to be said of a tile that could not be had. */
class Absent extends Error {}

/* Each entry's hash as it is, and as the tile has it: the same object when they are the same. What one of them lacks is the other's. */
function pairs(entries, tile, width) {
	const leaves = entries.map(leafHash), tileLeaves = [];

	for (let i = 0; i < width; i++) {
		const inTile = tile?.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES);

		leaves[i] ??= inTile ?? new Uint8Array(HASH_BYTES);
		tileLeaves.push(!inTile || sameBytes(inTile, leaves[i]) ? leaves[i] : inTile);
	}
	return {leaves, tileLeaves};
}

export class Archive {
	#size = 0;                    /* entries walked */
	#holes = 0;
	#widest = null;               /* of the tiles of entries that are there */
	#byEntry = new Edge();
	#byTile = new Edge();
	#cosigned = null;             /* {bytes, at, holds}: the checkpoint that witnesses have cosigned */
	#levels = Array.from({length: TILE_LEVELS}, () => ({hashes: [], refs: [], index: 0}));

	/* keys: a Keychain; progress(done, of): told now and then; what it throws ends it. */
	constructor(source, keys, report, progress) {
		this.source = source;
		this.keys = keys;
		this.report = report;
		this.progress = progress;
		this.footage = new Footage(source, report);
		this.account = new Account(report, keys, this.footage, false);
		this.footage.tables = this.account.tables;
	}

	async check() {
		const target = await this.#begin();

		if (target === undefined)
			return;
		if (target) {
			await this.#walk(Number(target.size));
			await this.#checkTops(target);
		} else {
			this.account.past = true;
			await this.#walk(this.#sizeOnDisk());
		}
		await this.footage.list();
		await this.#end(target);
		this.#endCosigned(target);
		this.account.endKeys();
		this.account.endTime();
		for (const {lost, line: {camera, rendition, last}} of this.account.tables.tracks.values())
			if (lost)
				this.report.add("missing", {camera, rendition, first: last + 1}, "its later entries, if there were any, cannot be read");
		this.account.end();
		this.footage.endInits();
	}

	/* The checkpoint; null when it does not hold, undefined when there is nothing to go on with: which is said. */
	async #begin() {
		const path = "log/checkpoint";

		for await (const file of this.source.list("log/tile"))
			this.#seeTile(parseTilePath(file.slice("log/".length)));
		await this.#readCosigned();
		try {
			const note = await read(this.source, path, NOTE_MAX_BYTES);
			const checkpoint = note && await openCheckpoint(note, this.keys);

			if (!note && this.#widest) {
				this.report.add("log", {path}, "is not there, but the log is");
				return null;
			}
			if (!note || checkpoint.size > SIZE_MAX) {
				this.report.add("unreadable", {path}, note ? "signs more entries than can be counted here" : "is not there");
				return undefined;
			}
			this.report.isSigned = true;
			this.report.notes.push({bytes: note, at: checkpoint});
			return checkpoint;
		} catch (e) {
			const isBad = e instanceof Refused || e instanceof TooLong;

			this.report.add(isBad ? "log" : "unreadable", {path}, e instanceof TooLong ? "is too long for a checkpoint" : e.message);
			return isBad ? null : undefined;
		}
	}

	async #readCosigned() {
		const path = "log/cosigned";

		try {
			const bytes = await read(this.source, path, NOTE_MAX_BYTES);

			if (bytes)
				this.#cosigned = {bytes, at: await openCheckpoint(bytes, this.keys), holds: false};
			this.report.cosignedSize = this.#cosigned?.at.size ?? null;
		} catch (e) {
			const isBad = e instanceof Refused || e instanceof TooLong;

			this.report.add(isBad ? "log" : "unreadable", {path}, e instanceof TooLong ? "is too long for a checkpoint" : e.message);
		}
	}

	/* Whether what witnesses have cosigned is this log, by the leaves that come next. */
	#seeCosigned(leaves, tileLeaves) {
		const more = this.#cosigned ? Number(this.#cosigned.at.size) - this.#size : -1;

		if (more < 0 || more > leaves.length || this.account.past)
			return;
		this.#cosigned.holds ||= [[this.#byEntry, leaves], [this.#byTile, tileLeaves]].some(([tree, next]) => {
			const edge = tree.clone();

			next.slice(0, more).forEach((l) => edge.append(l));
			return sameBytes(edge.root(), this.#cosigned.at.root);
		});
	}

	#endCosigned(target) {
		if (!this.#cosigned || !target)
			return;
		const {bytes, at, holds} = this.#cosigned, path = "log/cosigned";

		if (holds)
			this.report.notes.push({bytes, at});
		else if (at.size > target.size)
			this.report.add("log", {path}, `witnesses have cosigned ${at.size} entries, and the checkpoint signs ${target.size}: it is an older one`);
		else
			this.report.add("log", {path}, `witnesses have cosigned another log: its first ${at.size} entries are not these`);
	}

	#seeTile(tile) {
		const widest = this.#widest;

		if (tile?.entries && (!widest || tile.index > widest.index || (tile.index === widest.index && tile.width > widest.width)))
			this.#widest = tile;
	}

	#sizeOnDisk() {
		return this.#widest ? this.#widest.index * TILE_WIDTH + this.#widest.width : 0;
	}

	/* Tiles */

	/* A tile's bytes -> {bytes, tile} as it was found: one that is not full may have grown; its first hashes are in the full one. */
	async #readTile(tile, max) {
		const wider = [tile.width < TILE_WIDTH ? TILE_WIDTH : 0,
			tile.level === 0 && this.#widest?.index === tile.index && this.#widest.width > tile.width ? this.#widest.width : 0];

		for (const width of [tile.width, ...wider.filter(Boolean)]) {
			const bytes = await read(this.source, `log/${tilePath({...tile, width})}`, max);

			if (bytes)
				return {bytes, tile: {...tile, width}};
		}
		throw new Absent("is not there");
	}

	/* The same, but what is wrong is said: {bytes, tile, problem}, bytes null. */
	async #tryTile(tile, max, isGood, what) {
		const path = `log/${tilePath(tile)}`;

		try {
			const got = await this.#readTile(tile, max);

			return isGood(got) ? got : {bytes: null, tile, problem: this.report.add("log", {path}, what)};
		} catch (e) {
			const told = e instanceof Absent || e instanceof TooLong;

			return {bytes: null, tile, problem: this.report.add(told ? "log" : "unreadable", {path}, e instanceof TooLong ? what : e.message),
				unreadable: !told};
		}
	}

	#tryHashes(tile) {
		return this.#tryTile(tile, TILE_BYTES, (got) => got.bytes.length === got.tile.width * HASH_BYTES, "has not the length of its hashes");
	}

	/* Names in a problem the segments that refs speak of: all of one rendition. */
	#nameSegments(problem, refs) {
		const ref = refs.find((r) => r);

		if (!problem || problem.kind === "unreadable" || !ref)
			return;
		const {camera, rendition} = ref.track.line;
		const numbers = refs.filter((r) => r?.track === ref.track).map((r) => r.number);

		Object.assign(problem, {camera, rendition, first: ref.number, last: numbers.at(-1)});
		this.account.namedLog = true;
	}

	/* The hashes of a level so far against its tile. */
	async #checkLevel(level) {
		const {hashes, refs, index} = this.#levels[level], tile = {level, index, width: hashes.length};
		const got = await this.#tryHashes(tile);

		if (!got.bytes) {
			this.#nameSegments(got.problem, refs);
			return;
		}
		const bad = hashes.findIndex((h, i) => !sameBytes(h, got.bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)));

		if (bad >= 0)
			this.#nameSegments(this.report.add("log", {path: `log/${tilePath(got.tile)}`},
				"does not hold the hashes of the tiles below: they or it were changed"), [refs[bad]]);
	}

	/* A full tile's root goes one level up. */
	async #carry(level, root) {
		const from = this.#levels[level], above = this.#levels[level + 1];

		if (level)
			await this.#checkLevel(level);
		above.hashes.push(root ?? perfectRoot(from.hashes));
		above.refs.push(from.refs.find((r) => r) ?? null);
		Object.assign(from, {hashes: [], refs: [], index: from.index + 1});
		if (above.hashes.length === TILE_WIDTH && level + 2 < TILE_LEVELS)
			await this.#carry(level + 1);
	}

	/* The walk */

	async #walk(size) {
		while (this.#size < size && !(this.account.past && this.#holes > HOLES_MAX)) {
			await this.#walkTile(size);
			this.progress?.(this.#size, size);
		}
	}

	/* A bundle of entries and its tile of hashes. Entries before skip were taken in by an earlier walk. */
	async #walkTile(size) {
		const index = Math.floor(this.#size / TILE_WIDTH), skip = this.#size % TILE_WIDTH, width = tileWidth(size, 0, index);
		const bundle = await this.#tryTile({entries: true, level: 0, index, width}, BUNDLE_MAX_BYTES, () => true, "is too long");
		const hashes = await this.#tryHashes({level: 0, index, width});
		const level = this.#levels[0];

		if (!bundle.bytes)
			this.account.lose();
		this.#holes = bundle.bytes || hashes.bytes ? 0 : this.#holes + 1;
		const entries = this.#split(bundle, width, index), {leaves, tileLeaves} = pairs(entries, hashes.bytes, width);

		this.#seeCosigned(leaves, tileLeaves);
		for (let i = skip; i < width; i++) {
			level.hashes[i] = tileLeaves[i];
			level.refs[i] = i < entries.length ? await this.account.take(this.#size, entries[i], leaves[i], tileLeaves[i]) : null;
			this.#size++;
		}
		if (bundle.broken)
			this.account.lose();
		this.#finishTile(bundle, entries, width);
		this.#nameSegments(hashes.problem, level.refs);
		await this.#grow(leaves, tileLeaves, skip, width);
	}

	/* The bundle's entries, as far as they can be told apart, at most width. */
	#split(bundle, width, index) {
		const entries = [], {bytes} = bundle;
		let at = 0;

		while (bytes && entries.length < width) {
			const n = bytes[at] << 8 | bytes[at + 1];

			if (!(n >= 1 && n <= ENTRY_MAX_BYTES) || at + 2 + n > bytes.length) {
				bundle.broken = true;
				this.report.add("log", {path: `log/${tilePath(bundle.tile)}`}, `entries from ${index * TILE_WIDTH + entries.length} on cannot be read`);
				break;
			}
			entries.push(bytes.subarray(at + 2, at + 2 + n));
			at += 2 + n;
		}
		bundle.left = bytes ? bytes.length - at : 0;
		return entries;
	}

	#finishTile(bundle, entries, width) {
		if (bundle.bytes && !bundle.broken && width === bundle.tile.width && bundle.left)
			this.report.add("log", {path: `log/${tilePath(bundle.tile)}`}, "holds more entries than it may");
	}

	/* Both trees and the levels of tiles, by the leaves of one tile. Past the checkpoint only the tiles count. */
	async #grow(leaves, tileLeaves, skip, width) {
		const isFull = width === TILE_WIDTH, same = leaves.every((l, i) => l === tileLeaves[i]);
		const root = isFull && skip === 0 ? perfectRoot(tileLeaves) : null;

		if (root) {
			this.#byTile.append(root, 8);
			this.#byEntry.append(same ? root : perfectRoot(leaves), 8);
		} else if (!this.account.past) {
			tileLeaves.forEach((l) => this.#byTile.append(l));
			leaves.forEach((l) => this.#byEntry.append(l));
		}
		if (isFull)
			await this.#carry(0, root);
	}

	/* The tiles that are not full, and the root. */
	async #checkTops(target) {
		for (let level = 1; level < TILE_LEVELS; level++)
			if (this.#levels[level].hashes.length)
				await this.#checkLevel(level);
		if ([this.#byEntry.root(), this.#byTile.root()].some((r) => sameBytes(r, target.root))) {
			this.report.checkpoint = target;
			return;
		}
		this.report.add("log", {path: "log/checkpoint"}, `the log's ${target.size} entries do not hash to the root that it signs`);
		if (this.account.namedLog)
			return;
		/* Nothing showed where: then no segment is proved. */
		for (const {camera, rendition, first, last} of this.report.renditions)
			this.report.add("changed", {camera, rendition, first, last},
				"among these an entry was changed: the log does not hash to the signed root");
	}

	async #end(target) {
		const size = this.#sizeOnDisk();

		if (size > this.#size) {
			this.account.past = true;
			this.report.add("unsigned", {path: "log/checkpoint"}, `the log goes on: ${size} entries lie there, the checkpoint signs ${target?.size ?? 0}`);
			await this.#walk(size);
		}
		this.footage.endPending();
		this.account.sayUnsigned();
	}
}
