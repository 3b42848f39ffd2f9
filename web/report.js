/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a check finds: problems by their kind (casemate-verify(1)), and for each
 * rendition what the log says of it and what holds. Also the tables that the check
 * keeps while it runs: cameras, tracks (one rendition of one camera), a bit for each segment.
 */

const PROBLEMS_MAX = 1000;    /* kept; more are only counted */
const LISTED_MAX = 1000;      /* gaps, alarms and their like */
const TRACKS_MAX = 16384;
const FOLDERS_MAX = 1 << 20;
export const FOLDER_SEGMENTS = 1000;

/* Kinds: changed, missing, extra, order, unsigned, unaccounted, log, unreadable. */

export class Report {
	constructor(shape) {
		this.shape = shape;           /* archive, clip or segment */
		this.checkpoint = null;       /* the last one that held: {origin, size, root} */
		this.isSigned = false;
		this.notes = [];              /* checkpoints that hold, with the cosignatures that they have: {bytes, at} */
		this.files = [];              /* of a clip, that can be played: {path, camera, rendition, blob} */
		this.cosignedSize = null;     /* of the newest of these that witnesses have cosigned and that is not the checkpoint itself */
		this.uncosigned = {segments: 0, fromMs: 0};  /* segments whose entries come after it */
		this.quorum = null;           /* of judgePolicy, when there is a policy */
		this.entries = this.bytes = 0;
		this.starts = this.stops = this.crashes = this.unfinished = this.leftover = 0;
		this.logins = this.refusals = this.views = 0;
		this.renditions = [];
		this.problems = [];
		this.total = this.unreadable = 0;
		/* {list, total} of entries, as parseEntry has them */
		for (const what of ["gaps", "alarms", "configs", "programs", "keys", "encoders", "exports", "deletes"])
			this[what] = {list: [], total: 0};
	}

	note(what, entry) {
		if (this[what].list.length < LISTED_MAX)
			this[what].list.push(entry);
		this[what].total++;
	}

	/* where: {camera, rendition, first, last, path, fromMs, toMs}, what of it there is to say. */
	add(kind, where, text) {
		const problem = {kind, camera: "", rendition: "", first: 0, last: 0, path: "", fromMs: 0, toMs: 0, ...where, text};

		this.total++;
		this.unreadable += kind === "unreadable";
		/* Past the maximum the last place is used again and again. */
		this.problems[Math.min(this.total, PROBLEMS_MAX) - 1] = problem;
		return problem;
	}

	/* That nothing is wrong with no segment says nothing of footage; an archive may be one of a site that has just begun. */
	get isEmpty() {
		return this.shape === "clip" && this.renditions.every((r) => r.good === 0 && r.deleted === 0);
	}

	/* verified: all holds; "not verified": something does not; "could not tell". */
	get verdict() {
		if (this.total > this.unreadable)
			return "not verified";
		return this.unreadable || !this.isSigned || this.isEmpty ? "could not tell" : "verified";
	}
}

/* A bit for each of a thousand segments. */
class Bits {
	#bytes = new Uint8Array(FOLDER_SEGMENTS / 8);

	has(number) {
		return (this.#bytes[number % FOLDER_SEGMENTS >> 3] >> (number % FOLDER_SEGMENTS & 7) & 1) === 1;
	}

	set(number, on = true) {
		const bit = 1 << (number % FOLDER_SEGMENTS & 7), at = number % FOLDER_SEGMENTS >> 3;

		this.#bytes[at] = on ? this.#bytes[at] | bit : this.#bytes[at] & ~bit;
	}
}

export class Tables {
	cameras = new Map();
	tracks = new Map();
	#report;
	#folders = 0;

	constructor(report) {
		this.#report = report;
	}

	camera(name) {
		if (!this.cameras.has(name))
			this.cameras.set(name, {name, coveredMs: 0, copies: new Map(), hasCopy: false, lost: false, open: false});
		return this.cameras.get(name);
	}

	find(camera, rendition) {
		return this.tracks.get(`${camera}/${rendition}`) ?? null;
	}

	/* The track, made when it is new; line is what the report says of it. */
	track(camera, rendition) {
		const name = `${camera}/${rendition}`;

		if (!this.tracks.has(name)) {
			if (this.tracks.size === TRACKS_MAX)
				throw new RangeError("more renditions than a site can have");
			const line = {camera, rendition, segments: 0, good: 0, goodBytes: 0, deleted: 0, notKept: 0, missing: 0, inFiles: 0,
				first: 0, last: 0, fromMs: 0, toMs: 0, clock: {rtcp: 0, arrival: 0, worstMs: 0}, signatures: {}};

			this.#report.renditions.push(line);
			this.tracks.set(name, {camera: this.camera(camera), line, leaf: null, tileLeaf: null, seen: false, lost: false,
				unsignedFirst: 0, unsignedLast: 0, folders: new Map(), inits: [],
				film: {fromMs: 0, toMs: 0, bytes: 0}, exported: -1, excused: -1, encoders: [], encoding: ""});
		}
		return this.tracks.get(name);
	}

	/* The thousand of number: {n, named, missing, deleted}; null when there is none and none is made. */
	folder(track, number, make = false) {
		const n = Math.floor(number / FOLDER_SEGMENTS);

		if (!track.folders.has(n) && make) {
			if (this.#folders++ === FOLDERS_MAX)
				throw new RangeError("more segments than can be kept in mind");
			track.folders.set(n, {n, named: new Bits(), missing: new Bits(), deleted: new Bits()});
		}
		return track.folders.get(n) ?? null;
	}

	isNamed(camera, rendition, number) {
		const track = this.find(camera, rendition);

		return track !== null && this.folder(track, number)?.named.has(number) === true;
	}
}

/* The numbers from..to of a track that were named, in their order. */
export function* named(track, from = 0, to = Infinity) {
	const folders = Array.from(track.folders.values()).sort((a, b) => a.n - b.n);

	for (const folder of folders) {
		const first = Math.max(from, folder.n * FOLDER_SEGMENTS), last = Math.min(to, (folder.n + 1) * FOLDER_SEGMENTS - 1);

		for (let number = first; number <= last; number++)
			if (folder.named.has(number))
				yield {folder, number};
	}
}
