/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays one camera live by hls.js, part by part where the server has parts, and hands every segment's hash to a Watch,
 * taken from the very bytes that go to the decoder. Whatever ends the picture
 * (camera, network, a restarted server) is tried again until it is back.
 */
import Hls from "./hls.min.mjs";
import {Intake, loaderFor, policy} from "./intake.js";
import {LiveParts} from "./liveparts.js";
import {Pace, distanceOf} from "./livepace.js";

const AGAIN_MS = 1500;
const AGAIN_MAX_MS = 5000;
const STUCK_MS = 8000;
const RECOVER_MS = 5000;
const BEHIND_S = 15;       // more than this, and going on after a pause means: from now
const DISCONTINUITIES_BELOW = 100;

const CONFIG = {
	enableWorker: false,
	lowLatencyMode: true,
	/* The distance and how it is kept are livepace.js': hls.js makes up for nothing with less than a second in the buffer. */
	liveSyncDuration: 6,
	liveMaxLatencyDuration: 30,
	liveSyncOnStallIncrease: 0,
	maxLiveSyncPlaybackRate: 1,
	maxBufferLength: 20,
	backBufferLength: 20,
	/* A trial segment would be loaded without its init segment; a viewer in the same building needs none. */
	testBandwidth: false,
	abrEwmaDefaultEstimate: 6e6,
	/* A playlist that has nothing yet is held back by the server for ten seconds. */
	manifestLoadPolicy: policy(15000, 20000),
	playlistLoadPolicy: policy(15000, 20000),
	fragLoadPolicy: policy(10000, 30000),
};

function renditionOf(level) {
	return new URL(level.url[0] ?? level.uri, location.href).pathname.split("/")[3];
}

/* Seconds that are buffered from there on without a hole. */
function aheadOf(buffered, time) {
	for (let i = buffered.length - 1; i >= 0; i--)
		if (buffered.start(i) <= time && time < buffered.end(i))
			return buffered.end(i) - time;
	return 0;
}

export class Player {
	#camera;
	#video;
	#hls = null;               // null between an end and a new beginning
	#intake;
	#wanted = "auto";          // a rendition's name
	#held = false;             // paused by the viewer
	#timer = 0;
	#tries = 0;
	#moved = {at: 0, time: 0};
	#recoveredMs = 0;
	#onLevels;
	#listed = null;            // {level, startSN, endSN} of the newest playlist
	#cut = false;              // what comes next does not go on with what is buffered
	#discontinuities = null;   // what is taken from their count
	#parts;
	#pace = new Pace();
	#distance = null;          // {behind, parts} of the newest playlist of pictures
	#onTime = () => this.#keepPace();

	static isSupported() {
		return Hls.isSupported();
	}

	/* onLevels([{name, width, height}], playing): the renditions to choose from, and the one that plays. env: as LiveParts has it. */
	constructor(camera, video, watch, onLevels, env) {
		this.#camera = camera;
		this.#video = video;
		this.#onLevels = onLevels;
		this.#parts = new LiveParts({...env, fetch: (url) => fetch(url)}, (segment, media) => watch.segment({...segment, media}));
		this.#intake = new Intake(camera, watch, this.#parts);
		video.addEventListener("timeupdate", this.#onTime);
		this.#begin();
	}

	end() {
		clearTimeout(this.#timer);
		this.#video.removeEventListener("timeupdate", this.#onTime);
		this.#video.playbackRate = 1;
		this.#hls?.destroy();
		this.#hls = null;
		this.#video.removeAttribute("src");
		this.#video.load();
	}

	choose(rendition) {
		this.#wanted = rendition;
		if (this.#hls)
			this.#hls.nextLevel = this.#wantedLevel();
	}

	pause() {
		this.#held = true;
		this.#video.pause();
	}

	/* After a pause: live footage goes on from now. */
	resume() {
		const now = this.#hls?.liveSyncPosition;

		if (now && now - this.#video.currentTime > BEHIND_S)
			this.#video.currentTime = now;
		this.#play();
	}

	/* Capture time of the picture shown, milliseconds since 1970, or null. */
	get capturedMs() {
		return this.#hls?.playingDate?.getTime() ?? null;
	}

	/* Whether it plays part by part, as near to the camera as this server and network let it. */
	get isNear() {
		return this.#distance?.parts === true;
	}

	/* To be called every second or so. live: whether the camera sends. */
	tick(nowMs, live) {
		const time = this.#video.currentTime;

		if (this.#cut && this.#video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) {
			this.#cut = false;
			this.#again(0);
		} else if (time !== this.#moved.time || this.#video.paused || document.hidden || !live) {
			if (time > this.#moved.time)
				this.#tries = 0;
			this.#moved = {at: nowMs, time};
		} else if (nowMs - this.#moved.at > STUCK_MS) {
			this.#again();
		}
	}

	#begin() {
		const hls = new Hls({...CONFIG,
			fLoader: loaderFor((response, context) => this.#intake.take(context, response.data)),
			pLoader: loaderFor((response, context) => {
				response.data = this.#renumber(response.data);
				if (context.type === "level")
					this.#keepDistance(response.data);
			}),
		});

		this.#hls = hls;
		this.#listed = null;
		this.#cut = false;
		this.#moved = {at: Date.now(), time: this.#video.currentTime};
		hls.on(Hls.Events.MANIFEST_PARSED, () => {
			hls.startLevel = this.#wantedLevel();
			if (this.#wanted !== "auto")
				hls.nextLevel = this.#wantedLevel();
			this.#sayLevels();
		});
		hls.on(Hls.Events.BUFFER_APPENDED, () => this.#start());
		hls.on(Hls.Events.LEVEL_SWITCHED, () => this.#sayLevels());
		hls.on(Hls.Events.LEVEL_LOADED, (_, data) => this.#onPlaylist(data.level, data.details));
		hls.on(Hls.Events.LEVEL_UPDATED, (_, data) => this.#onListed(hls.levels[data.level].url[0], data.details));
		hls.on(Hls.Events.AUDIO_TRACK_UPDATED, (_, data) => this.#onListed(hls.audioTracks[data.id].url, data.details));
		hls.on(Hls.Events.ERROR, (_, data) => this.#onError(data));
		hls.loadSource(`/live/${this.#camera}/index.m3u8`);
		hls.attachMedia(this.#video);
	}

	/* Attaching media pauses the element, so it is started when there is something to play, unless the viewer has paused it. */
	#start() {
		if (this.#video.paused && !this.#held)
			this.#play();
	}

	/* A browser may refuse to start by itself; the button is there then. */
	#play() {
		this.#held = false;
		this.#video.play().catch(() => {});
	}

	#wantedLevel() {
		return this.#wanted === "auto" ? -1 : this.#hls.levels.findIndex((l) => renditionOf(l) === this.#wanted);
	}

	#sayLevels() {
		const levels = this.#hls.levels.map((l) => ({name: renditionOf(l), width: l.width, height: l.height}));

		this.#onLevels(levels, levels[this.#hls.currentLevel]?.name ?? "");
	}

	#onError(data) {
		if (data.details === Hls.ErrorDetails.BUFFER_STALLED_ERROR)
			this.#pace.stalled(Date.now());
		if (!data.fatal)
			return;
		const nowMs = Date.now();

		if (data.type === Hls.ErrorTypes.MEDIA_ERROR && nowMs - this.#recoveredMs > RECOVER_MS) {
			this.#recoveredMs = nowMs;
			this.#hls.recoverMediaError();
		} else {
			this.#again();
		}
	}

	/*
	 * A playlist that has no segment in common with the one before it (a part of the server was restarted, the viewer's
	 * machine slept) has no place on hls.js' timeline: what is buffered is played to its end, then all begins anew.
	 */
	#onPlaylist(level, {startSN, endSN}) {
		const before = this.#listed;

		this.#listed = {level, startSN, endSN};
		if (before?.level !== level || (startSN <= before.endSN && endSN >= before.endSN))
			return;
		this.#cut = true;
		this.#hls.stopLoad();
	}

	/* hls.js takes where to begin from its target, so it is told before it reads the playlist. */
	#keepDistance(playlist) {
		const distance = distanceOf(playlist);

		if (distance.behind !== this.#distance?.behind || this.#hls.config.liveSyncDuration !== distance.behind)
			this.#hls.targetLatency = distance.behind;
		this.#distance = distance;
	}

	#keepPace() {
		const video = this.#video, {buffered, currentTime} = video, latency = this.#hls?.latency;

		if (!latency || !this.#distance || !buffered.length || video.paused || video.seeking)
			return;
		const ahead = aheadOf(buffered, currentTime);
		const {rate, leap} = this.#pace.step({latency, behind: this.#distance.behind, ahead}, Date.now());

		if (video.playbackRate !== rate)
			video.playbackRate = rate;
		if (leap)
			video.currentTime = currentTime + leap;
	}

	/* A playlist, put together with the one before it: which segments are whole, and of how many parts. */
	#onListed(url, {endSN, partList}) {
		const rendition = new URL(url, location.href).pathname.split("/")[3];

		this.#parts.listed(rendition, endSN, (number) => partList?.filter((p) => p.fragment.sn === number).length ?? 0);
	}

	/* From the start, after a while that grows. */
	#again(firstMs = AGAIN_MS) {
		const waitMs = this.#tries ? Math.min(AGAIN_MS * 2 ** this.#tries, AGAIN_MAX_MS) : firstMs;

		this.#tries++;

		clearTimeout(this.#timer);
		this.#hls?.destroy();
		this.#hls = null;
		this.#moved = {at: Date.now(), time: this.#video.currentTime};
		this.#timer = setTimeout(() => this.#begin(), waitMs);
	}

	/*
	 * hls.js keeps arrays as long as the count of discontinuities and walks through them, for seconds when that count has
	 * eight digits. Only its differences matter, so it is made small: from the first one seen, with room below.
	 */
	#renumber(playlist) {
		return playlist.replace(/^(#EXT-X-DISCONTINUITY-SEQUENCE:)([0-9]{1,15})$/m, (_, tag, count) => {
			this.#discontinuities ??= Math.max(0, Number(count) - DISCONTINUITIES_BELOW);
			return tag + Math.max(0, Number(count) - this.#discontinuities);
		});
	}
}
