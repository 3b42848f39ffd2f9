/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The account that a log's entries give, taken in their order: whether each
 * segment follows the one before it, whether every second of a camera is covered
 * by footage or by a gap, whose key signs, what was deleted and what is missing.
 * Where the bytes are is another's to say: media.segment(track, entry, kept).
 */
import {Refused, fromUtf8, hex} from "./bytes.js";
import {parseEntry} from "./entry.js";
import {Tables, named} from "./report.js";

const ENTRY_MAX_BYTES = 1024;
const TOLERANCE_MS = 1000;    /* time between two segments that nobody has to account for */
const BEHIND_MS = 600000;     /* a gap that lasts is entered every five minutes; what waits for its entry is not lost */
const ENCODERS_KNOWN = 4;     /* a segment may be logged after the encoder entry that follows its own */
const COPIES = 32;            /* an encoded segment is logged seconds behind the copy that it was made from */
const NONE = "0".repeat(64);

function read(bytes) {
	try {
		return bytes.length <= ENTRY_MAX_BYTES ? parseEntry(fromUtf8(bytes, "")) : null;
	} catch (e) {
		if (e instanceof Refused)
			return null;
		throw e;
	}
}

/* What an entry that cannot be used may still tell of the segment that it was about. */
export function salvage(bytes) {
	const text = new TextDecoder().decode(bytes), where = {};

	for (const [, field, value] of text.matchAll(/^(camera|rendition|number) (.*)\n/gm)) {
		if (field !== "number" && /^[a-z0-9-]{1,32}$/.test(value))
			where[field] = value;
		if (field === "number" && /^(0|[1-9][0-9]{0,15})$/.test(value) && BigInt(value) <= 2 ** 53)
			where.first = where.last = Number(value);
	}
	return where;
}

/* Until when an entry tells of. */
function timeOf(e, otherwise) {
	if (e.kind === "segment")
		return e.start + Math.round(e.duration * 1000);
	return (e.kind === "gap" ? e.to : e.time) ?? otherwise;
}

const programsOf = ({program, build, sbom, binary}) => JSON.stringify([program, build, sbom, binary]);

export class Account {
	past = false;                 /* what comes now is past what the checkpoint signs */
	namedLog = false;             /* a complaint about the log already names a segment */
	#start = null;                /* the run that entries belong to */
	#running = false;
	#toldMs = 0;                  /* the time of the entry that came last */
	#logKey = "";                 /* what signs, by what the log says */
	#turn = null;                 /* the last change of it, until a run began with the next one */
	#strangeKey = "";             /* one that is not known, and by now it should be */

	/* keys: a Keychain. isClip: only some entries are there. */
	constructor(report, keys, media, isClip) {
		this.report = report;
		this.tables = new Tables(report);
		this.keys = keys;
		this.media = media;
		this.isClip = isClip;
	}

	/* One entry; tileLeaf: its hash as the log's tile has it. -> {track, number} of the segment that it is about, or null. */
	async take(index, bytes, leaf, tileLeaf) {
		const e = read(bytes), same = leaf === tileLeaf || hex(leaf) === hex(tileLeaf);
		let about = null;

		this.report.entries++;
		if (!e) {
			this.namedLog = true;
			this.report.add("log", salvage(bytes), `entry ${index}: a line is missing, out of order or malformed`);
			return null;
		}
		if (e.kind === "segment")
			about = await this.#segment(e, index, hex(leaf), hex(tileLeaf));
		else
			await this.#other(e, hex(leaf), index);
		this.#toldMs = timeOf(e, this.#toldMs);
		if (e.kind === "stop" && !this.isClip)
			this.#checkOpen(e.time, TOLERANCE_MS);
		if (!same) {
			this.namedLog = true;
			this.report.add("changed", salvage(bytes), `entry ${index} of the log is not the one whose hash its tile holds`);
		}
		return about;
	}

	/* Entries in between could not be read. */
	lose() {
		for (const track of this.tables.tracks.values())
			track.lost = true;
		for (const camera of this.tables.cameras.values())
			camera.lost = true;
	}

	/* The archive's log ends here. */
	endTime() {
		if (this.#running)
			this.#checkOpen(this.#toldMs, BEHIND_MS);
	}

	/*
	 * A clip holds all that its export entries say that was handed out. Who takes footage out of it takes no proof away of that,
	 * and finds no excuse in what was deleted later.
	 */
	endExports() {
		for (const e of this.report.exports.list) {
			this.#sayFewer(e.camera, e);
			if (e.beside)
				this.#sayFewer(e.camera, e.beside);
		}
		for (const {line: {camera, rendition, inFiles}, exported, excused} of this.tables.tracks.values()) {
			if (inFiles && exported < 0)
				this.report.add("missing", {camera, rendition}, "no export entry says that just this was handed out: all of it, or the entry");
			else if (excused > (inFiles ? exported : this.#exportedLast(camera)))
				this.report.add("missing", {camera, rendition},
					"what is not there was deleted after the clip was exported, or no entry says when that was");
		}
	}

	#sayFewer(camera, {rendition, segments}) {
		const here = this.tables.find(camera, rendition)?.line.inFiles ?? 0;

		if (here < segments)
			this.report.add("missing", {camera, rendition}, `${segments} segments were exported, and the clip has files of ${here}`);
	}

	/* Index of the newest export entry that is of what the camera's files hold; -1: none. */
	#exportedLast(camera) {
		return Math.max(-1, ...Array.from(this.tables.tracks.values()).filter((t) => t.line.camera === camera).map((t) => t.exported));
	}

	/* What is still missing when all entries were taken. */
	end() {
		for (const track of this.tables.tracks.values())
			this.#sayMissing(track);
	}

	endKeys() {
		if (this.#strangeKey)
			this.report.add("log", {}, "a start entry names another key than the one given, and no entries lead from it to that one");
	}

	/* What no checkpoint by the key covers. */
	sayUnsigned() {
		for (const {line, unsignedFirst, unsignedLast} of this.tables.tracks.values()) {
			const {camera, rendition, first, last} = line;

			if (!this.report.isSigned)
				this.report.add("unsigned", {camera, rendition, first, last}, "no checkpoint by the key covers them");
			else if (unsignedFirst)
				this.report.add("unsigned", {camera, rendition, first: unsignedFirst, last: unsignedLast},
					"in the log, but past the checkpoint: it is an older one, or the site was cut off in mid-write");
		}
	}

	async #segment(e, index, leaf, tileLeaf) {
		const track = this.tables.track(e.camera, e.rendition), {line, camera} = track;
		const folder = this.tables.folder(track, e.number, true);
		const isCopy = e.rendition === "copy", endMs = e.start + Math.round(e.duration * 1000);

		this.#checkOrder(track, e);
		this.#checkEncoder(track, e);
		if (leaf === tileLeaf)
			this.#checkSource(camera, e);
		folder.named.set(e.number);
		if (isCopy || !camera.hasCopy) {
			camera.hasCopy ||= isCopy;
			this.#cover(camera, e.start, endMs);
		}
		if (line.segments++ === 0)
			Object.assign(line, {first: e.number, fromMs: e.start});
		Object.assign(line, {last: e.number, toMs: endMs});
		line.clock[e.clock.source]++;
		line.clock.worstMs = Math.max(line.clock.worstMs, e.clock.errorMs);
		const signature = e["camera-signature"].split(" sha256:")[0];

		if (signature !== "none")
			line.signatures[signature] = (line.signatures[signature] ?? 0) + 1;
		this.#countCosigned(e, index);
		Object.assign(track, {leaf, tileLeaf, seen: true, lost: false});
		if (this.past && this.report.isSigned) {
			track.unsignedFirst ||= e.number;
			track.unsignedLast = e.number;
		}
		await this.media.segment(track, e, this.#start === null || this.#start.keep.includes(e.rendition));
		return {track, number: e.number};
	}

	/* A segment that witnesses have not cosigned. */
	#countCosigned(e, index) {
		const {cosignedSize, uncosigned} = this.report;

		if (cosignedSize === null || index < cosignedSize)
			return;
		if (!uncosigned.segments++ || e.start < uncosigned.fromMs)
			uncosigned.fromMs = e.start;
	}

	/* The chain: this entry names the leaf of the one before. */
	#checkOrder(track, e) {
		const {line} = track, where = {camera: e.camera, rendition: e.rendition};

		if (track.lost) {
			if (e.number > line.last + 1)
				this.report.add("missing", {...where, first: line.last + 1, last: e.number - 1}, "their entries, if there were any, cannot be read");
			return;
		}
		if (track.seen && e.number <= line.last)
			this.report.add("order", {...where, first: e.number, last: e.number}, `comes after segment ${line.last} in the log`);
		if (track.seen ? e.previous === track.leaf || e.previous === track.tileLeaf : this.isClip || e.previous === NONE)
			return;
		this.namedLog = true;
		this.report.add("order", {...where, first: track.seen ? line.last : e.number, last: e.number},
			track.seen ? "the later entry does not follow the earlier one: one of them was changed, or one between them is gone" :
				"the first entry of this rendition says that there were earlier ones");
	}

	/* The encoder entry that a segment names is one of the last before it. */
	#checkEncoder(track, e) {
		if (e.encoder && !track.lost && !track.encoders.includes(e.encoder))
			this.report.add("order", {camera: e.camera, rendition: e.rendition, first: e.number, last: e.number},
				"names an encoder entry that is not before it");
	}

	/* A copy segment's bytes are what the encoded segments of its number say that they were made from. */
	#checkSource({copies}, {camera, rendition, number, media, source}) {
		const copy = copies.get(number % COPIES);

		if (rendition === "copy")
			copies.set(number % COPIES, {number, media});
		else if (rendition !== "audio" && copy?.number === number && source !== NONE && source !== copy.media)
			this.report.add("order", {camera, rendition, first: number, last: number},
				"says that it was made from other bytes than the copy segment of its number has");
	}

	async #other(e, leaf, index) {
		const {report} = this;

		switch (e.kind) {
		case "gap":
			this.#gap(this.tables.camera(e.camera), e);
			break;
		case "delete":
			this.#deleted(e, index);
			break;
		case "start":
			await this.#started(e);
			break;
		case "stop":
			report.stops++;
			this.#running = false;
			break;
		case "key":
			await this.#keyChanged(e);
			break;
		case "encoder":
			this.#encoder(this.tables.track(e.camera, e.rendition), e, leaf);
			break;
		case "login":
			report[e.result === "accepted" ? "logins" : "refusals"] += e.count;
			break;
		case "watch":
			report.views++;
			break;
		case "export":
			this.#exported(e, index);
			report.note("exports", e);
			break;
		case "alarm":
		case "config":
			report.note(`${e.kind}s`, e);
			break;
		}
	}

	/* Footage of a camera, or a gap. A clock that was set back only covers some time twice. */
	#cover(camera, fromMs, toMs) {
		if (camera.coveredMs && !camera.lost && fromMs - camera.coveredMs > TOLERANCE_MS)
			this.report.add("unaccounted", {camera: camera.name, fromMs: camera.coveredMs, toMs: fromMs}, "no footage and no gap entry");
		camera.coveredMs = Math.max(camera.coveredMs, toMs);
		camera.lost = false;
	}

	/* An account is opened at the begin of a run, or by a gap of no time, or by what ends the time without one; a gap of no time closes it. */
	#gap(camera, e) {
		const isRemoved = e.why === "removed", isMoment = e.from === e.to;

		this.#cover(camera, e.from, e.to);
		if (e.why === "clock-step")
			camera.coveredMs = e.to;
		if (isMoment && isRemoved)
			camera.open = false;
		else if (isMoment || isRemoved || e.to === this.#start?.time)
			camera.open = true;
		this.report.note("gaps", e);
	}

	#checkOpen(toMs, behindMs) {
		for (const {name, open, lost, coveredMs} of this.tables.cameras.values())
			if (open && !lost && toMs - coveredMs > behindMs)
				this.report.add("unaccounted", {camera: name, fromMs: coveredMs, toMs}, "no footage and no gap entry");
	}

	#encoder(track, e, leaf) {
		const encoding = `${e.encoder}\n${e.settings}`;

		track.encoders = [leaf, ...track.encoders].slice(0, ENCODERS_KNOWN);
		if (encoding !== track.encoding)
			this.report.note("encoders", e);
		track.encoding = encoding;
	}

	async #started(e) {
		const {report} = this;

		report.crashes += this.#running ? 1 : 0;
		report.starts++;
		this.#running = true;
		if (!this.#start || programsOf(this.#start) !== programsOf(e))
			report.note("programs", e);
		this.#start = e;
		await this.#runsWith(e);
	}

	/*
	 * A run that begins while its key is handed over has the key before still: by then that one signs nothing that is new, and what holds for the
	 * run is what holds for the next one. From a run of that one on it is over.
	 */
	async #runsWith({time, key, root}) {
		const owner = root || key;

		if (this.#turn?.by !== owner)
			this.#turn = null;
		if (!this.#turn && key !== this.#logKey) {
			this.report.note("keys", {time, key, by: root ?? "", why: root ? "certificate" : "start"});
			this.#logKey = key;
		}
		const signs = this.#turn?.key ?? owner;

		if (!this.#strangeKey && !await this.keys.knows(key) && !await this.keys.knows(owner) && !await this.keys.knows(signs))
			this.#strangeKey = signs;
	}

	/* Who begins with a later key meets earlier ones; they are in order when key/v1 entries lead from them to a known one. */
	async #keyChanged(e) {
		this.report.note("keys", e);
		this.#logKey = e.key;
		this.#turn = e;
		if (this.#strangeKey === e.by)
			this.#strangeKey = await this.keys.knows(e.key) ? "" : e.key;
	}

	/* Whether the clip's files hold just so much of a rendition. */
	#holds(camera, {rendition, segments, bytes}) {
		const track = this.tables.find(camera, rendition);

		return track?.line.inFiles === segments && track.film.bytes === bytes;
	}

	/* An export entry comes after all that it is about, the other rendition's segments too. */
	#exported(e, index) {
		const track = this.tables.find(e.camera, e.rendition);

		if (this.#holds(e.camera, e) && e.from === track.film.fromMs && e.to === track.film.toMs && (!e.beside || this.#holds(e.camera, e.beside)))
			track.exported = index;
	}

	#deleted(e, index) {
		const {camera, rendition} = e, from = e["from-number"], to = e["to-number"], track = this.tables.find(camera, rendition);

		/* A clip has the entries of its own time only. */
		if (!track && this.isClip)
			return;
		if (!track || (!this.isClip && to > track.line.last && !track.lost)) {
			this.report.add("order", {camera, rendition, first: from, last: to}, "deleted before they were logged");
			return;
		}
		this.report.note("deletes", e);
		for (const {folder, number} of named(track, from, to)) {
			track.line.deleted += folder.deleted.has(number) ? 0 : 1;
			if (folder.missing.has(number) && !folder.deleted.has(number))
				track.excused = index;
			folder.deleted.set(number);
			folder.missing.set(number, false);
		}
	}

	/* Runs of missing segments, each said once. */
	#sayMissing(track) {
		const {camera, rendition} = track.line;
		let run = null;
		const say = () => {
			track.line.missing += run?.count ?? 0;
			if (run)
				this.report.add("missing", {camera, rendition, first: run.first, last: run.last}, run.count === 1 ?
					"1 sealed segment is not there, and no entry says that it was deleted" :
					`${run.count} sealed segments are not there, and no entry says that they were deleted`);
			run = null;
		};

		for (const {folder, number} of named(track)) {
			if (!folder.missing.has(number)) {
				say();
				continue;
			}
			run ??= {first: number, last: number, count: 0};
			run.last = number;
			run.count++;
		}
		say();
	}
}
