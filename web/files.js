/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was chosen or dropped, as a source of files (source.js). A dropped folder
 * is looked into as it is read, so that its size does not matter: by handles
 * (FileSystemHandle) where a browser has them, which also work on a page from a
 * disk; by entries (FileSystemEntry) elsewhere.
 */
import {MapSource} from "./source.js";

const FOLDERS_KEPT = 64;
const LOOKED_AT_MAX = 100000;  /* files, for other folders of evidence than the one that is checked */

/* A browser may not let a page from a disk look into dropped folders by entries. */
function inWords(e) {
	return e.name === "EncodingError" || e.name === "SecurityError" ?
		new Error("this browser does not let a page look into what was dropped; choose the folder with the button") : e;
}

const isMissing = (e) => e.name === "NotFoundError" || e.name === "TypeMismatchError";

async function orNull(promise) {
	try {
		return await promise;
	} catch (e) {
		if (isMissing(e))
			return null;
		throw inWords(e);
	}
}

/* Both kinds of folders alike: file(name) and folder(name), null where there is none; all() gives {name, folder: null for a file}. */

class HandleFolder {
	constructor(handle) {
		this.handle = handle;
	}

	async file(name) {
		const file = await orNull(this.handle.getFileHandle(name));

		return file && file.getFile();
	}

	async folder(name) {
		const folder = await orNull(this.handle.getDirectoryHandle(name));

		return folder && new HandleFolder(folder);
	}

	async * all() {
		for await (const [name, handle] of this.handle)
			yield {name, folder: handle.kind === "directory" ? new HandleFolder(handle) : null};
	}
}

class EntryFolder {
	constructor(entry) {
		this.entry = entry;
	}

	async file(name) {
		const entry = await orNull(new Promise((done, failed) => this.entry.getFile(name, {}, done, failed)));

		return entry && orNull(new Promise((done, failed) => entry.file(done, failed)));
	}

	async folder(name) {
		const entry = await orNull(new Promise((done, failed) => this.entry.getDirectory(name, {}, done, failed)));

		return entry && new EntryFolder(entry);
	}

	async * all() {
		const reader = this.entry.createReader();

		for (let some; !some || some.length;) {
			some = await orNull(new Promise((done, failed) => reader.readEntries(done, failed))) ?? [];
			for (const entry of some)
				yield {name: entry.name, folder: entry.isDirectory ? new EntryFolder(entry) : null};
		}
	}
}

/* Several things that were dropped together, as if they lay in one folder. */
class Heap {
	#things;

	/* things: {name, folder} or {name, take: () -> File} */
	constructor(things) {
		this.#things = new Map(things.map((t) => [t.name, t]));
	}

	file(name) {
		return this.#things.get(name)?.take?.() ?? null;
	}

	folder(name) {
		return this.#things.get(name)?.folder ?? null;
	}

	async * all() {
		for (const {name, folder = null} of this.#things.values())
			yield {name, folder};
	}
}

class FolderSource {
	#root;
	#kept = new Map();      /* path -> folder: those that were asked for last */

	constructor(root) {
		this.#root = root;
	}

	async #folder(path) {
		if (path === "")
			return this.#root;
		if (!this.#kept.has(path)) {
			const cut = path.lastIndexOf("/"), above = await this.#folder(path.slice(0, Math.max(cut, 0)));

			this.#kept.set(path, above && await above.folder(path.slice(cut + 1)));
			if (this.#kept.size > FOLDERS_KEPT)
				this.#kept.delete(this.#kept.keys().next().value);
		}
		return this.#kept.get(path);
	}

	async open(path) {
		const cut = path.lastIndexOf("/"), folder = await this.#folder(path.slice(0, Math.max(cut, 0)));

		return folder && folder.file(path.slice(cut + 1));
	}

	async * list(path) {
		const folder = await this.#folder(path);

		if (folder)
			yield* this.#all(folder, path && `${path}/`);
	}

	async * #all(folder, prefix) {
		for await (const {name, folder: below} of folder.all()) {
			if (below)
				yield* this.#all(below, `${prefix}${name}/`);
			else
				yield `${prefix}${name}`;
		}
	}
}

/* A folder below, as if it were the whole. */
class Below {
	constructor(source, prefix) {
		this.source = source;
		this.prefix = prefix;
	}

	open(path) {
		return this.source.open(this.prefix + path);
	}

	async * list(folder) {
		for await (const path of this.source.list((this.prefix + folder).replace(/\/$/, "")))
			yield path.slice(this.prefix.length);
	}
}

/* Files of an <input>: a folder's, by their paths in it, or single ones. */
export function sourceOfFiles(files) {
	return new MapSource(new Map(Array.from(files, (f) => [f.webkitRelativePath.split("/").slice(1).join("/") || f.name, f])));
}

/* Must be called while the drop is handled: the items are gone afterwards. */
export function sourceOfDrop(items) {
	const things = Array.from(items).filter((i) => i.kind === "file").map((item) =>
		item.getAsFileSystemHandle ? item.getAsFileSystemHandle().then(thingOfHandle) : thingOfEntry(item.webkitGetAsEntry()));

	return Promise.all(things).then((all) => new FolderSource(all.length === 1 && all[0].folder ? all[0].folder : new Heap(all)));
}

function thingOfHandle(handle) {
	return handle.kind === "directory" ? {name: handle.name, folder: new HandleFolder(handle)} : {name: handle.name, take: () => handle.getFile()};
}

function thingOfEntry(entry) {
	return entry.isDirectory ? {name: entry.name, folder: new EntryFolder(entry)} :
		{name: entry.name, take: () => orNull(new Promise((done, failed) => entry.file(done, failed)))};
}

/* Where in a source the evidence lies, when it is in a folder further down: {source, folder, others}, others the folders of more of it. */
export async function descend(source) {
	const prefixes = new Set();
	let looked = 0;

	for await (const path of source.list("")) {
		const [, prefix] = /^((?:[^/]+\/)*?)(?:proofs\/[0-9]+\.tlog-proof|log\/(?:checkpoint|tile\/.*)|footage\/.*)$/s.exec(path) ?? [];

		if (prefix !== undefined)
			prefixes.add(prefix);
		/* What is dropped is evidence itself: what lies below is a part of it. */
		if (prefix === "" || ++looked === LOOKED_AT_MAX)
			break;
	}
	const [first = "", ...others] = prefixes.has("") ? [""] : Array.from(prefixes).sort();

	return {source: first ? new Below(source, first) : source, folder: first, others};
}
