// SPDX-License-Identifier: GPL-2.0-or-later
import assert from "node:assert/strict";
import test from "node:test";

import {codecWord, plays, renditionOf, unplayable} from "../../web/playable.js";

const all = () => true;
const noH265 = (kind, codec) => !codec.startsWith("hvc1");
const noOpus = (kind, codec) => !(kind === "audio" && codec === "opus");
const video = (name, codec) => ({name, kind: "video", codec});
const camera = (...renditions) => ({name: "gate", width: 2560, height: 1440, renditions});
const copy = video("copy", "hvc1.1.6.L150.B0"), aac = {name: "audio", kind: "audio", codec: "mp4a.40.2"}, opus = {...aac, codec: "opus"};

test("playable: what the browser plays, or may play soon, is let be", () => {
	for (const [what, can, ...renditions] of [
		["H.264", noH265, video("copy", "avc1.64001f"), aac], ["H.265 where it plays", all, copy, aac], ["H.265 beside H.264", noH265, copy, video("small", "avc1.42c01e")],
		["an encoded rendition that is to come", noH265, copy, video("small", "")], ["nothing yet", noH265], ["copy to come", noH265, video("copy", "")],
		["sound alone", noH265, aac], ["Opus where it plays", all, copy, opus],
	])
		assert.equal(unplayable(camera(...renditions), can), null, what);
});

test("playable: a camera of H.265 alone is explained, with lines that mend it", () => {
	const {what, mend, lines} = unplayable(camera(copy, aac), noH265);

	assert.equal(what, "This camera sends H.265, which this browser cannot play.");
	assert.match(mend, /rendition/);
	assert.equal(lines, "cameras:\n  gate:\n    renditions:\n      720p: {size: 1280x720, bitrate: 1800 kb/s}");
});

test("playable: a smart codec without a rendition is explained", () => {
	const smart = {...video("copy", "avc1.64001f"), independent: false};

	assert.match(unplayable(camera(smart, aac), all).what, /only now and then/);
	assert.match(unplayable(camera(smart, aac), all).lines, /720p: /);
	assert.equal(unplayable(camera(smart, video("small", "")), all), null, "a rendition is to come");
	assert.equal(unplayable(camera({...smart, independent: true}), all), null);
});

test("playable: sound that would keep the picture away is named", () => {
	const {what, lines} = unplayable(camera(copy, opus), noOpus);

	assert.equal(what, "This camera's sound is Opus, which this browser cannot play.");
	assert.equal(lines, "cameras:\n  gate:\n    audio: false");
});

test("playable: a rendition keeps the shape, is even and within bounds", () => {
	for (const [width, height, line] of [
		[640, 360, "360p: {size: 640x360, bitrate: 500 kb/s}"], [704, 576, "576p: {size: 704x576, bitrate: 800 kb/s}"], [3840, 2160, "720p: {size: 1280x720, bitrate: 1800 kb/s}"],
		[1080, 1920, "720p: {size: 406x720, bitrate: 600 kb/s}"], [0, 0, "720p: {size: 1280x720, bitrate: 1800 kb/s}"], [2304, 1295, "720p: {size: 1280x720, bitrate: 1800 kb/s}"],
		[16, 16, "64p: {size: 64x64, bitrate: 100 kb/s}"],
	])
		assert.ok(renditionOf({name: "a", width, height}).endsWith(line), `${width}x${height}: ${renditionOf({name: "a", width, height})}`);
});

test("playable: codecs by the names that people use", () => {
	assert.deepEqual(["avc1.64001f", "hvc1.1.6.L93.B0", "mp4a.40.2", "opus", "av01.0"].map(codecWord), ["H.264", "H.265", "AAC", "Opus", "av01.0"]);
});

test("playable: the browser is asked by type", () => {
	const asked = [];

	globalThis.MediaSource = {isTypeSupported: (type) => asked.push(type) > 1};
	assert.deepEqual([plays("video", "hvc1.1.6.L93.B0"), plays("audio", "opus")], [false, true]);
	assert.deepEqual(asked, ['video/mp4; codecs="hvc1.1.6.L93.B0"', 'audio/mp4; codecs="opus"']);
	delete globalThis.MediaSource;
});
