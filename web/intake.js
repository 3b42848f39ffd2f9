/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes to hls.js is looked at before it has it: each segment's and init segment's hash is taken from the very bytes that go to the decoder,
 * and handed to a Watch.
 */
import {hex} from "./bytes.js";
import Hls from "./hls.min.mjs";

const INITS_MAX = 256;
const INIT_MS = 3000;
/* N.m4s, or N.P.TAG.m4s: part P of segment N. */
const SEGMENT_URL = /^(\/live\/([a-z0-9-]{1,32})\/([a-z0-9-]{1,32})\/([1-9][0-9]{0,15}))(?:\.([0-9]{1,4})\.[0-9a-f]{8})?\.m4s$/;

const retry = {maxNumRetry: 4, retryDelayMs: 500, maxRetryDelayMs: 2000};
/* How hls.js tries to load something: so long until the first byte, and until all of it. */
export const policy = (firstByteMs, wholeMs) => ({default: {maxTimeToFirstByteMs: firstByteMs, maxLoadTimeMs: wholeMs,
	timeoutRetry: retry, errorRetry: retry}});

/* What a segment's address says, or a part's (part: its place in the segment, else null); null for others. url: the segment's. */
function segmentOf(url) {
	const u = new URL(url, location.href);
	const found = u.origin === location.origin && u.search === "" ? SEGMENT_URL.exec(u.pathname) : null;
	const [, base, camera, rendition, number, part] = found ?? [];

	return found && {camera, rendition, number: Number(number), part: part === undefined ? null : Number(part), url: `${base}.m4s`};
}

/* hls.js' own loader, with a look at what came before the player has it. */
export function loaderFor(look) {
	return class extends Hls.DefaultConfig.loader {
		load(context, config, callbacks) {
			super.load(context, config, {...callbacks, onSuccess: (response, stats, c, details) => {
				look(response, c);
				callbacks.onSuccess(response, stats, c, details);
			}});
		}
	};
}

export class Intake {
	#camera;
	#watch;
	#parts;
	#inits = new Map();        // address of an init segment -> {hash: promise, resolve, come}

	/* parts: a LiveParts, or null where whole segments come alone. */
	constructor(camera, watch, parts) {
		this.#camera = camera;
		this.#watch = watch;
		this.#parts = parts;
	}

	/* The digest takes its copy of the bytes here and now, before the player can touch them. */
	take({frag, part}, data) {
		const hash = () => crypto.subtle.digest("SHA-256", data).then((h) => new Uint8Array(h));

		if (frag.sn === "initSegment") {
			this.#initCame(frag.url, hash());
			return;
		}
		const of = segmentOf((part ?? frag).url), index = part ? part.index : null;

		if (of?.camera !== this.#camera || of.part !== index) {
			this.#watch.fail(this.#camera, "the playlist names what is no segment of this camera");
			return;
		}
		const segment = {rendition: of.rendition, number: of.number, url: of.url, place: frag.sn, dateMs: Date.parse(frag.rawProgramDateTime),
			init: this.#awaitInit(frag.initSegment?.url)};

		if (part && this.#parts)
			this.#parts.part(segment, index, data);
		else
			this.#watch.segment({...segment, media: hash()});
	}

	/* Its address names its contents, so that another one under the same address is one failure more. */
	async #initCame(url, hash) {
		const init = this.#initOf(url), again = init.come;

		init.come = true;
		init.resolve(hash);
		if (again && hex(await init.hash) !== hex(await hash))
			this.#watch.fail(this.#camera, "its init segment is not the one that came before");
	}

	#initOf(url) {
		let init = this.#inits.get(url);

		if (!init) {
			init = {come: false};
			init.hash = new Promise((resolve) => { init.resolve = resolve; });
			this.#inits.set(url, init);
			if (this.#inits.size > INITS_MAX)
				this.#inits.delete(this.#inits.keys().next().value);
		}
		return init;
	}

	/*
	 * hls.js asks for a segment and its init segment at once, and gives up either when it changes its mind: the one that
	 * does not come by the player is fetched here, so that no segment waits for ever.
	 */
	#awaitInit(url) {
		if (!url)
			return null;
		const init = this.#initOf(url);

		if (!init.come)
			setTimeout(() => this.#fetchInit(url), INIT_MS);
		return init.hash;
	}

	async #fetchInit(url) {
		const response = this.#initOf(url).come ? null : await fetch(url).catch(() => null);

		if (response?.ok)
			this.#initCame(url, crypto.subtle.digest("SHA-256", await response.arrayBuffer()).then((h) => new Uint8Array(h)));
	}
}
