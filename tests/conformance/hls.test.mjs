/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checker itself: a stream that is right, and for each rule one that breaks it and is found out. */
import assert from "node:assert/strict";
import test from "node:test";

import {Checker} from "./checker.mjs";
import {RULES} from "./rules.mjs";

const TICKS = 90000;
const FPS = 25;

const u32 = (...v) => Buffer.concat(v.map((x) => { const b = Buffer.alloc(4); b.writeUInt32BE(x); return b; }));
const box = (type, ...parts) => { const body = Buffer.concat(parts); return Buffer.concat([u32(body.length + 8), Buffer.from(type), body]); };

function init(width = 640, height = 360) {
	const entry = Buffer.alloc(78);

	entry.writeUInt16BE(width, 24);
	entry.writeUInt16BE(height, 26);
	const avc1 = box("avc1", entry, box("avcC", Buffer.from([1, 0x64, 0, 0x1f, 0xff])));

	return box("moov", box("trak", box("mdia", box("mdhd", u32(0, 0, 0, TICKS, 0, 0)), box("hdlr", u32(0, 0), Buffer.from("vide"), u32(0, 0, 0)),
		box("minf", box("stbl", box("stsd", u32(0, 1), avc1))))));
}

/* One chunk of n pictures; the first one is a key frame when key is set. */
function chunk(begin, n, key) {
	const sample = (idr) => Buffer.concat([u32(5), Buffer.from([idr ? 0x65 : 0x41, 1, 2, 3, 4])]);
	const samples = Array.from({length: n}, (_, i) => sample(key && i === 0));
	const rows = samples.map((s, i) => u32(TICKS / FPS, s.length, key && i === 0 ? 0x2000000 : 0x1010000));

	return Buffer.concat([box("moof", box("traf", box("tfhd", u32(0, 1)), box("tfdt", u32(0, begin)), box("trun", u32(0x700, n), ...rows))), box("mdat", ...samples)]);
}

const lengths = [0.48, 0.48, 0.48, 0.56];

/* A segment of two seconds, in parts of 12, 12, 12 and 14 pictures. */
function segmentParts(msn) {
	let at = msn * 50;

	return [12, 12, 12, 14].map((n, i) => {
		const c = chunk(at * TICKS / FPS, n, i === 0);

		at += n;
		return c;
	});
}

const date = (s) => new Date(1.7e12 + s * 1000).toISOString();

/* The playlist of segments from to (to - 1), and of `open` parts of the next one; a discontinuity lies before segment 4. */
function playlist(from, to, open, other = "copy", {skip = 0} = {}) {
	const head = ["#EXTM3U", "#EXT-X-VERSION:9", "#EXT-X-TARGETDURATION:2", `#EXT-X-MEDIA-SEQUENCE:${from}`, `#EXT-X-DISCONTINUITY-SEQUENCE:${from >= 4 ? 1 : 0}`,
		"#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-PART-INF:PART-TARGET=0.56",
		"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=6,PART-HOLD-BACK=1.68,CAN-SKIP-UNTIL=12"];
	const rows = [];

	if (skip)
		head.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skip}`);
	for (let n = from + skip; n <= to; n++) {
		if (n === 4 && n > from)
			rows.push("#EXT-X-DISCONTINUITY");
		if (n === from || n === 4)
			rows.push(`#EXT-X-MAP:URI="init-${n >= 4 ? "b" : "a"}.mp4"`);
		if (n < to || open)
			rows.push(`#EXT-X-PROGRAM-DATE-TIME:${date(2 * n)}`);
		for (let i = 0; i < (n === to ? open : n >= to - 2 ? 4 : 0); i++)
			rows.push(`#EXT-X-PART:DURATION=${lengths[i]},URI="${n}.${i}.m4s"${i ? "" : ",INDEPENDENT=YES"}`);
		if (n < to)
			rows.push("#EXTINF:2.000000,", `${n}.m4s`);
	}
	rows.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${open === 4 ? to + 1 : to}.${open % 4}.m4s"`,
		`#EXT-X-RENDITION-REPORT:URI="../${other}/index.m3u8",LAST-MSN=${to},LAST-PART=${Math.max(0, open - 1)}`);
	return `${[...head, ...rows].join("\n")}\n`;
}

const MASTER = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-STREAM-INF:BANDWIDTH=9000,AVERAGE-BANDWIDTH=8000,CODECS="avc1.64001f",RESOLUTION=640x360,FRAME-RATE=25.000
copy/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=9000,AVERAGE-BANDWIDTH=8000,CODECS="avc1.64001F",RESOLUTION=640x360,FRAME-RATE=25.000
360p/index.m3u8
`;
const AUDIO = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",DEFAULT=YES,AUTOSELECT=YES\n';

/* What is seen of a stream, in the order it is seen; each piece can be spoilt. */
function scene() {
	const s = {master: MASTER.replace("#EXT-X-STREAM", `${AUDIO}#EXT-X-STREAM`), lists: {copy: [], "360p": []}, init: init(), shift: {copy: 0, "360p": 0},
		segment: (msn) => Buffer.concat(segmentParts(msn)), part: (msn, i) => segmentParts(msn)[i], status: 200, keptStatus: 200, farStatus: 400,
		asked: {msn: 10, part: 0}, blocked: playlist(2, 10, 1), delta: playlist(3, 10, 2, "copy", {skip: 2}), whole: playlist(3, 10, 2), fetchGaps: false};

	for (const [name, other] of [["copy", "360p"], ["360p", "copy"]])
		s.lists[name] = [playlist(1, 8, 2, other), playlist(1, 8, 3, other), playlist(2, 9, 1, other), playlist(4, 10, 2, other)];
	return s;
}

function feed(s) {
	const c = new Checker();

	c.multivariant(s.master);
	for (const name of ["copy", "360p"]) {
		for (const text of s.lists[name]) {
			const list = c.playlist(name, text);

			for (const map of ["init-a.mp4", "init-b.mp4"])
				c.init(name, map, s.init);
			for (const x of [...list.segments, list.tail]) {
				x.parts.forEach((p, i) => c.part(name, x, p, s.part(x.msn, i)));
				if (x.uri && (!x.gap || s.fetchGaps))
					c.segment(name, x, s.segment(x.msn + s.shift[name]));
			}
		}
	}
	c.fetched("copy", "8.m4s", s.status);
	c.fetched("copy", "1.m4s", s.keptStatus, true);
	c.blocked("copy", s.asked, s.blocked);
	c.tooFar("copy", "far ahead", s.farStatus);
	c.delta("copy", s.delta, s.whole, playlist(3, 9, 1));
	c.together();
	return c.results;
}

/* Changes text in one playlist of copy, or in all of them. */
const at = (i, from, to) => (s) => { s.lists.copy[i] = s.lists.copy[i].replace(from, to); };
const all = (from, to) => (s) => { s.lists.copy = s.lists.copy.map((t) => t.replace(from, to)); };
const master = (from, to) => (s) => { s.master = s.master.replace(from, to); };

const MUTATIONS = [
	["syntax", at(0, "#EXT-X-PART-INF", "#EXT-X-MEDIA:TYPE=AUDIO\n#EXT-X-PART-INF")], ["syntax", at(0, "#EXTM3U", "\ufeff#EXTM3U")],
	["syntax", at(0, "EXTINF:2.000000,", "EXTINF:2.000000")], ["syntax", at(0, "TARGETDURATION:2", "TARGETDURATION:2.5")],
	["syntax", at(0, "HOLD-BACK=6", "HOLD-BACK=6,HOLD-BACK=6")],
	["first", at(0, "#EXTM3U\n", "")], ["version", all("VERSION:9", "VERSION:5")], ["version", (s) => { s.delta = s.delta.replace("VERSION:9", "VERSION:8"); }],
	["target", at(0, "EXTINF:2.000000", "EXTINF:2.500000")], ["target", at(0, "#EXT-X-TARGETDURATION:2\n", "")],
	["extinf", at(0, "#EXTINF:2.000000,\n", "")], ["map", at(0, '#EXT-X-MAP:URI="init-a.mp4"\n', "")],
	["date", at(0, date(6), date(7.2))], ["epoch", at(0, "#EXT-X-DISCONTINUITY\n", "")],
	["server_control", all("HOLD-BACK=6", "HOLD-BACK=5")], ["server_control", all("UNTIL=12", "UNTIL=11")],
	["part_hold_back", all(",PART-HOLD-BACK=1.68", "")], ["part_inf", all(/#EXT-X-PART-INF.*\n/, "")],
	["part_longest", all("DURATION=0.56", "DURATION=0.57")], ["part_shortest", all('DURATION=0.48,URI="8.1', 'DURATION=0.4,URI="8.1')],
	["part_sum", at(0, 'DURATION=0.48,URI="7.2', 'DURATION=0.5,URI="7.2')],
	["part_order", at(2, /#EXT-X-PART:.*URI="8\..*\n/g, "")], ["part_age", at(0, "2.m4s\n", '2.m4s\n#EXT-X-PART:DURATION=0.56,URI="3.0.m4s"\n')],
	["preload", at(0, "TYPE=PART", "TYPE=PARTS")], ["reports", at(0, "../360p", "../240p")], ["reports", at(0, "../360p", "https://elsewhere.example/360p")],
	["reports", at(0, "LAST-MSN", "MSN")], ["reports", (s) => { s.lists["360p"] = s.lists["360p"].map((t) => t.replace(/,LAST-PART.*/, "")); }], ["reports_all", at(0, /#EXT-X-RENDITION-REPORT.*\n/, "")],
	["target_same", at(1, "TARGETDURATION:2", "TARGETDURATION:3")], ["sequence", (s) => s.lists.copy.push(playlist(3, 10, 2, "360p"))],
	["unchanged", at(1, "3.m4s", "3x.m4s")], ["unchanged", at(1, 'DURATION=0.48,URI="8.1', 'DURATION=0.49,URI="8.1')],
	["appended", (s) => s.lists.copy.push(playlist(4, 9, 4, "360p"))], ["discontinuity_sequence", at(3, "DISCONTINUITY-SEQUENCE:1", "DISCONTINUITY-SEQUENCE:0")],
	["three_targets", (s) => s.lists.copy.push(playlist(9, 11, 0, "360p"))], ["kept", (s) => { s.keptStatus = 404; }],
	["ended", at(1, "#EXTM3U\n", "#EXTM3U\n#EXT-X-ENDLIST\n")], ["preload_kept", at(0, "8.2.m4s", "8.3.m4s")],
	["preload_kept", (s) => { s.lists.copy = [playlist(1, 8, 4).replace("9.0.m4s", "9.1.m4s"), playlist(1, 9, 1)]; }],
	["blocked", (s) => { s.asked = {msn: 10, part: 1}; }], ["blocked", (s) => { s.asked = {msn: 10, part: -1}; }], ["too_far", (s) => { s.farStatus = 200; }],
	["delta", (s) => { s.delta = s.delta.replace("SEGMENTS=2", "SEGMENTS=3"); }], ["delta", (s) => { s.delta = s.delta.replace("6.m4s", "60.m4s"); }],
	["fetched", (s) => { s.status = 404; }], ["media", (s) => { s.segment = () => Buffer.from("no box"); }], ["media", (s) => { s.init = Buffer.from("no box"); }],
	["length", all("EXTINF:2.000000", "EXTINF:2.010000")], ["length", all('DURATION=0.48,URI="8.1', 'DURATION=0.52,URI="8.1')],
	["continuous", (s) => { s.segment = (n) => Buffer.concat(segmentParts(n + (n >= 6 ? 1 : 0))); }],
	["independent", (s) => { s.segment = (n) => chunk(n * 2 * TICKS, 50, false); }], ["independent", (s) => { s.part = () => chunk(0, 12, false); }],
	["concatenated", (s) => { s.part = (n, i) => { const b = segmentParts(n)[i]; b[b.length - 1] ^= 1; return b; }; }],
	["gap", (s) => { all("#EXTINF", "#EXT-X-GAP\n#EXTINF")(s); s.fetchGaps = true; }],
	["stream_inf", master("BANDWIDTH=9000,", "")], ["stream_inf", master(",RESOLUTION=640x360", "")], ["media_group", master("FRAME", 'AUDIO="b",FRAME')],
	["media_group", master(',NAME="x"', "")], ["codecs", master("avc1.64001f", "avc1.42c01f")], ["resolution", master("640x360", "1280x720")],
	["frame_rate", master("25.000", "12.500")], ["bandwidth", master("BANDWIDTH=9000", "BANDWIDTH=500")],
	["same_target", (s) => { s.lists.copy = s.lists.copy.map((t) => t.replace("TARGETDURATION:2", "TARGETDURATION:3")); }],
	["aligned", (s) => { s.shift["360p"] = 1; }], ["aligned", (s) => { s.shift["360p"] = 0.06; }], ["aligned", all(/PROGRAM-DATE-TIME:(.*)/g, (_, d) => `PROGRAM-DATE-TIME:${new Date(Date.parse(d) + 500).toISOString()}`)],
	["same_epochs", all(/DISCONTINUITY-SEQUENCE:(\d)/, (_, n) => `DISCONTINUITY-SEQUENCE:${Number(n) + 1}`)],
];

test("a stream that is right breaks no rule, and shows every one", () => {
	for (const r of feed(scene())) {
		assert.equal(r.broken, 0, `${r.id}: ${r.what[0]}`);
		assert.ok(r.held > 0 || r.id === "ended", `${r.id} was not seen`);
	}
});

test("a part that was hinted at need not come behind a discontinuity", () => {
	const s = scene();

	s.lists.copy = [playlist(1, 4, 0).replace("4.0.m4s", "4.0.other.m4s"), playlist(1, 4, 1)];
	assert.equal(feed(s).find((r) => r.id === "preload_kept").what[0], undefined);
});

/* A camera with parts of the segment under way alone, seen by copy, and a report of it by 360p: [asked for, answered, playlist]. */
function reported(copy, ...report) {
	const c = new Checker(), bare = (text) => text.replace(/(#EXT-X-PART:.*\n)+(?=#EXTINF)/g, "");

	for (const [sent, got, text] of copy)
		c.playlist("copy", bare(text), sent, got);
	c.playlist("360p", playlist(1, 9, 1, "copy").replace(/LAST-MSN=.*/, `LAST-MSN=${report[2]}`), report[0], report[1]);
	c.together();
	return c.results.find((r) => r.id === "reports");
}

test("a report without parts is held against what was listed beside the same newest segment, before it was asked for", () => {
	const before = [10, 11, playlist(1, 8, 2)], first = [10, 11, playlist(1, 9, 0)], later = [20, 21, playlist(1, 9, 1)];

	assert.equal(reported([before], 15, 16, 8).broken, 0, "8 was under way, and is whole without its parts");
	assert.equal(reported([before], 15, 16, 7).broken, 1, "8 is under way, with parts");
	assert.equal(reported([first, later], 15, 16, 8).broken, 0, "9 had none yet");
	assert.equal(reported([first, later], 19, 25, 8).broken, 0, "9 had none yet when it was asked for");
	assert.equal(reported([first, later], 22, 23, 8).broken, 1, "9 had parts");
});

test("segments may begin elsewhere in another rendition, with the same time for the same date", () => {
	const dates = (by) => (_, d) => `PROGRAM-DATE-TIME:${new Date(Date.parse(d) + by).toISOString()}`;
	const s = scene(), spoilt = scene(), off = 15;

	for (const [x, by] of [[s, off * 1000 / FPS], [spoilt, off * 1000 / FPS - 100]]) {
		x.lists["360p"] = x.lists["360p"].map((t) => t.replace(/PROGRAM-DATE-TIME:(.*)/g, dates(by)));
		x.shift["360p"] = off / 50;
	}
	assert.equal(feed(s).find((r) => r.id === "aligned").what[0], undefined);
	assert.ok(feed(spoilt).find((r) => r.id === "aligned").broken > 0);
});

test("every rule has what breaks it", () => {
	assert.deepEqual([...new Set(MUTATIONS.map(([id]) => id))].sort(), Object.keys(RULES).sort());
});

MUTATIONS.forEach(([id, spoil], i) => test(`${id} is found out (${i})`, () => {
	const s = scene();

	spoil(s);
	assert.ok(feed(s).find((r) => r.id === id).broken > 0);
}));
