/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The grammar of entries: the seeds of the C parser's fuzzer are read, and what differs from one by a line is refused. */
import assert from "node:assert/strict";
import {readFileSync, readdirSync} from "node:fs";
import {test} from "node:test";

import {parseEntry} from "../../web/entry.js";

const folder = new URL("../fuzz/corpus/entry/", import.meta.url);
const seed = (name) => readFileSync(new URL(name, folder), "utf8");
const A = "a".repeat(64);

test("entry: every seed is one of its kind", () => {
	const names = readdirSync(folder);

	assert.ok(names.length >= 18);
	for (const name of names) {
		const e = parseEntry(seed(name));

		assert.ok(e, name);
		assert.equal(e.kind === "other" ? e.name : `${e.kind}/v${e.beside ? 2 : 1}`, seed(name).split("\n")[0], name);
	}
});

test("entry: fields are what the lines say", () => {
	assert.equal(parseEntry(seed("segment-encoded")).encoder, "b".repeat(64));
	assert.equal(parseEntry(seed("segment")).encoder, undefined);
	assert.equal(parseEntry(seed("segment-unverified"))["camera-signature"], "unverified onvif");
	assert.deepEqual(parseEntry(seed("segment")).clock, {source: "rtcp", errorMs: 12});
	const login = parseEntry(seed("login"));

	assert.deepEqual(login, {kind: "login", time: Date.UTC(2026, 10, 22, 15, 30), user: "anna", address: "2001:db8::1f", result: "accepted", count: 1});
	assert.equal(parseEntry(seed("segment").replace("number 1042", "number 9007199254740992")).number, 2 ** 53);
	assert.equal(parseEntry(seed("export")).segments, 300);
	assert.equal(parseEntry(seed("export")).beside, undefined);
	assert.deepEqual(parseEntry(seed("export-two")).beside, {rendition: "audio", segments: 299, bytes: 2 ** 53});
	assert.equal(parseEntry(seed("encoder")).encoder, "x264 164 r3095 baee400");
	assert.equal(parseEntry(seed("key")).why, "rotation");
	assert.deepEqual(parseEntry(seed("watch")).by, ["page", "rtsp"]);
	assert.equal(parseEntry(seed("watch-several")).renditions.length, 11);
	const start = parseEntry(seed("start-binaries"));

	assert.ok(start.binary.length > 1 && start.binary[0].hash.length === 64 && start.keep.length >= 1 && start.root === undefined);
	assert.ok(parseEntry(seed("start-root")).root);
	assert.deepEqual(parseEntry("picture/v1\n\u00e9\n"), {kind: "other", name: "picture/v1"});
});

test("entry: every line is strict", () => {
	const cases = [
		["segment-encoded", "rendition 360p", "rendition copy"], ["segment-encoded", "encoder b", "encoder B"],
		["segment-encoded", `encoder ${"b".repeat(64)}\n`, `encoder ${A}\nencoder ${A}\n`],
		["segment-unverified", "onvif", "onvif "], ["segment-unverified", "unverified onvif", "unverified"],
		["segment-unverified", "onvif", `onvif sha256:${A}`],
		["encoder", "rendition 360p", "rendition copy"], ["encoder", "crf=23", "crf=23 "], ["encoder", "crf=23", "crf=\t"],
		["encoder", "crf=23", "x".repeat(513)], ["encoder", "baee400", "x".repeat(64)],
		["login", "2001:db8::1f", "2001:DB8::1f"], ["login", "2001:db8::1f", "2001:db8:0::1f"], ["login", "2001:db8::1f", "192.0.2.007"],
		["login", "2001:db8::1f", "192.0.2"], ["login", "2001:db8::1f", ""], ["login", "2001:db8::1f", "fe80::1%eth0"], ["login", "2001:db8::1f", "--"],
		["login", "2001:db8::1f", "2001:db8:0:0:1:0:0:1"], ["login", "2001:db8::1f", "::192.0.2.300"], ["login", "2001:db8::1f", ":::1"],
		["login", "2001:db8::1f", "::c000:207"], ["login", "2001:db8::1f", "::1:2"],
		["login", "accepted", "maybe"], ["login", "count 1", "count 0"], ["login", "anna", "Anna"],
		["export", "bytes", "Bytes"], ["export", "to 2026", "to 2025"], ["export", "segments 300", "segments 0300"],
		["export", "export/v1", "export/v2"], ["export", "bytes 123456\n", "bytes 123456\nbeside audio 1 1\n"], ["export-two", "export/v2", "export/v1"],
		["export-two", "beside audio", "beside copy"], ["export-two", "audio 299", "audio 0"], ["export-two", "audio 299 9007199254740992", "audio 299 0"],
		["export-two", "audio 299", "audio 0299"], ["export-two", "audio 299", "audio"], ["export-two", "40992", "40993"], ["export-two", "40992", "40992 1"],
		["export-two", "audio 299 ", "audio 299  "], ["export-two", "40992\n", "40992\nbeside 360p 1 1\n"],
		["key", "why rotation", "why"], ["key", "\nby ", "\nby  "], ["start-root", "\nroot ", "\nroot a\nroot "],
		["watch", "by page rtsp", "by rtsp page"], ["watch", "by page rtsp", "by page page"], ["watch", "by page", "by http"], ["watch", "copy audio", "copy  audio"],
		["watch", "copy audio", "copy audio "], ["watch-several", "i j", "i j k"], ["watch", "from-number 1042", "from-number 1193"], ["watch", "T15:05", "T14:05"],
		["watch", "bytes 1", "bytes 01"], ["watch", "renditions copy audio\n", ""],
		["gap", "from 20", "from 30"], ["delete", "from-number ", "from-number 9"], ["stop", "why ", "why  "],
		["segment", "number 1042", "number 9007199254740993"], ["segment", "bytes 3", "bytes 9007199254740993"], ["alarm", "state begin", "state on"], ["alarm", "detail ", "detail  "], ["config", "changes ", "changes 1"],
	];

	for (const [name, from, to] of cases) {
		assert.ok(seed(name).includes(from), `${name}: ${from}`);
		assert.equal(parseEntry(seed(name).replace(from, to)), null, `${name}: ${from} -> ${to}`);
	}
	for (const text of ["", "\n", "login/v1", "Login/v2\n", "login/v02\n", "picture/v1\nx", "picture/v1\n\r\n", "picture/v10000\n"])
		assert.equal(parseEntry(text), null, JSON.stringify(text));
});

test("entry: addresses have one spelling", () => {
	for (const good of ["-", "::", "::1", "1::", "2001:db8::1:0:0:1", "2001:db8:0:1:1:1:1:1", "192.0.2.7", "::ffff:192.0.2.7", "::1.2.3.4", "0:1::", "fe80::1"])
		assert.ok(parseEntry(seed("login").replace("2001:db8::1f", good)), good);
});

test("entry: cut anywhere is refused", () => {
	for (const name of ["segment-encoded", "encoder", "login", "export", "export-two", "key", "watch", "gap", "delete", "alarm", "stop"])
		for (let n = 0; n < seed(name).length; n++)
			assert.equal(parseEntry(seed(name).slice(0, n)), null, `${name} ${n}`);
});
