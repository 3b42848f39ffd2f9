/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clip (doc/evidence.5): each entry by its own proof, in the log's order, and
 * each .mp4 as the init segment and the segments that its entries name, one behind
 * the other.
 */
import {Account, salvage} from "./account.js";
import {Refused, sameBytes, sha256, hex} from "./bytes.js";
import {openCheckpoint} from "./note.js";
import {TooLong, bytesOf, hashOf, read} from "./source.js";
import {isConsistent, leafHash, rootOf} from "./tree.js";
import {PROOF_MAX_BYTES, parseConsistency, parseProof} from "./verify.js";

const KNOWN = ["checkpoint", "cosigned", "consistency", "keys", "policy", "site.key.pub", "report.txt", "report.html", "verify.html"];
const NOTE_MAX_BYTES = 16384;
const CONSISTENCY_MAX_BYTES = 64 * 45;
const INIT_MAX_BYTES = 64 << 10;
const FILES_MAX = 65536;
const PROOFS_MAX = 1 << 22;
const NUMBER = "(0|[1-9][0-9]{0,15})";
/*
 * CAMERA-RENDITION-FIRST-LAST.mp4. Its two names cannot be told apart (both may hold hyphens): the first entry that a file is
 * for says which they are.
 */
const MEDIA = new RegExp(`^([^/]{1,65})-${NUMBER}-${NUMBER}\\.mp4$`);
const PROOF = /^proofs\/(0|[1-9][0-9]{0,16})\.tlog-proof$/;

/* Length of the init segment at the beginning: all boxes up to moov (ISO/IEC 14496-12 section 4.2); 0 if there is none. */
function initBytes(head) {
	const view = new DataView(head.buffer, head.byteOffset, head.length);

	for (let at = 0; at + 8 <= head.length;) {
		const size = view.getUint32(at), type = String.fromCharCode(...head.subarray(at + 4, at + 8));

		if (size < 8 || at + size > head.length)
			return 0;
		at += size;
		if (type === "moov")
			return at;
	}
	return 0;
}

export class Clip {
	/* {path, track, first, last: as it is called; of: whose it is, null: no entry yet; from, to: as entries named it; at: where the next segment begins} */
	#files = [];
	#proofs = [];
	#target = null;
	#notes = [];                  /* {bytes, at}: the clip's checkpoint, and the earlier one that witnesses have cosigned, if that one is of the same log */

	/* As Archive. */
	constructor(source, keys, report, progress) {
		this.source = source;
		this.keys = keys;
		this.report = report;
		this.progress = progress;
		this.account = new Account(report, keys, this, true);
	}

	async check() {
		if (!await this.#begin())
			return;
		for await (const path of this.source.list(""))
			this.#see(path);
		this.#sortFiles();
		this.#proofs.sort((a, b) => a - b);
		for (const [i, index] of this.#proofs.entries()) {
			await this.#takeProof(index);
			this.progress?.(i + 1, this.#proofs.length);
		}
		for (const file of this.#files)
			await this.#endFile(file);
		this.account.endExports();
		if (!this.report.isSigned)
			this.account.sayUnsigned();
		this.account.end();
	}

	/* The clip's checkpoint; false: it could not be read at all. */
	async #begin() {
		const path = "checkpoint", cosigned = await this.#readCosigned();

		try {
			const note = await read(this.source, path, NOTE_MAX_BYTES);

			if (!note) {
				this.report.add("unreadable", {path}, "is not there");
				return false;
			}
			this.#target = await openCheckpoint(note, this.keys);
			this.report.checkpoint = this.#target;
			this.report.isSigned = true;
			this.#notes.push({bytes: note, at: this.#target});
			if (cosigned)
				await this.#takeCosigned(cosigned);
			this.report.notes = this.#notes;
		} catch (e) {
			if (!(e instanceof Refused || e instanceof TooLong)) {
				this.report.add("unreadable", {path}, e.message);
				return false;
			}
			this.report.add("log", {path}, e instanceof TooLong ? "is too long for a checkpoint" : e.message);
		}
		return true;
	}

	/* The checkpoint that witnesses have cosigned: {bytes, at}, or null. */
	async #readCosigned() {
		const path = "cosigned";

		try {
			const bytes = await read(this.source, path, NOTE_MAX_BYTES);

			return bytes && {bytes, at: await openCheckpoint(bytes, this.keys)};
		} catch (e) {
			const isBad = e instanceof Refused || e instanceof TooLong;

			this.report.add(isBad ? "log" : "unreadable", {path}, e instanceof TooLong ? "is too long for a checkpoint" : e.message);
			return null;
		}
	}

	/* A consistency proof leads from it to the clip's checkpoint; else it counts for nothing. */
	async #takeCosigned(cosigned) {
		const path = "consistency", why = await this.#whyNotConsistent(cosigned.at, path);

		if (why) {
			this.report.add("log", {path}, why);
			return;
		}
		this.#notes.push(cosigned);
		this.report.cosignedSize = cosigned.at.size;
	}

	async #whyNotConsistent(from, path) {
		const to = this.#target;

		if (from.size > to.size)
			return "witnesses have cosigned more entries than the checkpoint signs: it is an older one";
		try {
			const bytes = await read(this.source, path, CONSISTENCY_MAX_BYTES);

			if (!bytes)
				return "nothing leads from what witnesses have cosigned to the checkpoint";
			return isConsistent(from.size, from.root, to.size, to.root, parseConsistency(bytes)) ? "" :
				"witnesses have cosigned another log than the checkpoint signs";
		} catch {
			return "is not a consistency proof";
		}
	}

	#see(path) {
		const media = MEDIA.exec(path), proof = PROOF.exec(path);
		const [first, last] = media ? [BigInt(media[2]), BigInt(media[3])] : [];

		if (KNOWN.includes(path))
			return;
		if (media && first > 0 && first <= last && last <= 2 ** 53) {
			if (this.#files.length === FILES_MAX)
				throw new RangeError("more files than a clip can have");
			this.#files.push({path, track: media[1], first: Number(first), last: Number(last), of: null, from: 0, to: 0, at: 0, init: "", changed: null});
		} else if (proof && Number(proof[1]) < 2 ** 53) {
			if (this.#proofs.length === PROOFS_MAX)
				throw new RangeError("more proofs than a clip can have");
			this.#proofs.push(Number(proof[1]));
		} else {
			this.report.add("extra", {path}, "not a file of a clip");
		}
	}

	/*
	 * In an order that does not depend on how the folder was listed. A segment is in one film of its rendition: of two that are
	 * called by it, one shows something else in its place.
	 */
	#sortFiles() {
		let widest = null;

		this.#files.sort((a, b) => a.track < b.track ? -1 : a.track > b.track ? 1 : a.first - b.first || a.last - b.last);
		for (const file of this.#files) {
			const isSame = file.track === widest?.track, {path, first, last} = file;

			if (isSame && first <= widest.last)
				this.report.add("extra", {first, last, path}, `overlaps the film of ${widest.first} to ${widest.last}`);
			if (!isSame || last > widest.last)
				widest = file;
		}
	}

	async #takeProof(index) {
		const path = `proofs/${index}.tlog-proof`;
		let proof;

		try {
			proof = parseProof(await read(this.source, path, PROOF_MAX_BYTES));
		} catch (e) {
			const isBad = e instanceof Refused || e instanceof TooLong;

			this.report.add(isBad ? "log" : "unreadable", {path}, e instanceof TooLong ? "the proof is too long" : e.message);
			this.account.lose();
			return;
		}
		const leaf = leafHash(proof.entry), why = this.report.isSigned ? await this.#whyNot(proof, index, leaf) : null;

		if (why)
			this.report.add("log", {...salvage(proof.entry), path}, why);
		/* Also one that is not proved says where its segment lies, and so where the next one does. */
		await this.account.take(index, proof.entry, leaf, leaf);
	}

	/* What is wrong with a proof, or null. Its checkpoint is one of the clip's as far as it counts: another may have more cosignatures. */
	async #whyNot(proof, index, leaf) {
		let checkpoint = this.#notes.find((n) => sameBytes(proof.checkpoint, n.bytes))?.at;

		try {
			checkpoint ??= await openCheckpoint(proof.checkpoint, this.keys);
		} catch (e) {
			return e.message;
		}
		if (!this.#notes.some(({at}) => checkpoint.size === at.size && sameBytes(checkpoint.root, at.root)))
			return "its checkpoint is not the clip's";
		if (proof.index !== BigInt(index))
			return "its index is not the one that it is called by";
		const root = rootOf(leaf, proof.index, checkpoint.size, proof.path);

		return root && sameBytes(root, checkpoint.root) ? null : "the entry is not in the log that the checkpoint signs";
	}

	/* The last film of the rendition that begins at the segment or before it: who made the clip may have made many, so it is searched for by halves. */
	#fileOf(track, {camera, rendition, number}) {
		const name = `${camera}-${rendition}`;
		let low = 0, high = this.#files.length;

		while (low < high) {
			const middle = (low + high) >> 1, f = this.#files[middle];

			if (f.track < name || (f.track === name && f.first <= number))
				low = middle + 1;
			else
				high = middle;
		}
		const file = this.#files[low - 1];

		return file && file.track === name && file.last >= number && (file.of === null || file.of === track) ? file : null;
	}

	/* One segment, by its entry; for Account. */
	async segment(track, e, kept) {
		const file = this.#fileOf(track, e);

		if (!file && kept)
			this.account.tables.folder(track, e.number, true).missing.set(e.number);
		else if (!file)
			track.line.notKept++;
		if (!file)
			return;
		if (!file.from) {
			await this.#openFile(file);
			file.of = track;
			file.from = e.number;
			this.report.files.push({path: file.path, camera: e.camera, rendition: e.rendition, blob: file.blob});
		}
		this.#countFilm(track, e);
		await this.#checkPart(track, file, e);
		file.to = e.number;
	}

	/* What an export entry must say. */
	#countFilm(track, e) {
		const {film, line} = track;

		if (line.inFiles++ === 0)
			film.fromMs = e.start;
		film.toMs = e.start + Math.round(e.duration * 1000);
		film.bytes += e.bytes;
		track.exported = -1;
	}

	async #openFile(file) {
		try {
			file.blob = await this.source.open(file.path);
			const head = await bytesOf(file.blob, 0, Math.min(INIT_MAX_BYTES, file.blob.size));
			const n = initBytes(head);

			file.at = n;
			file.init = n ? hex(await sha256(head.subarray(0, n))) : "";
		} catch (e) {
			this.report.add("unreadable", {path: file.path}, e.message);
		}
	}

	async #checkPart(track, file, e) {
		const from = file.at, to = Math.min(from + e.bytes, file.blob?.size ?? 0);
		let hash;

		file.at = Math.max(from, to);
		try {
			hash = await hashOf(file.blob, from, file.at);
		} catch (error) {
			this.report.add("unreadable", {path: file.path}, error.message);
			return;
		}
		this.report.bytes += file.at - from;
		if (file.at - from < e.bytes) {
			this.#changed(file, e, "the file ends before it");
		} else if (hash !== e.media) {
			this.#changed(file, e, "the bytes where it should be are not those that were sealed");
		} else if (file.init !== e.init) {
			this.#changed(file, e, "the file does not begin with its init segment");
		} else {
			file.changed = null;
			track.line.good++;
			track.line.goodBytes += e.bytes;
		}
	}

	/* Segments in a row are said together. */
	#changed(file, e, what) {
		if (file.changed?.text === what && file.changed.last === file.to)
			file.changed.last = e.number;
		else
			file.changed = this.report.add("changed",
				{camera: e.camera, rendition: e.rendition, first: e.number, last: e.number, path: file.path}, what);
	}

	/* What a file holds besides, and lacks of what it is called by. */
	async #endFile({path, first, last, from, to, at, blob}) {
		const lacking = "the file is called by them, and the clip has no entries of them";

		if (!from) {
			this.report.add("extra", {first, last, path}, "no entry of the clip names what is in this file");
			return;
		}
		if (from !== first)
			this.report.add("missing", {first, last: from - 1, path}, lacking);
		if (to !== last)
			this.report.add("missing", {first: to + 1, last, path}, lacking);
		if (blob?.size > at)
			this.report.add("extra", {path}, "holds more bytes than the entries name");
	}
}
