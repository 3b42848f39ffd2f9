/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An archive's footage: segments' and init segments' bytes against their entries, and files that no entry names. */
import {FOLDER_SEGMENTS, named} from "./report.js";
import {hashOf} from "./source.js";

const INIT_MAX_BYTES = 64 << 10;
const INITS_MAX = 4096;       /* of one rendition */
const PENDING_MAX = 4096;     /* files that are newer than the log; more are reported at once */
const NAME = "[a-z0-9-]{1,32}";
const PLACE = new RegExp(`^footage/(${NAME})/(${NAME})/(.*)$`, "s");
const NUMBER = /^(0|[1-9][0-9]{0,15})$/;

const folderOf = (number) => String(Math.floor(number / FOLDER_SEGMENTS)).padStart(6, "0");

export class Footage {
	tables = null;                /* the account's */
	#pending = [];

	constructor(source, report) {
		this.source = source;
		this.report = report;
	}

	/* One segment, by its entry; kept: the site file says that it is archived. */
	async segment(track, e, kept) {
		const path = `footage/${e.camera}/${e.rendition}/${folderOf(e.number)}/${e.number}.m4s`;
		const file = await this.#open(path);

		if (file === undefined)
			return;
		if (file)
			await this.#compare(track, e, path, file);
		else if (kept)
			this.tables.folder(track, e.number, true).missing.set(e.number);
		else
			track.line.notKept++;
		if (file || kept)
			await this.#checkInit(track, e);
	}

	/* undefined: it could not be read, which is said. */
	async #open(path) {
		try {
			return await this.source.open(path);
		} catch (e) {
			this.report.add("unreadable", {path}, e.message);
			return undefined;
		}
	}

	async #hash(path, file) {
		try {
			const hash = await hashOf(file);

			this.report.bytes += file.size;
			return hash;
		} catch (e) {
			this.report.add("unreadable", {path}, e.message);
			return null;
		}
	}

	async #compare(track, e, path, file) {
		const where = {camera: e.camera, rendition: e.rendition, first: e.number, last: e.number, path};
		const hash = file.size === e.bytes ? await this.#hash(path, file) : null;

		if (file.size > e.bytes)
			this.report.add("changed", where, `is longer than the ${e.bytes} bytes that were sealed`);
		else if (file.size < e.bytes)
			this.report.add("changed", where, `was cut: has ${file.size} bytes, ${e.bytes} were sealed`);
		else if (hash !== null && hash !== e.media)
			this.report.add("changed", where, "its bytes are not those that were sealed");
		else if (hash !== null) {
			track.line.good++;
			track.line.goodBytes += e.bytes;
		}
	}

	/* Each init segment is read once, at the first segment that uses it. */
	async #checkInit(track, e) {
		const {camera, rendition, number} = e, known = track.inits.findLast((i) => i.hash === e.init);

		if (known) {
			known.last = number;
			return;
		}
		if (track.inits.length === INITS_MAX) {
			this.report.add("unreadable", {camera, rendition, first: number, last: number}, `more than ${INITS_MAX} init segments`);
			return;
		}
		const path = `footage/${camera}/${rendition}/init-${e.init.slice(0, 16)}.mp4`, file = await this.#open(path);
		const isLong = file?.size > INIT_MAX_BYTES, hash = file && !isLong ? await this.#hash(path, file) : null;

		track.inits.push({hash: e.init, first: number, last: number, missing: file === null, changed: isLong || (hash !== null && hash !== e.init)});
	}

	endInits() {
		for (const track of this.tables.tracks.values()) {
			const {camera, rendition} = track.line;

			for (const {first, last, missing, changed} of track.inits)
				if ((missing || changed) && this.#anyLeft(track, first, last))
					this.report.add(changed ? "changed" : "missing", {camera, rendition, first, last},
						`their init segment ${changed ? "is not the sealed one" : "is not there"}: without it they do not play`);
		}
	}

	/* Whether any segment from..to should still be there. */
	#anyLeft(track, from, to) {
		for (const {folder, number} of named(track, from, to))
			if (!folder.deleted.has(number))
				return true;
		return false;
	}

	/* Files that no entry names. */
	async list() {
		for await (const path of this.source.list("footage"))
			this.#see(path);
	}

	#see(path) {
		const [, camera = "", rendition = "", rest = ""] = PLACE.exec(path) ?? [];
		const [folder, name, ...deeper] = rest.split("/");

		if (camera && rest.endsWith(".tmp")) {
			this.report.unfinished++;
			return;
		}
		/* An init segment without a segment is what is left of a stream that broke off early. */
		if (camera && /^init-.{16}\.mp4$/s.test(rest))
			return;
		const number = name?.endsWith(".m4s") && !deeper.length && NUMBER.test(name.slice(0, -4)) ? BigInt(name.slice(0, -4)) : -1n;

		if (number >= 0 && number <= 2 ** 53 && folder === folderOf(Number(number)))
			this.#seeSegment(path, camera, rendition, Number(number));
		else
			this.report.add("extra", {camera, rendition, path}, "not a file of the archive");
	}

	/* A segment's file whose place in the archive is right. */
	#seeSegment(path, camera, rendition, number) {
		const track = this.tables.find(camera, rendition), folder = track && this.tables.folder(track, number);

		if (folder?.deleted.has(number))
			this.report.leftover++;
		if (folder?.named.has(number))
			return;
		if ((!track || number > track.line.last) && this.#pending.length < PENDING_MAX)
			this.#pending.push({camera, rendition, number});
		else
			this.report.add("extra", {camera, rendition, first: number, last: number, path}, "no entry of the log names this file");
	}

	endPending() {
		for (const {camera, rendition, number} of this.#pending)
			if (!this.tables.isNamed(camera, rendition, number))
				this.report.add("extra", {camera, rendition, first: number, last: number}, "no entry of the log names this file");
	}
}
