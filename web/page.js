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
import {canVerify, openCheckpoint, parseNote, parseVkey} from "./note.js";
import {unplayable} from "./playable.js";
import {Panels} from "./panels.js";
import {Player} from "./player.js";
import {judgePolicy, parsePolicy} from "./policy.js";
import {setUp as setUpProve} from "./prove.js";
import {ask, dateText, factsOf, poll, sentence, stateOf, timeText, troublesOf} from "./site.js";
import {SiteKeys} from "./sitekeys.js";
import {Wall} from "./wall.js";
import {Watch} from "./watch.js";
import {SERVED, quorumText, witnessText} from "./words.js";

const $ = (id) => document.getElementById(id);
const video = $("video");
const wall = new Wall($("cameras"), $("card"), storage("localStorage"));
const health = new Health($("health"));
const panels = new Panels();
const keyring = new Keyring(storage("localStorage"));
const ledger = new Ledger(storage("sessionStorage"));
const watches = new Map();      // camera -> Watch, for as long as the page lives
const NAME = /^[a-z0-9-]{1,32}$/;
const TROUBLES_MAX = 12;        // lines of alarms
const alarms = new Map();       // kind -> text: what is wrong with the site as a whole
let site = null, keys = null, able = false;
let said = "";                  // the key that the server said last
let player = null, playing = "", failedBefore = 0;
let view = "grid";              // or "player", "site"
let silentUntilMs = 0;          // the server is asked again then; 0: it answers
const setProvable = setUpProve($("prove"), () => ({keys: able ? keys : null, camera: playing}));

function storage(name) {
	try {
		return window[name];
	} catch {
		return null;
	}
}

/* The site's key */

function alarm(kind, text) {
	if (alarms.has(kind))
		return;
	alarms.set(kind, text);
	for (const [camera, watch] of watches)
		watch.fail(camera, text);
	showAlarms();
}

function showAlarms() {
	$("alarms").replaceChildren(...Array.from(alarms.values(), (text) => {
		const p = document.createElement("p");

		p.textContent = `${sentence(text)}.`;
		return p;
	}));
	$("alarms").hidden = alarms.size === 0;
	$("keys").hidden = !alarms.has("key");
}

/* The log only grows: a newest checkpoint below one that was seen signed means that entries were taken back. */
async function checkLog() {
	const response = await ask("/log/checkpoint", {cache: "no-store"});

	if (!response.ok)
		return;
	try {
		const {size} = await openCheckpoint(new Uint8Array(await response.arrayBuffer()), keys);

		if (size < BigInt(keyring.held.size))
			alarm("log", `the log has ${size} entries, but this browser has seen ${keyring.held.size} signed: entries were taken back`);
		else
			keyring.saw(Number(size));
	} catch (e) {
		alarm("checkpoint", `the newest checkpoint cannot be trusted: ${e.message}`);
	}
}

const env = {
	fetch: (url) => ask(url, {signal: AbortSignal.timeout(15000)}),
	sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
	now: () => Date.now(),
};

const OTHER_KEY = "this site signs with another key than the one that this browser holds";

/* Whether the site signs with the held key, or with one that its key notes lead to. */
async function learnKeys() {
	try {
		if (!await keys.knows(site.vkey))
			await keys.learn();
		if (!await keys.knows(site.vkey))
			alarm("key", OTHER_KEY);
	} catch (e) {
		alarm("key", `this site's keys cannot be trusted: ${e.message}`);
	}
}

async function meetKey() {
	const isOther = keyring.meet(site.vkey, Date.now()) === "changed";

	said = site.vkey;
	keys ??= new SiteKeys(await parseVkey(keyring.held.vkey), env);
	if (able)
		await learnKeys();
	else if (isOther)
		alarm("key", OTHER_KEY);
	if (able && !alarms.has("key"))
		await checkLog();
	showKey();
}

/* A note of the log's, or null where there is none. */
async function fetchNote(url) {
	const response = await ask(url, {cache: "no-store"});

	return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
}

function witnessItem(witness) {
	const item = document.createElement("li"), key = document.createElement("code");

	key.textContent = witness.vkey;
	item.append(`${witnessText(witness)}: `, key);
	return item;
}

/* What witnesses elsewhere have seen of this log, by the site's own policy. */
async function showWitnesses() {
	if (!able || !keys || !$("evidence").open)
		return;
	const [policy, cosigned] = [await fetchNote("/log/policy"), await fetchNote("/log/cosigned")];

	$("witnesses").hidden = $("witness-keys").hidden = !policy;
	if (!policy)
		return;
	try {
		const {size} = cosigned ? await openCheckpoint(cosigned, keys) : {};
		const verdict = cosigned && await judgePolicy(await parsePolicy(policy), parseNote(cosigned, "checkpoint"), Date.now());

		$("witnesses").textContent = verdict ? quorumText({...verdict, size}, SERVED) : "No witness has cosigned this log yet.";
		$("witness-keys").replaceChildren(...(verdict ? verdict.witnesses : []).map(witnessItem));
	} catch (e) {
		alarm("witnesses", `what witnesses are said to have cosigned cannot be trusted: ${e.message}`);
	}
}

function showKey() {
	const held = keyring.held;
	const more = keys.keys.length - 1;
	const how = held.compared ? "compared by you" : "taken at first sight, not compared yet";

	$("key").textContent = held.vkey;
	$("key-how").textContent = `Held by this browser since ${dateText(held.sinceMs)}, ${how}.` +
		(more ? ` ${more === 1 ? "Another key signs" : `${more} other keys sign`} after it, each signed for by one before.` : "") +
		(keyring.lasts ? "" : " This browser stores nothing: the key is forgotten with the page.");
	$("key-held").textContent = held.vkey;
	$("key-said").textContent = site.vkey;
	$("verify-command").textContent = `casemate verify ${location.origin} --key '${held.vkey}'`;
}

async function compareKey(event) {
	event.preventDefault();
	const field = $("key-field");

	try {
		const {vkey} = await parseVkey(field.value);

		if (vkey === keyring.held.vkey) {
			keyring.trust(vkey, Date.now());
			sayKey("ok", "The same key. This browser now holds it as compared.");
			showKey();
		} else {
			sayKey("bad", "Not the key that this browser holds. If yours is the right one, hold it instead:");
			$("key-replace").hidden = false;
		}
	} catch (e) {
		sayKey("bad", `${e.message}.`);
	}
}

function sayKey(state, text) {
	$("key-replace").hidden = true;
	$("key-message").dataset.state = state;
	$("key-message").textContent = text;
}

async function replaceKey() {
	const {vkey} = await parseVkey($("key-field").value);

	keyring.trust(vkey, Date.now());
	ledger.clearAll();
	location.reload();
}

/* One camera */

function watchOf(camera) {
	if (!watches.has(camera)) {
		const watch = new Watch(camera, keys, env);

		for (const {atMs, what, why} of ledger.read(camera))
			watch.fail(what, why, atMs);
		for (const text of alarms.values())
			watch.fail(camera, text);
		watches.set(camera, watch);
	}
	return watches.get(camera);
}

function open(name) {
	playing = name;
	$("name").textContent = name;
	document.title = `${name} – casemate`;
	video.muted = true;
	$("levels").replaceChildren(new Option("Auto", "auto"));
	$("failures").replaceChildren();
	failedBefore = 0;
	health.open(name);
	if (Player.isSupported())
		player = new Player(name, video, watchOf(name), showLevels);
	else
		video.src = `/live/${name}/index.m3u8`;
	show();
}

function close() {
	player?.end();
	if (!player)
		video.removeAttribute("src");
	player = null;
	playing = "";
	document.title = "casemate";
	$("export").open = false;
	health.close();
}

/* The viewer has taken note of what failed: the camera is watched from now on as if it were new. */
function forget() {
	const name = playing;

	ledger.clear(name);
	watches.delete(name);
	close();
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
	let lines = [];

	if (!camera)
		lines = [`There is no camera ${playing}.`];
	else if (!state.live && !state.past)
		lines = [state.detail || state.word, state.retry];
	else if (problem)
		lines = [problem.what, problem.mend, problem.lines];
	else if (stalled && !video.ended)
		lines = [isBeginning() ? "Nobody was watching: its encoding begins…" : "Loading…"];
	$("notice").hidden = lines.length === 0 || (!stalled && camera !== undefined);
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

	$("captured").textContent = capturedMs === null ? "" : timeText(capturedMs);
	$("behind").textContent = seconds >= 0 ? `${seconds.toFixed(1)} s behind` : "";
	$("behind").dataset.far = String(seconds > 20);
	$("behind").dataset.near = String(player?.isNear === true);
}

function showEvidence() {
	if (!player) {
		showUnable($("badge"), UNABLE.player);
		return;
	}
	const status = watchOf(playing).status;

	if (able)
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

	player?.tick(Date.now(), state?.live === true);
	$("facts").textContent = camera ? [factsOf(camera), state.live ? state.detail : ""].filter(Boolean).join(" · ") : "";
	$("export").hidden = !camera?.may.includes("export");
	showNotice(camera, state);
	showTimes();
	showEvidence();
	showButtons();
	setProvable(camera ? camera.renditions.map((r) => r.name) : []);
	health.tick(Date.now(), camera?.may.includes("live") === true, behindS());
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
	wall.show(site.cameras, hasFailed, view === "grid" && !document.hidden);
	if (view === "player")
		showCamera();
	else if (view === "site" && !document.hidden)
		panels.tick(Date.now(), site);
}

/* What the viewer does */

function route() {
	const name = location.hash.slice(1), before = playing;

	if (name.startsWith("share=")) {
		location.replace(`/login${location.hash}`);
		return;
	}
	if (!site || (name === playing && view === "player"))
		return;
	if (playing)
		close();
	view = "grid";
	if (name === "/site" && !site.user.startsWith("share-")) {
		view = "site";
		panels.open();
	} else if (NAME.test(name)) {
		view = "player";
		open(name);
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
const IN_PLAYER = {k: togglePlay, " ": togglePlay, m: toggleSound, f: toggleFull, Escape: () => go(""),
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
	if (first || said !== site.vkey)
		await meetKey();
	if (first)
		route();
	else
		show();
}

$("play").addEventListener("click", togglePlay);
$("sound").addEventListener("click", toggleSound);
$("full").addEventListener("click", toggleFull);
$("levels").addEventListener("change", () => player?.choose($("levels").value));
$("badge").addEventListener("click", () => { $("evidence").open = true; $("evidence").scrollIntoView(); });
$("evidence").addEventListener("toggle", () => showWitnesses().catch(() => {}));
$("forget").addEventListener("click", forget);
setUpExport($("export"), () => playing);
$("key-form").addEventListener("submit", compareKey);
$("key-replace").addEventListener("click", replaceKey);
for (const event of ["play", "pause", "volumechange", "playing", "waiting"])
	video.addEventListener(event, show);
addEventListener("hashchange", route);
addEventListener("keydown", onKey);
setInterval(show, 500);
able = await canVerify();
poll(onSite, (ms) => { silentUntilMs = Date.now() + ms; show(); });
