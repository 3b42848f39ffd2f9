/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page behind the login: "#" shows the cameras, "#NAME" plays one, "#/site" is the site as a whole. Ties the
 * parts together; all text reaches the page by textContent.
 */
import {showBadge, showFailures, showLast, showUnable, UNABLE} from "./badge.js";
import {setUp as setUpExport} from "./export.js";
import {Health} from "./health.js";
import {setUp as setUpHelp} from "./help.js";
import {Keyring} from "./keyring.js";
import {Ledger} from "./ledger.js";
import {canVerify} from "./note.js";
import {unplayable} from "./playable.js";
import {Panels} from "./panels.js";
import {setUp as setUpProve} from "./prove.js";
import {ask, factsOf, momentText, poll, sentence, stateOf, timeText, troublesOf, whenText} from "./site.js";
import {Sleep} from "./sleep.js";
import {LIVE_MS, hashOf, missingAt, onFrom, placeOf, whyText} from "./spans.js";
import {Timeline} from "./timeline.js";
import {Trust} from "./trust.js";
import {Wall} from "./wall.js";
import {Watch} from "./watch.js";

const $ = (id) => document.getElementById(id);
const video = $("video");
const wall = new Wall($("cameras"), $("card"), storage("localStorage"));
const health = new Health($("health"));
const panels = new Panels();
const keyring = new Keyring(storage("localStorage"));
const ledger = new Ledger(storage("sessionStorage"));
const watches = new Map();      // camera -> Watch, for as long as the page lives
const STEP_MS = 10000;          // of an arrow key
const SETTLE_MS = 300;          // between two of them, when several follow each other: the last one is played
const TROUBLES_MAX = 12;        // lines of alarms
let site = null;
let player = null, playing = "", failedBefore = 0;
let players = null;             // {Player, PastPlayer}, once hls.js has come: the wall does without it
let past = null;                // the time that is meant while what was recorded is shown; null: live
let missing = null;             // why nothing of it is there, as missingAt has it
let endedMs = null;             // to where what was listed has been played
let view = "grid";              // or "player", "site"
let settledMs = 0;              // nothing recorded is asked for before
let silentUntilMs = 0;          // the server is asked again then; 0: it answers
const timeline = new Timeline($("past"), goTo, onAccount);
const sleep = new Sleep();
const setProvable = setUpProve($("prove"), () => ({keys: trust.able ? trust.keys : null, camera: playing}));

function storage(name) {
	try {
		return window[name];
	} catch {
		return null;
	}
}

const env = {
	fetch: (url) => ask(url, {signal: AbortSignal.timeout(15000)}),
	sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
	now: () => Date.now(),
	wokeMs: () => sleep.wokeMs,
};

/* What is wrong with the site as a whole is so with each camera's footage. */
const trust = new Trust(keyring, env, canVerify(), (text) => {
	for (const [camera, watch] of watches)
		watch.fail(camera, text);
});

async function replaceKey() {
	await trust.replace();
	ledger.clearAll();
	location.reload();
}

/* One camera */

function watchOf(camera) {
	if (!watches.has(camera)) {
		const watch = new Watch(camera, trust.keys, env);

		for (const {atMs, what, why} of ledger.read(camera))
			watch.fail(what, why, atMs);
		for (const text of trust.alarms.values())
			watch.fail(camera, text);
		watches.set(camera, watch);
	}
	return watches.get(camera);
}

/* What stands there until the first picture; "": nothing. */
function showPoster(address) {
	if (address)
		video.poster = address;
	else
		video.removeAttribute("poster");
}

function open(name) {
	playing = name;
	$("name").textContent = name;
	document.title = `${name} – casemate`;
	video.muted = true;
	showPoster(past === null ? wall.pictureOf(name) : "");
	$("levels").replaceChildren(new Option("Auto", "auto"));
	$("failures").replaceChildren();
	failedBefore = 0;
	health.open(name);
	timeline.open(name, past);
	begin();
	show();
}

const cameraNow = () => site?.cameras.find((c) => c.name === playing);
const may = (right) => cameraNow()?.may.includes(right) === true;
const sends = () => cameraNow() !== undefined && stateOf(cameraNow()).live;
/* By a link to a time there is no other. */
const mayPlay = () => cameraNow() !== undefined && (may("live") || cameraNow().may.length === 0);

/* The player that what is meant needs, as soon as it is known that there is something to play. */
function begin() {
	if (player || !playing || !players || !site)
		return;
	if (past === null) {
		if (!players.Player.isSupported())
			video.src ||= `/live/${playing}/index.m3u8`;
		else if (!cameraNow() || mayPlay())
			player = new players.Player(playing, video, watchOf(playing), showLevels, env);
	} else if (timeline.known && !missing && Date.now() >= settledMs) {
		missing = missingAt(timeline.account, past, Date.now(), sends());
		if (!missing)
			player = new players.PastPlayer(playing, video, watchOf(playing), past, {ended: onPastEnd, none: onPastNone, jumped: sayJump});
	}
}

function endPlayer() {
	player?.end();
	if (!player)
		video.removeAttribute("src");
	player = null;
	missing = null;
	endedMs = null;
	$("past-said").textContent = "";
}

/* To what was recorded at that time; null, or a time that is as good as now: to what is live. */
function goTo(ms) {
	const wasPast = past !== null, isLive = ms === null || (ms > Date.now() - LIVE_MS && may("live"));

	past = isLive ? null : ms;
	endedMs = null;
	$("past-said").textContent = "";
	history.replaceState(null, "", hashOf(playing, past));
	if (isLive && !wasPast && player)
		return;
	showPoster("");
	if (past !== null)
		timeline.reveal(past);
	if (!(past !== null && wasPast && player?.seek(past))) {
		endPlayer();
		settledMs = Date.now() + SETTLE_MS;
		setTimeout(show, SETTLE_MS);
		begin();
	}
	show();
}

/* Of what is recorded and not shown live (`copy: recorded`) nothing is to be had here. */
const mayGoBack = () => may("history") && cameraNow().renditions.some((r) => r.name === "copy");

/* So many milliseconds back or on. */
function step(byMs) {
	if (mayGoBack() && (past !== null || byMs < 0))
		goTo((past === null ? player?.capturedMs ?? Date.now() : player?.capturedMs ?? past) + byMs);
}

/* All of a list was played: behind it comes the next, or a gap, over which it goes on. Of what is still to come the last picture stays until it is there. */
function onPastEnd(ms) {
	endedMs = ms;
	goOn();
}

function goOn() {
	const ms = endedMs === null ? undefined : onFrom(timeline.account, endedMs, Date.now(), {mayLive: may("live"), sends: sends()});

	if (ms !== undefined)
		goTo(ms);
}

function onPastNone() {
	const meant = past;

	endPlayer();
	missing = missingAt(timeline.account, meant, Date.now(), sends()) ?? {toMs: Infinity, text: "Nothing of this time can be played"};
	show();
}

/* What was not there may be by now. */
function onAccount() {
	missing = null;
	show();
}

function sayJump(fromMs, toMs) {
	const gap = timeline.account.gaps.find((g) => g.fromMs < toMs && g.toMs > fromMs);

	$("past-said").textContent = `Nothing from ${timeText(fromMs)} to ${timeText(toMs)}${gap ? `: ${whyText(gap.why)}` : ""}.`;
}

function close() {
	endPlayer();
	timeline.close();
	past = null;
	playing = "";
	document.title = "casemate";
	$("export").open = false;
	health.close();
}

/* The viewer has taken note of what failed: the camera is watched from now on as if it were new. */
function forget() {
	const name = playing, atMs = past;

	ledger.clear(name);
	watches.delete(name);
	close();
	past = atMs;
	open(name);
}

function renditionsOf(name) {
	return site?.cameras.find((c) => c.name === name)?.renditions.filter((r) => r.kind === "video") ?? [];
}

/* Whether what is to be shown is only made now that somebody wants it. */
function isBeginning() {
	const chosen = $("levels").value;
	const meant = renditionsOf(playing).filter((r) => chosen === "auto" || r.name === chosen);

	return meant.length > 0 && meant.every((r) => r.on_demand && !r.live);
}

function showLevels(levels, now) {
	const chosen = $("levels").value;
	const demanded = (name) => renditionsOf(playing).some((r) => r.name === name && r.on_demand);
	const options = levels.map((l) => new Option(`${l.name} (${l.height}p${demanded(l.name) ? ", on demand" : ""})`, l.name));

	$("levels").replaceChildren(new Option(now && chosen === "auto" ? `Auto (${now})` : "Auto", "auto"), ...options);
	$("levels").value = levels.some((l) => l.name === chosen) ? chosen : "auto";
}

function showNotice(camera, state) {
	const stalled = video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
	const problem = stalled && (state?.live || state?.past) ? unplayable(camera) : null;
	const loading = silentUntilMs === 0 ? "Loading…" : "The server does not answer.";
	let lines = [];

	if (!camera)
		lines = [`There is no camera ${playing}.`];
	else if (past !== null)
		lines = missing ? [missing.text] : stalled && endedMs === null ? [loading] : [];
	else if (!mayPlay())
		lines = ["What is live is not for you to see.", "Choose a time below: what was recorded is."];
	else if (!state.live && !state.past)
		lines = [state.detail || state.word, [sentence(state.since), state.retry].filter(Boolean).join(" · ")];
	else if (problem)
		lines = [problem.what, problem.mend, problem.lines];
	else if (stalled && !video.ended)
		lines = [isBeginning() ? "Nobody was watching: its encoding begins…" : loading];
	$("notice").hidden = lines.length === 0 || (!stalled && camera !== undefined);
	$("notice-go").hidden = !missing;
	$("notice-go").textContent = missing && Number.isFinite(missing.toMs) ? `Go on at ${whenText(missing.toMs)}` : "Back to live";
	for (const [i, id] of ["notice-title", "notice-advice", "notice-lines"].entries())
		if ($(id).textContent !== (lines[i] ?? ""))
			$(id).textContent = lines[i] ?? "";
}

/* What the server found wrong, with the site as a whole (who is no admin is not told) and with cameras. Of few, each is said; of many, how many. */
function showTroubles() {
	const all = troublesOf(site);
	const shown = all.slice(0, TROUBLES_MAX);

	if (all.length > TROUBLES_MAX)
		shown.push(`And ${all.length - TROUBLES_MAX} more: casemate alarms lists them`);
	$("troubles").querySelector("ul").replaceChildren(...shown.map((text) => {
		const li = document.createElement("li");

		li.textContent = `${text}.`;
		return li;
	}));
	$("troubles").querySelector("summary").textContent = all.length === 1 ? `${all[0]}.` : `${all.length} alarms`;
	$("troubles").hidden = all.length === 0;
}

function behindS() {
	const capturedMs = player?.capturedMs ?? null;

	return capturedMs === null ? NaN : (Date.now() - capturedMs) / 1000;
}

function showTimes() {
	const capturedMs = player?.capturedMs ?? null, seconds = behindS();

	$("captured").textContent = capturedMs === null ? "" : past === null ? timeText(capturedMs) : momentText(capturedMs);
	$("behind").textContent = past !== null ? "Recorded" : seconds >= 0 ? `${seconds.toFixed(1)} s behind` : "";
	$("behind").dataset.far = String(past === null && seconds > 20);
	$("behind").dataset.near = String(player?.isNear === true);
}

function showEvidence() {
	if (players && !players.Player.isSupported()) {
		showUnable($("badge"), UNABLE.player);
		return;
	}
	const status = watchOf(playing).status;

	if (trust.able)
		showBadge($("badge"), $("spoken"), status);
	else
		showUnable($("badge"), UNABLE.crypto);
	showFailures($("failures"), status);
	showLast($("last"), status);
	keyring.saw(Number(status.logSize));
	if (status.failed !== failedBefore)
		ledger.write(playing, status.failures);
	failedBefore = status.failed;
	$("failed").hidden = status.failed === 0;
}

function showButtons() {
	$("play").dataset.on = String(!video.paused);
	$("play").setAttribute("aria-label", video.paused ? "Play" : "Pause");
	$("sound").dataset.on = String(!video.muted);
	$("sound").setAttribute("aria-label", video.muted ? "Turn sound on" : "Turn sound off");
}

const hasFailed = (name) => watches.get(name)?.status.state === "failed";

function showSilence() {
	const seconds = Math.ceil((silentUntilMs - Date.now()) / 1000);

	$("silence").hidden = silentUntilMs === 0;
	document.body.dataset.away = String(silentUntilMs !== 0);
	$("silence-again").textContent = seconds > 0 ? `Trying again in ${seconds} s…` : "Trying again…";
}

/* Who has no right at what a part of the view is for does not see it. */
function showRights() {
	const isLink = site.user.startsWith("share-");

	$("to-site").hidden = isLink;
	$("to-site").textContent = $("site-title").textContent = site.admin ? "Site" : "Sessions";
	for (const a of document.querySelectorAll("nav a"))
		a.toggleAttribute("aria-current", a.dataset.of === view);
}

function showCamera() {
	const camera = site.cameras.find((c) => c.name === playing);
	const state = camera && stateOf(camera);

	begin();
	player?.tick(Date.now(), state?.live === true);
	goOn();
	$("facts").textContent = camera ? [factsOf(camera), state.live ? state.detail : ""].filter(Boolean).join(" · ") : "";
	$("export").hidden = !camera?.may.includes("export");
	$("past").hidden = !mayGoBack() || !players?.Player.isSupported();
	if (!$("past").hidden && silentUntilMs === 0)
		timeline.show(Date.now(), player?.capturedMs ?? past, past === null);
	$("levels").hidden = past !== null;
	showNotice(camera, state);
	showTimes();
	showEvidence();
	showButtons();
	setProvable(camera ? camera.renditions.map((r) => r.name) : []);
	health.tick(Date.now(), camera?.may.includes("live") === true, past === null ? behindS() : NaN);
}

/* All that may have changed. */
function show() {
	showSilence();
	if (!site)
		return;
	document.body.dataset.view = view;
	showRights();
	showTroubles();
	$("log-size").textContent = keyring.held ? `${keyring.held.size} entries signed` : "";
	/* What is there while the server is away is old, and nothing more is asked for. */
	if (silentUntilMs === 0)
		wall.show(site.cameras, hasFailed, view === "grid" && !document.hidden);
	if (view === "player")
		showCamera();
	else if (view === "site" && !document.hidden)
		panels.tick(Date.now(), site);
}

/* What the viewer does */

function route() {
	const {hash} = location, place = placeOf(hash), before = playing;

	if (hash.startsWith("#share=")) {
		location.replace(`/login${hash}`);
		return;
	}
	/* What is played is verified: for that the site's key must have come. */
	if (!site || (place && !trust.keys))
		return;
	if (place?.name === playing && view === "player") {
		if (place.atMs !== past)
			goTo(place.atMs);
		return;
	}
	if (playing)
		close();
	view = "grid";
	if (hash === "#/site" && !site.user.startsWith("share-")) {
		view = "site";
		panels.open();
	} else if (place) {
		view = "player";
		past = place.atMs;
		open(place.name);
	}
	show();
	if (view === "grid" && before)
		wall.focus(before);
	else
		scrollTo(0, 0);
}

function togglePlay() {
	if (player)
		video.paused ? player.resume() : player.pause();
	else if (video.paused)
		video.play().catch(() => {});
	else
		video.pause();
}

function toggleSound() {
	video.muted = !video.muted;
}

function toggleFull() {
	if (document.fullscreenElement)
		document.exitFullscreen();
	else if ($("stage").requestFullscreen)
		$("stage").requestFullscreen().catch(() => {});
	else
		video.webkitEnterFullscreen?.();
}

const go = (hash) => { location.hash = hash; };
const ANYWHERE = {"?": setUpHelp($("help"), $("help-open")), s: () => go("/site")};
const IN_PLAYER = {k: togglePlay, " ": togglePlay, m: toggleSound, f: toggleFull, Escape: () => go(""), l: () => goTo(null),
	ArrowLeft: () => step(-STEP_MS), ArrowRight: () => step(STEP_MS),
	n: () => go(wall.after(playing, 1)), p: () => go(wall.after(playing, -1))};
const IN_SITE = {Escape: () => go("")};

/* Escape leaves the search; all else in a field is the field's own. */
function onFieldKey(event) {
	if (event.key !== "Escape" || event.target.id !== "search")
		return;
	wall.clear();
	event.target.blur();
}

function onKey(event) {
	const act = {grid: {}, player: IN_PLAYER, site: IN_SITE}[view][event.key] ?? ANYWHERE[event.key];

	if (!site || event.ctrlKey || event.altKey || event.metaKey || $("help").open)
		return;
	if (event.target.closest("input, select, textarea")) {
		onFieldKey(event);
		return;
	}
	if (event.key === " " && event.target.closest("button, a, summary"))
		return;
	if (view === "grid" && wall.key(event)) {
		event.preventDefault();
	} else if (act) {
		event.preventDefault();
		act();
	}
}

async function onSite(answer) {
	const first = site === null;

	site = answer;
	silentUntilMs = 0;
	$("origin").textContent = site.origin;
	$("user").textContent = site.user;
	$("version").textContent = site.version;
	if (first)
		route();
	if (first || trust.said !== site.vkey)
		await trust.meet(site.vkey);
	if (first) {
		players = Object.assign({}, ...await playersSoon);
		if (view === "grid" && placeOf(location.hash))
			route();
	}
	show();
}

$("play").addEventListener("click", togglePlay);
$("sound").addEventListener("click", toggleSound);
$("full").addEventListener("click", toggleFull);
$("levels").addEventListener("change", () => player?.choose($("levels").value));
$("badge").addEventListener("click", () => { $("evidence").open = true; $("evidence").scrollIntoView(); });
$("evidence").addEventListener("toggle", () => $("evidence").open && trust.showWitnesses().catch(() => {}));
$("forget").addEventListener("click", forget);
setUpExport($("export"), () => playing);
$("key-form").addEventListener("submit", (event) => { event.preventDefault(); trust.compare(); });
$("key-replace").addEventListener("click", replaceKey);
for (const event of ["play", "pause", "volumechange", "playing", "waiting"])
	video.addEventListener(event, show);
addEventListener("hashchange", route);
addEventListener("keydown", onKey);
$("notice-go").addEventListener("click", () => goTo(missing && Number.isFinite(missing.toMs) ? missing.toMs : null));
addEventListener("offline", () => { silentUntilMs = Date.now(); show(); });
setInterval(() => { sleep.beat(Date.now()); show(); }, 500);
poll(onSite, (ms) => { silentUntilMs = Date.now() + ms; show(); });
const playersSoon = Promise.all([import("./player.js"), import("./pastplayer.js")]);
