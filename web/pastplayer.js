/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays what was recorded of a camera from a time on, by hls.js, half an hour's playlist after the other. Hashes go to a Watch as they do when it is
 * live: it is the same log.
 */
import Hls from "./hls.min.mjs";
import {Intake, loaderFor, policy} from "./intake.js";

const LIST_S = 1800;
const AGAIN_MS = 2000;
const AGAIN_MAX_MS = 15000;
const RECOVER_MS = 5000;
const END_MS = 1000;          // nearer to its list's end than this, and still for so many ticks: that was all
const STILL_TICKS = 4;
const SKIP_MS = 250;          // over a time that its list ends before, though the account has it
const JUMP_MS = 3000;         // more than that between two pictures shown: something is missing between them

const CONFIG = {
	enableWorker: false,
	startPosition: 0,
	maxBufferLength: 20,
	backBufferLength: 20,
	testBandwidth: false,
	/* Holes are between timelines, and told of: they are not for hls.js to wait at. */
	manifestLoadPolicy: policy(15000, 20000),
	playlistLoadPolicy: policy(15000, 20000),
	fragLoadPolicy: policy(10000, 30000),
};

export class PastPlayer {
	#camera;
	#video;
	#watch;
	#told;
	#hls = null;
	#atMs;
	#held = false;
	#timer = 0;
	#tries = 0;
	#recoveredMs = 0;
	#shownMs = null;
	#sought = false;
	#meantMs = null;           // of the last tick
	#still = 0;
	#over = false;             // nothing of the list is to be shown any more
	#onEnded = () => this.#told.ended(this.#endMs());

	/*
	 * told: {ended(ms): all of the list was played, which ends then; none(): there is nothing from that time on; jumped(fromMs, toMs): nothing
	 * between the two was shown}.
	 */
	constructor(camera, video, watch, atMs, told) {
		this.#camera = camera;
		this.#video = video;
		this.#watch = watch;
		this.#atMs = atMs;
		this.#told = told;
		video.addEventListener("ended", this.#onEnded);
		this.#begin();
	}

	end() {
		clearTimeout(this.#timer);
		this.#video.removeEventListener("ended", this.#onEnded);
		this.#hls?.destroy();
		this.#hls = null;
		this.#video.removeAttribute("src");
		this.#video.load();
	}

	/* There is one rendition of what was recorded. */
	choose() {}

	pause() {
		this.#held = true;
		this.#video.pause();
	}

	resume() {
		this.#held = false;
		this.#video.play().catch(() => {});
	}

	/* Goes to that time where the list at hand has it; false where it has not. */
	seek(ms) {
		const fragment = this.#fragments().findLast((f) => f.programDateTime <= ms);

		if (!fragment || ms >= fragment.programDateTime + fragment.duration * 1000)
			return false;
		this.#shownMs = null;
		this.#atMs = ms;
		this.#over = false;
		this.#video.currentTime = fragment.start + (ms - fragment.programDateTime) / 1000;
		/* A browser pauses at an end. */
		if (!this.#held)
			this.resume();
		return true;
	}

	/* Capture time of the picture shown, or of the one that is meant. */
	get capturedMs() {
		return (this.#sought && this.#hls?.playingDate?.getTime()) || this.#atMs;
	}

	get isNear() {
		return false;
	}

	/* To be called every second or so. */
	tick() {
		const ms = this.#sought ? this.#hls?.playingDate?.getTime() ?? null : null;

		this.#lookAtEnd(ms ?? this.#atMs);
		if (ms === null || this.#video.seeking)
			return;
		if (this.#shownMs !== null && ms - this.#shownMs > JUMP_MS)
			this.#told.jumped(this.#shownMs, ms);
		if (!this.#video.paused && ms !== this.#shownMs)
			this.#tries = 0;
		this.#shownMs = ms;
		this.#atMs = ms;
	}

	/*
	 * Sound and pictures of a list seldom end at one moment: there a browser may wait for what is not to come, also where it was to begin, and never
	 * say that it has ended.
	 */
	#lookAtEnd(ms) {
		const endMs = this.#endMs(), waits = this.#sought && !this.#video.paused && !this.#video.ended && endMs - ms < END_MS;

		this.#still = waits && ms === this.#meantMs ? this.#still + 1 : 0;
		this.#meantMs = ms;
		if (this.#still === STILL_TICKS)
			this.#told.ended(endMs);
	}

	#fragments() {
		return this.#hls?.levels[Math.max(this.#hls.currentLevel, 0)]?.details?.fragments ?? [];
	}

	#endMs() {
		const last = this.#fragments().at(-1);

		return last ? last.programDateTime + last.duration * 1000 : this.#atMs;
	}

	#begin() {
		const from = Math.floor(this.#atMs / 1000), intake = new Intake(this.#camera, this.#watch, null);
		const hls = new Hls({...CONFIG, fLoader: loaderFor((response, context) => intake.take(context, response.data))});

		this.#hls = hls;
		this.#sought = this.#over = false;
		this.#shownMs = null;
		hls.on(Hls.Events.BUFFER_APPENDED, () => this.#start());
		hls.on(Hls.Events.ERROR, (_, data) => this.#onError(data));
		hls.loadSource(`/live/${this.#camera}/${from}-${from + LIST_S}.m3u8`);
		hls.attachMedia(this.#video);
	}

	/* The list begins with the segment that the time lies in. One that ends before, since what comes next is not in it yet, is not played again. */
	#start() {
		if (!this.#sought) {
			this.#sought = true;
			if (!this.seek(this.#atMs) && this.#atMs >= this.#endMs()) {
				this.#over = true;
				this.#timer = setTimeout(() => this.#told.ended(this.#atMs + SKIP_MS));
				return;
			}
		}
		if (this.#video.paused && !this.#held && !this.#over && !this.#video.ended)
			this.resume();
	}

	#onError(data) {
		const nowMs = Date.now();

		if (!data.fatal)
			return;
		if (data.response?.code === 404 && data.type === Hls.ErrorTypes.NETWORK_ERROR && data.details !== Hls.ErrorDetails.FRAG_LOAD_ERROR) {
			this.#told.none();
		} else if (data.type === Hls.ErrorTypes.MEDIA_ERROR && nowMs - this.#recoveredMs > RECOVER_MS) {
			this.#recoveredMs = nowMs;
			this.#hls.recoverMediaError();
		} else {
			this.#again();
		}
	}

	/* From the picture that was shown last, after a while that grows. */
	#again() {
		clearTimeout(this.#timer);
		this.#hls?.destroy();
		this.#hls = null;
		this.#timer = setTimeout(() => this.#begin(), Math.min(AGAIN_MS * 2 ** this.#tries++, AGAIN_MAX_MS));
	}
}
