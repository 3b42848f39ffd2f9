/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import test from "node:test";

import {VENDORS, written} from "../../web/addcamera.js";
import {ageText, bytesText, gathered} from "../../web/panels.js";
import {asked, linkOf} from "../../web/shares.js";

const role = (name, index, more = {}) => ({role: name, index, state: "running", uptime_s: 100 + index, restarts: 1, last_end: null, memory_bytes: 1000, cpu_percent: 2,
	sandbox: ["seccomp", "landlock"], ...more});

test("panels: many processes of a role that are well are one line; one that is not stands alone", () => {
	const roles = [role("casemate", 0), role("serve", 0), role("serve", 1), ...Array.from({length: 6}, (_, i) => role("transcode", i)),
		role("transcode", 6, {state: "down", last_end: "signal 9"}), role("transcode", 7, {sandbox: ["seccomp"]})];
	const rows = gathered(roles);

	assert.deepEqual(rows.map((r) => [r.role, r.of]), [["casemate", 1], ["serve", 1], ["serve", 1], ["transcode", 7], ["transcode", 1]]);
	assert.deepEqual([rows[3].restarts, rows[3].memory_bytes, rows[3].cpu_percent, rows[3].uptime_s], [7, 7000, 14, 100]);
	assert.deepEqual(rows[3].sandbox, ["seccomp"], "what each of them has");
	assert.equal(rows[4].state, "down");
});

test("panels: sizes and ages for people", () => {
	assert.deepEqual([0, 999, 1000, 12345, 2e12].map((n) => bytesText(n).replace("\u00a0", " ")), ["0 B", "999 B", "1.0 kB", "12 kB", "2.0 TB"]);
	assert.deepEqual([5, 119, 120, 7200, 172800].map((s) => ageText(s).replace("\u00a0", " ")), ["5 s", "119 s", "2 min", "2 h", "2 days"]);
});

test("shares: what the form asks for", () => {
	const form = {camera: "gate", what: "live", from: "", to: "", lasts: "24"};

	assert.deepEqual(asked(form, 0), {camera: "gate", expires: "1970-01-02T00:00:00.000Z"});
	assert.deepEqual(asked({...form, what: "time", from: "2026-11-23T10:00:00Z", to: "2026-11-23T10:05:00Z"}, 0),
		{camera: "gate", expires: "1970-01-02T00:00:00.000Z", from: "2026-11-23T10:00:00.000Z", to: "2026-11-23T10:05:00.000Z"});
	assert.match(asked({...form, what: "time"}, 0).why, /from when to when/);
	assert.match(asked({...form, what: "time", from: "2026-11-23T10:00", to: "2026-11-23T10:00"}, 0).why, /not later/);
	assert.equal(linkOf("share-abcde2 TOKEN https://0.0.0.0:8443/", "https://cam.example"), "https://cam.example/login#share=share-abcde2.TOKEN");
});

test("add a camera: lines of a site file, or what is wrong", () => {
	const form = {name: "gate", vendor: "axis", address: "192.0.2.11", stream: "main", user: "viewer"};

	assert.equal(written(form).lines, "cameras:\n  gate:\n    source: axis 192.0.2.11 main\n    user: viewer\n    password_file: secrets/gate.txt\n");
	assert.equal(written({...form, vendor: "other", address: "2001:db8::1", user: ""}).lines, "cameras:\n  gate:\n    source: rtsp://[2001:db8::1]/\n");
	for (const [address, source] of [["2001:db8::1", "[2001:db8::1]"], ["[2001:db8::1]", "[2001:db8::1]"], ["[2001:db8::1]:8554", "[2001:db8::1]:8554"],
		["::ffff:192.0.2.1", "[::ffff:192.0.2.1]"], ["192.0.2.11:8554", "192.0.2.11:8554"], [" 192.0.2.11 ", "192.0.2.11"]])
		assert.match(written({...form, address}).lines, new RegExp(`source: axis ${source.replace(/[[\].]/g, "\\$&")} main\n`), address);
	for (const address of ["[192.0.2.1]", "2001:db8::1:::", "1:2", "[2001:db8::1", "[2001:db8::1]x", "192.0.2.1:99999", "[::1]:0", "fe80::1%eth0", ""])
		assert.match(written({...form, address}).why, /numbers/, address);
	for (const [wrong, why] of [[{name: "Gate"}, /a-z/], [{name: "-gate"}, /a-z/], [{name: ""}, /a-z/], [{address: "camera.example"}, /numbers/], [{address: "192.0.2.300"}, /numbers/],
		[{address: "192.0.2.1\n  x:"}, /numbers/], [{user: "a: b"}, /user/], [{user: "a\nb"}, /user/]])
		assert.match(written({...form, ...wrong}).why, why, JSON.stringify(wrong));
});

test("add a camera: the makes are those that the server knows", () => {
	const table = readFileSync(new URL("../../conf/vendor.c", import.meta.url), "utf8");

	assert.deepEqual(VENDORS, Array.from(table.matchAll(/^\t\{"([a-z-]+)", "/gm), (m) => m[1]));
});
